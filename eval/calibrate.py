"""`drag eval grounding --fit`: the weights behind confidence and abstention, from labelled cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy

from drag.confidence import Calibration, Weights
from drag.errors import ConfigError
from drag.protocols import Embedder
from drag.types import Question
from eval.grounding import Case, Judged
from eval.records import read_records, texts_of

READ = 3
"""Pieces of evidence beside a question, as `ask` shows by default."""


def pairs_of_open(questions: Sequence[Question], embedder: Embedder) -> list[Case]:
    """Two cases a question: with its own evidence, and with the nearest evidence of other questions instead."""
    asked = [one for one in questions if one.evidence]
    pool = list(dict.fromkeys(text for one in asked for text in one.evidence))
    return _pairs([(one.id, one.text, one.evidence) for one in asked], pool, embedder)


def pairs_of_corpus(corpus: Path, questions: Path, embedder: Embedder) -> list[Case]:
    """Two cases a question: the nearest texts with its gold among them, and the nearest texts without.

    Both files are in the retrieval shapes. A question without gold ids gives the second case alone.
    """
    texts: dict[str, str] = {}
    for number, record in read_records(corpus):
        key, text = record.get("id"), record.get("text")
        if not isinstance(key, str) or not isinstance(text, str):
            raise ConfigError(f"{corpus}, line {number}: a record needs 'id' and 'text'")
        title = str(record.get("title") or "")
        texts[key] = f"{title}: {text}" if title else text
    asked: list[tuple[str, str, tuple[str, ...]]] = []
    for number, record in read_records(questions):
        question = record.get("question")
        if not isinstance(question, str):
            raise ConfigError(f"{questions}, line {number}: a record needs 'question'")
        gold = texts_of(record, "evidence_ids", f"{questions}, line {number}")
        asked.append((str(record.get("id", number)), question, tuple(texts[key] for key in gold if key in texts)))
    return _pairs(asked, list(texts.values()), embedder)


def _pairs(asked: Sequence[tuple[str, str, tuple[str, ...]]], pool: Sequence[str], embedder: Embedder) -> list[Case]:
    if not asked or len(pool) <= READ:
        raise ConfigError("there are too few questions or texts to make cases of")
    vectors = numpy.asarray(embedder.encode(list(pool), normalize_embeddings=True), numpy.float32)
    wanted = numpy.asarray(embedder.encode([one for _, one, _ in asked], normalize_embeddings=True), numpy.float32)
    cases: list[Case] = []
    for (key, question, gold), vector in zip(asked, wanted, strict=True):
        order = numpy.argsort(-(vectors @ vector), kind="stable")
        others = [text for text in (pool[int(i)] for i in order[: READ + len(gold)]) if text not in gold][:READ]
        cases.append(Case(f"{key}/without", "answerable", question, tuple(others), None, False))
        if gold:
            shown = (*gold[:READ], *others)[:READ]
            cases.append(Case(f"{key}/with", "answerable", question, shown, None, True))
    return cases


def fit(groups: Sequence[Sequence[Judged]], base: Calibration, *, gain: bool = False) -> Calibration:
    """The weights that tell true from false cases best; each group (a data set) counts the same, whatever its size.

    Logistic regression with a light L2 penalty (scikit-learn, C = 10). A kind without cases of both labels keeps the
    weights of `base`. The `gain` of an answer has a weight only where that is wanted: it costs a second reading of the
    question for every answer (`drag.answer`).
    """
    return replace(
        base,
        answerable=_weights(groups, "answerable", base.answerable),
        grounded=_weights(groups, "grounded", base.grounded),
        confidence=_confidence(groups, base.confidence, gain=gain),
    )


def _confidence(groups: Sequence[Sequence[Judged]], base: Weights, *, gain: bool) -> Weights:
    if gain:
        return _weights(groups, "confidence", base)
    bare = [[replace(one, features={**one.features, "gain": 0.0}) for one in group] for group in groups]
    found = _weights(bare, "confidence", base)
    return found if found is base else {**found, "gain": 0.0}


def _weights(groups: Sequence[Sequence[Judged]], kind: str, base: Weights) -> Weights:
    rows: list[Mapping[str, float]] = []
    labels: list[bool] = []
    shares: list[float] = []
    for group in groups:
        members = [one for one in group if one.case.kind == kind]
        rows += [one.features for one in members]
        labels += [one.case.label for one in members]
        shares += [1 / len(members) for _ in members]
    return regression(rows, labels, shares) if len(set(labels)) == 2 else base


def regression(rows: Sequence[Mapping[str, float]], labels: Sequence[bool], shares: Sequence[float]) -> Weights:
    """Feature name to weight, with the constant under `bias`; rounded to three places."""
    from sklearn import linear_model  # comes with sentence-transformers

    names = sorted(rows[0])
    matrix = numpy.array([[row[name] for name in names] for row in rows])
    weight = numpy.asarray(shares) * len(shares) / sum(shares)
    model = cast("Any", linear_model).LogisticRegression(C=10.0, max_iter=1000)
    model.fit(matrix, numpy.asarray(labels), sample_weight=weight)
    found = {name: round(float(value), 3) for name, value in zip(names, model.coef_[0], strict=True)}
    return {"bias": round(float(model.intercept_[0]), 3), **found}
