"""Which words of a question a large pack can afford to look for.

FTS5 scores every row that any of the words stands in, at about 3 µs each, and before that its `bm25()` runs through all
rows of every word. With a million texts a word of every third text alone costs a second, and says next to nothing.
"""

from __future__ import annotations

from math import log
from typing import Final

from drag.pack import Pack

SMALL: Final = 20_000
"""Packs up to this size are searched for every word."""
FREQUENT: Final = 2_000
"""A word is frequent from so many texts on; counting ends there, so that it takes less than a millisecond."""
ROWS: Final = 6_000
"""So many rows the words of a question may bring together: about 20 ms."""


class Frequencies:
    """How many texts of a pack each word stands in, remembered from one question to the next."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._most = pack.vector_state()[0]  # the last number given: no less than the count
        self._known: dict[str, int] = {}

    @property
    def large(self) -> bool:
        """Whether the pack is too large to be searched for every word: SQLite then works for long."""
        return self._most > SMALL

    def count(self, word: str) -> int:
        """How many texts an FTS5 expression matches, at most `FREQUENT`."""
        if word not in self._known:
            self._known[word] = self._pack.count_match(word, FREQUENT)
        return self._known[word]

    def countable(self, part: str) -> bool:
        """Whether counting a word or phrase is cheap: a phrase of frequent words may have to be looked for all over."""
        words = part.strip('"').split()
        return len(words) < 2 or any(self.count(f'"{word}"') < FREQUENT for word in words)

    def weight(self, word: str) -> float:
        """Its inverse document frequency, log(texts / texts with it): 0 for what no text has, or is not counted."""
        count = self.count(word) if self.countable(word) else 0
        return log(max(self._most, count) / count) if count else 0.0

    def affordable(self, match: str) -> tuple[str, dict[str, float]]:
        """The rarest parts of `match` (words or phrases joined by OR), and the weight of each that was left out.

        The weight is the word's inverse document frequency, log(texts / texts with it), and an upper estimate for the
        most frequent ones: who ranks the texts that were found can add it for each that has the word. Phrases
        of frequent words only are left out without a weight. If all words are frequent, as many of them, the rarest
        first, have to stand in a text as do in any; the expression is empty if that does not tell texts apart either.
        """
        if not self.large or not match:
            return match, {}
        parts = [part for part in match.split(" OR ") if self.countable(part)]
        words = sorted(parts, key=self.count)  # stable: of equals the first stays first
        kept: list[str] = []
        rows = 0
        for word in words:
            rows += self.count(word)
            if self.count(word) >= FREQUENT or rows > ROWS:
                break
            kept.append(word)
        left = words[len(kept) :]
        weights = {word: self.weight(word) for word in left if self.count(word)}
        if any(self.count(word) for word in kept):
            return " OR ".join(word for word in kept if self.count(word)), weights
        # Of frequent words as many as there are texts that have them all.
        some = [word for word in left if self.count(word)]
        for many in range(len(some), 1, -1):
            together = " AND ".join(some[:many])
            if count := self.count(together):
                return (together if count < FREQUENT else ""), weights
        return "", weights
