"""Chats as documents: logs in text files, lists of messages in JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import PurePath
from typing import Any, cast

from drag.documents.chat import Turn, find_chat
from drag.documents.dates import date_in_name, loose_date
from drag.documents.document import Document, Section
from drag.documents.source import clean

_SENDER = ("sender", "from", "author", "speaker", "user", "username", "sender_name", "nickname", "name", "role")
_BODY = ("text", "content", "message", "body", "msg")
_DATE = ("date", "time", "timestamp", "datetime", "ts", "created_at", "sent_at", "timestamp_ms", "sent", "when")
_LISTS = ("messages", "conversation", "conversations", "turns", "dialog", "dialogue", "chat")


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a list of messages."""

    sender: str
    text: str
    date: str


def chat_sections(text: str) -> tuple[Section, ...]:
    """The turns of a text that is a chat, as sections of it; nothing for any other text."""
    chat = find_chat(text)
    return _sections(chat.turns) if chat else ()


def chat_documents(name: str, text: str) -> list[Document]:
    """The documents of a log in a text file, one for each day; nothing for a text that is no chat.

    Stamps inside the lines are moved from the text into the dates; the text of a log without them stays as it is.
    """
    chat = find_chat(text)
    if not chat:
        return []
    day = date_in_name(PurePath(name).name)
    if chat.inline:
        said = (Said(one.sender, text[one.body : one.end].strip(), one.date) for one in chat.turns)
        return list(said_documents(name, PurePath(name).stem, said, day))
    days = [(date, list(turns)) for date, turns in groupby(chat.turns, lambda one: one.date[:10])]
    title = PurePath(name).stem
    if len(days) == 1:
        date = chat.turns[0].date or day
        return [Document(name, title, text, date, "chat", name, sections=_sections(chat.turns))]
    documents: list[Document] = []
    names = _DayNames(name)
    for date, turns in days:
        start, end = turns[0].start, turns[-1].end
        moved = [replace(one, start=one.start - start, end=one.end - start, body=one.body - start) for one in turns]
        found = Document(
            names.name(date), title, text[start:end], turns[0].date or day, "chat", name, sections=_sections(moved)
        )
        documents.append(found)
    return documents


def said_documents(
    name: str, title: str, messages: Iterable[Said], date: str = "", *, at_most: int = 2000
) -> Iterator[Document]:
    """Documents of a stream of messages, one for each day, of at most so many messages each.

    The text is `Sender: words`, a turn a line; `date` stands where no message has one.
    """
    names = _DayNames(name)
    waiting: list[Said] = []
    whole = True  # nothing was given out yet: a log of one day keeps the name of its file
    for one in messages:
        if not one.text:
            continue
        if waiting and (one.date[:10] != waiting[-1].date[:10] or len(waiting) >= at_most):
            yield written(names.name(waiting[0].date[:10]), title, waiting, date, name)
            waiting, whole = [], False
        waiting.append(one)
    if waiting:
        label = name if whole else names.name(waiting[0].date[:10])
        yield written(label, title, waiting, date, name)


class _DayNames:
    """Ids of the days of one log: `log.txt#2024-03-12`, and `…-2` when the day comes again."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._days: dict[str, int] = {}

    def name(self, day: str) -> str:
        count = self._days[day] = self._days.get(day, 0) + 1
        return f"{self._name}#{day or 'undated'}" + (f"-{count}" if count > 1 else "")


def written(label: str, title: str, messages: Iterable[Said], date: str, path: str) -> Document:
    parts: list[str] = []
    sections: list[Section] = []
    length = 0
    for number, one in enumerate(messages, 1):
        line = f"{one.sender}: {one.text}" if one.sender else one.text
        sections.append(Section(length, length + len(line), "", 0, number, one.date, one.sender))
        parts.append(line)
        length += len(line) + 1
    first = next((one.date for one in sections if one.date), date)
    return Document(label, title, "\n".join(parts), first, "chat", path, sections=tuple(sections))


def _sections(turns: Iterable[Turn]) -> tuple[Section, ...]:
    return tuple(Section(one.start, one.end, "", 0, n, one.date, one.sender) for n, one in enumerate(turns, 1))


def said(record: Mapping[str, Any]) -> Said | None:
    """A record as a message: it has words and somebody who said them, and no title; else None."""
    if record.get("title"):
        return None
    body = next((record[key] for key in _BODY if key in record), None)
    sender = next((found for found in (_person(record[key]) for key in _SENDER if key in record) if found), "")
    if body is None or not sender:
        return None
    date = next((found for found in (loose_date(record[key]) for key in _DATE if key in record) if found), "")
    return Said(sender, clean(_words(body)).strip(), date)


def messages_of(record: Mapping[str, Any]) -> list[Said] | None:
    """The messages of a record that is a whole conversation; None if it is none."""
    for key in _LISTS:
        value = record.get(key)
        if isinstance(value, list) and value:
            rows = [cast("Mapping[str, Any]", one) for one in cast("list[Any]", value) if isinstance(one, dict)]
            found = [one for one in map(said, rows) if one]
            if found:
                return found
    return None


def _person(value: Any) -> str:
    if isinstance(value, dict):
        inner = cast("Mapping[str, Any]", value)
        value = next((inner[key] for key in ("name", "username", "display_name", "role") if inner.get(key)), None)
    return clean(" ".join(value.split())) if isinstance(value, str) else ""


def _words(value: Any) -> str:
    """The words of a body: a text, or a list of texts and marked-up parts (Telegram and others)."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(_words, cast("list[Any]", value)))
    if isinstance(value, dict):
        inner = cast("Mapping[str, Any]", value)
        return next((_words(inner[key]) for key in ("text", "content", "parts") if key in inner), "")
    return ""
