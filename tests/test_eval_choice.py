"""`drag eval choice` through the command line: a student that believes what it reads, and its controls."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import Chat, Command, Outcome, built, write

from drag.errors import DragError, ModelError
from drag.testing import FakeModel, FakeTeacher
from drag.types import Evidence, Likelihood, Prompt
from eval.choice import Said
from eval.run_file import RunFile

NAMES = ("Mara", "Ivo", "Ada", "Piet", "Rosa", "Nils", "Lena", "Otto")


class Believer(FakeModel):
    """Takes for right what stands in its evidence under the question's tower; alone it says the first option.

    `calls` counts what was scored, over all instances; at `stop` it is interrupted, as if somebody pressed Ctrl-C.
    """

    calls = 0
    stop = 10**9

    def __init__(self) -> None:
        super().__init__(name="believer")

    def score(self, prompt: Prompt, continuations: Sequence[str]) -> list[Likelihood]:
        Believer.calls += 1
        if Believer.calls > Believer.stop:
            raise KeyboardInterrupt
        text = prompt.messages[-1].content
        if "broken" in text:
            raise ModelError("out of memory")
        tower = re.search(r"Question: Who built tower (\w+)", text)
        built_by = re.search(rf"tower {tower[1]} was built by (\w+)", text) if tower else None
        likely = built_by[1] if built_by else continuations[0]
        return [Likelihood((-0.1 if one == likely else -2.0,)) for one in continuations]


class Knower(FakeTeacher):
    """Knows who built which tower, says so, and can be asked itself."""

    written = 0

    def __init__(self) -> None:
        super().__init__()
        self.name = self.identity = "knower"

    def score(self, prompt: Prompt, continuations: Sequence[str]) -> list[Likelihood]:
        tower = re.search(r"Question: Who built tower (\w+)", prompt.messages[-1].content)
        right = builder(tower[1]) if tower else ""
        return [Likelihood((-0.1 if one == right else -2.0,)) for one in continuations]

    def _next(self, prompt: Prompt) -> str | DragError:
        properties = (prompt.schema or {}).get("properties", {})
        text = prompt.messages[-1].content
        if prompt.name == "decide@1":
            return ""  # it has no short answer
        tower = re.search(r"Who built tower (\w+)", text)
        if "evidence" not in properties or tower is None:
            return super()._next(prompt)
        Knower.written += 1
        if tower[1] == "x9":
            return ModelError("refused")
        return json.dumps({"evidence": [f"The tower {tower[1]} was built by {builder(tower[1])} long ago."]})


class Speaker(Chat):
    """A teacher that cannot score: it names a letter."""

    def __init__(self) -> None:
        super().__init__(lambda prompt: "B" if "letter" in prompt.messages[-1].content else taught(prompt))
        self.name = self.identity = "speaker"


def taught(prompt: Prompt) -> str:
    (reply,) = Knower().generate([prompt])
    assert not isinstance(reply, DragError)
    return reply.text


class Broken(FakeModel):
    def __init__(self) -> None:
        super().__init__(name="broken")

    def score(self, prompt: Prompt, continuations: Sequence[str]) -> list[Likelihood]:
        raise ModelError("out of memory")


def builder(tower: str) -> str:
    return NAMES[int(tower[1:]) % len(NAMES)]


def record(n: int, **more: Any) -> dict[str, Any]:
    options = [NAMES[(n + 1) % 8], NAMES[n % 8], NAMES[(n + 2) % 8]]
    if n % 4 == 0:
        options = [NAMES[n % 8], NAMES[(n + 1) % 8]]  # the student alone is right on these
    question = f"Who built tower x{n}?"
    return {"id": f"q{n}", "question": question, "choices": options, "answer": options.index(NAMES[n % 8]), **more}


def data(folder: Path, *records: dict[str, Any]) -> Path:
    path = folder / "towers.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in records or [record(n) for n in range(8)]), "utf-8")
    return path


FAKES = (
    *("--student", f"{__name__}:Believer", "--teacher", f"{__name__}:Knower"),
    *("--embedder", "drag.testing:HashEmbedder", "--keep", "made.pack"),
)


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(Believer, "calls", 0)
    monkeypatch.setattr(Believer, "stop", 10**9)
    monkeypatch.setattr(Knower, "written", 0)


def measured(command: Command, path: Path, *flags: str | Path, fakes: Sequence[str] = FAKES) -> dict[str, Any]:
    outcome = command("eval", "choice", path, *fakes, "--json", "-", *flags)
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


# --- the arms


def test_evidence_arrives_and_the_controls_show_that_it_is_the_evidence(command: Command, tmp_path: Path) -> None:
    report = measured(command, data(tmp_path))
    assert (report["task"], report["n"], report["failures"]) == ("choice", 8, 0)
    metrics, intervals = report["metrics"], report["intervals"]
    assert metrics["accuracy/alone"] == metrics["accuracy/shuffled"] == 2 / 8
    assert metrics["accuracy/blind"] == metrics["accuracy/blind+graph"] == metrics["accuracy/teacher"] == 1
    assert (metrics["transfer/blind"], metrics["transfer/shuffled"]) == (1, 0)
    assert intervals["transfer/blind"] == [1, 1]
    assert metrics["gain/blind"] == 6 / 8
    assert metrics["mcnemar_p/blind"] == pytest.approx(2 / 2**6)
    assert metrics["mcnemar_p/shuffled"] == 1
    assert (metrics["answer_in_evidence"], metrics["without_answer_n"]) == (1, 0)
    assert metrics["tokens/blind"] > metrics["tokens/alone"] > 0
    assert "accuracy/self" not in metrics
    settings = report["settings"]
    assert settings["evidence_mode"] == "blind"
    assert settings["student"] == {"name": "believer", "style": "instructed", "rule": "mean", "options": "shown"}
    assert settings["teacher"]["name"] == "knower"


def test_the_plain_student_does_not_see_the_options_unless_told(command: Command, tmp_path: Path) -> None:
    path = data(tmp_path)
    told = measured(command, path, "--style", "plain")["settings"]["student"]
    assert (told["style"], told["options"]) == ("plain", "hidden")
    assert measured(command, path, "--style", "plain", "--show-options")["settings"]["student"]["options"] == "shown"
    assert measured(command, path, "--hide-options")["settings"]["student"]["options"] == "hidden"
    assert measured(command, path, "--rule", "letters")["settings"]["student"]["rule"] == "letters"


def test_evidence_that_the_student_wrote(command: Command, tmp_path: Path) -> None:
    fakes = ("--student", "drag.testing:FakeTeacher", *FAKES[2:])
    report = measured(command, data(tmp_path), "--self", fakes=fakes)
    assert "accuracy/self" in report["metrics"]
    assert (tmp_path / "made.self.pack").exists()
    said = [json.loads(line) for line in (tmp_path / "made.pack.answers.jsonl").read_text("utf-8").splitlines()]
    assert sum(one["arm"] == "self" for one in said) == 8
    # Places, not texts: beside a pack without names there must be no file that holds some.
    assert not any(name in json.dumps(said) for name in NAMES)


def test_concluding_evidence_is_another_arm(command: Command, tmp_path: Path) -> None:
    metrics = measured(command, data(tmp_path), "--evidence-mode", "concluding")["metrics"]
    assert metrics["accuracy/concluding"] == 1
    assert "accuracy/blind" not in metrics
    assert metrics["transfer/concluding"] == 1


def test_what_the_records_bring_does_not_stand_in_for_the_teacher(command: Command, tmp_path: Path) -> None:
    path = data(tmp_path, *(record(n, evidence=f"The tower x{n} was built by Nobody.") for n in range(4)))
    assert measured(command, path)["metrics"]["accuracy/blind"] == 1


def test_accuracy_where_the_evidence_does_not_hold_the_answer(command: Command, tmp_path: Path) -> None:
    other = {"id": "odd", "question": "Why is it high?", "choices": ["because", "so"], "answer": 0}
    metrics = measured(command, data(tmp_path, *(record(n) for n in range(3)), other))["metrics"]
    assert metrics["answer_in_evidence"] == 3 / 4
    assert metrics["without_answer_n"] == 1
    assert metrics["accuracy_without_answer_in_evidence/blind"] == 1  # the first option, as alone


def test_only_some_arms(command: Command, tmp_path: Path) -> None:
    path = data(tmp_path)
    report = measured(command, path, "--arm", "alone", "--arm", "teacher")
    assert report["settings"]["arms"] == ["alone", "teacher"]
    assert Knower.written == 0
    assert not (tmp_path / "made.pack").exists()


def test_one_question_has_no_shuffled_arm(command: Command, tmp_path: Path) -> None:
    assert "accuracy/shuffled" not in measured(command, data(tmp_path), "--limit", "1")["metrics"]
    outcome = command("eval", "choice", data(tmp_path), *FAKES, "--limit", "1", "--arm", "shuffled")
    assert outcome.code == 1
    assert "give more questions" in outcome.err


def test_a_teacher_that_cannot_score(command: Command, tmp_path: Path) -> None:
    fakes = (*FAKES[:2], "--teacher", f"{__name__}:Speaker", *FAKES[4:])
    report = measured(command, data(tmp_path), fakes=fakes)
    assert report["metrics"]["accuracy/teacher"] == 6 / 8  # B is right but where the first option is
    assert report["settings"]["teacher"]["rule"] == "reply"


def test_subjects(command: Command, tmp_path: Path) -> None:
    path = data(tmp_path, *(record(n, subject=["stone", "wood"][n % 2]) for n in range(8)))
    report = measured(command, path, "--html", "page.html")
    metrics = report["metrics"]
    assert (metrics["n/stone"], metrics["accuracy/alone/stone"], metrics["accuracy/alone/wood"]) == (4, 0.5, 0)
    assert "accuracy/alone/wood" in report["intervals"]
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "<h3>stone: 4 questions</h3>" in page


def test_the_page(command: Command, tmp_path: Path) -> None:
    measured(command, data(tmp_path), "--html", "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    for part in ("Accuracy, by arm", "Transfer by arm", "Accuracy against tokens", "blind+graph", "believer"):
        assert part in page, part
    assert page.count("<svg") == 4
    assert "<script" not in page
    outcome = command("eval", "choice", data(tmp_path), *FAKES, "--html", "no/such/page.html")
    assert outcome.code == 1
    assert "cannot write" in outcome.err


# --- failures and interruptions


def test_a_failure_is_wrong_and_is_asked_again(command: Command, tmp_path: Path) -> None:
    broken = {"id": "b", "question": "Who built the broken one?", "choices": ["Mara", "Ivo"], "answer": 0}
    path = data(tmp_path, record(0), broken)
    report = measured(command, path)
    assert report["failures"] == 1
    assert report["metrics"]["accuracy/alone"] == 1 / 2
    assert report["metrics"]["failures/alone"] == 1
    kept = (tmp_path / "made.pack.answers.jsonl").read_text("utf-8")
    assert '"b"' not in "".join(line for line in kept.splitlines() if '"alone"' in line)


def test_evidence_that_could_not_be_written_is_a_failure_of_the_arms_that_read_it(
    command: Command, tmp_path: Path
) -> None:
    report = measured(command, data(tmp_path, *(record(n) for n in (1, 2, 9))))
    metrics = report["metrics"]
    assert (metrics["accuracy/blind"], metrics["failures/blind"], report["failures"]) == (pytest.approx(2 / 3), 1, 1)
    assert "failures/alone" not in metrics


def test_nothing_measured_is_an_error(command: Command, tmp_path: Path) -> None:
    fakes = ("--student", f"{__name__}:Broken", *FAKES[2:])
    outcome = command("eval", "choice", data(tmp_path), *fakes, "--arm", "alone", "--json", "-")
    assert outcome.code == 1
    assert outcome.err.splitlines() == ["drag: every answer failed: nothing was measured"]


def test_a_killed_run_goes_on_where_it_stood(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = data(tmp_path)
    whole = measured(command, path, "--keep", "whole.pack")
    calls, written = Believer.calls, Knower.written
    assert (calls, written) == (8 * 5, 8)
    monkeypatch.setattr(Believer, "stop", calls + 17)
    interrupted(command, path)
    kept = tmp_path / "made.pack.answers.jsonl"
    assert len(kept.read_text("utf-8").splitlines()) == 17
    # The kill may come in the middle of a line.
    kept.write_text(kept.read_text("utf-8")[:-20], "utf-8")
    monkeypatch.setattr(Believer, "stop", 10**9)
    monkeypatch.setattr(Believer, "calls", 0)
    resumed = measured(command, path)
    assert Believer.calls == calls - 16
    assert Knower.written == 2 * written  # none for the second part of the run
    for report in (whole, resumed):
        for name in [one for one in report["metrics"] if one.startswith("seconds/")]:
            del report["metrics"][name]
    assert resumed["metrics"] == whole["metrics"]
    monkeypatch.setattr(Believer, "calls", 0)
    measured(command, path)
    assert Believer.calls == 0


def interrupted(command: Command, path: Path) -> None:
    try:
        outcome: Outcome = command("eval", "choice", path, *FAKES)
    except KeyboardInterrupt:
        return
    assert outcome.code != 0


def test_another_rule_is_asked_anew(command: Command, tmp_path: Path) -> None:
    path = data(tmp_path)
    measured(command, path, "--arm", "alone")
    measured(command, path, "--arm", "alone", "--rule", "total")
    assert Believer.calls == 16


def test_the_run_file(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text('not json\n{"id": 1}\n[]\n{"id": "q", "arm": "a", "key": "k", "pl', "utf-8")
    run = RunFile(path)
    assert run.get("q", "a", "k") is None
    run.put("q", "a", "k", dataclasses.asdict(Said(1, 3, 0.5, 0.25)))
    run.close()
    again = RunFile(path)
    assert Said.of(again.get("q", "a", "k")) == Said(1, 3, 0.5, 0.25)
    assert again.get("q", "a", "other") is None
    again.close()


def test_an_answer_that_cannot_be_is_asked_again(command: Command, tmp_path: Path) -> None:
    path = data(tmp_path)
    right = measured(command, path, "--arm", "alone")["metrics"]["accuracy/alone"]
    kept = tmp_path / "made.pack.answers.jsonl"
    kept.write_text(re.sub(r'"place": \d', '"place": 7', kept.read_text("utf-8")), "utf-8")
    assert measured(command, path, "--arm", "alone")["metrics"]["accuracy/alone"] == right
    assert Believer.calls == 16


# --- packs


def test_a_pack_that_is_there(command: Command, tmp_path: Path) -> None:
    path = data(tmp_path)
    measured(command, path)
    given = (*FAKES[:6], "--pack", "made.pack")
    before = Knower.written
    assert measured(command, path, fakes=given)["metrics"]["accuracy/blind"] == 1
    assert Knower.written == before
    outcome = command("eval", "choice", path, *given, "--evidence-mode", "concluding")
    assert outcome.code == 1
    assert outcome.err.splitlines() == ["drag: made.pack holds blind evidence, not concluding"]


def test_modes_are_never_mixed(command: Command, tmp_path: Path) -> None:
    from dataclasses import replace

    one = Evidence.of("The tower x1 was built by Ivo.", "teacher:fake")
    pack = write(
        tmp_path / "mixed.pack",
        replace(built("q1", one), mode="blind"),
        replace(built("q2", one), mode="concluding"),
    )
    outcome = command("eval", "choice", data(tmp_path), *FAKES[:6], "--pack", pack)
    assert outcome.code == 1
    assert "mixes blind and concluding evidence" in outcome.err


def test_without_a_name_the_pack_lies_in_the_cache(command: Command, tmp_path: Path) -> None:
    measured(command, data(tmp_path), fakes=FAKES[:6])
    (pack,) = (tmp_path / "cache" / "eval").glob("*.pack")
    assert pack.name.startswith("towers-blind-")
