"""Measures and their intervals."""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Sequence

import numpy

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> str:
    """Lower case, no punctuation, no articles, single spaces: the normalisation of SQuAD (Rajpurkar et al., 2016)."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def contains(answer: str, gold: Sequence[str]) -> bool:
    """Whether an accepted answer stands in `answer` as whole words, both normalised."""
    said = f" {normalise(answer)} "
    return any(normalise(one) and f" {normalise(one)} " in said for one in gold)


def token_f1(answer: str, gold: Sequence[str]) -> float:
    """The best F1, in [0, 1], of the answer's tokens against those of an accepted answer (SQuAD)."""
    return max((_f1(normalise(answer).split(), normalise(one).split()) for one in gold), default=0.0)


def _f1(said: Sequence[str], wanted: Sequence[str]) -> float:
    if not said or not wanted:
        return float(said == wanted)
    common = sum((Counter(said) & Counter(wanted)).values())
    return 2 * common / (len(said) + len(wanted))


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean; NaN of nothing."""
    return sum(values) / len(values) if values else math.nan


def bootstrap(values: Sequence[float], *, seed: int = 0, samples: int = 2000) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the mean (Efron and Tibshirani, 1993); NaN of nothing."""
    if not values:
        return math.nan, math.nan
    data = numpy.asarray(values, float)
    drawn = numpy.random.default_rng(seed).integers(0, len(data), (samples, len(data)))
    low, high = numpy.percentile(data[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> float:
    """Two-sided p of McNemar's exact test on paired outcomes: a binomial test on the pairs that differ."""
    gains = sum(b and not a for a, b in zip(first, second, strict=True))
    losses = sum(a and not b for a, b in zip(first, second, strict=True))
    total = gains + losses
    if total == 0:
        return 1.0
    tail = sum(math.comb(total, k) for k in range(min(gains, losses) + 1)) / 2**total
    return min(1.0, 2 * tail)
