"""Measures against known values, and `drag eval open` through the command line."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from hypothesis import given
from hypothesis import strategies as st

from drag.errors import ModelError
from drag.testing import FakeModel
from drag.types import Prompt, Question
from eval.draw import draw
from eval.metrics import bootstrap, contains, mcnemar, mean, normalise, token_f1, token_recall
from eval.report import Report

# --- measures


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("  The  Aldgate\nClock! ", "aldgate clock"),
        ("a an the", ""),
        ("Theatre of an Answer", "theatre of answer"),
        ("It's 1,904.", "its 1904"),
        ("Köln", "köln"),
    ],
)
def test_normalise(text: str, normal: str) -> None:
    assert normalise(text) == normal


@pytest.mark.parametrize(
    ("answer", "gold", "found"),
    [
        ("It was Mara Finch.", ["mara finch"], True),
        ("It was the Mara-Finch!", ["marafinch"], True),
        ("It\u2019s set\u2014for Friday", ["It's set for Friday"], True),  # as a phone types it
        ("Finches", ["Finch"], False),
        ("Finch Mara", ["Mara Finch"], False),
        ("Ivo", ["Mara", "ivo"], True),
        ("Mara", [], False),
        ("Mara", ["", "the"], False),
        ("", ["Mara"], False),
    ],
)
def test_contains_whole_words(answer: str, gold: list[str], found: bool) -> None:
    assert contains(answer, gold) is found


@pytest.mark.parametrize(
    ("answer", "gold", "value"),
    [
        ("Mara Finch", ["the Mara Finch"], 1.0),
        ("It was Mara Finch", ["Mara Finch"], 2 * 2 / (4 + 2)),
        ("Mara", ["Ivo", "Mara Finch"], 2 / 3),
        ("Mara Mara", ["Mara"], 2 / 3),
        ("Ivo", ["Mara"], 0.0),
        ("", ["Mara"], 0.0),
        ("the", ["a"], 1.0),
        ("Mara", [], 0.0),
    ],
)
def test_token_f1(answer: str, gold: list[str], value: float) -> None:
    assert token_f1(answer, gold) == pytest.approx(value)


@pytest.mark.parametrize(
    ("answer", "gold", "value"),
    [
        ("I am all for classic cheese and some bacon!", ["Cheese and bacon"], 1.0),
        ("Mara, I think", ["Ivo", "Mara Finch"], 1 / 2),
        ("Mara", ["Mara Mara"], 1 / 2),
        ("Ivo", ["Mara"], 0.0),
        ("anything", ["the", ""], 0.0),
        ("Mara", [], 0.0),
    ],
)
def test_token_recall(answer: str, gold: list[str], value: float) -> None:
    assert token_recall(answer, gold) == pytest.approx(value)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(0, 5))
def test_the_bootstrap_brackets_the_mean(values: list[float], seed: int) -> None:
    low, high = bootstrap(values, seed=seed, samples=400)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9
    assert low - 1e-9 <= mean(values) <= high + 1e-9
    assert bootstrap(values, seed=seed, samples=400) == (low, high)


def test_the_bootstrap_is_as_wide_as_theory_says() -> None:
    low, high = bootstrap([0.0, 1.0] * 200)
    # 1.96 standard errors of a proportion of one half in 400 draws.
    assert (low, high) == (pytest.approx(0.451, abs=0.006), pytest.approx(0.549, abs=0.006))
    spread = [n / 97 for n in range(97)]
    assert bootstrap(spread, seed=1) != bootstrap(spread, seed=2)
    assert all(math.isnan(one) for one in (*bootstrap([]), mean([])))


@pytest.mark.parametrize(
    ("gains", "losses", "same", "p"),
    [
        (0, 0, 7, 1.0),
        (5, 0, 3, 2 / 2**5),
        (0, 5, 3, 2 / 2**5),
        (9, 1, 0, 2 * 11 / 2**10),
        (1, 1, 0, 1.0),
        (3, 4, 9, 1.0),
    ],
)
def test_mcnemar(gains: int, losses: int, same: int, p: float) -> None:
    first = [False] * gains + [True] * losses + [True, False] * same
    second = [True] * gains + [False] * losses + [True, False] * same
    assert mcnemar(first, second) == pytest.approx(p)
    assert mcnemar(second, first) == pytest.approx(p)


def test_samples() -> None:
    pool = [Question(str(n), "Why?") for n in range(30)]
    assert draw(pool, None, 3) == draw(pool, 99, 3) == pool
    assert draw(pool, 4, 0) == pool[:4]
    drawn = draw(pool, 4, 7)
    assert drawn == draw(pool, 4, 7) == sorted(drawn, key=pool.index)
    assert len({one.id for one in drawn}) == 4
    assert drawn != draw(pool, 4, 8)


def test_what_could_not_be_computed_is_null() -> None:
    record = Report("open", 0, {"a": math.nan, "b": 1 / 3}, {"a": (math.nan, 1.0)}).record()
    assert json.loads(json.dumps(record, allow_nan=False))["metrics"] == {"a": None, "b": 0.333333}
    assert record["intervals"] == {"a": [None, 1.0]}


# --- drag eval open

NAMES = ("Mara", "Ivo", "Ada", "Piet", "Rosa", "Nils")


class Reader(FakeModel):
    """Says the name that its text holds; fails where it reads `broken`."""

    seen: list[str]

    def __init__(self) -> None:
        super().__init__(name="reader")
        type(self).seen = []

    def _next(self, prompt: Prompt) -> Any:
        text = prompt.messages[-1].content
        self.seen.append(text)
        if "broken" in text:
            return ModelError("out of memory")
        return next((f"It was {name}." for name in NAMES if name in text.partition("Question:")[0]), "Nobody.")


FAKES = ("--student", f"{__name__}:Reader", "--embedder", "drag.testing:HashEmbedder")


def data(folder: Path, *more: dict[str, Any], count: int = 6) -> Path:
    records = [
        {"id": str(n), "question": f"Who built tower {n}?", "answers": [name], "evidence": f"{name} built tower {n}."}
        for n, name in enumerate(NAMES[:count])
    ]
    path = folder / "data.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in [*records, *more]), "utf-8")
    return path


def measured(command: Command, path: Path, *flags: str) -> dict[str, Any]:
    outcome = command("eval", "open", path, *FAKES, "--json", "-", *flags)
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_the_report_has_the_promised_shape(command: Command, tmp_path: Path) -> None:
    report = measured(command, data(tmp_path))
    assert list(report) == ["task", "n", "metrics", "intervals", "failures", "settings"]
    assert (report["task"], report["n"], report["failures"]) == ("open", 6, 0)
    metrics, intervals = report["metrics"], report["intervals"]
    assert (metrics["contains/alone"], metrics["contains/evidence"]) == (0, 1)
    assert (metrics["f1/alone"], metrics["f1/evidence"]) == (0, pytest.approx(0.5))
    assert (metrics["recall/alone"], metrics["recall/evidence"]) == (0, 1)
    assert metrics["mcnemar_p/evidence"] == pytest.approx(2 / 2**6)
    assert {"contains/alone", "contains/evidence", "exact/evidence", "coverage/alone"} <= intervals.keys()
    assert intervals.keys() <= metrics.keys()
    assert all(low <= metrics[name] <= high for name, (low, high) in intervals.items())
    assert all(isinstance(value, int | float) for value in metrics.values())
    settings = report["settings"]
    assert (settings["student"], settings["seed"], settings["limit"], settings["distractors"]) == ("reader", 0, None, 0)
    assert (settings["data"], settings["style"], settings["ask"]["max_tokens"]) == ("data.jsonl", "instructed", 64)


def test_json_to_a_file_beside_the_table(command: Command, tmp_path: Path) -> None:
    outcome = command("eval", "open", data(tmp_path), *FAKES, "--json", "out.json")
    assert outcome.code == 0
    assert outcome.err == ""  # no bar where there is no terminal
    assert "contains/evidence" in outcome.out
    report = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert report == {**measured(command, data(tmp_path)), "metrics": report["metrics"]}


def asked(command: Command, path: Path, *flags: str) -> list[str]:
    """What the student read with evidence."""
    report = measured(command, path, *flags)
    read = [text for text in Reader.seen if "[1]" in text]
    assert len(read) == report["n"]
    return read


def test_distractors_are_ranked_behind_the_rows_own(command: Command, tmp_path: Path) -> None:
    path = data(tmp_path)
    (tmp_path / "drag.toml").write_text("[ask]\nmargin = 2\n", "utf-8")
    assert all("[2]" not in text for text in asked(command, path))
    read = asked(command, path, "--distractors", "2")
    for n, text in enumerate(read):
        assert f"[1] {NAMES[n]} built tower {n}." in text
        assert "[3]" in text
        assert text.count(f"built tower {n}.") == 1
    assert asked(command, path, "--distractors", "2") == read
    assert asked(command, path, "--distractors", "2", "--seed", "1") != read
    assert measured(command, path, "--distractors", "5")["settings"]["distractors"] == 5
    assert all("[4]" not in text for text in Reader.seen)  # within the limits of what a student is given
    outcome = command("eval", "open", path, *FAKES, "--distractors", "6")
    assert outcome.code == 1
    assert outcome.err.splitlines() == ["drag: there are 5 texts of other questions to choose 6 from"]


def test_distractors_come_from_the_rows_that_a_limit_leaves_out(command: Command, tmp_path: Path) -> None:
    assert len(asked(command, data(tmp_path), "--distractors", "5", "--limit", "1")) == 1


def test_limit_and_seed(command: Command, tmp_path: Path) -> None:
    path = data(tmp_path)
    first = asked(command, path, "--limit", "2")
    assert ["tower 0" in first[0], "tower 1" in first[1]] == [True, True]
    drawn = {seed: asked(command, path, "--limit", "2", "--seed", str(seed)) for seed in (1, 2, 3)}
    assert all(len(one) == 2 for one in drawn.values())
    assert drawn[1] == asked(command, path, "--limit", "2", "--seed", "1")
    assert any(one != first for one in drawn.values())


def test_a_failure_counts_as_wrong(command: Command, tmp_path: Path) -> None:
    broken = {"question": "Who built the broken one?", "answers": ["Mara"], "evidence": "Mara built it."}
    report = measured(command, data(tmp_path, broken, count=3))
    assert (report["n"], report["failures"]) == (4, 1)
    assert report["metrics"]["contains/evidence"] == pytest.approx(3 / 4)
    assert report["metrics"]["f1/evidence"] == pytest.approx(3 * 0.5 / 4)


def test_only_the_arm_that_failed_is_wrong(command: Command, tmp_path: Path) -> None:
    torn = {"question": "Who built it?", "answers": ["Nobody"], "evidence": "It is broken."}
    report = measured(command, data(tmp_path, torn, count=1))
    assert (report["n"], report["failures"]) == (2, 1)
    assert (report["metrics"]["contains/alone"], report["metrics"]["contains/evidence"]) == (0.5, 0.5)


def test_nothing_measured_is_an_error(command: Command, tmp_path: Path) -> None:
    broken = {"question": "Who built the broken one?", "answers": ["Mara"], "evidence": "Mara built it."}
    outcome = command("eval", "open", data(tmp_path, broken, count=0), *FAKES, "--json", "-")
    assert outcome.code == 1
    report = json.loads(outcome.out)
    assert (report["n"], report["failures"], report["metrics"]["tokens/evidence"]) == (1, 1, None)
    assert outcome.err.splitlines() == ["drag: every row failed: nothing was measured"]


@pytest.mark.parametrize("missing", ["answers", "evidence"])
def test_data_that_cannot_be_measured(command: Command, tmp_path: Path, missing: str) -> None:
    record = {"question": "Who?", "answers": ["Mara"], "evidence": "Mara did."}
    record.pop(missing)
    outcome = command("eval", "open", data(tmp_path, record, count=0), *FAKES)
    assert outcome.code == 1
    assert len(outcome.err.splitlines()) == 1
    assert "'answers' and 'evidence'" in outcome.err
