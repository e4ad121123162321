"""Finding the evidence for a question, without asking a model: docs/retrieval.md says how."""

from __future__ import annotations

from collections.abc import Callable, Collection

from drag.pack import Pack
from drag.protocols import Embedder
from drag.retrieve.choose import Triples, near_best, within, without_repeats
from drag.retrieve.found import STAGES, Found, Search, Stage, without_stages
from drag.retrieve.rerank import CrossEncoderRanker
from drag.retrieve.search import Searcher
from drag.settings import Ask, Retrieve
from drag.types import Context, Evidence, Ranked
from graphs import KnowledgeGraph

__all__ = ["CANDIDATES", "STAGES", "Found", "Retriever", "Search", "Stage", "without_stages"]

CANDIDATES = 32
"""How many a search gives back if nothing else is said, and how many the context is chosen from."""


class Retriever:
    """Search over one pack, which stays open as long as the retriever is used."""

    def __init__(self, pack: Pack, embedder: Embedder, settings: Retrieve | None = None) -> None:
        """`embedder` is the one whose vectors the pack holds."""
        self._pack = pack
        self._settings = settings or Retrieve()
        reranker = CrossEncoderRanker(self._settings.reranker) if self._settings.reranker else None
        self._searcher = Searcher(pack, embedder, self._settings, reranker)
        self._triples = Triples(pack)
        self.last: Search | None = None
        """The search behind the last context: what `drag ask --explain` shows."""

    def search(self, question: str, limit: int = CANDIDATES) -> list[Ranked[Evidence]]:
        """Evidence for `question`, the best first, at most `limit`.

        Signals: `words` (BM25), `dense` (cosine), `question` (cosine to the question of the pack whose evidence it
        is), `names`, `graph`, `dates` and `people` (shares, in [0, 1]); one that a stage did not judge is
        absent. The evidence of a question of the pack that is the same stands before all other, in its own order.
        """
        found = self.explain(question, limit).found
        return [Ranked(one.evidence, one.rank, one.score, one.signals) for one in found]

    def explain(self, question: str, limit: int = CANDIDATES) -> Search:
        """The same with what each stage contributed, and what was understood of the question."""
        return self._searcher.search(question, limit)

    def context(
        self,
        question: str,
        limits: Ask,
        count_tokens: Callable[[str], int],
        *,
        evidence: bool = True,
        graph: bool = True,
        without: Collection[str] = (),
    ) -> Context:
        """What the student is given to read, within the limits in tokens; either half can be left out.

        Evidence whose ids are in `without` is passed over, as if the pack did not hold it.
        """
        self.last = self._searcher.search(question, CANDIDATES + len(without))
        there = [one for one in self.last.found if one.evidence.id not in without]
        found = near_best(there, limits.margin)
        found = without_repeats(self._pack, found[: 4 * limits.evidence], self._settings.repeats)
        best = within(found, limits, count_tokens)
        pieces = [one.evidence for one in found]
        triples = KnowledgeGraph()
        if graph:
            triples = self._triples.best(question, self.last.vector, pieces, limits.graph_tokens, count_tokens)
        cosines = [one.signals["dense"] for one in found if "dense" in one.signals]
        return Context(tuple(best) if evidence else (), triples, max(cosines, default=None))
