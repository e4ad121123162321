"""What is reckoned from the answers of the arms: transfer, its interval, whose evidence is shuffled, costs."""

from __future__ import annotations

import json
import math

import pytest

from drag.types import Context, Question
from eval.choice import Row, Said, another
from eval.choice_measures import summarise


def row(n: int, **right: bool | None) -> Row:
    said = {arm: None if one is None else Said(0 if one else 1) for arm, one in right.items()}
    return Row(Question(str(n), "?", ("yes", "no"), ("yes",)), {"blind": Context()}, said)


def test_transfer() -> None:
    rows = [row(n, alone=n < 2, blind=n < 5, teacher=n < 8) for n in range(10)]
    report = summarise(rows, mode="blind", seed=0, settings={})
    assert report.metrics["transfer/blind"] == pytest.approx(3 / 6)
    low, high = report.intervals["transfer/blind"]
    # The paired bootstrap of 3 in 6 that can be gained: 1.96 standard errors are 0.4.
    assert (low, high) == (pytest.approx(0.1, abs=0.12), pytest.approx(0.9, abs=0.12))
    assert report.metrics["transfer_defined"] > 0.99


def test_transfer_is_nothing_where_the_teacher_is_not_better() -> None:
    rows = [row(n, alone=n < 5, blind=n < 6, teacher=n < 5) for n in range(10)]
    report = summarise(rows, mode="blind", seed=0, settings={})
    assert math.isnan(report.metrics["transfer/blind"])
    assert all(map(math.isnan, report.intervals["transfer/blind"]))
    assert report.record()["metrics"]["transfer/blind"] is None
    assert json.loads(json.dumps(report.record(), allow_nan=False))["intervals"]["transfer/blind"] == [None, None]


def test_each_question_reads_anothers_evidence() -> None:
    questions = [Question(str(n), "?") for n in range(9)]
    drawn = another(questions, 3)
    assert {one.id for one in drawn.values()} == {one.id for one in questions}
    assert all(key != one.id for key, one in drawn.items())
    assert drawn == another(questions, 3) != another(questions, 4)
    assert another(questions[:1], 3) == {}


def test_costs_are_shown_where_there_are_any() -> None:
    paid = Row(Question("1", "?", ("yes", "no"), ("yes",)), {}, {"alone": Said(0, 9, 1.0, 0.5)})
    report = summarise([paid], mode="blind", seed=0, settings={})
    assert (report.metrics["cost/alone"], report.metrics["tokens/alone"]) == (0.5, 9)
    assert "cost/alone" not in summarise([row(1, alone=True)], mode="blind", seed=0, settings={}).metrics
