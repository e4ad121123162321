"""What sanitizing changed in a text, piece by piece, for whoever wants to see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Final

_PIECE: Final = re.compile(r"<[A-Z][A-Z0-9_]*_[A-Z]*[0-9]+[A-Z]*>|\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Change:
    """A piece of text: what stood there and what stands there now. The two are equal where nothing changed.

    `repr` hides what stood there.
    """

    before: str = field(repr=False)
    after: str

    def __reduce_ex__(self, protocol: object) -> str:
        raise TypeError("a change with its words cannot be pickled or copied")

    @property
    def changed(self) -> bool:
        """Whether something was replaced here."""
        return self.before != self.after


def changes(before: str, after: str) -> Iterator[Change]:
    """`before` and `after` side by side: the `before` of all changes together is `before`, and so for `after`."""
    old, new = _PIECE.findall(before), _PIECE.findall(after)
    for _, start, end, start_now, end_now in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        yield Change("".join(old[start:end]), "".join(new[start_now:end_now]))
