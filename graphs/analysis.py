"""What stands around an entity, and which entities matter most. By networkx, so that its configured back ends apply.

`networkx.config` (or NETWORKX_BACKEND_PRIORITY in the environment) chooses an accelerated back end, such as
nx-parallel or nx-cugraph, for every function of this module, of `graphs.communities` and of `graphs.paths`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from graphs.errors import GraphError
from graphs.triple import KnowledgeGraph, Triple, normal_form

if TYPE_CHECKING:
    import networkx

Measure = Literal["pagerank", "degree", "betweenness"]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An entity next to another, and the triples between the two, whichever way they point."""

    name: str
    type: str
    triples: tuple[Triple, ...]


@dataclass(frozen=True, slots=True)
class Central:
    """An entity with its centrality in [0, 1] and the number of triples that it is in."""

    name: str
    type: str
    score: float
    triples: int


def plain_network(graph: KnowledgeGraph) -> networkx.Graph[str]:
    """Entities joined by undirected edges, with the number of triples between two as `weight`.

    Nodes and edges are in alphabetical order, so that algorithms that break ties by order do so the same way however
    the graph was put together.
    """
    import networkx

    weights: dict[tuple[str, str], int] = {}
    for triple in graph:
        pair = (triple.head, triple.tail) if triple.head <= triple.tail else (triple.tail, triple.head)
        weights[pair] = weights.get(pair, 0) + 1
    view: networkx.Graph[str] = networkx.Graph()
    view.add_nodes_from(sorted(graph.entities))
    view.add_weighted_edges_from((head, tail, weight) for (head, tail), weight in sorted(weights.items()))
    return view


def entity(graph: KnowledgeGraph, name: str) -> str:
    """The entity of that name, in any spelling. Raises `GraphError`, naming near ones, where there is none."""
    found = graph.names.get(normal_form(name), ())
    if found:
        return found[0]
    import difflib

    near = difflib.get_close_matches(normal_form(name), list(graph.names), 3, 0.6)
    hint = f": did you mean {' or '.join(repr(graph.names[key][0]) for key in near)}?" if near else ""
    raise GraphError(f"the graph holds no {name!r}{hint}")


def neighbours(graph: KnowledgeGraph, name: str) -> list[Neighbour]:
    """The entities next to `name`, those with most triples between them first. Raises `GraphError` if it is unknown."""
    centre = entity(graph, name)
    found: dict[str, list[Triple]] = {}
    for triple in graph:
        if centre in (triple.head, triple.tail):
            found.setdefault(triple.tail if triple.head == centre else triple.head, []).append(triple)
    ranked = sorted(found, key=lambda other: (-len(found[other]), other))
    return [Neighbour(other, graph.types[other], tuple(found[other])) for other in ranked]


def most_central(graph: KnowledgeGraph, limit: int = 20, measure: Measure = "pagerank") -> list[Central]:
    """The most central entities, the first first; ties in alphabetical order.

    `pagerank` (Page et al. 1999) on the undirected graph with the number of triples as weight; `degree`: the share of
    the other entities that it is joined to; `betweenness` (Freeman 1977): the share of shortest paths that it lies
    on, estimated from 500 entities where there are more. Raises `GraphError` for a negative `limit`.
    """
    import networkx

    if limit < 0:
        raise GraphError("limit cannot be negative")
    view = plain_network(graph)
    scores: Mapping[str, float]
    if not len(graph):
        return []
    if measure == "pagerank":
        scores = networkx.pagerank(view)
    elif measure == "degree":
        scores = networkx.degree_centrality(view)
    else:
        scores = networkx.betweenness_centrality(view, k=min(500, len(view)), seed=0)
    counts: dict[str, int] = {}
    for triple in graph:
        for end in {triple.head, triple.tail}:
            counts[end] = counts.get(end, 0) + 1
    # Rounded: what is equal but for the last bits of a sum is equal.
    ranked = sorted(scores, key=lambda name: (-round(float(scores[name]), 9), name))[:limit]
    return [Central(name, graph.types[name], float(scores[name]), counts[name]) for name in ranked]
