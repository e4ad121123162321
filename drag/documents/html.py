"""HTML, with lxml: the text a reader sees, under its headings. Scripts, styles and navigation are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from drag.documents.dates import date_in_name, loose_date
from drag.documents.document import Document, UnreadableError
from drag.documents.draft import Draft
from drag.documents.source import Source, clean, decoded, load_lxml

_DROPPED = frozenset(
    """
    script style noscript template nav svg math canvas iframe object embed form button select textarea input
    head aside audio video map dialog menu
    """.split()  # noqa: SIM905  # a list of words reads better than one of quoted strings
)
_DROPPED_ROLES = frozenset(
    ["navigation", "banner", "search", "contentinfo", "complementary", "menu", "menubar", "dialog", "alert"]
)
_BLOCKS = frozenset(
    """
    address article blockquote body dd div dl dt fieldset figcaption figure footer header hr html li main ol p
    pre section table tbody td tfoot th thead tr ul caption details summary center
    """.split()  # noqa: SIM905  # a list of words reads better than one of quoted strings
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([\w.:-]{2,40})""", re.I)
# What stands before the page: its encoding, which is settled, and a document type, which may declare entities.
_PROLOGUE = re.compile(r"\A\s*(?:<\?xml[^>]{0,200}\?>)?\s*(?:<!DOCTYPE[^\[>]{0,500}(?:\[[^\]]{0,20000}\]\s*)?>)?", re.I)
_DATE_NAMES = frozenset(
    """
    date dc.date dcterms.date dcterms.created article:published_time og:published_time datepublished pubdate
    publishdate citation_publication_date citation_date sailthru.date
    """.split()  # noqa: SIM905  # a list of words reads better than one of quoted strings
)


def read_html(source: Source) -> Iterator[Document]:
    """One document; the title is the page's own, else its first heading, else the file's name."""
    data = source.data()
    declared = _CHARSET.search(data[:4096])
    page = parse_html(clean(decoded(data, declared.group(1).decode("ascii") if declared else "")))
    draft = Draft()
    write_html(page, draft)
    stem = PurePath(source.name).stem
    title = draft.first_heading if not _title(page) else _title(page)
    yield draft.document(source, "html", title or stem, _date(page) or date_in_name(stem))


def parse_html(text: str) -> Any:
    """The tree of a page, however broken: lxml's element, without comments. Raises `UnreadableError` for none."""
    etree = load_lxml("HTML")
    # HTML has no external entities; the parser is told to stay off the network all the same.
    parser = etree.HTMLParser(remove_comments=True, remove_pis=True, no_network=True, huge_tree=False)
    text = _PROLOGUE.sub("", text).strip()
    page: Any = etree.fromstring(text, parser) if text else None
    if page is None:
        raise UnreadableError("empty: no text in it")
    return page


def write_html(page: Any, draft: Draft) -> None:
    """Writes what a reader sees of a page into a draft. Without recursion: pages may be nested as deep as they like."""
    main: list[Any] = page.findall(".//main") or page.findall(".//article")
    # One <main> or <article> is the text, and what stands around it is the site.
    roots = main if len(main) == 1 and len("".join(main[0].itertext()).split()) > 50 else [page]
    for root in roots:
        _Writer(draft).write(root)


class _Writer:
    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._line: list[str] = []
        self._level = 0
        self._cells = 0

    def write(self, root: Any) -> None:
        # (element, whether it is being left); what follows an element is its `tail`.
        stack: list[tuple[Any, bool]] = [(root, False)]
        preformatted = 0
        while stack:
            element, leaving = stack.pop()
            name = element.tag if isinstance(element.tag, str) else ""
            name = name.rsplit("}", 1)[-1].lower()
            if leaving:
                self._leave(name)
                preformatted -= name == "pre"
                self._say(element.tail if element is not root else None, preformatted > 0)
                continue
            if name in _DROPPED or _hidden(element):
                self._say(element.tail if element is not root else None, preformatted > 0)
                continue
            self._enter(name)
            preformatted += name == "pre"
            self._say(element.text, preformatted > 0)
            stack.append((element, True))
            stack.extend((child, False) for child in reversed(element))
        self._flush()

    def _enter(self, name: str) -> None:
        if name in ("td", "th"):
            if self._cells:
                self._line.append(" | ")
            self._cells += 1
        elif name in _HEADINGS:
            self._flush()
            self._level = _HEADINGS[name]
        elif name == "br":
            self._line.append("\n")
        elif name in _BLOCKS and not self._cells:
            self._flush()
            if name == "li":
                self._line.append("- ")
        elif name in _BLOCKS:
            self._line.append(" ")

    def _leave(self, name: str) -> None:
        if name in _HEADINGS:
            self._flush()
            self._level = 0
        elif name == "tr":
            self._cells = 0
            self._flush()
        elif name in ("td", "th"):
            pass
        elif name in _BLOCKS and not self._cells:
            self._flush()

    def _say(self, text: str | None, preformatted: bool) -> None:
        if text:
            self._line.append(text if preformatted else re.sub(r"\s+", " ", text))

    def _flush(self) -> None:
        text = re.sub(r"[ \t\xa0]*\n[ \t\xa0]*", "\n", re.sub(r"[ \xa0]{2,}", " ", "".join(self._line)))
        self._line = []
        if not text.strip(" -|\n\t"):
            return
        if self._level:
            self._draft.heading(self._level, text)
        else:
            self._draft.block(text)


def _hidden(element: Any) -> bool:
    style = (element.get("style") or "").replace(" ", "").lower()
    return (
        element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
        or "display:none" in style
        or (element.get("role") or "") in _DROPPED_ROLES
    )


def _title(page: Any) -> str:
    found = page.find(".//head/title")
    if found is None:
        found = page.find(".//title")
    return " ".join("".join(found.itertext()).split()) if found is not None else ""


def _date(page: Any) -> str:
    for meta in page.iter("meta"):
        name = (meta.get("name") or meta.get("property") or meta.get("itemprop") or "").lower()
        if name in _DATE_NAMES:
            date = loose_date(meta.get("content"))
            if date:
                return date
    for element in page.iter("time"):
        date = loose_date(element.get("datetime"))
        if date:
            return date
    return ""
