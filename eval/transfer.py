"""Transfer: how much of what the teacher knows more than the student arrives at the student."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from eval.metrics import bootstrap_of, mean

ALONE, TEACHER = "alone", "teacher"
"""The arms that transfer is measured between."""


def transfer(right: Mapping[str, Sequence[bool]], arm: str, places: Sequence[int]) -> float:
    """(arm − alone) / (teacher − alone) over the questions at `places`; NaN where the teacher is not better."""
    alone, taught, teacher = (sum(right[one][place] for place in places) for one in (ALONE, arm, TEACHER))
    return (taught - alone) / (teacher - alone) if teacher > alone else math.nan


def transfer_interval(right: Mapping[str, Sequence[bool]], arm: str, seed: int) -> tuple[tuple[float, float], float]:
    """The 95 % bootstrap interval of the transfer, and the share of samples in which it is defined: those left in."""
    defined: list[bool] = []

    def measure(places: Sequence[int]) -> float:
        value = transfer(right, arm, places)
        defined.append(not math.isnan(value))
        return value

    interval = bootstrap_of(measure, len(right[arm]), seed=seed, samples=2000)
    if math.isnan(transfer(right, arm, range(len(right[arm])))):
        interval = (math.nan, math.nan)
    return interval, mean(defined)


SHARES = (0.1, 0.25, 0.5, 0.75)
"""Shares of the questions that the teacher is asked instead, in the curve of cost against accuracy."""


def helped(sure: Sequence[float], student: Sequence[bool], teacher: Sequence[bool]) -> dict[str, float]:
    """`@10`, `@25`, …: accuracy if the teacher answers so many percent of the questions, the least sure ones first.

    `sure` orders the questions by how sure the student is; the cost is that share of the teacher's.
    """
    order = sorted(range(len(sure)), key=lambda place: (sure[place], place))
    found: dict[str, float] = {}
    for share in SHARES:
        given = set(order[: round(share * len(order))])
        found[f"@{share:.0%}".rstrip("%")] = mean(
            [float(teacher[place] if place in given else student[place]) for place in range(len(order))]
        )
    return found
