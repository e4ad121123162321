"""A parsed text as plain lists: reading spaCy's own tokens one attribute at a time would cost more than the parse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

VERBS: Final = frozenset({"VERB", "AUX"})
NOUNS: Final = frozenset({"NOUN", "PROPN"})
SUBJECTS: Final = frozenset({"nsubj", "nsubjpass", "csubj", "csubjpass"})
RELATIVES: Final = frozenset({"that", "which", "who", "whom", "whose", "where", "when"})

_ATTRIBUTES: Final = ("HEAD", "DEP", "TAG", "POS", "IDX", "LENGTH", "ENT_IOB", "ENT_TYPE", "SENT_START")
_INSIDE: Final = 1
_BEGINS: Final = 3


class Tree:
    """The tokens of a text, by index: `words`, `dep`, `tag`, `pos`, `head` (itself at a root), `kids` in text order.

    `starts` and `ends` are character offsets; `left` and `right` the first and last token of each token's subtree.
    `entities` holds (first token, token after the last, label); `entity` the index of the entity that a token is in,
    or -1. `roots` holds the root of each sentence and `sentence` the number of each token's sentence.
    """

    __slots__ = (
        "dep",
        "ends",
        "entities",
        "entity",
        "head",
        "kids",
        "left",
        "lower",
        "pos",
        "right",
        "roots",
        "sentence",
        "starts",
        "tag",
        "text",
        "words",
    )

    def __init__(self, doc: Any) -> None:
        strings = doc.vocab.strings
        table: list[list[int]] = doc.to_array(_ATTRIBUTES).astype("int64").tolist()
        names: dict[int, str] = {}

        def name(code: int) -> str:
            known = names.get(code)
            if known is None:
                known = names[code] = strings[code & 0xFFFFFFFFFFFFFFFF] if code else ""
            return known

        self.text: str = doc.text
        self.head: list[int] = [place + row[0] for place, row in enumerate(table)]
        self.dep: list[str] = [name(row[1]) for row in table]
        self.tag: list[str] = [name(row[2]) for row in table]
        self.pos: list[str] = [name(row[3]) for row in table]
        self.starts: list[int] = [row[4] for row in table]
        self.ends: list[int] = [row[4] + row[5] for row in table]
        self.words: list[str] = [self.text[row[4] : row[4] + row[5]] for row in table]
        self.lower: list[str] = [word.lower() for word in self.words]
        size = len(table)
        self.kids: list[list[int]] = [[] for _ in range(size)]
        self.left: list[int] = list(range(size))
        self.right: list[int] = list(range(size))
        self.roots: list[int] = []
        self.sentence: list[int] = []
        for place, head in enumerate(self.head):
            if head == place:
                self.roots.append(place)
            else:
                self.kids[head].append(place)
            self.sentence.append((self.sentence[-1] if self.sentence else -1) + (table[place][8] == 1 or place == 0))
        for root in self.roots:
            self._edges(root)
        self.entities: list[tuple[int, int, str]] = []
        self.entity: list[int] = [-1] * size
        for place, row in enumerate(table):
            if row[6] == _BEGINS:
                self.entities.append((place, place + 1, name(row[7])))
            elif row[6] == _INSIDE and self.entities:
                first, _, label = self.entities[-1]
                self.entities[-1] = (first, place + 1, label)
            else:
                continue
            self.entity[place] = len(self.entities) - 1

    def _edges(self, root: int) -> None:
        order = [root]
        for place in order:
            order.extend(self.kids[place])
        for place in reversed(order[1:]):
            head = self.head[place]
            self.left[head] = min(self.left[head], self.left[place])
            self.right[head] = max(self.right[head], self.right[place])

    def below(self, place: int, above: int) -> bool:
        """Whether `place` hangs under `above`, by however many steps."""
        while self.head[place] != place:
            place = self.head[place]
            if place == above:
                return True
        return False

    def has(self, place: int, *deps: str) -> bool:
        """Whether a child hangs under `place` by one of `deps`."""
        return any(self.dep[kid] in deps for kid in self.kids[place])

    def first(self, place: int, *deps: str) -> int | None:
        """The first child of `place` that hangs by one of `deps`."""
        for kid in self.kids[place]:
            if self.dep[kid] in deps:
                return kid
        return None

    def under(self, place: int, without: frozenset[str] = frozenset()) -> list[int]:
        """The subtree of `place` in text order, without what hangs under it by a dependency in `without`."""
        found = [place]
        for one in found:
            found.extend(kid for kid in self.kids[one] if self.dep[kid] not in without)
        return sorted(found)

    def conjuncts(self, place: int) -> list[int]:
        """`place` and what is coordinated with it, in text order."""
        found = [place]
        for one in found:
            found.extend(kid for kid in self.kids[one] if self.dep[kid] in {"conj"})
        return found

    def say(self, places: Sequence[int]) -> str:
        """The tokens as text, spaced as they stand where they stand side by side."""
        if not places:
            return ""
        pieces: list[str] = []
        previous = -2
        for place in places:
            if pieces and (place != previous + 1 or self.ends[previous] != self.starts[place]):
                pieces.append(" ")
            pieces.append(self.words[place])
            previous = place
        return "".join(pieces)
