"""`drag eval open`: the further arms, going on from a run file, and the confidence that is fitted to it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Command

from drag.answer import answer
from drag.confidence import DEFAULT, Calibration
from drag.errors import ModelError
from drag.testing import FakeModel
from drag.types import Context, Evidence, Prompt, Question

NAMES = ("Mara", "Ivo", "Ada", "Piet", "Rosa", "Nils")
FAKES = ("--student", f"{__name__}:Reader", "--embedder", "drag.testing:HashEmbedder")


class Reader(FakeModel):
    """Says the name that its text holds; asked to write evidence it writes one sentence."""

    asked = 0
    broken_at = 0

    def __init__(self) -> None:
        super().__init__(name="reader")

    def _next(self, prompt: Prompt) -> Any:
        Reader.asked += 1
        if Reader.asked == Reader.broken_at:
            return ModelError("out of memory")
        if prompt.schema is not None:
            return json.dumps({"evidence": ["Somebody called Mara builds towers everywhere."]})
        text = prompt.messages[-1].content
        return next((f"It was {name}." for name in NAMES if name in text.partition("Question:")[0]), "Nobody.")


class Knowing(FakeModel):
    """A teacher that knows everything."""

    def _next(self, prompt: Prompt) -> Any:
        number = int("".join(c for c in prompt.messages[-1].content if c.isdigit())[-1])
        return f"{NAMES[number]} did."


@pytest.fixture
def data(tmp_path: Path) -> Path:
    Reader.asked = Reader.broken_at = 0
    records = [
        {"id": str(n), "question": f"Who built tower {n}?", "answers": [name], "evidence": f"{name} built tower {n}."}
        for n, name in enumerate(NAMES)
    ]
    path = tmp_path / "data.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in records), "utf-8")
    return path


def measured(command: Command, path: Path, *flags: str | Path) -> dict[str, Any]:
    outcome = command("eval", "open", path, *FAKES, "--json", "-", *flags)
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_the_controls_and_the_teacher(command: Command, data: Path) -> None:
    report = measured(command, data, "--controls", "--teacher", f"{__name__}:Knowing")
    assert report["settings"]["arms"] == ["alone", "evidence", "shuffled", "self", "teacher"]
    metrics = report["metrics"]
    assert (metrics["contains/alone"], metrics["contains/evidence"], metrics["contains/teacher"]) == (0, 1, 1)
    assert metrics["contains/shuffled"] == 0  # another question's evidence names somebody else
    assert metrics["contains/self"] == pytest.approx(1 / 6, abs=1e-5)  # "Mara", whatever is asked
    assert (metrics["transfer/evidence"], metrics["transfer/shuffled"]) == (1, 0)
    assert metrics["mcnemar_p/shuffled"] == 1


def test_the_page_shows_arms_transfer_and_what_the_teacher_would_help(
    command: Command, data: Path, tmp_path: Path
) -> None:
    measured(command, data, "--controls", "--teacher", f"{__name__}:Knowing", "--html", tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text("utf-8")
    for part in (
        "DRAG open report: 6 questions",
        "with evidence",
        "Transfer by arm",
        "evidence: if the teacher is asked",
    ):
        assert part in text
    assert "http" not in text.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")


def test_only_the_arms_asked_for(command: Command, data: Path) -> None:
    report = measured(command, data, "--arm", "shuffled")
    assert [name for name in report["metrics"] if name.startswith("contains/")] == ["contains/shuffled"]
    outcome = command("eval", "open", data, *FAKES, "--arm", "graph")
    assert (outcome.code, outcome.err.splitlines()) == (
        1,
        ["drag: there is no arm 'graph' here; there are: alone, evidence, shuffled, self, teacher"],
    )


def test_a_run_goes_on_where_it_stood(command: Command, data: Path, tmp_path: Path) -> None:
    kept = tmp_path / "run.jsonl"
    Reader.broken_at = 2
    first = measured(command, data, "--controls", "--run", kept)
    assert first["failures"] == 1
    asked, Reader.broken_at = Reader.asked, 0
    kept.write_text(kept.read_text("utf-8") + '{"id": "0", "arm": "al', "utf-8")  # torn by a kill
    again = measured(command, data, "--controls", "--run", kept)
    assert (again["failures"], Reader.asked) == (0, asked + 1)
    whole = measured(command, data, "--controls")
    assert again["metrics"] == {**whole["metrics"], **{k: v for k, v in again["metrics"].items() if "seconds" in k}}
    asked = Reader.asked
    measured(command, data, "--controls", "--run", kept, "--max-tokens", "32")
    assert Reader.asked > asked  # another prompt is another question


def test_the_confidence_is_fitted_to_what_a_run_kept(command: Command, data: Path, tmp_path: Path) -> None:
    kept, fitted = tmp_path / "run.jsonl", tmp_path / "w.json"
    (tmp_path / "drag.toml").write_text("[ask]\nmargin = 2\nevidence = 1\n", "utf-8")
    measured(command, data, "--distractors", "3", "--threshold", "0", "--run", kept)
    records = [json.loads(line) for line in kept.read_text("utf-8").splitlines()]
    assert {frozenset(one["signals"]) for one in records if one["arm"] == "evidence"} == {
        frozenset(DEFAULT.confidence) - {"bias"}
    }
    assert all(one["signals"] == {} for one in records if one["arm"] == "alone")
    # A wrong answer that nothing bears out, to be told from the right ones.
    wrong = {**records[1], "id": "w", "right": False, "signals": {**records[1]["signals"], "grounded": -5.0}}
    kept.write_text(kept.read_text("utf-8") + json.dumps(wrong) + "\n", "utf-8")
    outcome = command("eval", "grounding", kept, "--embedder", FAKES[3], "--fit", fitted, "--json", "-")
    assert outcome.code == 0, outcome.err
    report, weights = json.loads(outcome.out), Calibration.load(fitted)
    assert report["n"] == len([one for one in records if one["signals"]]) + 1
    assert weights.confidence != DEFAULT.confidence
    assert weights.answerable == DEFAULT.answerable
    assert 0 <= report["metrics"]["calibration_error"] <= 1
    assert report["metrics"]["auroc"] == 1


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"right": "yes"}, "an answer needs 'right', and the signals answerable, gain, grounded, logprob"),
        ({"signals": {"grounded": 1}}, "an answer needs 'right', and the signals answerable, gain, grounded, logprob"),
        ({"signals": {"grounded": "high"}}, "'signals' are not names with numbers"),
    ],
)
def test_kept_answers_are_checked(command: Command, tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    signals = {"answerable": 1, "gain": 0, "grounded": 1, "logprob": -1}
    (tmp_path / "r.jsonl").write_text(json.dumps({"right": True, "signals": signals, **change}), "utf-8")
    outcome = command("eval", "grounding", tmp_path / "r.jsonl", "--embedder", FAKES[3])
    assert (outcome.code, outcome.err.splitlines()) == (1, [f"drag: {tmp_path / 'r.jsonl'}, line 1: {problem}"])


def test_what_the_evidence_adds_is_looked_at_only_where_it_counts() -> None:
    question = Question("q", "Who built the Aldgate clock?")
    context = Context((Evidence.of("The Aldgate clock was built by Mara Finch.", "t"),), cosine=0.9)
    model = FakeModel(["Mara Finch."] * 3)
    plain = answer(model, question, context, style="plain")
    assert plain.signals["gain"] == 0
    gain = answer(model, question, context, style="plain", every_signal=True).signals["gain"]
    assert gain != 0
    weights = replace(DEFAULT, confidence={**DEFAULT.confidence, "gain": 2.0})
    weighed = answer(model, question, context, style="plain", calibration=weights)
    assert weighed.signals["gain"] == gain
    assert weighed.confidence != replace(weighed, confidence=plain.confidence).confidence
