"""PDF, page by page, with pypdf."""

from __future__ import annotations

import logging
import re
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

from drag.documents.dates import date_in_name, iso
from drag.documents.document import Document, UnreadableError
from drag.documents.draft import Draft
from drag.documents.source import Source, missing_library, storable

_PDF_DATE = re.compile(r"(?:D:)?(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?")
# Titles that programs write by themselves.
_EMPTY_TITLE = re.compile(
    r"(?i)(untitled.*|microsoft word - .*|document\d*|.*\.(docx?|tex|dvi|indd|pdf|odt|rtf)|slide 1|)\Z"
)
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad]\n(?=[^\W\d_])")
_LEADERS = re.compile(r"(?:[ \t]*[.·]){4,}")  # from a heading to its page number in a table of contents
_LIST_ITEM = re.compile(r"\s*(?:[-*•‣–▪]|\d{1,3}[.)]|\(\w\))\s")


def read_pdf(source: Source) -> Iterator[Document]:
    """One document, with a section a page. Lines are joined to paragraphs, what repeats on each page is dropped."""
    try:
        import pypdf
        from pypdf.errors import DependencyError, FileNotDecryptedError, WrongPasswordError
    except ImportError as error:
        raise missing_library("PDF", "pypdf") from error
    source.check_size()
    with _quiet(), source.path.open("rb") as file:
        reader = pypdf.PdfReader(file)
        if reader.is_encrypted:
            # Many are locked against printing only, and open with no password.
            try:
                opened = bool(reader.decrypt(""))
            except (DependencyError, NotImplementedError):
                opened = False
            if not opened:
                raise UnreadableError("encrypted: it needs a password")
        try:
            pages = _pages(reader, source)
            info: Any = reader.metadata
        except (FileNotDecryptedError, WrongPasswordError) as error:
            raise UnreadableError("encrypted: it needs a password") from error
    if not any(page.strip() for page in pages):
        raise UnreadableError("no text in it: the pages are pictures (scanned), which would need OCR")
    draft = Draft()
    ended = True
    for number, page in enumerate(_without_repeats(pages), 1):
        draft.page(number)
        for paragraph in _paragraphs(page):
            # A sentence that runs over the page goes on.
            draft.block(paragraph, "\n\n" if ended or not paragraph[0].islower() else "\n")
            ended = paragraph[-1] in '.!?:;…"”’)]。！？'
    yield draft.document(source, "pdf", *_title_and_date(info, source, pages))


@contextmanager
def _quiet() -> Generator[None]:
    """pypdf warns about every fault that it mends; nobody can act on that."""
    logger = logging.getLogger("pypdf")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _pages(reader: Any, source: Source) -> list[str]:
    count = len(reader.pages)
    if count > source.limits.pages:
        raise UnreadableError(f"too large: {count:,} pages, more than {source.limits.pages:,}")
    started = time.monotonic()
    texts: list[str] = []
    for index in range(count):
        if time.monotonic() - started > source.limits.seconds:
            raise UnreadableError(f"reading its pages took longer than {source.limits.seconds:.0f} s")
        texts.append(storable(str(reader.pages[index].extract_text() or "")))
    return texts


def _without_repeats(pages: Sequence[str]) -> list[str]:
    """The pages without running heads and page numbers: first or last lines that stand on most pages."""
    if len(pages) < 4:
        return list(pages)
    lines = [[line for line in page.split("\n") if line.strip()] for page in pages]
    edges: Counter[str] = Counter()
    for page in lines:
        edges.update({_shape(line) for line in (*page[:1], *page[-1:])})
    common = {shape for shape, count in edges.items() if count > len(pages) / 2}
    kept: list[str] = []
    for page in lines:
        while page and _shape(page[0]) in common:
            page.pop(0)
        while page and _shape(page[-1]) in common:
            page.pop()
        kept.append("\n".join(page))
    return kept


def _shape(line: str) -> str:
    return re.sub(r"\d+", "0", line.strip())


def _paragraphs(page: str) -> Iterator[str]:
    """The paragraphs of a page, which PDF does not mark: a short line ends one, a list item begins one."""
    lines = _LEADERS.sub(" …", _HYPHEN.sub("", page)).split("\n")
    widths = sorted(len(line) for line in lines if line.strip())
    usual = widths[int(len(widths) * 0.8)] if widths else 0
    block: list[str] = []
    for line in lines:
        text = line.strip()
        if not text or _LIST_ITEM.match(line):
            if block:
                yield " ".join(block)
            block = []
        if text:
            block.append(text)
            if len(text) < 0.6 * usual:
                yield " ".join(block)
                block = []
    if block:
        yield " ".join(block)


def _title_and_date(info: Any, source: Source, pages: Sequence[str]) -> tuple[str, str]:
    def entry(name: str) -> str:
        value = info.get(name) if info else None
        return storable(str(value)).strip() if value is not None else ""

    title = " ".join(entry("/Title").split())
    stem = PurePath(source.name).stem
    if _EMPTY_TITLE.match(title):
        title = stem
    found = _PDF_DATE.match(entry("/CreationDate"))
    date = ""
    if found:
        year, month, day, hour, minute, second = found.groups()
        date = iso(int(year), int(month), int(day), hour, minute, second)
    return title, date or date_in_name(stem)
