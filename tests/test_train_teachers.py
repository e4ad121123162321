"""Rows whose reply a teacher gives: what is asked, what is dropped, and what is not asked twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import test_train_data as rows_of
from conftest import Command
from test_train_data import NAMES, RECORDS, TOWNS, lines

from drag import prompts
from drag.errors import ModelError, ReplyError
from drag.prompts import ABSTENTION
from drag.testing import FakeModel
from drag.train.data import Plan, make_rows
from drag.train.data_explain import parse_explain
from drag.train.data_teach import Said, vote
from drag.train.rows import Row, read_all
from drag.types import Prompt, Question

data = rows_of.data  # the fixture


class Teacher(FakeModel):
    """Says who built the tower of the evidence it reads; counts how often it is asked."""

    asked = 0
    fails = ""

    def __init__(self) -> None:
        super().__init__(name="teacher")

    def _next(self, prompt: Prompt) -> Any:
        type(self).asked += 1
        text = prompt.messages[-1].content
        town = text.rpartition("Question:")[2].partition("?")[0].split()[-1]
        if town == type(self).fails:
            return ModelError("out of memory")
        name = next((n for n, t in zip(NAMES, TOWNS, strict=True) if t == town and f"built by {n}" in text), "")
        if prompt.schema is not None:
            return json.dumps({"rationale": f"The tower of {town} was built by {name}. More.", "answer": name})
        return f"It was {name}, I read." if name else ABSTENTION


class Wrong(Teacher):
    """Is wrong about all towns but two."""

    def __init__(self) -> None:
        super().__init__()
        self.name = self.identity = "wrong"

    def _next(self, prompt: Prompt) -> Any:
        said = super()._next(prompt)
        return said if any(name in str(said) for name in ("Mara", "Ivo")) else "It was Nobody."


class Small(Teacher):
    """A student whose size asks for the plain style."""

    weights_bytes = 1


@pytest.fixture(autouse=True)
def afresh() -> None:
    for one in (Teacher, Wrong, Small):
        one.asked, one.fails = 0, ""


def taught(command: Command, data: Path, method: str, *flags: str | Path) -> list[Row]:
    outcome = command(
        "train", "data", data, "-o", "rows.jsonl", "--method", method, "--held-out", "0", "--missing", "0.2",
        "--style", "instructed", *flags,
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    return read_all(data.parent / "rows.jsonl")


TEACHER = ("--teacher", f"{__name__}:Teacher")


def test_seqkd_takes_what_the_teacher_says_to_the_same_evidence(command: Command, data: Path) -> None:
    rows = taught(command, data, "seqkd", *TEACHER)
    assert all(row.kept and row.teacher == "teacher" for row in rows)
    for row, record in zip(rows, RECORDS, strict=True):
        gold = [n for n, key in enumerate(row.evidence_ids, 1) if key in row.gold_ids]
        assert row.reply == (f"It was {record['answers'][0]}, I read. [{gold[0]}]" if gold else ABSTENTION)


def test_seqkd_drops_what_is_wrong_and_says_why(command: Command, data: Path) -> None:
    rows = taught(command, data, "seqkd", "--teacher", f"{__name__}:Wrong")
    for row, record in zip(rows, RECORDS, strict=True):
        if set(row.gold_ids) & set(row.evidence_ids):
            right = record["answers"][0] in ("Mara", "Ivo")
            assert row.verdict == ("kept" if right else "dropped: the teacher's answer is not accepted")
        else:
            assert row.verdict == "dropped: the teacher answered without the gold evidence"


def test_without_accepted_answers_the_evidence_has_to_carry_what_is_said(tmp_path: Path) -> None:
    path = lines(tmp_path / "q.jsonl", [{k: v for k, v in RECORDS[0].items() if k != "answers"}])
    for reply, verdict in (
        ("It was built by Mara.", "kept"),
        ("Queen Victoria herself.", "dropped: the teacher's answer is not grounded in the evidence"),
        (ABSTENTION, "dropped: the teacher abstained"),
    ):
        plan = Plan(method="seqkd", style="plain", held_out=0, missing=0)
        (row,) = make_rows([path], plan, teachers=[FakeModel([reply])]).rows
        assert row.verdict == verdict


def test_nothing_is_asked_twice_and_what_failed_is_asked_again(command: Command, data: Path) -> None:
    Teacher.fails = "Porto"
    broken = taught(command, data, "seqkd", *TEACHER)
    assert [row.id for row in broken if "the teacher failed (ModelError)" in row.verdict] == ["r2"]
    assert Teacher.asked == 10
    Teacher.fails = ""
    whole = taught(command, data, "seqkd", *TEACHER)
    assert all(row.kept for row in whole)
    assert Teacher.asked == 11
    replies = data.parent / "rows.jsonl.replies.jsonl"
    replies.write_bytes(replies.read_bytes()[:-9])  # killed in the middle of the last line
    for _ in range(2):  # what is asked again stands behind the broken line, not in it
        assert taught(command, data, "seqkd", *TEACHER) == whole
        assert Teacher.asked == 12


def test_explain_says_why_and_then_what(command: Command, data: Path) -> None:
    rows = taught(command, data, "explain", *TEACHER)
    for row, record in zip(rows, RECORDS, strict=True):
        gold = [n for n, key in enumerate(row.evidence_ids, 1) if key in row.gold_ids]
        name, town = record["answers"][0], str(record["question"]).split()[-1].rstrip("?")
        said = f"The tower of {town} was built by {name}. So the answer is {name}. [{(gold or [0])[0]}]"
        assert (row.reply, row.teacher) == ((said, "teacher") if gold else (ABSTENTION, None))


@pytest.mark.parametrize("reply", ["no JSON", "[1]", '{"rationale": "It is."}', '{"rationale": "", "answer": "x"}'])
def test_an_explanation_that_cannot_be_read(reply: str) -> None:
    with pytest.raises(ReplyError):
        parse_explain(reply)


def test_a_rationale_out_of_thin_air_is_dropped(tmp_path: Path) -> None:
    path = lines(tmp_path / "q.jsonl", [RECORDS[0]])
    reply = json.dumps({"rationale": "Everybody loved dragons.", "answer": "Mara"})
    plan = Plan(method="explain", style="plain", held_out=0, missing=0)
    (row,) = make_rows([path], plan, teachers=[FakeModel([reply])]).rows
    assert row.verdict == "dropped: the teacher's rationale is not grounded in the evidence"


def test_self_teaches_the_bare_student_what_it_says_with_evidence(command: Command, data: Path) -> None:
    rows = taught(command, data, "self", "--student", f"{__name__}:Small", "--style", "auto")
    for row, record in zip(rows, RECORDS, strict=True):
        bare = prompts.answer(Question("", row.question), (), (), "plain", 64)
        read = prompts.answer(Question("", row.question), row.evidence, (), "plain", 64)
        assert (row.messages, row.teacher_messages) == (bare.messages, read.messages)
        assert row.reply == f"It was {record['answers'][0]}, I read."
        assert row.teacher == "teacher"


def test_the_route_asks_the_next_teacher_only_where_the_first_will_not_do(command: Command, data: Path) -> None:
    wrong = ("--teacher", f"{__name__}:Wrong")
    rows = taught(command, data, "multi", *wrong, *TEACHER, "--route")
    assert all(row.kept for row in rows)
    assert {row.teacher for row in rows} == {"wrong", "teacher"}
    assert Wrong.asked == 10
    assert Teacher.asked == sum(row.teacher == "teacher" for row in rows)


def test_the_vote_goes_to_most_and_then_to_the_first() -> None:
    a, b, c = Said("a", "It was Mara"), Said("b", "the Ivo"), Said("c", "Ivo.")
    assert vote([a, b, c]) == b
    assert vote([a, b]) == a
    assert vote([Said("x", "Mara", problem="no"), b]) == b
    assert vote([Said("x", problem="first"), Said("y", problem="second")]).problem == "first"


def test_a_vote_of_three_teachers(tmp_path: Path) -> None:
    path = lines(tmp_path / "q.jsonl", [RECORDS[0]])
    told = [
        FakeModel([reply], name=name) for name, reply in (("one", "Maybe Mara"), ("two", "Mara"), ("three", "mara"))
    ]
    plan = Plan(method="multi", style="plain", held_out=0, missing=0)
    (row,) = make_rows([path], plan, teachers=told).rows
    assert (row.teacher, row.reply) == ("two", "Mara")
