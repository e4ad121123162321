"""What of all that was found the student is given to read: within its tokens, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy

from drag.lexical import index_text
from drag.pack import Pack
from drag.pack.triples import triple_id
from drag.rank import keep_best
from drag.retrieve.found import Found
from drag.settings import Ask
from drag.types import Evidence, Ranked
from graphs import KnowledgeGraph, Triple, find_entities, verbalise
from graphs.asked import fit, in_turn
from graphs.walk import telling

BROUGHT = ("names", "graph", "dates", "question")
"""Stages whose word counts more than the cosine: what a name or a date leads to need not read like the question."""


def near_best(found: Sequence[Found], margin: float) -> list[Found]:
    """Those whose cosine is at most `margin` below the best one's, or that a name, a date or a question brought.

    A small student reads everything it is given as if it were about the question: one piece that is, is better than
    that piece among four that are not (docs/experiments.md).
    """
    best = max((one.signals["dense"] for one in found if "dense" in one.signals), default=0.0)
    return [
        one
        for one in found
        if one.signals.get("dense", best) >= best - margin or any(stage in one.signals for stage in BROUGHT)
    ]


def without_repeats(pack: Pack, found: Sequence[Found], cosine: float) -> list[Found]:
    """Without pieces that say what a better one says: whose vectors are nearer to that one's than `cosine`."""
    if cosine >= 1 or len(found) < 2:
        return list(found)
    ids, vectors = pack.vectors_of([one.evidence.id for one in found])
    row = {key: place for place, key in enumerate(ids)}
    kept: list[Found] = []
    for one in found:
        if one.evidence.id in row:
            mine = vectors[row[one.evidence.id]]
            others = [row[other.evidence.id] for other in kept if other.evidence.id in row]
            if others and float(numpy.max(vectors[others] @ mine)) > cosine:
                continue
        kept.append(one)
    return kept


def within(found: Sequence[Found], limits: Ask, count_tokens: Callable[[str], int]) -> list[Evidence]:
    """The best of them that fit the student's limits."""
    # Beyond twice the limit nothing can be kept any more, and counting tokens is not free.
    ranked = [Ranked(one.evidence, one.rank, one.score, one.signals) for one in found[: 2 * limits.evidence]]
    sizes = [count_tokens(one.item.titled) for one in ranked]
    kept = keep_best(ranked, sizes, most=limits.evidence, budget=limits.evidence_tokens)
    return [one.item for one in kept if one.kept]


PIECES = 4
"""Of so many pieces, the best found, the triples are put before the student: a chain of facts rarely has more links."""


class Triples:
    """The triples of what was found, those first that say what the question asks."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        ids, self._vectors = pack.vectors("triple")
        self._place = {key: place for place, key in enumerate(ids)}

    def best(
        self,
        question: str,
        vector: numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.float32]] | None,
        evidence: Sequence[Evidence],
        budget: int,
        count_tokens: Callable[[str], int],
    ) -> KnowledgeGraph:
        """As many as fit `budget` tokens, of the first `PIECES` pieces in turn, each piece's best first.

        How good one is: how it fits the question (`graphs.asked.fit`), and its cosine to it where it has a vector.
        """
        pieces = [one.id for one in evidence[:PIECES]]
        place = {key: number for number, key in enumerate(pieces)}
        found = sorted(self._pack.facts(pieces), key=lambda one: (place[one.evidence_id], one.span or (0, 0), str(one)))
        graph = KnowledgeGraph(found)
        names = telling(find_entities(graph, question))
        fits = fit(question, names, lambda text: index_text(text).casefold())
        scores = {one: fits(one) + (self._cosine(one, vector) or 0.0) for one in graph}
        groups: dict[str, list[Triple]] = {key: [] for key in pieces}
        for one in graph:
            groups[one.evidence_id].append(one)
        chosen = in_turn(list(groups.values()), scores, budget, lambda one: count_tokens(" ".join(verbalise([one]))))
        return KnowledgeGraph(chosen)

    def _cosine(
        self, triple: Triple, vector: numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.float32]] | None
    ) -> float | None:
        place = self._place.get(triple_id(triple))
        return None if place is None or vector is None else float(self._vectors[place] @ vector)
