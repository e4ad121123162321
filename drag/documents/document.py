"""What reading gives: a document with its sections, or the reason why there is none."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch [start, end) of a document's text (characters) and what is known about the place.

    `heading` is the path of headings above it (`Methods › Sample`), `page` counts from 1 and is 0 where there are no
    pages, `message` the same for turns of a chat. `date` (ISO 8601) and `speaker` are a message's own.
    """

    start: int
    end: int
    heading: str = ""
    page: int = 0
    message: int = 0
    date: str = ""
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One text, as it is searched and cited.

    `id` is unique among the documents of one reading: the path relative to the working folder, with `#…` for one of
    several documents of a file, or the record's own id for a corpus. `date` is ISO 8601 (to the day, minute or second,
    wall clock of whoever wrote it), empty where nothing names one. `kind` is how it was read: `text`, `markdown`,
    `html`, `pdf`, `docx`, `epub`, `email`, `chat` or `record`. `path` is the file's path, written as in `id`.
    `sections` are in order and do not overlap; text between them is layout. `digest` is the sha256 of all that was
    read (text, title, date, sections) and is worked out where it is not given.
    """

    id: str
    title: str
    text: str
    date: str = ""
    kind: str = "text"
    path: str = ""
    digest: str = ""
    sections: tuple[Section, ...] = ()

    def __post_init__(self) -> None:
        if not self.digest:
            object.__setattr__(self, "digest", _digest(self))


@dataclass(frozen=True, slots=True)
class Unread:
    """A file, or a part of one (`inbox.mbox#3`), that gave no document, and why, in one line for a person."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read before a file counts as broken or hostile. What is over becomes `Unread`.

    `file_bytes` bounds a file that is read whole; files of records (JSONL, CSV, mbox) are streamed and may be of any
    size, with `record_bytes` for each record. `unpacked_bytes` bounds what a DOCX or EPUB holds when unpacked,
    `ratio` how many times larger than the file that may be. `pages` and `seconds` bound a PDF.
    """

    file_bytes: int = 200_000_000
    record_bytes: int = 20_000_000
    unpacked_bytes: int = 400_000_000
    ratio: int = 200
    pages: int = 10_000
    seconds: float = 300.0


class UnreadableError(Exception):
    """Raised inside a reader: the file cannot be read, for the reason that the message names."""


def _digest(document: Document) -> str:
    digest = hashlib.sha256()
    for part in (document.title, document.date, document.text):
        # The length goes first, so that no two triples of parts write the same bytes.
        data = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(data))
        digest.update(data)
    for one in document.sections:
        digest.update(
            repr((one.start, one.end, one.heading, one.page, one.message, one.date, one.speaker)).encode(
                "utf-8", "backslashreplace"
            )
        )
    return digest.hexdigest()
