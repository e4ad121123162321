"""Plain text: a note, or a chat log, which is told by its shape."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from drag.documents.chatlog import chat_documents
from drag.documents.dates import date_in_name
from drag.documents.document import Document, Section, UnreadableError
from drag.documents.frontmatter import split_front_matter
from drag.documents.source import Source


def read_plain(source: Source) -> Iterator[Document]:
    """One document, or one for each day of a chat log."""
    text = source.text()
    if not text.strip():
        raise UnreadableError("empty: nothing but blanks in it")
    matter, start = split_front_matter(text)
    chats = [] if start else chat_documents(source.name, text)
    if chats:
        yield from chats
        return
    title = matter.get("title") or _first_line(text[start:]) or PurePath(source.name).stem
    date = matter.get("date") or date_in_name(PurePath(source.name).name)
    # What stands before `start` is not searched, but it stays, so that offsets are those of the file.
    yield Document(source.name, title, text, date, "text", source.name, sections=(Section(start, len(text)),))


def _first_line(text: str) -> str:
    """The first line, where it looks like a title: short, alone, without a full stop."""
    lines = text.lstrip().split("\n", 2)
    first = lines[0].strip()
    alone = len(lines) > 1 and (not lines[1].strip() or set(lines[1].strip()) <= {"=", "-"})
    fits = 2 <= len(first) <= 100 and first[-1] not in ".,;:" and any(mark.isalpha() for mark in first)
    return first if alone and fits else ""
