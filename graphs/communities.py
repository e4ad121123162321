"""Groups of entities that hang together more with each other than with the rest, and what each is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from graphs.analysis import plain_network
from graphs.errors import GraphError
from graphs.triple import KnowledgeGraph, Triple
from graphs.verbalise import sentence_around, verbalise

Method = Literal["louvain", "leiden"]


@dataclass(frozen=True, slots=True)
class Community:
    """`entities` with the most central first; `triples` those with both ends inside; `summary` a few sentences that say
    its most central facts: words of the graph or of its evidence, nothing invented."""

    entities: tuple[str, ...]
    triples: tuple[Triple, ...]
    summary: tuple[str, ...]


def communities(
    graph: KnowledgeGraph,
    *,
    method: Method = "louvain",
    resolution: float = 1.0,
    seed: int = 0,
    sentences: int = 3,
    evidence: Mapping[str, str] | None = None,
) -> list[Community]:
    """The communities, the largest first; the same graph, method and seed give the same.

    `louvain`: Blondel et al. 2008; `leiden`: Traag, Waltman and van Eck 2019, which networkx leaves to a back end
    (`pip install nx-cugraph`). `resolution` above 1 makes smaller ones. A summary has at most `sentences`: those of
    `evidence` (id → text) that its most central facts were read from, the facts themselves where there is none.
    Raises `GraphError` where the back end is missing or `resolution` is not above 0.
    """
    import networkx

    if not resolution > 0:
        raise GraphError("resolution has to be above 0")
    if not len(graph):
        return []
    view = plain_network(graph)
    groups: Sequence[set[str]]
    if method == "leiden":
        try:
            groups = cast(
                "list[set[str]]", networkx.community.leiden_communities(view, resolution=resolution, seed=seed)
            )
        except NotImplementedError as error:
            raise GraphError("leiden needs a back end of networkx that has it, such as nx-cugraph") from error
    else:
        groups = networkx.community.louvain_communities(view, resolution=resolution, seed=seed)
    ranks: Mapping[str, float] = networkx.pagerank(view)
    member = {name: number for number, group in enumerate(groups) for name in group}
    inside: dict[int, list[Triple]] = {}
    for triple in graph:
        if member[triple.head] == member[triple.tail]:
            inside.setdefault(member[triple.head], []).append(triple)
    found: list[Community] = []
    for number, group in enumerate(groups):
        names = sorted(group, key=lambda name: (-round(float(ranks[name]), 9), name))
        triples = inside.get(number, [])
        found.append(Community(tuple(names), tuple(triples), _summary(triples, ranks, sentences, evidence or {})))
    return sorted(found, key=lambda one: (-len(one.entities), one.entities))


def _summary(
    triples: list[Triple], ranks: Mapping[str, float], sentences: int, evidence: Mapping[str, str]
) -> tuple[str, ...]:
    """The facts whose ends are the most central, each time one that says something of an entity not yet spoken of."""
    left = sorted(triples, key=lambda one: (-round(float(ranks[one.head] + ranks[one.tail]), 9), one.head, one.tail))
    said: dict[str, None] = {}
    spoken: set[str] = set()
    while left and len(said) < sentences:
        fresh = next((one for one in left if not {one.head, one.tail} <= spoken), left[0])
        left.remove(fresh)
        spoken |= {fresh.head, fresh.tail}
        said[_sentence(fresh, evidence)] = None
    return tuple(said)


def _sentence(triple: Triple, evidence: Mapping[str, str]) -> str:
    """The sentence of the evidence around the triple's span; the triple itself where the place is not known."""
    text = evidence.get(triple.evidence_id, "")
    if triple.span is None or not text:
        return verbalise([triple])[0]
    return sentence_around(text, triple.span)
