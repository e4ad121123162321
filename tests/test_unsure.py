"""`drag ask --unsure`: the teacher is asked where the student is not sure, and the pack learns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from endpoint import Server
from test_cli_privacy import people, teaching, use

from drag.errors import ModelError
from drag.pack import Pack
from drag.testing import FakeModel
from drag.types import Answer, Prompt, Question
from drag.unsure import unsure
from privacy import pattern_detector

ASKED = "Who built the old weir?"
FAKES = ("--student", f"{__name__}:Reader")


class Reader(FakeModel):
    """Says the name that its text holds."""

    def __init__(self) -> None:
        super().__init__(name="reader")

    def _next(self, prompt: Prompt) -> Any:
        text = prompt.messages[-1].content
        return "Rosa Lind." if "Rosa Lind" in text else "insufficient information"


class Teacher(FakeModel):
    """Knows who built the weir."""

    asked = 0
    broken = False

    def __init__(self) -> None:
        super().__init__(name="knowing")

    def _next(self, prompt: Prompt) -> Any:
        Teacher.asked += 1
        if Teacher.broken:
            return ModelError("the teacher is away")
        if "triples" in (prompt.schema or {}).get("properties", {}):
            weir = {"head": "Rosa Lind", "relation": "built", "tail": "weir"}
            mill = {"head": "mill", "relation": "grinds", "tail": "corn"}
            return json.dumps({"triples": [weir if "weir" in prompt.messages[-1].content else mill]})
        return json.dumps({"evidence": ["The old weir was built by Rosa Lind."]})


TEACHER = ("--teacher", f"{__name__}:Teacher")


@pytest.fixture
def pack(command: Command, tmp_path: Path) -> Path:
    Teacher.asked, Teacher.broken = 0, False
    (tmp_path / "drag.toml").write_text(
        '[models]\nembedder = "drag.testing:HashEmbedder"\n[ask]\nthreshold = 0.0\n'
        "[build]\nevidence = 1\nrelevance = 0\n"
    )
    (tmp_path / "q.jsonl").write_text(
        json.dumps({"id": "a", "question": "What is a mill?", "evidence": "A mill grinds corn."})
    )
    made = command("build", "q.jsonl", "-o", "my.pack", "--evidence", "0", *TEACHER)
    assert made.code == 0, made.err
    Teacher.asked = 0
    return tmp_path / "my.pack"


def test_unsure_is_an_abstention_or_a_low_confidence() -> None:
    question = Question("q", "?")
    assert unsure(Answer(question, "x", confidence=0.2), 0.3)
    assert not unsure(Answer(question, "x", confidence=0.3), 0.3)
    assert unsure(Answer(question, "x", abstained=True, confidence=0.9), 0.3)
    assert unsure(Answer(question, "x"), 0.3)


def test_the_teacher_is_asked_and_the_pack_learns(command: Command, pack: Path) -> None:
    without = command("ask", ASKED, "--pack", pack, *FAKES)
    assert "does not carry an answer" in without.out
    taught = command("ask", ASKED, "--pack", pack, *FAKES, *TEACHER, "--unsure", "0.3")
    assert taught.code == 0, taught.err
    assert "the student is not sure" in taught.err
    assert "Rosa Lind." in taught.out
    asked = Teacher.asked
    assert asked > 0
    again = command("ask", ASKED, "--pack", pack, *FAKES)
    assert "Rosa Lind." in again.out  # without a teacher
    sure = command("ask", ASKED, "--pack", pack, *FAKES, *TEACHER, "--unsure", "0.01", "--json")
    assert json.loads(sure.out)["answer"] == "Rosa Lind."
    assert Teacher.asked == asked  # it is sure now
    with Pack(pack) as opened:
        assert len(opened.questions()) == 2


def test_several_questions_go_to_the_teacher_together(command: Command, pack: Path, tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text(f"{ASKED}\nWho built that old weir again?\n")
    done = command("ask", "--questions", "more.txt", "--pack", pack, *FAKES, *TEACHER, "--unsure", "0.3", "--json")
    records = [json.loads(line) for line in done.out.splitlines()]
    assert [one["answer"] for one in records] == ["Rosa Lind."] * 2
    assert done.err.count("the student is not sure") == 2


def test_a_teacher_that_fails_costs_the_answer_nothing(command: Command, pack: Path) -> None:
    Teacher.broken = True
    done = command("ask", ASKED, "--pack", pack, *FAKES, *TEACHER, "--unsure", "0.3", "--json")
    assert done.code == 0
    assert json.loads(done.out)["abstained"]
    assert "the teacher could not help: the teacher is away" in done.err


def test_wrong_ways_to_ask_a_teacher(command: Command, pack: Path) -> None:
    for arguments, line in (
        (
            ("--unsure", "0.3"),
            "--unsure needs --pack, which keeps what the teacher writes, and evidence to be read",
        ),
        (("--pack", pack, *TEACHER), "--teacher goes with --unsure: otherwise no teacher is asked"),
    ):
        done = command("ask", ASKED, *FAKES, *arguments)
        assert (done.code, done.err.splitlines()) == (1, [f"drag: {line}"])


def test_a_remote_teacher_sees_no_private_word(
    command: Command, pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    use(monkeypatch, people, pattern_detector)
    server = Server()
    server.script = teaching
    try:
        private = "Margaret Holloway (ann@mail.example) asks: who built the Aldgate Clock?"
        remote = ("--teacher", "openai:big", "--base-url", server.url, "--unsure", "0.3")
        shown = command("ask", private, "--pack", pack, *FAKES, *remote, "--dry-run")
        assert shown.code == 0, shown.err
        assert "<PERSON_" in shown.out
        assert server.bodies == []
        done = command("ask", private, "--pack", pack, *FAKES, *remote)
        assert done.code == 0, done.err
        assert server.bodies
        sent = json.dumps(server.bodies)
        assert "Margaret" not in sent
        assert "ann@mail" not in sent
    finally:
        server.close()
    with Pack(pack) as opened:
        assert any("Aldgate Clock" in one.text for one in opened.evidence())
