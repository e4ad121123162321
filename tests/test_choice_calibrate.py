"""`drag eval choice --calibrate`: the rule that a student chooses best by, kept in its profile."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
import test_eval_choice as choice
from conftest import Command

from drag.profiles import RULES, Profile, profile_of
from drag.settings import Ask
from drag.testing import FakeModel
from drag.types import Likelihood, Prompt
from eval import choice_commands
from eval.choice_calibrate import candidates

fresh = choice.fresh


class Lettered(FakeModel):
    """Knows the answer by its letter only; the likelihood of the texts is the length's."""

    def __init__(self) -> None:
        super().__init__(name="lettered")

    def score(self, prompt: Prompt, continuations: Sequence[str]) -> list[Likelihood]:
        text = prompt.messages[-1].content
        tower = re.search(r"Question: Who built tower (x\d+)", text)
        right = choice.builder(tower[1]) if tower else "?"
        return [Likelihood((-0.1 if f"\n{one}. {right}\n" in text else -5.0,)) for one in continuations]


def test_the_rule_is_chosen_and_kept(command: Command, tmp_path: Path) -> None:
    path = choice.data(tmp_path)
    told = ("eval", "choice", path, "--student", f"{__name__}:Lettered", "--json", "-")
    outcome = command(*told, "--calibrate")
    assert outcome.code == 0, outcome.err
    report = json.loads(outcome.out)
    assert report["task"] == "choice-calibration"
    assert report["settings"]["chosen"] == {"rule": "letters", "options": "shown", "match": 0.0}
    assert report["metrics"]["accuracy/letters/shown"] == 1
    assert report["metrics"]["accuracy/mean/shown"] == 2 / 8
    assert set(report["intervals"]) == {name for name in report["metrics"] if name.startswith("accuracy/")}
    assert profile_of(Lettered(), Ask()).rule == "letters"
    used = json.loads(command(*told, "--arm", "alone").out)
    assert (used["metrics"]["accuracy/alone"], used["settings"]["student"]["rule"]) == (1, "letters")


def test_with_nothing_to_tell_the_default_stays(command: Command, tmp_path: Path) -> None:
    outcome = command("eval", "choice", choice.data(tmp_path), *choice.FAKES[:2], "--calibrate", "--json", "-")
    assert json.loads(outcome.out)["settings"]["chosen"]["rule"] == "mean"
    assert profile_of(choice.Believer(), Ask()).rule == "mean"


def test_calibration_reads_the_evidence_of_a_pack(command: Command, tmp_path: Path) -> None:
    path = choice.data(tmp_path)
    choice.measured(command, path)
    outcome = command("eval", "choice", path, *choice.FAKES[:6], "--pack", "made.pack", "--calibrate", "--json", "-")
    report = json.loads(outcome.out)
    assert report["settings"]["conditions"] == ["alone", "blind"]
    assert report["metrics"]["accuracy/mean/shown"] == (2 / 8 + 1) / 2


def test_calibration_of_what_cannot_be(command: Command, tmp_path: Path) -> None:
    path = choice.data(tmp_path)
    outcome = command("eval", "choice", path, "--student", f"{choice.__name__}:Speaker", "--calibrate")
    assert (outcome.code, len(outcome.err.splitlines())) == (1, 1)
    assert "cannot weigh choices" in outcome.err
    outcome = command("eval", "choice", path, "--student", f"{choice.__name__}:Broken", "--calibrate")
    assert (outcome.code, "no profile was kept" in outcome.err) == (1, True)
    assert profile_of(choice.Broken(), Ask()) == Profile()


def test_a_calibration_that_was_interrupted_goes_on(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = ("eval", "choice", choice.data(tmp_path), *choice.FAKES[:2], "--calibrate", "--json", "-")
    whole = json.loads(command(*told, "--run", "whole.jsonl").out)
    calls = choice.Believer.calls
    assert calls > 60
    monkeypatch.setattr(choice.Believer, "stop", calls + calls // 2)
    assert command(*told, "--run", "run.jsonl").code == 130
    kept = len((tmp_path / "run.jsonl").read_text("utf-8").splitlines())
    assert 0 < kept < len((tmp_path / "whole.jsonl").read_text("utf-8").splitlines())
    monkeypatch.setattr(choice.Believer, "stop", 10**9)
    assert json.loads(command(*told, "--run", "run.jsonl").out) == whole
    # What the interrupted question had said is asked again, and nothing else.
    assert choice.Believer.calls <= 2 * calls + calls // 8 + 1
    asked = choice.Believer.calls
    assert json.loads(command(*told, "--run", "run.jsonl").out) == whole
    assert choice.Believer.calls == asked


def test_only_some_rules(command: Command, tmp_path: Path) -> None:
    told = ("eval", "choice", choice.data(tmp_path), "--student", f"{__name__}:Lettered", "--json", "-")
    report = json.loads(command(*told, "--calibrate", "--among", "letters").out)
    rules = {name.partition("/")[2] for name in report["metrics"] if name.startswith("accuracy/")}
    assert rules == {"letters/shown", "mean/hidden", "mean/shown"}  # its own rule is what the others have to beat
    assert report["settings"]["chosen"]["rule"] == "letters"
    outcome = command(*told, "--among", "letters")
    assert (outcome.code, outcome.err.strip().endswith("give both")) == (1, True)


def test_candidates() -> None:
    assert len(candidates()) == 2 * (len(RULES) - 1) - 1  # `none` asks nobody
    assert len(candidates(matching=True)) == 2 * len(candidates())
    (option,) = [one for one in choice_commands.choice.params if one.name == "rule"]
    assert tuple(option.type.choices) == RULES  # type: ignore[attr-defined]
