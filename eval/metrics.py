"""Measures and their intervals."""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans(
    dict.fromkeys(string.punctuation + "\u2018\u2019\u201c\u201d\u2026") | dict.fromkeys("\u2013\u2014", " ")
)


def normalise(text: str) -> str:
    """Lower case, no punctuation, no articles, single spaces: the normalisation of SQuAD (Rajpurkar et al., 2016).

    It knows ASCII alone; here typographic quotes go as well, and dashes part words: chats are typed on phones.
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def contains(answer: str, gold: Sequence[str]) -> bool:
    """Whether an accepted answer stands in `answer` as whole words, both normalised."""
    said = f" {normalise(answer)} "
    return any(normalise(one) and f" {normalise(one)} " in said for one in gold)


def token_f1(answer: str, gold: Sequence[str]) -> float:
    """The best F1, in [0, 1], of the answer's tokens against those of an accepted answer (SQuAD)."""
    return max((_f1(normalise(answer).split(), normalise(one).split()) for one in gold), default=0.0)


def token_recall(answer: str, gold: Sequence[str]) -> float:
    """The share, in [0, 1], of an accepted answer's tokens that stand in `answer`; of the best one.

    For answers that are phrases in nobody's exact words and replies in whole sentences: of such measures recall agrees
    best with people, because it does not mind what else is said (Adlakha et al., TACL 2024).
    """
    said = Counter(normalise(answer).split())
    wanted = [Counter(normalise(one).split()) for one in gold]
    return max(((said & one).total() / one.total() for one in wanted if one), default=0.0)


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


def bootstrap_of(
    measure: Callable[[Sequence[int]], float], count: int, *, seed: int = 0, samples: int = 500
) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of any `measure` of the items at given places, 0 to `count` - 1.

    Samples for which the measure is not defined (NaN) are left out; NaN of nothing.
    """
    if count == 0:
        return math.nan, math.nan
    drawn = numpy.random.default_rng(seed).integers(0, count, (samples, count))
    values = [value for value in (measure([int(i) for i in one]) for one in drawn) if not math.isnan(value)]
    if not values:
        return math.nan, math.nan
    low, high = numpy.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def auroc(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """Area under the ROC curve, in [0, 1]: the chance that a true case scores above a false one, ties half.

    Mann and Whitney's U over the number of pairs (Hanley and McNeil, 1982); NaN where all labels are the same.
    """
    from scipy import stats

    truth = numpy.asarray(labels, bool)
    true, false = int(truth.sum()), int((~truth).sum())
    if not true or not false:
        return math.nan
    ranks = numpy.asarray(cast("Any", stats).rankdata(numpy.asarray(scores, float)))
    return float((ranks[truth].sum() - true * (true + 1) / 2) / (true * false))


def calibration_error(scores: Sequence[float], labels: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error in [0, 1], over bins of equal width (Guo et al., 2017); NaN of nothing.

    The mean distance between the probabilities said and the share of true labels, each bin by its number of cases.
    """
    if not scores:
        return float("nan")
    held: dict[int, list[tuple[float, bool]]] = {}
    for score, label in zip(scores, labels, strict=True):
        held.setdefault(min(bins - 1, int(score * bins)), []).append((score, label))
    gaps = [abs(sum(score for score, _ in each) - sum(label for _, label in each)) for each in held.values()]
    return sum(gaps) / len(scores)
