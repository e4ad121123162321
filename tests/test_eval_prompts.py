"""`drag eval prompts`: variants of a prompt on the same questions, and what is kept of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Command, build

from drag.errors import ModelError
from drag.profiles import Profile, profile_of
from drag.settings import Ask
from drag.testing import FakeModel
from drag.types import Prompt, Question
from eval.prompt_variants import DEFAULT, Told, best_form, picked, summarise, variants

NAMES = ("Mara", "Ivo", "Ada", "Piet", "Rosa", "Nils")


class Last(FakeModel):
    """Says the last name that it reads: order, and being alone with one piece, are everything to it."""

    weights_bytes = 1
    asked = 0
    broken = False

    def __init__(self) -> None:
        super().__init__(name="last")

    def _next(self, prompt: Prompt) -> Any:
        Last.asked += 1
        if Last.broken:
            return ModelError("out of memory")
        read = prompt.messages[-1].content.partition("Question:")[0]
        return f"{max(NAMES, key=read.rfind)}."


@pytest.fixture
def data(tmp_path: Path) -> Path:
    Last.asked, Last.broken = 0, False
    records = [
        {"id": str(n), "question": f"Who built tower {n} in Halm?", "answers": [name]}
        | {"evidence": f"Tower {n} in Halm was built by {name}. Gulls cry. Nets dry."}
        for n, name in enumerate(NAMES)
    ]
    path = tmp_path / "data.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in records), "utf-8")
    (tmp_path / "drag.toml").write_text('[ask]\nmargin = 2\nthreshold = 0\nprofiles = "mine.json"\n', "utf-8")
    return path


TOLD = ("--student", f"{__name__}:Last", "--embedder", "drag.testing:HashEmbedder", "--json", "-")


def measured(command: Command, path: Path, *flags: str | Path) -> dict[str, Any]:
    outcome = command("eval", "prompts", path, *TOLD, *flags)
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_each_variant_is_measured_against_the_default(command: Command, data: Path) -> None:
    report = measured(command, data, "--distractors", "2")
    metrics, intervals = report["metrics"], report["intervals"]
    assert (report["task"], report["n"], report["failures"]) == ("prompts", 6, 0)
    names = [name.partition("/")[2] for name in metrics if name.startswith("contains/")]
    assert names[0] == DEFAULT
    assert {"order=best-last", "reading=each", "trim=sentences"} < set(names)
    assert {"evidence=1", "evidence=2", "evidence=5", "tokens=80", "tokens=160"} < set(names)
    assert not [name for name in names if "," in name or name.startswith("facts")]
    # The best piece stands first, and this student believes the last.
    assert metrics["contains/default"] < metrics["contains/order=best-last"] == 1
    assert metrics["contains/evidence=1"] == 1
    assert metrics["gain/order=best-last"] == pytest.approx(1 - metrics["contains/default"])
    assert metrics["mcnemar_p/order=best-last"] < 0.1
    assert intervals["gain/order=best-last"][0] > 0
    assert metrics["tokens/trim=sentences"] < metrics["tokens/default"] < metrics["tokens/reading=each"]
    assert metrics["tokens/evidence=1"] < metrics["tokens/default"]
    assert metrics["seconds/default"] >= 0


def test_the_whole_grid(command: Command, data: Path) -> None:
    report = measured(command, data, "--distractors", "1", "--full", "--limit", "2")
    names = {name.partition("/")[2] for name in report["metrics"] if name.startswith("contains/")}
    assert {"order=best-last,reading=each,trim=sentences", "reading=each,trim=sentences"} < names
    assert len([name for name in names if name.partition("=")[0] in ("order", "reading", "trim")]) == 7


def test_what_differs_from_the_default_follows_the_settings(command: Command, data: Path) -> None:
    report = measured(command, data, "--distractors", "1", "--order", "best-last", "--variant", "order=best-first")
    names = [name for name in report["metrics"] if name.startswith("contains/")]
    assert names == ["contains/default", "contains/order=best-first"]
    assert report["settings"]["default"]["order"] == "best-last"
    outcome = command("eval", "prompts", data, *TOLD, "--variant", "order=worst")
    assert outcome.code == 1
    assert outcome.err.startswith("drag: there is no variant 'order=worst' here; there are: default, ")
    assert len(outcome.err.splitlines()) == 1


def test_the_best_form_is_kept_and_used(command: Command, data: Path) -> None:
    settings = Ask(profiles=data.with_name("mine.json"))
    measured(command, data, "--distractors", "2")
    assert profile_of(Last(), settings) == Profile()  # not unless asked
    report = measured(command, data, "--distractors", "2", "--variant", "order=best-last", "--keep-profile")
    assert report["settings"]["chosen"]["order"] == "best-last"
    assert profile_of(Last(), settings) == Profile(order="best-last")
    again = command("eval", "open", data, *TOLD, "--distractors", "2", "--arm", "evidence")
    assert json.loads(again.out)["metrics"]["contains/evidence"] == 1
    Last.broken = True
    outcome = command("eval", "prompts", data, *TOLD, "--keep-profile", "--order", "best-first")
    assert (outcome.code, outcome.err.count("\n")) == (1, 1)
    assert profile_of(Last(), settings) == Profile(order="best-last")


def test_a_run_goes_on_and_asks_the_same_once(command: Command, data: Path, tmp_path: Path) -> None:
    told = ("--distractors", "2", "--run", tmp_path / "run.jsonl")
    first = measured(command, data, *told, "--limit", "3")
    asked = Last.asked
    # Of 3 pieces the 5 best are the same 3: the same prompt.
    assert first["metrics"]["tokens/evidence=5"] == first["metrics"]["tokens/default"]
    again = measured(command, data, *told, "--limit", "3")
    assert _without_times(again) == _without_times(first)
    assert Last.asked == asked
    measured(command, data, *told)
    assert Last.asked == 2 * asked


def _without_times(report: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in report["metrics"].items() if not name.startswith("seconds/")}


def test_choices_are_searched_for_in_a_pack(command: Command, tmp_path: Path) -> None:
    (tmp_path / "drag.toml").write_text('[ask]\nprofiles = "mine.json"\n', "utf-8")
    questions = [Question(str(n), f"What does number {n} hold?", ("gold", "dust"), ("dust",)) for n in range(3)]
    build(tmp_path / "a.pack", questions)
    path = tmp_path / "choice.jsonl"
    records = [{"id": one.id, "question": one.text, "choices": one.choices, "answer": 1} for one in questions]
    path.write_text("\n".join(json.dumps(one) for one in records), "utf-8")
    told = ("--student", "drag.testing:FakeTeacher", "--style", "plain", "--json", "-")
    outcome = command("eval", "prompts", path, "--pack", tmp_path / "a.pack", *told)
    assert outcome.code == 0, outcome.err
    metrics = json.loads(outcome.out)["metrics"]
    assert {"accuracy/default", "accuracy/facts=off", "accuracy/reading=each", "accuracy/evidence=1"} < set(metrics)
    assert metrics["tokens/facts=off"] < metrics["tokens/default"] < metrics["tokens/reading=each"]
    outcome = command("eval", "prompts", path, *told)
    assert (outcome.code, outcome.err.count("\n")) == (1, 1)
    assert "evidence" in outcome.err


def test_distractors_and_a_pack_contradict_each_other(command: Command, data: Path) -> None:
    (data.parent / "a.pack").write_text("", "utf-8")
    outcome = command("eval", "prompts", data, *TOLD, "--pack", data.parent / "a.pack", "--distractors", "1")
    assert (outcome.code, outcome.err.count("\n")) == (1, 1)


# --- by hand


def told(*rights: int | None) -> list[Told | None]:
    return [None if one is None else Told(bool(one), 10, 0.5) for one in rights]


def test_a_gain_within_the_noise_is_none() -> None:
    every = variants(Profile(), Ask(), facts=False, full=False)
    names = [one.name for one in every if one.form]
    some = {DEFAULT: told(*[1, 0] * 10), **{name: told(*[1, 0] * 10) for name in names}}
    assert best_form(some, every).name == DEFAULT
    # Two better and one worse of twenty: 0.05, with an error of 0.088.
    some["order=best-last"] = told(0, 1, 1, 1, *[1, 0] * 8)
    assert best_form(some, every).name == DEFAULT
    some["order=best-last"] = told(*[1, 1] * 4, *[1, 0] * 6)
    assert best_form(some, every).name == "order=best-last"


def test_limits_are_never_a_form() -> None:
    every = variants(Profile(), Ask(), facts=True, full=False)
    some = {one.name: told(*[0] * 9) for one in every}
    some["evidence=1"] = some["facts=off"] = told(*[1] * 9)
    assert best_form(some, every).name == DEFAULT


def test_a_failure_is_wrong_and_counted() -> None:
    report = summarise({DEFAULT: told(1, 1), "a": told(1, None)}, measure="contains", seed=0, settings={})
    assert (report.metrics["contains/a"], report.failures, report.metrics["gain/a"]) == (0.5, 1, -0.5)
    assert report.metrics["tokens/a"] == 10


def test_only_those_named_and_the_default() -> None:
    every = variants(Profile(), Ask(), facts=False, full=True)
    assert [one.name for one in picked(every, ["evidence=1"])] == [DEFAULT, "evidence=1"]
    assert picked(every, []) == every
