"""Which reader a file gets: by its suffix, and where that says nothing by how it begins."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import PurePath

from drag.documents.archive import office_kind
from drag.documents.document import Document, Unread, UnreadableError
from drag.documents.docx import read_docx
from drag.documents.epub import read_epub
from drag.documents.html import read_html
from drag.documents.mail import read_mail, read_mbox
from drag.documents.markdown import read_markdown
from drag.documents.pdf import read_pdf
from drag.documents.plain import read_plain
from drag.documents.records import read_csv, read_json, read_json_lines
from drag.documents.source import Source, looks_binary

Reader = Callable[[Source], Iterator[Document | Unread]]

_PDF, _DOCX, _EPUB = ("PDF", read_pdf), ("Word document", read_docx), ("EPUB", read_epub)
_HTML, _MAIL, _MBOX = ("HTML page", read_html), ("e-mail", read_mail), ("mailbox", read_mbox)
_TEXT = ("text", read_plain)
_LINES, _JSON, _CSV = ("JSON Lines", read_json_lines), ("JSON", read_json), ("CSV table", read_csv)

_BY_SUFFIX: dict[str, tuple[str, Reader]] = {
    ".pdf": _PDF,
    ".docx": _DOCX,
    ".docm": _DOCX,
    ".epub": _EPUB,
    ".html": _HTML,
    ".htm": _HTML,
    ".xhtml": _HTML,
    ".eml": _MAIL,
    ".mbox": _MBOX,
    ".mbx": _MBOX,
    ".md": ("Markdown", read_markdown),
    ".markdown": ("Markdown", read_markdown),
    ".jsonl": _LINES,
    ".ndjson": _LINES,
    ".json": _JSON,
    ".csv": _CSV,
    ".tsv": _CSV,
}
_ADVICE = {
    ".doc": "an old Word file; save it as .docx",
    ".rtf": "rich text is not read; save it as .docx",
    ".odt": "OpenDocument is not read; save it as .docx",
    ".pages": "Pages is not read; export it as .docx or PDF",
    ".msg": "an Outlook message; save it as .eml",
    ".pst": "an Outlook mailbox; export it as .mbox",
    ".mobi": "Kindle books are not read; convert it to EPUB",
    ".azw3": "Kindle books are not read; convert it to EPUB",
    ".gz": "compressed; unpack it first",
    ".zip": "an archive; unpack it first",
    ".7z": "an archive; unpack it first",
    ".tar": "an archive; unpack it first",
    ".xlsx": "spreadsheets are not read; export it as CSV with the columns id, title, text",
    ".pptx": "slides are not read; export them as PDF",
}
_MAIL_HEAD = re.compile(
    rb"\A(?:(?:From|To|Subject|Date|Received|Return-Path|Message-ID|MIME-Version|Delivered-To): .*\r?\n){2}", re.I
)


def reader_of(source: Source) -> tuple[str, Reader]:
    """A name for the kind, and what reads it. Raises `UnreadableError` for what no reader is there for."""
    head = source.head()
    if not head:
        raise UnreadableError("empty: no bytes in it")
    suffix = PurePath(source.name).suffix.lower()
    # A PDF says what it is, whatever its name says.
    if head.startswith(b"%PDF-"):
        return _PDF
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    return _by_content(source, head, suffix)


def _by_content(source: Source, head: bytes, suffix: str) -> tuple[str, Reader]:
    if head.startswith(b"PK\x03\x04"):
        kind = office_kind(source)
        if kind:
            return _DOCX if kind == "docx" else _EPUB
    if suffix in _ADVICE:
        raise UnreadableError(_ADVICE[suffix])
    if looks_binary(head):
        raise UnreadableError("not a document: binary data")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return _HTML
    if head.startswith(b"From ") and b"@" in head.split(b"\n", 1)[0]:
        return _MBOX
    return _MAIL if _MAIL_HEAD.match(head) else _TEXT
