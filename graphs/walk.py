"""Walking the graph: which entities a text names, and what stands near them."""

from __future__ import annotations

import heapq
import math
import unicodedata
from collections.abc import Iterable, Mapping

from graphs.errors import GraphError
from graphs.triple import KnowledgeGraph, normal_form, spans

# Words that are also names (US, IT, WHO): found only where the text spells them as the entity is spelled.
_COMMON_WORDS = """
a about after all am an and any are as at be been but by can did do does few for from had has have he her his how i if
in is it its many may me more most my no not of on one or other our out she so some such than that the their them then
there these they this to up us was we were what when where which who whom whose why will with you your
"""
_COMMON = frozenset(_COMMON_WORDS.split())


def find_entities(graph: KnowledgeGraph, text: str) -> list[str]:
    """The entities whose normal form stands in `text` as whole words, the longest first.

    Where entities overlap in the text, the longest is taken (`New York City`, not also `New York`). Of equally long
    ones the first in the text comes first; entities with the same normal form are all given. The index is made once
    for a graph, so a call costs time by the length of the text.
    """
    plain = unicodedata.normalize("NFKC", text)
    places = list(spans(plain))
    tokens = [place.group().casefold() for place in places]
    found: list[tuple[int, int, int, str]] = []
    for start, token in enumerate(tokens):
        for phrase, key in graph.phrases.get(token, ()):
            end = start + len(phrase)
            if tuple(tokens[start:end]) == phrase:
                found.append((-len(phrase), -len(key), start, key))
    taken: set[int] = set()
    entities: dict[str, None] = {}
    for minus, _, start, key in sorted(found):
        place = range(start, start - minus)
        if not taken.isdisjoint(place):
            continue
        names = graph.names[key]
        if key in _COMMON:
            before = plain[: places[start].end()]
            names = names if any(_spelled(before, name) for name in graph.spellings[key]) else ()
        if names:
            taken.update(place)
            entities.update(dict.fromkeys(names))
    return list(entities)


def telling(names: Iterable[str]) -> list[str]:
    """Those of the names that name a thing rather than a kind: with a capital or a digit. All, where none does.

    A question that names `Devotion` and `film` is about the first; half of a graph hangs on the second.
    """
    everything = list(names)
    return [name for name in everything if not name.islower() or any(letter.isdigit() for letter in name)] or everything


def neighbourhood(
    graph: KnowledgeGraph, seeds: Iterable[str], hops: int = 1, limit: int | None = None
) -> KnowledgeGraph:
    """The triples within `hops` steps of the seeds, whichever way they point, in the order of the graph.

    One hop is every triple that has a seed for its head or tail; each further hop adds the triples at the entities
    that the last one reached. `limit` keeps that many, the nearest first and then the first in the graph. A seed is
    matched by its normal form; one that the graph does not hold is passed over. Raises `GraphError` when `hops` or
    `limit` is negative.
    """
    if hops < 0 or (limit is not None and limit < 0):
        raise GraphError("hops and limit cannot be negative")
    at: dict[str, list[int]] = {}
    for index, triple in enumerate(graph.triples):
        at.setdefault(triple.head, []).append(index)
        at.setdefault(triple.tail, []).append(index)
    frontier = _known(graph, seeds)
    seen = set(frontier)
    kept: dict[int, None] = {}
    for _ in range(hops):
        near = sorted({index for entity in frontier for index in at[entity]} - kept.keys())
        kept.update(dict.fromkeys(near))
        ends = {name for index in near for name in (graph.triples[index].head, graph.triples[index].tail)}
        frontier = list(ends - seen)
        seen |= ends
        if not frontier or (limit is not None and len(kept) >= limit):
            break
    return KnowledgeGraph(graph.triples[index] for index in sorted(list(kept)[:limit]))


def personalised_pagerank(
    graph: KnowledgeGraph, seeds: Mapping[str, float], *, damping: float = 0.85
) -> dict[str, float]:
    """How near each entity is to the seeds: where a walker is found that restarts at them, as a share of its time.

    The walk takes triples either way, parallel ones with their number as weight, and jumps back to a seed (by the
    seeds' weights) with probability 1 - `damping` at each step: PageRank with a personalised jump (Page, Brin,
    Motwani and Winograd 1999, "The PageRank citation ranking", section 6). Scores are in [0, 1] and sum to 1; every
    entity has one, the highest first, ties in the order of the graph. Seeds are matched by their normal form;
    unknown ones and those of weight 0 are passed over, and when none is left the answer is {}. Raises `GraphError`
    for a negative weight or a `damping` outside (0, 1).
    """
    import networkx

    if not 0 < damping < 1:
        raise GraphError("damping stands between 0 and 1")
    if any(not weight >= 0 for weight in seeds.values()):
        raise GraphError("the weight of a seed cannot be negative")
    jump: dict[str, float] = {}
    for seed, weight in seeds.items():
        for entity in _known(graph, [seed]):
            jump[entity] = jump.get(entity, 0.0) + weight
    if not sum(jump.values()):
        return {}
    weights: dict[tuple[str, str], int] = {}
    for triple in graph:
        pair = (triple.head, triple.tail) if triple.head <= triple.tail else (triple.tail, triple.head)
        weights[pair] = weights.get(pair, 0) + 1
    view: networkx.Graph[str] = networkx.Graph()
    view.add_nodes_from(graph.entities)
    view.add_weighted_edges_from((head, tail, weight) for (head, tail), weight in weights.items())
    # From the seeds, so that what cannot be reached stays at 0. Each step shrinks the error at least by `damping`.
    steps = 10 + math.ceil(math.log(1e-9) / math.log(damping))
    scores: Mapping[str, float] = networkx.pagerank(
        view, alpha=damping, personalization=jump, nstart=jump, max_iter=steps, tol=1e-9
    )
    return {name: float(scores[name]) for name in sorted(graph.entities, key=lambda name: -scores[name])}


def central(graph: KnowledgeGraph, limit: int, *, keep: Iterable[str] = ()) -> list[str]:
    """At most `limit` entities that show what the graph is about, in the order of the graph.

    First those of `keep` (by normal form), then step by step the entity with the most neighbours among those that
    touch what is chosen: the most central of the whole graph alone would be hubs without what joins them. A new
    component begins, at its most central entity, when the chosen ones are used up. Raises `GraphError` when `limit`
    is negative.
    """
    if limit < 0:
        raise GraphError("limit cannot be negative")
    if limit >= len(graph.entities):
        return list(graph.entities)
    near: dict[str, set[str]] = {name: set() for name in graph.entities}
    for triple in graph:
        near[triple.head].add(triple.tail)
        near[triple.tail].add(triple.head)
    ranked = {name: (-len(near[name]), index) for index, name in enumerate(graph.entities)}
    chosen = set(_known(graph, keep)[:limit])
    frontier = [(ranked[other], other) for name in chosen for other in near[name]]
    heapq.heapify(frontier)
    for root in sorted(graph.entities, key=ranked.__getitem__):
        while frontier and len(chosen) < limit:
            _, name = heapq.heappop(frontier)
            if name not in chosen:
                chosen.add(name)
                for other in near[name] - chosen:
                    heapq.heappush(frontier, (ranked[other], other))
        if root not in chosen:
            frontier = [(ranked[root], root)]
    return [name for name in graph.entities if name in chosen]


def _known(graph: KnowledgeGraph, seeds: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for seed in seeds for name in graph.names.get(normal_form(seed), ())))


def _spelled(text: str, name: str) -> bool:
    before = text[: -len(name)]
    return text.endswith(name) and not name.islower() and not before[-1:].isalnum()
