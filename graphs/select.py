"""Which triples a student is given for a question: near in meaning, near its entities, hanging together, within a
budget of tokens."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from graphs.errors import GraphError
from graphs.triple import KnowledgeGraph, Triple, normal_form
from graphs.verbalise import verbalise
from graphs.walk import personalised_pagerank, telling

Scores = Mapping[Triple, float] | Callable[[Triple], float | None]
"""A score for each triple, higher is better; None, or no entry, where there is none."""

FUSION = 60
"""Reciprocal rank fusion: a signal gives weight / (FUSION + rank) (Cormack, Clarke and Buettcher 2009)."""

BRIDGE = 2
"""Triples that a path between two parts of the answer may have."""

LOOSE = 0.85
"""What a triple that hangs together with nothing chosen is worth beside one that does."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each signal counts. Zero leaves it out."""

    similarity: float = 1.0
    judged: float = 1.0
    centrality: float = 0.5


def select(
    graph: KnowledgeGraph,
    question_entities: Iterable[str],
    scores: Scores,
    budget: int,
    count_tokens: Callable[[str], int],
    *,
    judged: Scores | None = None,
    weights: Weights | None = None,
    verbaliser: Callable[[Sequence[Triple]], Sequence[str]] = verbalise,
) -> KnowledgeGraph:
    """The triples of `graph` that serve a question best, the best first, in at most `budget` tokens as verbalised.

    Three signals are fused by their ranks: `scores` (say, cosine to the question), `judged` (a model's opinion of each
    triple, where one was asked) and the centrality of a triple's ends around `question_entities`
    (`personalised_pagerank`; left out where the graph holds none of them). Then triples are taken one by one. One that
    touches what is chosen, or a question's entity, is worth its full score; one that stands alone is worth less, unless
    a path of at most `BRIDGE` further triples leads to it, which is then taken with it, so that a chain of facts is not
    torn. What does not fit the budget is passed over. Ties go by head, relation and tail, so the order of the graph
    does not matter. Kinds among the entities (`film`) count only where no thing is named.

    `verbaliser` makes lines of triples; `count_tokens` counts a line. Raises `GraphError` for a negative budget.
    """
    if budget < 0:
        raise GraphError("a budget cannot be negative")
    # In one order from here on: sums of the same numbers in another order differ in their last bits, and so may ranks.
    graph = KnowledgeGraph(sorted(graph, key=_order), graph.aliases)
    seeds = telling(name for entity in question_entities for name in graph.names.get(normal_form(entity), ()))
    values = fuse(graph, seeds, scores, judged, weights or Weights())
    ranked = sorted(values, key=lambda one: (-values[one], *_order(one)))

    def size(one: Triple) -> int:
        return count_tokens(" ".join(verbaliser([one])))

    return KnowledgeGraph(_Picker(graph, ranked, values, seeds, budget=budget, size=size).pick(), graph.aliases)


def fuse(
    graph: KnowledgeGraph, seeds: Sequence[str], scores: Scores, judged: Scores | None, weights: Weights
) -> dict[Triple, float]:
    """The fused score of each triple, in (0, 1]: 1 for one that every signal puts first."""
    # An entity in few triples tells more than one in many (HippoRAG's node specificity; Gutierrez et al. 2024).
    degree = Counter(name for one in graph for name in {one.head, one.tail})
    near = personalised_pagerank(graph, {name: 1 / degree[name] for name in seeds}) if seeds else {}
    signals: list[tuple[float, dict[Triple, float]]] = [
        (weights.similarity, _table(graph, scores)),
        (weights.judged, _table(graph, judged) if judged is not None else {}),
        # A hub's other neighbours share what it passes on: the far end says how near a triple is to the question.
        (weights.centrality, {t: near[t.head] + near[t.tail] for t in graph} if near else {}),
    ]
    used = [(weight, table) for weight, table in signals if weight and table]
    fused = dict.fromkeys(graph, 0.0)
    for weight, table in used:
        order = sorted(table, key=lambda one: -table[one])
        rank, before = 0, None
        for place, one in enumerate(order, 1):
            if table[one] != before:
                rank, before = place, table[one]
            fused[one] += weight / (FUSION + rank)
    most = sum(weight for weight, _ in used) / (FUSION + 1) or 1.0
    return {one: value / most for one, value in fused.items()}


def _order(one: Triple) -> tuple[str, str, str, str]:
    return one.head, one.relation, one.tail, one.evidence_id


def _table(graph: KnowledgeGraph, scores: Scores) -> dict[Triple, float]:
    get = scores if callable(scores) else scores.get
    found = ((one, get(one)) for one in graph)
    return {one: float(score) for one, score in found if score is not None}


class _Picker:
    """Takes triples while they fit."""

    def __init__(
        self,
        graph: KnowledgeGraph,
        ranked: Sequence[Triple],
        values: Mapping[Triple, float],
        seeds: Iterable[str],
        *,
        budget: int,
        size: Callable[[Triple], int],
    ) -> None:
        self._ranked = ranked
        self._values = values
        self._left = budget
        self._count = size
        self._sizes: dict[Triple, int] = {}
        self._touched = set(seeds)
        self._at: dict[str, list[Triple]] = {}
        for triple in graph:
            self._at.setdefault(triple.head, []).append(triple)
            self._at.setdefault(triple.tail, []).append(triple)

    def pick(self) -> list[Triple]:
        chosen: dict[Triple, None] = {}
        said: set[tuple[str, str, str]] = set()
        passed: set[Triple] = set()
        lowered: set[Triple] = set()
        heap = [(-self._values[one], place, one) for place, one in enumerate(self._ranked)]
        heapq.heapify(heap)
        while heap and self._left > 0:
            _, place, one = heapq.heappop(heap)
            fact = (one.head, one.relation, one.tail)
            if one in chosen or one in passed or fact in said:
                continue
            group = [one]
            if not self._joined(one) and (chosen or self._touched):
                bridge = self._bridge(one, chosen)
                if bridge and self._size([*bridge, one]) <= self._left:
                    group = [*bridge, one]
                elif one not in lowered:
                    lowered.add(one)
                    heapq.heappush(heap, (-self._values[one] * LOOSE, place, one))
                    continue
            size = self._size(group)
            if size > self._left:
                passed.add(one)
                continue
            self._left -= size
            for each in group:
                chosen[each] = None
                said.add((each.head, each.relation, each.tail))
                self._touched |= {each.head, each.tail}
        return list(chosen)

    def _size(self, some: Iterable[Triple]) -> int:
        total = 0
        for one in some:
            if one not in self._sizes:
                self._sizes[one] = self._count(one)
            total += self._sizes[one]
        return total

    def _joined(self, one: Triple) -> bool:
        return one.head in self._touched or one.tail in self._touched

    def _bridge(self, one: Triple, chosen: Mapping[Triple, None]) -> list[Triple]:
        """The best path of at most `BRIDGE` triples from what is chosen to `one`; empty where there is none."""
        best: tuple[float, list[Triple]] = (0.0, [])
        frontier: list[tuple[str, list[Triple]]] = [(one.head, []), (one.tail, [])]
        for _ in range(BRIDGE):
            further: list[tuple[str, list[Triple]]] = []
            for end, path in frontier:
                for step in self._at[end][:200]:
                    if step == one or step in path or step in chosen:
                        continue
                    other = step.tail if step.head == end else step.head
                    longer = [step, *path]
                    if other in self._touched:
                        value = sum(self._values[each] for each in longer) / len(longer)
                        if value > best[0]:
                            best = (value, longer)
                    else:
                        further.append((other, longer))
            if best[1]:
                return best[1]
            # The most promising only: a hub has thousands of neighbours.
            further.sort(key=lambda item: -self._values[item[1][0]])
            frontier = further[:50]
        return []
