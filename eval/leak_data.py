"""Rows with private strings, and the words in which a leak is told: unit, whole word, token, casing, script."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from drag.errors import ConfigError

CASINGS = ("lower", "title", "upper", "mixed")

_WORD = re.compile(r"\w+")
# Words that stand in many names and tell nothing about anyone: they are no tokens of a unit.
_FUNCTION_WORDS = frozenset(
    re.findall(r"\w+", "a an and are as at by de for from in is it its la le of on or s the to was who with")
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A private piece of a text, as the data set marks it: `text[start:end]`, in characters."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Row:
    """A text and the strings in it that must not leave. `style` says how an injected row was written."""

    id: str
    text: str
    private: tuple[str, ...]
    marks: tuple[Mark, ...] = ()
    style: str = ""

    def __repr__(self) -> str:
        # A row of real people's words must not come out of a traceback or a failed test.
        return f"<Row of {len(self.text)} characters, {len(self.private)} private strings>"


@dataclass(frozen=True, slots=True)
class Unit:
    """A distinct private string of a row that occurs in its text, with the subgroups in which it counts.

    `written` is how the text writes it where it first occurs: data sets fold the case of their strings.
    """

    text: str
    kinds: tuple[str, ...]
    written: str

    @property
    def groups(self) -> tuple[str, ...]:
        """Kinds, casing and script: the names after `leak_units/`. A group has each unit once."""
        return tuple(dict.fromkeys((*self.kinds, casing(self.written), script(self.written))))

    def __repr__(self) -> str:
        return f"<Unit of {len(self.text)} characters>"


def read_rows(path: Path) -> list[Row]:
    """The rows of a file in the privacy shape: `text`, `private` (strings), optional `spans` and `id`.

    Without `private` the spans' own strings are taken. Raises `ConfigError` with the number of a line that cannot be
    read, never with its words.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"cannot read {path}: {reason}") from error
    rows: list[Row] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rows.append(_row(json.loads(line), number))
        except (ValueError, TypeError, KeyError):
            # Without its cause: the decoder's error holds the whole line.
            raise ConfigError(f"{path}, line {number}: not a record with 'text' and 'private'") from None
    if not rows:
        raise ConfigError(f"{path} holds no rows")
    return rows


def _row(record: object, number: int) -> Row:
    if not isinstance(record, Mapping):
        raise TypeError
    fields = cast("Mapping[str, Any]", record)
    text = fields["text"]
    spans = cast("Sequence[Mapping[str, Any]]", fields.get("spans") or ())
    marks = tuple(
        Mark(int(one["start"]), int(one["end"]), str(one.get("type") or one.get("kind") or "other")) for one in spans
    )
    if not isinstance(text, str) or any(not 0 <= one.start < one.end <= len(text) for one in marks):
        raise TypeError
    private = fields.get("private")
    if private is None and "spans" in fields:
        private = [text[one.start : one.end] for one in marks]
    if not isinstance(private, list) or not all(isinstance(one, str) for one in cast("list[object]", private)):
        raise TypeError
    return Row(str(fields.get("id") or number), text, tuple(cast("list[str]", private)), marks)


def units(row: Row) -> tuple[list[Unit], int]:
    """The units of a row, and how many of its distinct private strings do not occur in its text.

    An empty string is neither. A unit has the kinds of the spans whose string is its own, in any case.
    """
    kinds: dict[str, list[str]] = {}
    for mark in row.marks:
        found = kinds.setdefault(row.text[mark.start : mark.end].casefold().strip(), [])
        if mark.kind not in found:
            found.append(mark.kind)
    distinct = {one: None for one in row.private if one.strip()}
    present: list[Unit] = []
    for one in distinct:
        if place := next(places(one, row.text), None):
            present.append(Unit(one, tuple(kinds.get(one.casefold().strip(), ())), row.text[slice(*place)]))
    return present, len(distinct) - len(present)


def stands(words: str, text: str) -> bool:
    """Whether `words` occur in `text`, both case-folded, as whole words.

    No letter, digit or underscore may touch an end of them that is one itself. Spaces are not normalised: what would
    leave is compared as it is.
    """
    return _pattern(words).search(text.casefold()) is not None


def places(words: str, text: str) -> Iterator[tuple[int, int]]:
    """Where `words` occur in `text` as `stands` has it, in characters of `text`."""
    folded, back = _fold(text)
    for match in _pattern(words).finditer(folded):
        yield back[match.start()], back[match.end() - 1] + 1


def tokens(unit: str) -> set[str]:
    """The words of a unit by which it can be recognised: case-folded, no function words, no single letters."""
    return {word for word in _WORD.findall(unit.casefold()) if len(word) > 1 and word not in _FUNCTION_WORDS}


def any_token(unit: str, text: str) -> bool:
    """Whether the unit or at least one of its tokens still stands in `text`."""
    return stands(unit, text) or any(stands(token, text) for token in tokens(unit))


def casing(text: str) -> str:
    """`lower`, `upper`, `title` (each word of four letters or more has a capital), `mixed`; `none` without letters."""
    words = [word for word in re.findall(r"[^\W\d_]+", text) if word.lower() != word.upper()]
    if not words:
        return "none"
    if all(word.islower() for word in words):
        return "lower"
    if all(word.isupper() for word in words):
        return "upper"
    long = [word for word in words if len(word) > 3] or words
    return "title" if words[0][0].isupper() and all(word[0].isupper() for word in long) else "mixed"


def script(text: str) -> str:
    """The script of the letters by their Unicode names (`latin`, `cyrillic`, `cjk` …), `several` or `none`."""
    found = {unicodedata.name(c, "OTHER").split()[0].lower() for c in text if c.isalpha()}
    return next(iter(found)) if len(found) == 1 else "several" if found else "none"


def words_outside(text: str, private: Sequence[tuple[int, int]], deleted: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """How many words of `text` no private place touches, and how many of these a deleted one touches."""
    hidden, gone = _cover(text, private), _cover(text, deleted)
    outside = [match.span() for match in _WORD.finditer(text) if not any(hidden[match.start() : match.end()])]
    return len(outside), sum(any(gone[start:end]) for start, end in outside)


def covered(text: str, spans: Sequence[tuple[int, int]]) -> int:
    """How many characters of `text` lie in at least one of the spans."""
    return sum(_cover(text, spans))


def _cover(text: str, spans: Sequence[tuple[int, int]]) -> bytearray:
    cover = bytearray(len(text))
    for start, end in spans:
        cover[start:end] = b"\x01" * (min(end, len(text)) - start)
    return cover


def _pattern(words: str) -> re.Pattern[str]:
    folded = words.casefold()
    before = r"(?<!\w)" if _WORD.match(folded[:1]) else ""
    after = r"(?!\w)" if _WORD.match(folded[-1:]) else ""
    return re.compile(before + re.escape(folded) + after)


def _fold(text: str) -> tuple[str, list[int]]:
    """`text` case-folded, and for each of its characters the place in `text`: folding can lengthen (ß to ss)."""
    pieces = [one.casefold() for one in text]
    return "".join(pieces), [place for place, piece in enumerate(pieces) for _ in piece]
