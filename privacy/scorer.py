"""How likely a candidate is private: a weighted sum of what is seen of it, through a logistic curve."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from privacy.weights import BIAS, WEIGHTS

Score = Callable[[Mapping[str, float]], float]
"""How likely a candidate with these numbers is private, in (0, 1); a number that is missing counts as 0."""


def scorer(bias: float, weights: Mapping[str, float]) -> Score:
    """The score with these weights. `a*b` is the product of two numbers: it counts only where both are there."""
    terms = [(*name.partition("*")[::2], weight) for name, weight in weights.items()]

    def score(values: Mapping[str, float]) -> float:
        total = bias
        for first, second, weight in terms:
            value = values.get(first)
            if value:
                total += weight * value * (values.get(second, 0.0) if second else 1.0)
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))

    return score


score: Final = scorer(BIAS, WEIGHTS)
"""By `privacy.weights`."""
