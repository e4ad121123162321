"""Options of `drag eval choice` that contradict each other, and data without a right choice: one line each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import test_eval_choice as choice
from conftest import Command

fresh = choice.fresh


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (("--pack", "a.pack", "--keep", "b.pack"), "--pack names evidence that is there"),
        (("--calibrate", "--self"), "--calibrate compares rules"),
        (("--arm", "nobody"), "there is no arm 'nobody'"),
        (("--arm", "concluding"), "none of the arms concluding goes with blind evidence"),
        (("--split", "test"), "it is one file: it has no split"),
        (("--run", "no.jsonl/run.jsonl"), "cannot write the run file"),
        (("--keep", "no.jsonl/made.pack"), "cannot write"),
    ],
)
def test_options_that_contradict_each_other(
    command: Command, tmp_path: Path, flags: tuple[str, ...], problem: str
) -> None:
    (tmp_path / "a.pack").touch()
    (tmp_path / "no.jsonl").touch()
    keep = () if "--keep" in flags or "--pack" in flags else ("--keep", "made.pack")
    outcome = command("eval", "choice", choice.data(tmp_path), *choice.FAKES[:6], *keep, *flags)
    assert (outcome.code, len(outcome.err.splitlines())) == (1, 1), outcome.err
    assert problem.replace("it is one file", "is one file") in outcome.err


@pytest.mark.parametrize(
    "record",
    [
        {"question": "Who?", "answers": ["Mara"]},
        {"question": "Who?", "choices": ["Mara"], "answer": 0},
        {"question": "Who?", "choices": ["Mara", "Ivo"]},
        {"question": "Who?", "choices": ["Mara", "Ivo"], "answers": ["Ada"]},
    ],
)
def test_data_without_a_right_choice(command: Command, tmp_path: Path, record: dict[str, Any]) -> None:
    outcome = command("eval", "choice", choice.data(tmp_path, record), *choice.FAKES)
    assert (outcome.code, len(outcome.err.splitlines())) == (1, 1)
    assert "'choices' and 'answer'" in outcome.err
