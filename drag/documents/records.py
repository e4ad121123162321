"""Records: JSON Lines, JSON and CSV of documents (`id`, `title`, `text`), or of messages, read as a stream."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, cast

from drag.documents.chatlog import Said, chat_sections, messages_of, said, said_documents, written
from drag.documents.dates import date_in_name, loose_date, parse_date
from drag.documents.document import Document, Unread, UnreadableError
from drag.documents.source import Source, decoded, storable

_PATIENCE = 20  # bad records at the head of a file after which it is given up
_DATES = ("date", "published", "created", "created_at", "timestamp", "time")

Row = tuple[int, Mapping[str, Any] | str]  # number of the line, and the record or why there is none


def read_json_lines(source: Source) -> Iterator[Document | Unread]:
    """Each record is a document, or a message of one chat, or a conversation."""
    return _documents(source, _json_rows(source))


def read_json(source: Source) -> Iterator[Document | Unread]:
    """The same of a file that is one list of records, or one record."""
    try:
        value: Any = json.loads(decoded(source.data()))
    except (ValueError, RecursionError) as error:
        raise UnreadableError("not JSON") from error
    rows = cast("list[Any]", value) if isinstance(value, list) else [value]
    return _documents(
        source,
        (
            (number, cast("Mapping[str, Any]", row) if isinstance(row, dict) else "not an object")
            for number, row in enumerate(rows, 1)
        ),
        "record",
    )


def read_csv(source: Source) -> Iterator[Document | Unread]:
    """Each row is a document; the header names the columns, of which `text` has to be one."""
    return _documents(source, _csv_rows(source))


def _json_rows(source: Source) -> Iterator[Row]:
    for number, line in source.lines():
        if line is None:
            yield number, f"longer than {source.limits.record_bytes // 1_000_000 or 1} MB"
            continue
        try:
            record: Any = json.loads(line.decode("utf-8-sig") if number == 1 else line)
        except (ValueError, RecursionError):
            if line.strip():
                yield number, "not JSON"
            continue
        yield number, cast("Mapping[str, Any]", record) if isinstance(record, dict) else "not a JSON object"


def _csv_rows(source: Source) -> Iterator[Row]:
    lines = _csv_lines(source)
    header = next(lines, "")
    delimiter = max("\t,;|", key=header.count)
    csv.field_size_limit(source.limits.record_bytes)
    names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), list[str]())]
    if "text" not in names:
        raise UnreadableError("a table is read by the columns id, title and text, and its header has no 'text'")
    rows = csv.reader(lines, delimiter=delimiter)
    while True:
        try:
            fields = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield rows.line_num + 1, f"not CSV ({error})"
            continue
        if fields:
            yield rows.line_num + 1, dict(zip(names, fields, strict=False))


def _csv_lines(source: Source) -> Iterator[str]:
    head = source.head(65536)
    try:
        # The last line may be cut off inside a character.
        head[: head.rfind(b"\n") + 1].decode("utf-8-sig")
    except UnicodeDecodeError:
        # A spreadsheet's own encoding: rare, and then the table is small enough to be read whole.
        yield from source.text().splitlines(keepends=True)
        return
    for number, line in source.lines():
        if line is None:
            raise UnreadableError(f"line {number}: longer than {source.limits.record_bytes // 1_000_000 or 1} MB")
        yield line.decode("utf-8-sig" if number == 1 else "utf-8", "replace")


def _documents(source: Source, rows: Iterable[Row], noun: str = "line") -> Iterator[Document | Unread]:
    faults: list[Unread] = []  # that stand before the first good record
    good = False
    stream = iter(rows)
    for number, record in stream:
        message = None if isinstance(record, str) or good else said(record)
        if message:
            yield from faults
            yield from _chat(source, message, stream, noun)
            return
        if isinstance(record, str):
            found = record
        else:
            found = _conversation(source, number, record) or _document(source, number, record)
        if isinstance(found, Document):
            yield from faults
            faults, good = [], True
            yield found
        elif good:
            yield Unread(source.name, f"{noun} {number}: {found}")
        else:
            faults.append(Unread(source.name, f"{noun} {number}: {found}"))
            if len(faults) >= _PATIENCE:
                break
    if len(faults) > 1:
        raise UnreadableError(f"none of its first {len(faults)} {noun}s is a record with 'text'")
    yield from faults


def _chat(source: Source, first: Said, rows: Iterator[Row], noun: str) -> Iterator[Document | Unread]:
    """A file whose first record is a message is a log of messages."""
    faults: list[Unread] = []

    def messages() -> Iterator[Said]:
        yield first
        for number, record in rows:
            one = said(record) if not isinstance(record, str) else None
            if one:
                yield one
            else:
                reason = record if isinstance(record, str) else "not a message: nobody says anything"
                faults.append(Unread(source.name, f"{noun} {number}: {reason}"))

    stem = PurePath(source.name).stem
    for document in said_documents(source.name, stem, messages(), date_in_name(stem)):
        yield from faults
        faults.clear()
        yield document
    yield from faults


def _conversation(source: Source, number: int, record: Mapping[str, Any]) -> Document | None:
    messages = messages_of(record)
    if not messages:
        return None
    key = _id(source, number, record)
    title = _text(record.get("title")) or _text(record.get("name")) or PurePath(source.name).stem
    return written(key, title, messages, _own_date(record), source.name)


def _document(source: Source, number: int, record: Mapping[str, Any]) -> Document | str:
    text = record.get("text")
    if not isinstance(text, str):
        return "no text under 'text'"
    text = storable(text)
    if not text.strip():
        return "empty: no text in it"
    key = _id(source, number, record)
    title = _text(record.get("title"))
    sections = chat_sections(text)
    date = _own_date(record)
    if not date and sections:
        date = next((one.date for one in sections if one.date), "")
    # An id or a title that is nothing but a stamp dates the record, as a file's name does.
    date = date or parse_date(title) or parse_date(key)
    return Document(key, title, text, date, "chat" if sections else "record", source.name, sections=sections)


def _id(source: Source, number: int, record: Mapping[str, Any]) -> str:
    given = record.get("id", record.get("_id"))
    if isinstance(given, str | int) and not isinstance(given, bool) and str(given).strip():
        return storable(str(given))
    return f"{source.name}#{number}"


def _own_date(record: Mapping[str, Any]) -> str:
    return next((found for found in (loose_date(record[key]) for key in _DATES if key in record) if found), "")


def _text(value: Any) -> str:
    return storable(" ".join(value.split())) if isinstance(value, str) else ""
