"""The metrics of `drag eval leak` against hand-computed cases, and the accuracy that sanitizing costs."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy
import pytest
from leaking import ROWS, clean

from drag.errors import DragError
from drag.testing import FakeModel, HashEmbedder
from drag.types import Likelihood, Question
from eval.choices import Exam, accuracies, sit
from eval.leak import cosines, measure, ratio, ratio_intervals, summarise, untouched
from eval.leak_data import (
    Row,
)
from privacy import Span


def test_the_metrics_by_hand() -> None:
    report = summarise(measure(ROWS, clean()), seed=0, settings={"data": "x"})
    known = {
        "leak_units": 1 / 5,  # Bo Lee, of Ann, Leeds, Bo Lee, Ann and the refused Bo
        "leak_units/PERSON": 1 / 4,
        "leak_units/GPE": 0,
        "leak_units/title": 1 / 5,
        "leak_units/latin": 1 / 5,
        "leak_units/sent": 1 / 4,
        "leak_rows": 1 / 3,
        "leak_rows/mean": (0 + 1 / 2 + 0) / 3,
        "leak_any_token": 1 / 5,
        "deleted_chars": (3 + 5 + 3 + 3) / (22 + 14 + 13),
        "deleted_chars/with_refused": (3 + 5 + 3 + 3 + 11) / (22 + 14 + 13 + 11),
        "private_chars": (3 + 5 + 6 + 3 + 2) / (22 + 14 + 13 + 11),
        "deleted_words/non_private": 1 / (3 + 1 + 3),  # tea, of: of likes tea, met, nothing in it
        "restore_exact": 1,
        "refused": 1 / 4,
        "refused/language": 1 / 4,
        "refused/fault": 0,
        "units": 5,
        "units_absent": 1,
    }
    assert {name: report.metrics[name] for name in known} == pytest.approx(known)
    assert (report.n, report.failures) == (4, 0)
    assert report.metrics["latency_ms/gateway"] >= report.metrics["latency_ms"] > 0
    low, high = report.intervals["leak_units"]
    assert 0 <= low <= 1 / 5 <= high <= 1
    assert "leak_units/lower" not in report.metrics


def test_any_token_sees_what_units_do_not() -> None:
    row = Row("a", "Ann Marlow is here", ("Ann Marlow",))
    report = summarise(measure([row], clean()), seed=0, settings={})
    assert (report.metrics["leak_units"], report.metrics["leak_any_token"]) == (0, 1)


def test_nothing_is_replaced_with_the_policy_off() -> None:
    report = summarise(measure(ROWS, untouched), seed=0, settings={})
    assert (report.metrics["leak_units"], report.metrics["deleted_chars"], report.metrics["refused"]) == (1, 0, 0)


def test_a_fault_is_a_refusal() -> None:
    def broken(text: str) -> list[Span]:
        raise RuntimeError(text)

    checked = measure(ROWS, clean(broken))
    report = summarise(checked, seed=0, settings={})
    assert (report.metrics["refused"], report.metrics["refused/fault"]) == (1, 3 / 4)
    assert report.failures == 3
    assert math.isnan(report.metrics["deleted_chars"])
    assert not re.search("Ann|Bo|Leeds", f"{checked!r} {ROWS!r} {checked[0].units!r} {clean()('Ann')!r}")


def test_intervals_draw_whole_rows() -> None:
    # Ten rows of ten units, all of a row leaked or none: the interval is that of ten draws, not of a hundred.
    table = {"x": [(10.0 * (n % 2), 10.0) for n in range(10)], "none": [(0.0, 0.0)] * 10}
    made = ratio_intervals(table, seed=1)
    assert made.keys() == {"x"}
    low, high = made["x"]
    assert (low, high) == (pytest.approx(0.2, abs=0.1), pytest.approx(0.8, abs=0.1))
    assert ratio_intervals(table, seed=1) == made
    assert ratio_intervals({"none": []}) == {}
    # Rows without the rare kind change nothing about its share.
    assert ratio_intervals({"x": [(1.0, 1.0)] + [(0.0, 0.0)] * 9})["x"] == (1.0, 1.0)
    assert math.isnan(ratio([(0, 0)]))
    assert numpy.isclose(ratio([(1, 2), (0, 2)]), 0.25)


def test_similarity_is_one_where_nothing_changes() -> None:
    checked = measure(ROWS, clean())
    found = cosines(checked, HashEmbedder(), batch=1)
    assert len(found) == 3
    assert found[0] == 1.0  # the row without anything private
    assert all(0 < value < 1 for value in found[1:])
    report = summarise(checked, seed=0, settings={}, similarities=found)
    assert report.metrics["similarity"] == pytest.approx(sum(found) / 3)


# --- accuracy


def test_accuracy_is_paired() -> None:
    right = {"original": [True, True, True, False], "sanitized": [True, False, False, False]}
    metrics, intervals = accuracies(Exam(right, 2), seed=0)
    assert metrics["accuracy/original"] == 0.75
    assert metrics["accuracy/sanitized"] == 0.25
    assert metrics["accuracy_change/original"] == -0.5
    assert metrics["mcnemar_p/original"] == 0.5
    assert (metrics["accuracy_n"], metrics["accuracy_refused"]) == (4, 2)
    assert intervals["accuracy_change/original"][1] <= 0


class Sees(FakeModel):
    """Knows the answer where it can read the name."""

    def score(self, prompt: Any, continuations: Any) -> Any:
        said = prompt.messages[-1].content
        if "fails" in said:
            raise DragError("out of memory")
        return [
            Likelihood((-0.1 if one == "Ann" and "Ann" in said.partition("\n")[0] else -1.0,)) for one in continuations
        ]


def test_the_student_reads_each_wording() -> None:
    asked = [
        Question("1", "Was it Ann or Cy?", ("Cy", "Ann"), ("Ann",)),
        Question("2", "Приветик?", ("a", "b"), ("a",)),
        Question("3", "This fails for Ann", ("a", "b"), ("a",)),
    ]
    student = Sees()
    exam = sit(student, asked, {}, clean(), style="plain")
    assert exam.refused == 1
    # The second did not get through; the third fails in both wordings, which is wrong and not left out.
    assert exam.right == {"original": [True, False], "sanitized": [False, False]}
    woven = sit(student, asked[:1], {"1": "I am Leeds. Was it Ann or Cy?"}, clean(), style="plain")
    assert woven.right.keys() == {"original", "injected", "sanitized"}
