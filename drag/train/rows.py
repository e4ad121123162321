"""One training example a line: what the student reads, what it is to say, and where both come from."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from drag.errors import ConfigError
from drag.prompts import ABSTENTION
from drag.types import Message, Role

Method = Literal["raft", "seqkd", "explain", "self", "multi"]
Split = Literal["train", "held_out"]

METHODS: tuple[Method, ...] = ("raft", "seqkd", "explain", "self", "multi")
SPLITS: tuple[Split, ...] = ("train", "held_out")
ROLES: tuple[Role, ...] = ("system", "user", "assistant")

KEPT = "kept"
DROPPED = "dropped: "


@dataclass(frozen=True, slots=True)
class Row:
    """One example, kept or dropped.

    `messages` is the prompt as `ask` renders it, up to where the assistant speaks; `reply` what the student is to say.
    `teacher_messages` is what a teacher reads for the same reply where it reads something else. `prompt` is the name
    and version of the prompt, `prompt_sha256` the digest of `messages` (see `digest_of`). `answers` are accepted, as
    far as the record had any. `evidence_ids` are the pieces that are shown, in their order, `gold_ids` all those that
    belong to the question, shown or not. `evidence` holds the shown texts, cut as they are shown. `teacher` wrote the
    reply; None where the record did. `verdict` is "kept", or "dropped: " with the reason.
    """

    id: str
    method: Method
    split: Split
    messages: tuple[Message, ...]
    reply: str
    teacher_messages: tuple[Message, ...] | None
    prompt: str
    prompt_sha256: str
    question: str
    answers: tuple[str, ...]
    evidence_ids: tuple[str, ...]
    gold_ids: tuple[str, ...]
    teacher: str | None
    verdict: str
    evidence: tuple[str, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether it is trained on."""
        return self.verdict == KEPT

    @property
    def missing(self) -> bool:
        """Whether the student is to say that the evidence does not carry an answer."""
        return ABSTENTION in self.reply.casefold()


def digest_of(messages: Sequence[Message]) -> str:
    """SHA-256, in hexadecimal, over the roles and the contents of the messages."""
    turns = [[one.role, one.content] for one in messages]
    return hashlib.sha256(json.dumps(turns, ensure_ascii=False).encode()).hexdigest()


def read_rows(path: Path, split: Split | None = None) -> list[Row]:
    """The kept rows of a split, or of both; in the order of the file.

    Every line is checked, those of the other split and the dropped ones, too. Raises `ConfigError`, which names the
    line, for one that is not a row, and where no row is left.
    """
    found = [row for row in read_all(path) if row.kept and split in (None, row.split)]
    if not found:
        raise ConfigError(f"{path} holds no kept rows" + (f" of the split {split}" if split else ""))
    return found


def read_all(path: Path) -> list[Row]:
    """All rows, dropped ones as well. Raises `ConfigError`, which names the line."""
    seen: dict[str, int] = {}
    rows: list[Row] = []
    for number, line in _lines(path):
        try:
            row = _row(line)
        except ConfigError as error:
            raise ConfigError(f"{path}, line {number}: {error}") from error
        if row.id in seen:
            raise ConfigError(f"{path}, line {number}: the id '{row.id}' stands in line {seen[row.id]} already")
        seen[row.id] = number
        rows.append(row)
    return rows


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write all rows, in whole or not at all. Raises `ConfigError` if the file cannot be written."""
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(dataclasses.asdict(row), ensure_ascii=False) + "\n" for row in rows)
        part.replace(path)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from error


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        # Not splitlines(): a text may hold U+2028, which ends no line of JSON.
        lines = path.read_text("utf-8-sig").split("\n")
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"cannot read {path}: it is not UTF-8 text") from error
    yield from ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def _row(line: str) -> Row:
    try:
        value: object = json.loads(line)
    except ValueError as error:
        raise ConfigError("not JSON") from error
    if not isinstance(value, dict):
        raise ConfigError("not a JSON object")
    record = cast("Mapping[str, Any]", value)
    verdict = _text(record, "verdict")
    if verdict != KEPT and not verdict.startswith(DROPPED):
        raise ConfigError("'verdict' is neither 'kept' nor 'dropped: …'")
    messages = _messages(record, "messages")
    if messages[-1].role == "assistant":
        raise ConfigError("'messages' ends with a turn of the assistant: what it is to say is 'reply'")
    row = Row(
        id=_text(record, "id"),
        method=_one_of(record, "method", METHODS),
        split=_one_of(record, "split", SPLITS),
        messages=messages,
        reply=_text(record, "reply", empty=verdict != KEPT),
        teacher_messages=None if record.get("teacher_messages") is None else _messages(record, "teacher_messages"),
        prompt=_text(record, "prompt"),
        prompt_sha256=_text(record, "prompt_sha256"),
        question=_text(record, "question"),
        answers=_texts(record, "answers"),
        evidence_ids=_texts(record, "evidence_ids"),
        gold_ids=_texts(record, "gold_ids"),
        teacher=None if record.get("teacher") is None else _text(record, "teacher"),
        verdict=verdict,
        evidence=_texts(record, "evidence"),
    )
    if row.prompt_sha256 != digest_of(messages):
        raise ConfigError("'prompt_sha256' is not the digest of 'messages': one of them was changed")
    if row.evidence and len(row.evidence) != len(row.evidence_ids):
        raise ConfigError(f"'evidence' has {len(row.evidence)} texts and 'evidence_ids' {len(row.evidence_ids)} ids")
    return row


def _messages(record: Mapping[str, Any], name: str) -> tuple[Message, ...]:
    value = record.get(name)
    turns = cast("list[Any]", value) if isinstance(value, list) else []
    found: list[Message] = []
    for turn in turns:
        table: Mapping[str, Any] = cast("Mapping[str, Any]", turn) if isinstance(turn, Mapping) else {}
        role, content = table.get("role"), table.get("content")
        if role not in ROLES or not isinstance(content, str):
            raise ConfigError(f"a turn of '{name}' has no 'role' of {', '.join(ROLES)} or no text under 'content'")
        found.append(Message(role, content))
    if not found:
        raise ConfigError(f"'{name}' is no list of turns")
    return tuple(found)


def _text(record: Mapping[str, Any], name: str, *, empty: bool = False) -> str:
    value = record.get(name)
    if not isinstance(value, str) or not (empty or value.strip()):
        raise ConfigError(f"there is no text under '{name}'")
    return value


def _texts(record: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = record.get(name, [])
    items = cast("list[Any]", value) if isinstance(value, list) else [None]
    if not all(isinstance(one, str) for one in items):
        raise ConfigError(f"'{name}' is no list of texts")
    return tuple(str(one) for one in items)


def _one_of(record: Mapping[str, Any], name: str, known: Sequence[Any]) -> Any:
    value = record.get(name)
    if value not in known:
        raise ConfigError(f"'{name}' is none of {', '.join(known)}")
    return value
