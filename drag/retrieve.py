"""Finding the evidence for a question: by meaning, by words, and by the questions that the pack was built for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from drag.pack import Pack
from drag.pack.write import triple_id
from drag.protocols import Embedder
from drag.rank import fuse, keep_best, near_best
from drag.settings import Ask
from drag.types import Context, Evidence, Ranked
from graphs import KnowledgeGraph, verbalise

CANDIDATES = 32
"""How many each signal may bring before they are fused."""

LIKE_QUESTION, SAME_QUESTION = 0.7, 0.85
"""Cosines from which a question of the pack counts as asking about the same thing, and as being the same."""


class Retriever:
    """Search over one pack. The FAISS index is made once, from the vectors that the pack holds."""

    def __init__(self, pack: Pack, embedder: Embedder) -> None:
        self._pack = pack
        self._embedder = embedder
        self._ids, self._vectors = pack.vectors("evidence")
        self._place = {key: place for place, key in enumerate(self._ids)}
        self._index = _index(self._vectors)
        triple_ids, self._triple_vectors = pack.vectors("triple")
        self._triple_place = {key: place for place, key in enumerate(triple_ids)}
        self._question_ids, self._question_vectors = pack.vectors("question")
        self._kept = pack.evidence_of_questions(self._question_ids)

    def search(self, question: str, limit: int = CANDIDATES) -> list[Ranked[Evidence]]:
        """Evidence for `question`, the best first, at most `limit`.

        Signals: `dense` (cosine, FAISS), `words` (BM25, FTS5) and `question` (cosine to the question of the pack
        whose evidence it is, less a little for each place behind that question's best), fused by their ranks. The
        evidence of a question that is the same stands before all other, in its own order: it was ranked for it by
        more than a search can see.
        """
        return self._search(question, self._encode(question), limit)

    def _encode(self, question: str) -> NDArray[numpy.float32]:
        return numpy.asarray(self._embedder.encode([question], normalize_embeddings=True), numpy.float32)

    def _search(self, question: str, vector: NDArray[numpy.float32], limit: int) -> list[Ranked[Evidence]]:
        by_question = self._by_question(vector[0])
        words = dict(self._pack.search_words(question, CANDIDATES))
        evidence = self._pack.evidence(list(dict.fromkeys([*self._dense(vector), *words, *by_question])))
        # The cosine of every candidate, not only of those that the index brought.
        dense = {one.id: float(self._vectors[self._place[one.id]] @ vector[0]) for one in evidence}
        signals = {"dense": dense, "words": words, "question": by_question}
        scores = {name: [found.get(one.id) for one in evidence] for name, found in signals.items()}
        fused = fuse(evidence, scores, {})
        # Sorting is stable: what is not of the same question keeps the order of the fusion.
        fused.sort(key=lambda one: -max(by_question.get(one.item.id, 0.0), SAME_QUESTION))
        return [Ranked(one.item, place, one.score, one.signals) for place, one in enumerate(fused[:limit], 1)]

    def context(
        self,
        question: str,
        limits: Ask,
        count_tokens: Callable[[str], int],
        *,
        evidence: bool = True,
        graph: bool = True,
    ) -> Context:
        """What the student is given to read, within the limits in tokens; either half can be left out."""
        vector = self._encode(question)  # once: it is the greater part of what asking costs beside the student
        found = near_best(self._search(question, vector, CANDIDATES), "dense", limits.margin)
        # Beyond twice the limit nothing can be kept any more, and counting tokens is not free.
        found = found[: 2 * limits.evidence]
        sizes = [count_tokens(one.item.text) for one in found]
        best = [
            one.item for one in keep_best(found, sizes, most=limits.evidence, budget=limits.evidence_tokens) if one.kept
        ]
        triples = self._triples(vector, best, limits.graph_tokens, count_tokens) if graph else KnowledgeGraph()
        return Context(tuple(best) if evidence else (), triples)

    def _triples(
        self,
        vector: NDArray[numpy.float32],
        evidence: Sequence[Evidence],
        budget: int,
        count_tokens: Callable[[str], int],
    ) -> KnowledgeGraph:
        """Triples of the found evidence, those nearest to the question first, while they fit the budget."""
        graph = self._pack.graph([one.id for one in evidence])
        near = {triple: self._triple_place.get(triple_id(triple)) for triple in graph}
        cosines = {
            triple: float(self._triple_vectors[place] @ vector[0])
            for triple, place in near.items()
            if place is not None
        }
        ranked = fuse(list(cosines), {"similarity": list(cosines.values())}, {})
        sizes = [count_tokens(" ".join(verbalise([one.item]))) for one in ranked]
        kept = keep_best(ranked, sizes, most=len(graph), budget=budget)
        return KnowledgeGraph(one.item for one in kept if one.kept)

    def _dense(self, vector: NDArray[numpy.float32]) -> list[str]:
        if self._index is None:
            return []
        _, places = self._index.search(vector, min(CANDIDATES, len(self._ids)))
        return [self._ids[int(place)] for place in places[0] if place >= 0]

    def _by_question(self, vector: NDArray[numpy.float32]) -> dict[str, float]:
        if not self._question_ids:
            return {}
        cosines = self._question_vectors @ vector
        found: dict[str, float] = {}
        for i in numpy.argsort(-cosines, kind="stable")[:3]:
            if cosines[i] >= LIKE_QUESTION:
                for place, key in enumerate(self._kept.get(self._question_ids[int(i)], ())):
                    found[key] = max(found.get(key, -1.0), float(cosines[i]) - 0.001 * place)
        return found


def _index(vectors: NDArray[numpy.float32]) -> Any:
    if not len(vectors):
        return None
    import faiss

    # Its threads would spin against the student's; one reads a hundred thousand vectors in milliseconds.
    faiss.omp_set_num_threads(1)
    index: Any = faiss.IndexFlatIP(vectors.shape[1])
    index.add(numpy.ascontiguousarray(vectors))
    return index
