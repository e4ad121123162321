"""Markdown, with markdown-it: headings, paragraphs, lists, tables and code as plain text, links by their words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any

from drag.documents.dates import date_in_name
from drag.documents.document import Document
from drag.documents.draft import Draft
from drag.documents.frontmatter import split_front_matter
from drag.documents.source import Source, missing_library

_UNSEEN = re.compile(r"(?s)<!--.*?-->|<(script|style)\b.*?</\1>")
_TAG = re.compile(r"<[^<>]{1,500}>")


def read_markdown(source: Source) -> Iterator[Document]:
    """One document; the title is that of the front matter, else its first heading, else the file's name."""
    try:
        from markdown_it import MarkdownIt
    except ImportError as error:
        raise missing_library("Markdown", "markdown-it-py") from error
    text = source.text()
    matter, start = split_front_matter(text)
    draft = Draft()
    writer = _Writer(draft)
    for token in MarkdownIt("commonmark").enable("table").parse(text[start:]):
        writer.write(token)
    stem = PurePath(source.name).stem
    title = matter.get("title") or draft.first_heading or stem
    yield draft.document(source, "markdown", title, matter.get("date") or date_in_name(stem))


class _Writer:
    """Turns the stream of tokens into blocks."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._level = 0  # of the heading that is open
        self._row: list[str] | None = None  # the cells of the table row that is open
        self._lists: list[bool] = []  # the open lists: is each one numbered?
        self._item = ""  # how the next text begins
        self._first = True  # of its list

    def write(self, token: Any) -> None:
        """One token."""
        kind: str = token.type
        if kind.startswith("heading_"):
            self._level = int(token.tag[1]) if token.nesting > 0 else 0
        elif kind.startswith(("bullet_list_", "ordered_list_")):
            self._list(token.nesting > 0, kind.startswith("ordered"))
        elif kind == "list_item_open":
            self._item = f"{token.info}. " if self._lists[-1] else "- "
        elif kind == "tr_open":
            self._row = []
        elif kind == "tr_close":
            self._draft.block(" | ".join(self._row or []), "\n")
            self._row = None
        elif kind == "inline":
            self._text(_inline(token.children or ()))
        elif kind in ("fence", "code_block"):
            self._draft.block(token.content.strip("\n"))
        elif kind == "html_block":
            self._draft.block(_TAG.sub(" ", _UNSEEN.sub(" ", token.content)))

    def _list(self, opens: bool, numbered: bool) -> None:
        if opens:
            self._first = not self._lists
            self._lists.append(numbered)
        else:
            self._lists.pop()

    def _text(self, text: str) -> None:
        if self._row is not None:
            self._row.append(" ".join(text.split()))
        elif self._level:
            self._draft.heading(self._level, text)
        else:
            # The items of a list stand close together.
            self._draft.block(self._item + text, "\n" if self._item and not self._first else "\n\n")
            self._first = self._first and not self._item
            self._item = ""


def _inline(tokens: Sequence[Any]) -> str:
    parts: list[str] = []
    for token in tokens:
        if token.type in ("text", "code_inline", "text_special"):
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif token.type == "image":
            parts.append(_inline(token.children or ()))
    return "".join(parts)
