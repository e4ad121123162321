"""What a word is about, by the word vectors of the spaCy model: its closeness to small lists of words.

A name of a software library and a name of a person stand in the same places of a sentence; their vectors lie apart.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

TOPICS: Final = {
    "given": "john maria david priya mohammed anna carlos wei sarah olga",
    "family": "smith garcia patel nguyen schmidt kowalski johnson rossi khan tanaka",
    "country": "india germany brazil nigeria france japan",
    "town": "springfield leeds chennai houston lyon suburb village township district",
    "company": "inc ltd corp holdings consulting enterprises subsidiary company",
    "brand": "toyota samsung nike starbucks sony ikea",
    "school": "university college school faculty campus polytechnic",
    "office": "ministry department agency committee council authority",
    "software": "python javascript linux database docker server android excel plugin framework",
    "code": "string integer function boolean parameter variable array null",
    "science": "physics molecule theorem equation quantum enzyme chemistry hypothesis",
    "medicine": "disease cancer symptoms surgery therapy diagnosis drug",
    "law": "court plaintiff statute constitution contract clause",
    "money": "shares revenue investors dividend portfolio currency",
    "job": "manager engineer experience skills resume internship salary",
    "letter": "dear regards sincerely email appointment meeting",
    "story": "wizard dragon princess villain warrior vampire",
    "screen": "anime movie episode actor novel album",
    "sport": "football league championship player coach tournament",
    "past": "empire medieval dynasty century ancient revolution",
    "faith": "god church prayer bible temple holy",
    "nature": "animal species plant forest ocean river",
    "food": "recipe chicken cheese restaurant sauce bread",
    "thing": "table chair machine metal engine device",
    "plain": "however therefore because important different various",
    "time": "january monday morning week yesterday annual",
}
_NAMES: Final = tuple(TOPICS)


class Topics:
    """The topics of one loaded spaCy pipeline; without vectors in it every text is about nothing. Immutable."""

    def __init__(self, nlp: Any) -> None:
        import numpy

        self._numpy: Any = numpy
        self._vocab = nlp.vocab
        # Looking a word up takes longer than all that is reckoned with it. 6 MB at most.
        self._known = lru_cache(maxsize=5_000)(self._look)
        self._on = bool(len(nlp.vocab.vectors))
        if self._on:
            rows = self._units(
                [
                    sum(self._units([self.vector(word) for word in words.split()]))
                    for words in TOPICS.values()
                ]
            )  # fmt: skip
            # What all words have in common is no topic.
            self._middle = rows.mean(axis=0)
            self._matrix = self._units(rows - self._middle).T

    def __bool__(self) -> bool:
        """Whether the pipeline has word vectors."""
        return self._on

    def vector(self, word: str) -> Any:
        """The vector of `word`, in lower case: zeros for one that is not known."""
        return self._known(word)

    def _look(self, word: str) -> Any:
        return self._vocab[word].vector

    def sums(self, words: list[str]) -> Any:
        """Running sums of the vectors of `words`, zeros for an empty one: row b - row a is the sum of words a to b."""
        rows = self._numpy.zeros((len(words) + 1, self._vocab.vectors_length), dtype="float32")
        for at, word in enumerate(words, 1):
            if word:
                rows[at] = self._known(word)
        return rows.cumsum(axis=0)

    def of(self, vectors: list[Any], prefix: str) -> list[dict[str, float]]:
        """For each of `vectors` {prefix + topic: cosine to it, less what all topics share}; empty for zeros."""
        if not vectors:
            return []
        rows = self._numpy.asarray(vectors)
        found = (self._units(self._units(rows) - self._middle) @ self._matrix).tolist()
        known = rows.any(axis=1).tolist()
        names = [prefix + name for name in _NAMES]
        return [dict(zip(names, row, strict=True)) if there else {} for row, there in zip(found, known, strict=True)]

    def _units(self, rows: Any) -> Any:
        rows = self._numpy.asarray(rows)
        lengths = self._numpy.linalg.norm(rows, axis=1, keepdims=True)
        return rows / self._numpy.where(lengths < _NOTHING, 1, lengths)


_NOTHING: Final = 1e-4
