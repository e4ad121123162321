"""A private string in parts, over several turns of one conversation: no part says much, all together say it.

The sanitizer reads each turn for itself. Here the parts are put together again, as whoever reads the whole request
would: the last and the first words of two turns, and the pieces with digits or an @ in them.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, cast

from privacy.detect import Detector, Span, detect
from privacy.structure import scalars

# Kinds with a form of their own: two numbers of two turns do not make one of them by chance, as "3.2" and "2.0.1" make
# an IP address.
STRONG: Final = frozenset({"CARD", "EMAIL", "IBAN", "PHONE", "SECRET", "SSN"})
_LEAST_DIGITS: Final = 9
# Digits and what stands between them in a number, or the half of an address.
_PIECE: Final = re.compile(
    r"[+(]?\w*\d[\w.+]*(?:[ .()/-]{1,2}\d[\w.]*)*[-.+]?|[\w.+-]*@[\w.-]*|\b\w[\w+-]*\.\w[\w.+-]*|\.\w[\w.-]+"
)
_WORD: Final = re.compile(r"[^\W_](?:[\w'.+-]*\w)?")
_MOST: Final = 8
"""Pieces of a turn and turns of a conversation that are tried: the last ones."""


def user_turns(request: Any) -> list[str]:
    """The texts of the user's turns of a chat request, in their order."""
    turns: dict[int, list[str]] = {}
    messages = cast("dict[str, Any]", request).get("messages") if isinstance(request, dict) else None
    for path, text, is_key in scalars(messages if isinstance(messages, list) else []):
        if not is_key and isinstance(path[0], int) and path[1:2] == ("content",):
            turns.setdefault(path[0], []).append(text)
    return [
        "\n".join(text)
        for place, text in sorted(turns.items())
        if cast("list[dict[str, Any]]", messages)[place].get("role") == "user"
    ]


def joined(turns: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Parts of two different turns put together, in either way, with the offset where they meet."""
    for first, second in itertools.combinations(turns[-_MOST:], 2):
        pairs = itertools.product(_pieces(first), _pieces(second))
        ends = itertools.product(_ends(first), _ends(second))
        for one, other in dict.fromkeys([*pairs, *ends]):
            yield one + other, len(one)
            yield f"{one} {other}", len(one)


def split_over(turns: Sequence[str], detector: Detector, known: Callable[[str], Sequence[Span]]) -> list[Span]:
    """What only two turns together say: of the strong kinds of `detector`, or a word that `known` finds.

    Spans have the offsets of what was put together, and are good for counting only.
    """
    found: dict[str, Span] = {}
    for text, meeting in joined(turns) if len(turns) > 1 else ():
        spans = [one for one in detect([detector], text) if one.kind in STRONG and _long(text, one)]
        for one in (*spans, *known(text)):
            if one.start < meeting < one.end:
                found.setdefault(f"{one.kind} {text[one.start : one.end].replace(' ', '')}", one)
    return list(found.values())


def _pieces(turn: str) -> list[str]:
    return [match.group() for match in _PIECE.finditer(turn)][-_MOST:]


def _ends(turn: str) -> list[str]:
    words = [match.group() for match in _WORD.finditer(turn)]
    return list(dict.fromkeys([*words[-1:], *words[:1], *(" ".join(words[-2:]),)])) if words else []


def _long(text: str, span: Span) -> bool:
    return span.kind != "PHONE" or sum(c.isdigit() for c in text[span.start : span.end]) >= _LEAST_DIGITS
