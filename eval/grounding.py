"""`drag eval grounding`: can the evidence answer, and does an answer stand in it? No student is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy
from pydantic import TypeAdapter, ValidationError

from drag.confidence import (
    DEFAULT,
    Calibration,
    Weights,
    answerable_features,
    grounded_features,
    probability,
)
from drag.errors import ConfigError
from drag.protocols import Embedder
from eval.metrics import auroc, bootstrap, bootstrap_of, calibration_error, mean
from eval.records import read_records, texts_of
from eval.report import Report

Kind = Literal["answerable", "grounded", "confidence"]

EVEN = 0.5
"""An answer counts as grounded, and as right, from this probability on."""

_BATCH = 64
_SIGNALS = TypeAdapter(Weights)


@dataclass(frozen=True, slots=True)
class Case:
    """One judgement to be made: `answer` is None where only the evidence is judged; `label` is the right judgement."""

    id: str
    kind: Kind
    question: str
    evidence: tuple[str, ...]
    answer: str | None
    label: bool
    signals: Mapping[str, float] = field(default_factory=dict[str, float])
    """Of the kind `confidence`: the features, which took a student to find."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A case with its features."""

    case: Case
    features: Mapping[str, float]


def read_cases(path: Path) -> list[Case]:
    """The cases of a file in the grounding shape.

    A record has `question` and `evidence` (a text or texts), and either `answer` with `grounded` (true or false) or
    `answerable`; or it is one that `drag eval open --run` kept, with `signals` and `right`. Raises `ConfigError`
    with the line for a record that has not, and for a file without any.
    """
    cases: list[Case] = []
    for number, record in read_records(path):
        if "signals" in record:
            # An arm that read nothing, and a question that was not answered, have none.
            cases += [_answered(record, f"{path}, line {number}", number)] if record["signals"] else []
            continue
        question, evidence = record.get("question"), texts_of(record, "evidence", f"{path}, line {number}")
        if not isinstance(question, str) or not question.strip() or not evidence:
            raise ConfigError(f"{path}, line {number}: a record needs 'question' and 'evidence'")
        answer, grounded, answerable = (record.get(name) for name in ("answer", "grounded", "answerable"))
        key = str(record.get("id", number))
        if isinstance(answer, str) and isinstance(grounded, bool):
            cases.append(Case(key, "grounded", question, evidence, answer, grounded))
        elif isinstance(answerable, bool):
            cases.append(Case(key, "answerable", question, evidence, None, answerable))
        else:
            raise ConfigError(f"{path}, line {number}: a record needs 'answerable', or 'answer' and 'grounded'")
    if not cases:
        raise ConfigError(f"{path} holds no records")
    return cases


def _answered(record: Mapping[str, Any], where: str, number: int) -> Case:
    try:
        signals = _SIGNALS.validate_python(record["signals"])
    except ValidationError as error:
        raise ConfigError(f"{where}: 'signals' are not names with numbers") from error
    wanted = set(DEFAULT.confidence) - {"bias"}
    if not isinstance(record.get("right"), bool) or set(signals) != wanted:
        raise ConfigError(f"{where}: an answer needs 'right', and the signals {', '.join(sorted(wanted))}")
    key, question = str(record.get("id", number)), str(record.get("question", ""))
    return Case(key, "confidence", question, (), str(record.get("answer", "")), record["right"], signals)


def judge(cases: Sequence[Case], embedder: Embedder) -> Iterator[Judged]:
    """The features of each case, in order; a batch is embedded at a time."""
    for start in range(0, len(cases), _BATCH):
        batch = cases[start : start + _BATCH]
        wanted = [one for one in batch if one.kind == "answerable"]
        lines = list(dict.fromkeys(text for one in wanted for text in (one.question, *one.evidence)))
        encoded = embedder.encode(lines, normalize_embeddings=True) if lines else numpy.zeros((0, 1))
        vectors = dict(zip(lines, numpy.asarray(encoded, numpy.float32), strict=True))
        for one in batch:
            if one.signals:
                yield Judged(one, one.signals)
            elif one.answer is not None:
                yield Judged(one, grounded_features(one.question, one.evidence, one.answer))
            else:
                cosines = [float(vectors[text] @ vectors[one.question]) for text in one.evidence]
                yield Judged(one, answerable_features(one.question, one.evidence, cosines))


def summarise(judged: Sequence[Judged], calibration: Calibration, *, seed: int, settings: Mapping[str, Any]) -> Report:
    """`accuracy`, `auroc`, `coverage`, `selective_accuracy`, with intervals, over all cases and by kind.

    - `accuracy`: share of the cases judged rightly (answerable from the calibration's threshold on, grounded and right
      from 0.5 on);
    - `auroc`: chance that a case whose label is true scores above one whose label is false;
    - `calibration_error`: how far the probabilities are from the shares of true labels (`eval.metrics`);
    - `coverage`: share of the cases that would be answered, or whose answer would be let stand; `selective_accuracy`:
      share of these whose label is true;
    - `refused/true` and `refused/false`: share of the cases of either label that would be refused.

    With cases of several kinds each metric also stands with the kind behind it, and `auroc` alone is the mean of the
    kinds', for scores of two kinds cannot be put in one order.
    """
    metrics: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    kinds = sorted({one.case.kind for one in judged})
    parts: list[tuple[str, list[Judged]]] = [("", list(judged))]
    if len(kinds) > 1:
        parts += [(f"/{kind}", [one for one in judged if one.case.kind == kind]) for kind in kinds]
    for suffix, members in parts:
        scores = [score(one, calibration) for one in members]
        labels = [one.case.label for one in members]
        passed = [value >= _least(one, calibration) for one, value in zip(members, scores, strict=True)]
        right = [float(said == label) for said, label in zip(passed, labels, strict=True)]
        answered = [float(label) for said, label in zip(passed, labels, strict=True) if said]
        for name, values in (
            ("accuracy", right),
            ("coverage", [float(said) for said in passed]),
            ("selective_accuracy", answered),
            ("refused/true", [float(not said) for said, label in zip(passed, labels, strict=True) if label]),
            ("refused/false", [float(not said) for said, label in zip(passed, labels, strict=True) if not label]),
        ):
            metrics[name + suffix] = mean(values)
            intervals[name + suffix] = bootstrap(values, seed=seed)
        if suffix or len(kinds) == 1:
            metrics["calibration_error" + suffix] = calibration_error(scores, labels)
            metrics["auroc" + suffix] = auroc(scores, labels)
            intervals["auroc" + suffix] = _auroc_interval(scores, labels, seed)
    if len(kinds) > 1:
        metrics["auroc"] = mean([metrics[f"auroc/{kind}"] for kind in kinds])
    return Report("grounding", len(judged), metrics, intervals, 0, settings)


def score(one: Judged, calibration: Calibration) -> float:
    """The probability that the label is true."""
    return probability(_weights(one.case.kind, calibration), one.features)


def _auroc_interval(scores: Sequence[float], labels: Sequence[bool], seed: int) -> tuple[float, float]:
    return bootstrap_of(
        lambda drawn: auroc([scores[i] for i in drawn], [labels[i] for i in drawn]), len(scores), seed=seed
    )


def _weights(kind: Kind, calibration: Calibration) -> Weights:
    weights: Weights = getattr(calibration, kind)
    return weights


def _least(one: Judged, calibration: Calibration) -> float:
    return calibration.threshold if one.case.kind == "answerable" else EVEN
