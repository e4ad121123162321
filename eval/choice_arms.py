"""Arms that read a question's own pieces of evidence in other numbers and orders than a search gives them."""

from __future__ import annotations

import random
from collections.abc import Sequence

from drag.types import Context, Evidence, Ranked
from eval.choice import Mode
from graphs import KnowledgeGraph

RANKERS = ("similarity", "relevance", "fused", "unranked")
"""By one signal, by both, and by a seeded draw: what ranking is worth."""


def more_arms(mode: Mode, pieces: Sequence[int], rankers: int | None) -> list[str]:
    """The names of the arms: `<mode>@K` for each number of pieces, `rank-<signal>` for each order."""
    counts = [f"{mode}@{count}" for count in sorted(set(pieces))]
    return [*counts, *(f"rank-{name}" for name in RANKERS if rankers)]


def read_more(
    ranked: Sequence[Ranked[Evidence]], mode: Mode, pieces: Sequence[int], rankers: int | None, seed: int
) -> dict[str, Context]:
    """What those arms read of the evidence that the pack ranks for a question, the best first.

    `rankers` is the number of pieces in each of their arms. A piece that a signal did not judge stands last for it.
    """
    found = {f"{mode}@{count}": _of(ranked[:count]) for count in pieces}
    if rankers:
        for name in RANKERS:
            found[f"rank-{name}"] = _of(_ordered(ranked, name, seed)[:rankers])
    return found


def _ordered(ranked: Sequence[Ranked[Evidence]], name: str, seed: int) -> list[Ranked[Evidence]]:
    if name == "fused":
        return list(ranked)
    # By id first: neither a draw nor a tie may look at the fused order.
    plain = sorted(ranked, key=lambda one: one.item.id)
    if name == "unranked":
        random.Random(f"{seed} {[one.item.id for one in plain]}").shuffle(plain)  # noqa: S311 - a draw, not a secret
        return plain
    return sorted(plain, key=lambda one: -one.signals.get(name, float("-inf")))


def _of(ranked: Sequence[Ranked[Evidence]]) -> Context:
    return Context(tuple(one.item for one in ranked), KnowledgeGraph())
