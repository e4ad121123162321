"""Hard distractors: texts of other questions that a search would find, by words and by vectors."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, zip_longest
from typing import Any

from drag.lexical import index_text, match_query
from drag.protocols import Embedder
from drag.types import Evidence

_FOUND = 50


class Near:
    """Searches `pool`, by BM25 and, where an embedder can be had, by cosine. Close it after use."""

    def __init__(self, pool: Sequence[Evidence], embedder: Callable[[], Embedder] | None = None) -> None:
        self._pool = list({one.text: one for one in pool}.values())
        self._load = embedder
        self._embedder: Embedder | None = None
        self._vectors: Any = None
        # The full-text index of packs, with the same tokenizer, in memory.
        self._words = sqlite3.connect(":memory:")
        self._words.execute(
            "CREATE VIRTUAL TABLE texts USING fts5(text, content='', tokenize='porter unicode61 remove_diacritics 2')"
        )
        rows = ((number, index_text(one.titled)) for number, one in enumerate(self._pool))
        self._words.executemany("INSERT INTO texts (rowid, text) VALUES (?, ?)", rows)

    def close(self) -> None:
        """Give back the index."""
        self._words.close()

    def of(self, question: str, *, vectors: bool = True) -> Iterator[Evidence]:
        """Up to a hundred texts, the hardest first: the best by words and the best by vectors in turn, each once."""
        seen: set[int] = set()
        near = self._by_vectors(question) if vectors else []
        for place in chain.from_iterable(zip_longest(self._by_words(question), near)):
            if place is not None and place not in seen:
                seen.add(place)
                yield self._pool[place]

    def _by_words(self, question: str) -> list[int]:
        match = match_query(question)
        if not match:
            return []
        rows = self._words.execute(
            "SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY bm25(texts), rowid LIMIT ?", (match, _FOUND)
        )
        return [int(row[0]) for row in rows]

    def _by_vectors(self, question: str) -> list[int]:
        if self._load is None or not self._pool:
            return []
        import numpy

        if self._embedder is None:
            self._embedder = self._load()
            self._vectors = self._embedder.encode([one.titled for one in self._pool], normalize_embeddings=True)
        (asked,) = self._embedder.encode([question], normalize_embeddings=True)
        return [int(place) for place in numpy.argsort(-(self._vectors @ asked), kind="stable")[:_FOUND]]
