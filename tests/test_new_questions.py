"""The arms of `drag eval choice` for questions that the pack was not built for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import test_eval_choice as choice
from conftest import Command

from drag.errors import DragError, ModelError, ReplyError
from drag.pack import Pack
from drag.types import Prompt, Question
from eval.paraphrase import paraphrase, parse_paraphrase

fresh = choice.fresh  # the fixture that every test of the arms runs in


class Rephraser(choice.Knower):
    """Puts `Tell me:` before a question; tower x3 it cannot put in other words."""

    def _next(self, prompt: Prompt) -> str | DragError:
        if "question" not in (prompt.schema or {}).get("properties", {}):
            return super()._next(prompt)
        (asked,) = re.findall(r"Question: (.*)", prompt.messages[0].content)
        return ModelError("refused") if "x3" in asked else json.dumps({"question": f"Tell me: {asked}"})


FAKES = ("--student", choice.FAKES[1], "--teacher", f"{__name__}:Rephraser", *choice.FAKES[4:])


def accuracies(command: Command, path: Path, *flags: str) -> dict[str, Any]:
    return choice.measured(command, path, *flags, fakes=FAKES)["metrics"]


def test_evidence_for_the_question_in_other_words(command: Command, tmp_path: Path) -> None:
    metrics = accuracies(command, choice.data(tmp_path), "--new-questions")
    assert (metrics["accuracy/blind"], metrics["accuracy/others"]) == (1, 0.25)  # nobody else knows of one's tower
    assert metrics["accuracy/paraphrase"] == 7 / 8  # x3 has no evidence there: a failure
    assert metrics["failures/paraphrase"] == 1
    with Pack(tmp_path / "made.paraphrase.pack") as pack:
        assert {one.text[:8] for one in pack.questions()} == {"Tell me:"}
    written = choice.Knower.written
    assert accuracies(command, choice.data(tmp_path), "--new-questions")["accuracy/paraphrase"] == 7 / 8
    assert choice.Knower.written == written  # nothing is written twice


def test_others_are_those_of_the_same_subject(command: Command, tmp_path: Path) -> None:
    again = {"question": "Who built tower x1, then?", "id": "again-1"}
    other = {"question": "Who built tower x2, then?", "id": "again-2"}
    records = [
        choice.record(1, subject="north"),
        {**choice.record(1, subject="north"), **again},
        choice.record(2, subject="south"),
        {**choice.record(2, subject="west"), **other},
    ]
    metrics = accuracies(command, choice.data(tmp_path, *records), "--arm", "others", "--arm", "alone")
    assert metrics["accuracy/alone"] == 0
    assert metrics["accuracy/others/north"] == 1
    assert (metrics["accuracy/others/south"], metrics["accuracy/others/west"]) == (0, 0)


def test_the_choices_stay_out_of_a_paraphrase() -> None:
    prompt = paraphrase(Question("q", "Who built it?", ("Mara", "Ivo")))
    assert "Mara" not in prompt.messages[-1].content
    assert parse_paraphrase('{"question": " By  whom was it built? "}') == "By whom was it built?"
    for reply in ("no", '{"answer": 1}', '{"question": ""}', '{"question"', "[1]"):
        with pytest.raises(ReplyError):
            parse_paraphrase(reply)
