"""Word documents, with python-docx: paragraphs and tables in their order, under their headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from drag.documents.archive import opened
from drag.documents.dates import date_in_name, loose_date
from drag.documents.document import Document, UnreadableError
from drag.documents.draft import Draft
from drag.documents.source import Source, missing_library, storable

# An encrypted Word document is not a zip file but an OLE container.
_OLE = b"\xd0\xcf\x11\xe0"
_HEADING = re.compile(r"(?i)(?:heading|überschrift|titre|título|titolo|kop)\s*(\d)")


def read_docx(source: Source) -> Iterator[Document]:
    """One document; title and date are its properties', else the first heading and the date in the file's name."""
    if source.head(4) == _OLE:
        raise UnreadableError("encrypted, or an old Word file under a new name")
    try:
        import docx
        from docx.table import Table
    except ImportError as error:
        raise missing_library("Word documents", "python-docx") from error
    with opened(source) as archive:
        if "word/document.xml" not in archive.namelist():
            raise UnreadableError("not a Word document, though its name says so")
    word: Any = docx.Document(str(source.path))
    draft = Draft()
    for block in word.iter_inner_content():
        if isinstance(block, Table):
            _table(block, draft)
        else:
            _paragraph(block, draft)
    properties: Any = word.core_properties
    stem = PurePath(source.name).stem
    title = storable((properties.title or "").strip()) or draft.first_heading or stem
    # python-docx's own template, which many programs start from, says 2013 by itself.
    created = "" if (properties.author or "") == "python-docx" else loose_date(properties.created)
    yield draft.document(source, "docx", title, created or date_in_name(stem))


def _paragraph(paragraph: Any, draft: Draft) -> None:
    text = storable(paragraph.text)
    style = str(paragraph.style.name) if paragraph.style is not None else ""
    found = _HEADING.match(style)
    if found:
        draft.heading(int(found.group(1)), text)
    elif style == "Title":
        draft.heading(0, text)
    elif style.startswith("List"):
        draft.block(f"- {text}" if text.strip() else "", "\n")
    else:
        draft.block(text)


def _table(table: Any, draft: Draft) -> None:
    for number, row in enumerate(table.rows):
        cells: list[str] = []
        for cell in row.cells:
            text = " ".join(storable(cell.text).split())
            # A cell that spans columns is given once for each.
            if not cells or cells[-1] != text:
                cells.append(text)
        draft.block(" | ".join(cells).strip(" |"), "\n" if number else "\n\n")
