"""How two entities hang together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

from graphs.analysis import entity, plain_network
from graphs.errors import GraphError
from graphs.triple import KnowledgeGraph, Triple


@dataclass(frozen=True, slots=True)
class Step:
    """From one entity of a path to the next, with all triples between the two; `forward` is true of a triple whose
    head is `start`."""

    start: str
    end: str
    triples: tuple[Triple, ...]

    def forward(self, triple: Triple) -> bool:
        """Whether the triple points along the path."""
        return triple.head == self.start


@dataclass(frozen=True, slots=True)
class Path:
    """The steps from the first entity to the last; none where the two are one."""

    steps: tuple[Step, ...]

    @property
    def entities(self) -> tuple[str, ...]:
        """The entities along the path."""
        return (self.steps[0].start, *(step.end for step in self.steps)) if self.steps else ()

    def __str__(self) -> str:
        parts = [self.steps[0].start] if self.steps else []
        for step in self.steps:
            said = [f"—{t.relation}→" if step.forward(t) else f"←{t.relation}—" for t in step.triples]
            parts += [" / ".join(dict.fromkeys(said)), step.end]
        return " ".join(parts)


def shortest_paths(graph: KnowledgeGraph, start: str, end: str, *, limit: int = 5, longer: int = 0) -> list[Path]:
    """The shortest paths between two entities, whichever way the triples point; at most `limit`.

    Of paths of equal length that comes first whose entities between have the fewest neighbours (that two people are
    American says less than that they made one film), then by alphabet. With `longer` paths that are up to that many
    steps longer than the shortest follow. Empty where nothing joins the two; raises `GraphError` where one is unknown,
    where both are one entity, or for a `limit` below 1.
    """
    import networkx

    first, last = entity(graph, start), entity(graph, end)
    if first == last:
        raise GraphError(f"{start!r} and {end!r} are one entity: {first}")
    if limit < 1 or longer < 0:
        raise GraphError("limit is at least 1, and longer cannot be negative")
    view = plain_network(graph)
    if not networkx.has_path(view, first, last):
        return []
    routes: list[list[str]] = []
    shortest = 0
    found: Iterator[list[str]] = networkx.shortest_simple_paths(view, first, last)
    # Enough to sort those of one length, but no more: a dense graph has thousands.
    for route in islice(found, 50 * limit):
        shortest = shortest or len(route)
        if len(route) > shortest + longer:
            break
        routes.append(list(route))
    routes.sort(key=lambda route: (len(route), sum(len(view[name]) for name in route[1:-1]), route))
    between: dict[tuple[str, str], list[Triple]] = {}
    for triple in graph:
        between.setdefault((triple.head, triple.tail), []).append(triple)
    return [
        Path(tuple(Step(a, b, (*between.get((a, b), []), *between.get((b, a), []))) for a, b in pairwise(route)))
        for route in routes[:limit]
    ]
