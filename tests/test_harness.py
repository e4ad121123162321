"""The arms of DRAG in the lm-evaluation-harness, on a task of our own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Command

from drag.errors import ConfigError
from drag.prompts import Style
from drag.testing import FakeModel

pytest.importorskip("lm_eval", reason="the evaluation harness is not installed (extra 'harness')")

TASK = """
task: rivers
dataset_path: json
dataset_kwargs:
  data_files: {validation: DATA}
output_type: OUTPUT
validation_split: validation
doc_to_text: "Question: {{question}}\\nAnswer:"
"""
CHOICE = """doc_to_target: answer
doc_to_choice: "{{choices}}"
metric_list: [{metric: acc}, {metric: acc_norm}]
"""
WRITTEN = """doc_to_target: "{{choices[answer]}}"
generation_kwargs: {until: ["."], max_gen_toks: 8}
metric_list: [{metric: exact_match}]
"""
RIVERS = (("Vast", "Anders"), ("Leck", "Brio"), ("Senn", "Corvin"), ("Till", "Dahl"))
STUDENT = ("--student", f"{__name__}:Rower")


class Rower(FakeModel):
    """Names the town that it reads of; likelier is what its text holds (see `FakeModel.score`)."""

    def __init__(self) -> None:
        super().__init__(name="rower")

    def _next(self, prompt: Any) -> Any:
        text = prompt.messages[-1].content
        return next((f"{town}. And more." for _, town in RIVERS if town in text), "Nowhere.")


@pytest.fixture
def folder(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "hf"))
    towns = [town for _, town in RIVERS]
    rows = [
        {"id": river, "question": f"Where does the river {river} end?", "choices": towns, "answer": place}
        for place, (river, _) in enumerate(RIVERS)
    ]
    (tmp_path / "rivers.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    brought = [
        {**row, "evidence": f"The river {row['id']} ends at {town}."} for row, town in zip(rows, towns, strict=True)
    ]
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, brought)), "utf-8")
    (tmp_path / "drag.toml").write_text(
        '[models]\nembedder = "drag.testing:HashEmbedder"\n[ask]\nevidence = 1\n[build]\nrelevance = 0\n'
    )
    made = command("build", "q.jsonl", "-o", "rivers.pack", "--evidence", "0", "--teacher", "drag.testing:FakeTeacher")
    assert made.code == 0, made.err
    return tmp_path


def task(folder: Path, output: str, rest: str) -> None:
    text = TASK.replace("DATA", str(folder / "rivers.jsonl")).replace("OUTPUT", output)
    (folder / "tasks").mkdir(exist_ok=True)
    (folder / "tasks" / "rivers.yaml").write_text(text + rest, "utf-8")


def measured(command: Command, *flags: str) -> dict[str, Any]:
    outcome = command("eval", "harness", "rivers", "--include", "tasks", *STUDENT, "--json", "-", *flags)
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_an_arm_that_reads_the_pack_knows_more(command: Command, folder: Path) -> None:
    task(folder, "multiple_choice", CHOICE)
    alone = measured(command)
    read = measured(command, "--pack", "rivers.pack", "--arm", "evidence")
    assert (alone["task"], alone["n"]) == ("harness", 4)
    assert alone["metrics"]["acc/rivers"] == 0.25  # the same town for all
    assert read["metrics"]["acc/rivers"] == 1
    assert read["settings"]["arm"] == "evidence"
    low, high = alone["intervals"]["acc/rivers"]
    assert low < 0.25 < high
    assert measured(command, "--limit", "2")["n"] == 2


def test_written_answers_stop_where_the_task_says(command: Command, folder: Path) -> None:
    task(folder, "generate_until", WRITTEN)
    assert measured(command, "--pack", "rivers.pack", "--arm", "evidence")["metrics"]["exact_match/rivers"] == 1
    assert measured(command)["metrics"]["exact_match/rivers"] == 0


def test_the_harness_itself_knows_the_model(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from lm_eval.__main__ import cli_evaluate

    from eval.harness import register

    task(folder, "multiple_choice", CHOICE)
    assert register() is register()
    arguments = f"student={STUDENT[1]},pack=rivers.pack,arm=evidence"
    monkeypatch.setattr(
        sys,
        "argv",
        ["lm_eval", "--model", "drag", "--model_args", arguments, "--tasks", "rivers", "--include_path", "tasks"],
    )
    cli_evaluate()
    assert "rivers" in capsys.readouterr().out


def test_wrong_input_is_told_in_one_line(command: Command, folder: Path) -> None:
    task(folder, "multiple_choice", CHOICE)
    wrong = command("eval", "harness", "lakes", "--include", "tasks", *STUDENT)
    assert (wrong.code, wrong.err.strip().splitlines()[-1]) == (1, "drag: the harness knows no task 'lakes'")


def test_an_arm_that_there_is_not() -> None:
    from eval.harness import Arm

    class Nobody:
        model = FakeModel()
        style: Style = "plain"

    with pytest.raises(ConfigError, match="no arm 'sideways'; there are: alone, evidence, graph, both"):
        Arm(Nobody(), "sideways")  # pyright: ignore[reportArgumentType]
