"""Which facts a graph alone carries: of essays with fact lists, and of questions with gold triples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy

from drag.protocols import Embedder
from eval.metrics import bootstrap, mean
from eval.triples import Row
from graphs import KnowledgeGraph, Triple

THRESHOLD: Final = 0.7
"""The least cosine at which a fact counts as carried (see `coverage` and docs/experiments-graphs.md, Triples)."""

_NEAREST: Final = 8
_HOPS: Final = 2
_JOINED: Final = 3


def coverage(
    rows: Sequence[Row], triples: Sequence[Sequence[Triple] | None], embedder: Embedder, *, seed: int = 0
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """`fact_coverage`: the share of facts that the graph of their own text carries, with its interval.

    The judge's rule, after MINE (KGGen, 2025), with an embedder in place of its language model: the 8 entities
    nearest to the fact by cosine, the triples within 2 steps of them, each written as `head relation tail`; the one
    to three of these that are nearest to the fact, joined with semicolons. The fact is carried if the best of the
    three joined texts has a cosine of at least `THRESHOLD` with it. `fact_coverage/other` is the same rule with the
    graph of another text, which carries none of them: what of the figure chance alone would give. The rule for the
    threshold: `fact_coverage/other` is at most .05. On mine_dev that holds from .51 upwards; other essays are an easy
    control, being about something else, so it stays where the control is empty and not where it is just met.
    """
    graphs = [_Graph(found or (), embedder) for found in triples]
    own: list[float] = []
    other: list[float] = []
    for place, row in enumerate(rows):
        if not row.facts:
            continue
        vectors = _encode(embedder, list(row.facts))
        foreign = graphs[(place + 1) % len(rows)]
        for fact in vectors:
            own.append(float(graphs[place].nearest(fact) >= THRESHOLD))
            if len(rows) > 1:
                other.append(float(foreign.nearest(fact) >= THRESHOLD))
    metrics = {"fact_coverage": mean(own), "fact_coverage/other": mean(other)}
    return metrics, {name: bootstrap(values, seed=seed) for name, values in zip(metrics, (own, other), strict=True)}


class _Graph:
    def __init__(self, triples: Sequence[Triple], embedder: Embedder) -> None:
        self._embedder = embedder
        self._graph = KnowledgeGraph(triples)
        self._names = list(self._graph.entities)
        self._nodes = _encode(embedder, self._names)
        self._texts = [f"{one.head} {one.relation} {one.tail}" for one in self._graph]
        self._said = _encode(embedder, self._texts)
        self._at: dict[str, list[int]] = {}
        for place, one in enumerate(self._graph):
            for name in (one.head, one.tail):
                self._at.setdefault(name, []).append(place)

    def nearest(self, fact: Any) -> float:
        """The best cosine of a fact with what the graph says around it; 0 of an empty graph."""
        if not self._names:
            return 0.0
        close = numpy.argsort(-(self._nodes @ fact))[:_NEAREST]
        around = self._around([self._names[int(place)] for place in close])
        order = sorted(around, key=lambda place: -float(self._said[place] @ fact))[:_JOINED]
        joined = ["; ".join(self._texts[place] for place in order[: size + 1]) for size in range(len(order))]
        return max((float(one @ fact) for one in _encode(self._embedder, joined)), default=0.0)

    def _around(self, names: Sequence[str]) -> list[int]:
        reached = set(names)
        found: set[int] = set()
        triples = self._graph.triples
        for _ in range(_HOPS):
            found |= {place for name in reached for place in self._at.get(name, ())}
            reached |= {name for place in found for name in (triples[place].head, triples[place].tail)}
        return sorted(found)


def _encode(embedder: Embedder, texts: list[str]) -> Any:
    if not texts:
        return numpy.zeros((0, 1), numpy.float32)
    return numpy.asarray(embedder.encode(texts, normalize_embeddings=True), numpy.float32)
