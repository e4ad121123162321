"""Placeholders: giving them out and putting the words back, at once or from a stream."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Final, NoReturn

# `<PERSON_1>`, `<PERSON_1B>` for another spelling or a part of the same name, `<DATE_1984_1>` with a hint. A reply may
# change the case; it may drop the brackets only of the exact capitals, for `person_1` is a likely variable name.
_NAME: Final = r"[A-Z]+(?:_[A-Z0-9]+)*_[A-Z]*[0-9]+[A-Z]*"
_TOKEN: Final = re.compile(rf"<(?i:{_NAME})>|(?<![A-Za-z0-9_]){_NAME}(?![A-Za-z0-9_])", re.ASCII)
_BASE: Final = re.compile(r"(.*[0-9])[A-Z]*")

Escape = Callable[[str], str]
"""Turns a restored value into what its place needs, for example the escapes of a JSON string."""


class Tokens:
    """The placeholders of one session and what they stand for. Never shown, never pickled."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._entities: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()
        self._reserved: set[str] = set()

    def copy(self) -> Tokens:
        """The same state, to try something with."""
        other = Tokens()
        other.values = dict(self.values)
        other._names = dict(self._names)
        other._entities = dict(self._entities)
        other._numbers = self._numbers.copy()
        other._reserved = set(self._reserved)
        return other

    def reserve(self, text: str) -> None:
        """Never give out what stands in `text` already, or something of the same number."""
        for match in _TOKEN.finditer(text):
            name = _name(match)
            if name not in self.values:
                self._reserved |= {name, _base(name)}

    def issued(self, text: str) -> list[tuple[int, int]]:
        """Where placeholders of this session stand in `text`."""
        return [match.span() for match in _TOKEN.finditer(text) if _name(match) in self.values]

    def give(self, value: str, kind: str, entity: str, form: str) -> str:
        """The placeholder for `value`: the same for the same string, the same number for the same entity.

        `form` goes before the number of a new entity.
        """
        if value not in self._names:
            if entity not in self._entities:
                base = self._next(kind, form)
                while base in self._reserved:
                    base = self._next(kind, form)
                self._entities[entity] = base
            name = base = self._entities[entity]
            variant = 0
            while name in self.values or name in self._reserved:
                variant += 1
                name = base + _letters(variant)
            self._names[value] = name
            self.values[name] = value
        return f"<{self._names[value]}>"

    def restore(self, text: str, escape: Escape | None = None) -> str:
        """`text` with the words in place of their placeholders; unknown placeholders stay."""
        return _TOKEN.sub(lambda match: self._word(match, escape), text)

    def mask(self, text: str) -> str:
        """`text` with a control character in place of each placeholder: what else is left to look at."""
        return _TOKEN.sub(lambda match: "\x00" if _name(match) in self.values else match.group(), text)

    def prefixes(self) -> set[str]:
        """Every beginning of a placeholder that may still become one as text goes on, in capitals."""
        whole = [text for name in self.values for text in (name, f"<{name}")]
        return {text[:end] for text in whole for end in range(1, len(text) + 1)}

    def pieces(self, text: str, start: int, end: int, escape: Escape | None) -> tuple[str, int]:
        """`text[start:end]` restored, with what stands around it in view; and the offset where it really ended."""
        out: list[str] = []
        position = start
        for match in _TOKEN.finditer(text, start):
            if match.start() >= end:
                break
            if match.end() > end and _name(match) in self.values:
                end = match.start()
                break
            if match.end() <= end:
                out += [text[position : match.start()], self._word(match, escape)]
                position = match.end()
        out.append(text[position:end])
        return "".join(out), end

    def _word(self, match: re.Match[str], escape: Escape | None) -> str:
        value = self.values.get(_name(match))
        if value is None:
            return match.group()
        return escape(value) if escape else value

    def _next(self, kind: str, form: str) -> str:
        self._numbers[kind] += 1
        return f"{kind}_{form}{self._numbers[kind]}"

    def __repr__(self) -> str:
        return f"<Tokens {len(self.values)}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("the private words of a session cannot be pickled or copied")


class StreamRestorer:
    """Restores placeholders in text that comes in pieces, however they are cut.

    `feed` returns what is sure so far and holds back what may be the beginning of a placeholder; `finish` returns the
    rest. All pieces together are what `restore` makes of the whole.
    """

    def __init__(self, tokens: Tokens, escape: Escape | None = None) -> None:
        self._tokens = tokens
        self._escape = escape
        self._prefixes = tokens.prefixes()
        self._longest = len(max(self._prefixes, key=len, default=""))
        self._text: str = ""
        self._start: int = 0

    def feed(self, piece: str) -> str:
        """The text that this piece makes sure, possibly empty."""
        self._text += piece
        end = len(self._text)
        for at in range(max(self._start, end - self._longest), end):
            if self._text[at:].upper() in self._prefixes:
                end = at
                break
        return self._emit(end)

    def finish(self) -> str:
        """What is left when no more comes."""
        return self._emit(len(self._text))

    def _emit(self, end: int) -> str:
        out, end = self._tokens.pieces(self._text, self._start, end, self._escape)
        # One character stays for context: a placeholder without brackets has to begin a word.
        keep = max(0, end - 1)
        self._text, self._start = self._text[keep:], end - keep
        return out

    def __repr__(self) -> str:
        return "<StreamRestorer>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("the private words of a session cannot be pickled or copied")


def _name(match: re.Match[str]) -> str:
    return match.group().strip("<>").upper()


def _base(name: str) -> str:
    found = _BASE.fullmatch(name)
    return found[1] if found else name


def _letters(number: int) -> str:
    # 1 is B: the first spelling has no letter and is as good as A.
    out = ""
    while number:
        number, digit = divmod(number, 26)
        out = chr(ord("A") + digit) + out
    return out
