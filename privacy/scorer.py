"""How likely a candidate is private: a weighted sum of what is seen of it, through a logistic curve."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from privacy.weights import BIAS, WEIGHTS

# `a*b` is the product of two numbers: it counts only where both are there.
_TERMS: Final = [(*name.partition("*")[::2], weight) for name, weight in WEIGHTS.items()]


def score(values: Mapping[str, float]) -> float:
    """In (0, 1), by `privacy.weights`; a number that is missing counts as 0."""
    total = BIAS
    for first, second, weight in _TERMS:
        value = values.get(first)
        if value:
            total += weight * value * (values.get(second, 0.0) if second else 1.0)
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
