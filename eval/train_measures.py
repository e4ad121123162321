"""The measures of a tuned student against its base, from what each said."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from drag.errors import ConfigError
from drag.types import Answer, Evidence, Question
from eval.metrics import bootstrap, bootstrap_of, contains, mcnemar, mean, token_f1, token_recall
from eval.report import Report

MODELS = ("base", "tuned")
READS = ("evidence", "alone")
ARMS = tuple(f"{model}/{read}" for read in READS for model in MODELS)


@dataclass(frozen=True, slots=True)
class Case:
    """A question with what it reads. `gold` are the ids of the evidence that belongs to it, None where not known.

    `missing` says that what it reads carries no answer: abstaining is right.
    """

    question: Question
    evidence: tuple[Evidence, ...]
    gold: frozenset[str] | None
    missing: bool
    cosine: float | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A case, what was said to it in each arm (None where that failed), and how fast: tokens read and written."""

    case: Case
    answers: Mapping[str, Answer | None]


@dataclass(frozen=True, slots=True)
class Kept:
    """What each of the two chose of questions that neither was trained on, in the same order; None for a failure."""

    right: Mapping[str, Sequence[bool]] = field(default_factory=dict[str, "Sequence[bool]"])
    failures: int = 0


def summarise(
    told: Sequence[Told],
    kept: Kept,
    sizes: Mapping[str, int],
    *,
    seed: int,
    settings: Mapping[str, object],
) -> Report:
    """The measures, by arm: `base/evidence`, `tuned/evidence`, `base/alone`, `tuned/alone`. Failures count as wrong.

    - `contains`, `f1`, `recall`: over the rows whose evidence carries an answer, as in `drag eval open`; an abstention
      is wrong;
    - `refused/answerable`, `refused/unanswerable`: shares of abstentions; `abstention_f1`, `_precision`, `_recall`:
      abstentions as a detector of rows whose gold is missing (arms with evidence);
    - `citation_precision`: cited pieces that are gold, over all that were cited (arms with evidence);
    - `gain/evidence`, `gain/alone`: `contains` of the tuned less that of the base, paired, with its bootstrap interval
      and `mcnemar_p`; `gain_f1/…`, `gain_recall/…` the same of these;
    - `forgetting/base`, `/tuned`: accuracy at the choice questions, with `gain/forgetting`;
    - `tokens_per_second/…`: read and written together; `ratio/tokens_per_second` is tuned over base;
    - `bytes/adapter`, `bytes/base`: sizes of the files.
    """
    metrics: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    arms = [arm for arm in ARMS if told and arm in told[0].answers]
    reads = [read for read in READS if any(arm.endswith(read) for arm in arms)]

    def put(name: str, values: Sequence[float]) -> None:
        if values:
            metrics[name] = mean(values)
            intervals[name] = bootstrap(values, seed=seed)

    answerable = [one for one in told if not one.case.missing]
    missing = [one for one in told if one.case.missing]
    metrics |= {"rows/answerable": len(answerable), "rows/unanswerable": len(missing)}
    scored = {
        arm: {
            "contains": [_contains(one, arm) for one in answerable],
            "f1": [_overlap(token_f1, one, arm) for one in answerable],
            "recall": [_overlap(token_recall, one, arm) for one in answerable],
        }
        for arm in arms
    }
    for arm in arms:
        for name, values in scored[arm].items():
            put(f"{name}/{arm}", values)
        put(f"refused/answerable/{arm}", [_abstained(one, arm) for one in answerable])
        if arm.endswith("evidence"):
            put(f"refused/unanswerable/{arm}", [_abstained(one, arm) for one in missing])
            _abstention(told, arm, metrics, intervals, seed)
            _citations(told, arm, metrics, intervals, seed)
    for read in reads:
        pair = [scored[f"{model}/{read}"] for model in MODELS]
        if answerable:
            put(f"gain/{read}", _less(pair[1]["contains"], pair[0]["contains"]))
            for name in ("f1", "recall"):
                put(f"gain_{name}/{read}", _less(pair[1][name], pair[0][name]))
            metrics[f"mcnemar_p/{read}"] = mcnemar(*([value > 0 for value in one["contains"]] for one in pair))
    if kept.right:
        right = [[float(value) for value in kept.right[model]] for model in MODELS]
        for model, values in zip(MODELS, right, strict=True):
            put(f"forgetting/{model}", values)
        put("gain/forgetting", _less(right[1], right[0]))
        metrics["mcnemar_p/forgetting"] = mcnemar(kept.right["base"], kept.right["tuned"])
    metrics |= {f"bytes/{name}": size for name, size in sizes.items()}
    _speed(told, reads, metrics)
    failures = sum(any(one.answers[arm] is None for arm in arms) for one in told)
    return Report("train", len(told), metrics, intervals, failures, settings)


def missed(report: Report, bars: Mapping[str, float]) -> list[str]:
    """The bars that the report does not reach, each in words. Raises `ConfigError` for a metric that it has not."""
    found: list[str] = []
    for name, least in bars.items():
        if name not in report.metrics:
            near = ", ".join(key for key in report.metrics if key.partition("/")[0] == name.partition("/")[0])
            raise ConfigError(f"the report has no metric '{name}'" + (f"; it has {near}" if near else ""))
        value = report.metrics[name]
        # Written so that NaN is missed, too.
        if not value >= least:
            found.append(f"{name} is {value:.3f}, less than {least:g}")
    return found


def _contains(told: Told, arm: str) -> float:
    said = told.answers[arm]
    return float(said is not None and not said.abstained and contains(said.text, told.case.question.gold))


def _overlap(measure: Callable[[str, Sequence[str]], float], told: Told, arm: str) -> float:
    said = told.answers[arm]
    return 0.0 if said is None or said.abstained else measure(said.text, told.case.question.gold)


def _abstained(told: Told, arm: str) -> float:
    said = told.answers[arm]
    return float(said is not None and said.abstained)


def _less(first: Sequence[float], second: Sequence[float]) -> list[float]:
    return [one - other for one, other in zip(first, second, strict=True)]


def _abstention(
    told: Sequence[Told], arm: str, metrics: dict[str, float], intervals: dict[str, tuple[float, float]], seed: int
) -> None:
    if not any(one.case.missing for one in told):
        return
    pairs = [(_abstained(one, arm) > 0, one.case.missing) for one in told]

    def counted(places: Sequence[int]) -> tuple[int, int, int]:
        chosen = [pairs[place] for place in places]
        return sum(a and b for a, b in chosen), sum(a for a, _ in chosen), sum(b for _, b in chosen)

    def f1(places: Sequence[int]) -> float:
        hits, said, wanted = counted(places)
        return 2 * hits / (said + wanted) if said + wanted else math.nan

    hits, said, wanted = counted(range(len(pairs)))
    metrics[f"abstention_f1/{arm}"] = f1(range(len(pairs)))
    intervals[f"abstention_f1/{arm}"] = bootstrap_of(f1, len(pairs), seed=seed)
    # A detector that never fires has no precision; its recall and its F1 say so.
    metrics[f"abstention_precision/{arm}"] = hits / said if said else math.nan
    metrics[f"abstention_recall/{arm}"] = hits / wanted


def _citations(
    told: Sequence[Told], arm: str, metrics: dict[str, float], intervals: dict[str, tuple[float, float]], seed: int
) -> None:
    known = [(one.answers[arm], one.case.gold) for one in told if one.case.gold is not None]
    pairs = [
        (sum(cited.evidence.id in gold for cited in said.citations), len(said.citations))
        for said, gold in known
        if said is not None and not said.abstained
    ]

    def precision(places: Sequence[int]) -> float:
        cited = sum(pairs[place][1] for place in places)
        return sum(pairs[place][0] for place in places) / cited if cited else math.nan

    if pairs:
        metrics[f"citation_precision/{arm}"] = precision(range(len(pairs)))
        intervals[f"citation_precision/{arm}"] = bootstrap_of(precision, len(pairs), seed=seed)
        metrics[f"cited/{arm}"] = mean([float(cited > 0) for _, cited in pairs])


def _speed(told: Sequence[Told], reads: Sequence[str], metrics: dict[str, float]) -> None:
    rate: Callable[[Sequence[Answer]], float] = lambda said: (  # noqa: E731 - one formula, named
        sum(one.usage.prompt_tokens + one.usage.completion_tokens for one in said)
        / max(1e-9, math.fsum(one.usage.seconds for one in said))
    )
    for read in reads:
        # Only rows that both answered, for the pair to have had the same work.
        pairs = [[one.answers[f"{model}/{read}"] for model in MODELS] for one in told]
        timed = [[said for said in pair if said is not None and said.usage.seconds > 0] for pair in pairs]
        both = [pair for pair in timed if len(pair) == len(MODELS)]
        if both:
            base, tuned = (rate([pair[place] for pair in both]) for place in range(len(MODELS)))
            metrics[f"tokens_per_second/base/{read}"] = base
            metrics[f"tokens_per_second/tuned/{read}"] = tuned
            metrics[f"ratio/tokens_per_second/{read}"] = tuned / base
