"""Reading questions: every shape, and every fault with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from drag.errors import ConfigError
from drag.questions import read_questions, to_question
from drag.types import Question


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def fault(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_questions(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- records


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, Question("1", "Why?")),
        ({"choices": ["a", "b"], "answer": 1}, Question("1", "Why?", ("a", "b"), ("b",))),
        ({"choices": ["a", "b"], "answer": "1"}, Question("1", "Why?", ("a", "b"), ("b",))),
        ({"choices": ["a", "b"], "answer": "b"}, Question("1", "Why?", ("a", "b"), ("b",))),
        # A choice that looks like an index is the choice.
        ({"choices": ["4", "1"], "answer": "1"}, Question("1", "Why?", ("4", "1"), ("1",))),
        ({"answer": "so"}, Question("1", "Why?", (), ("so",))),
        ({"answer": "7"}, Question("1", "Why?", (), ("7",))),
        ({"answers": ["so", "thus"]}, Question("1", "Why?", (), ("so", "thus"))),
        ({"answers": "so"}, Question("1", "Why?", (), ("so",))),
        ({"answers": ["so"], "answer": "thus"}, Question("1", "Why?", (), ("so",))),
        ({"answers": [1905, 2.5]}, Question("1", "Why?", (), ("1905", "2.5"))),
        ({"evidence": "It is."}, Question("1", "Why?", evidence=("It is.",))),
        ({"evidence": ["It is.", " ", "It was."]}, Question("1", "Why?", evidence=("It is.", "It was."))),
        ({"choices": None, "answers": "", "evidence": [], "answer": None, "topic": 3}, Question("1", "Why?")),
    ],
)
def test_records(more: dict[str, Any], expected: Question) -> None:
    assert to_question({"id": "1", "question": " Why?\n", **more}) == expected


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"question": None},
        {"question": "  \n"},
        {"question": ["Why?"]},
        {"question": "Why?", "choices": {"a": 1}},
        {"question": "Why?", "answers": [["so"]]},
        {"question": "Why?", "evidence": 7},
        {"question": "Why?", "choices": ["a", "b"], "answer": 2},
        {"question": "Why?", "choices": ["a", "b"], "answer": -1},
        {"question": "Why?", "choices": ["a", "b"], "answer": "2"},
        {"question": "Why?", "answer": 0},
    ],
)
def test_records_that_do_not_fit(record: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        to_question(record)
    assert "\n" not in str(caught.value)


def test_an_empty_choice_does_not_move_the_index() -> None:
    record = {"question": "Why?", "choices": ["", "a", "b"], "answer": 1}
    try:
        gold = to_question(record).gold
    except ConfigError:
        return  # refusing it is as good
    assert gold == ("a",)


def test_an_id_follows_from_the_question_alone() -> None:
    key = to_question({"question": "Who built the clock?"}).id
    # Packs that exist hold this id: it may never change.
    assert key == "q-ec4815cf6449"
    assert to_question({"question": " Who built the clock? ", "answer": "Mara", "id": ""}).id == key
    assert to_question({"question": "Who built the mill?"}).id != key


def test_an_id_of_zero_is_an_id() -> None:
    assert [to_question({"id": n, "question": "Why?"}).id for n in (0, 1)] == ["0", "1"]


def test_half_a_surrogate_pair_is_no_crash() -> None:
    record = json.loads('{"question": "Who is \\ud83d?"}')
    try:
        question = to_question(record)
    except ConfigError:
        return
    assert question.text.encode()


# --- files


@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson"])
def test_json_lines(folder: Path, suffix: str) -> None:
    text = '\ufeff{"id": "a", "question": "Why?"}\r\n\r\n{"question": "Wo liegt Köln?", "choices": ["Am Rhein"]}\n'
    first, second = read_questions(written(folder, f"q{suffix}", text))
    assert first == Question("a", "Why?")
    assert (second.text, second.choices) == ("Wo liegt Köln?", ("Am Rhein",))


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85"])
def test_a_json_line_ends_at_a_newline_only(folder: Path, mark: str) -> None:
    record = {"question": f"One{mark}question?"}
    (only,) = read_questions(written(folder, "q.jsonl", json.dumps(record, ensure_ascii=False) + "\n"))
    assert only.text == record["question"]


def test_csv(folder: Path) -> None:
    text = (
        "\ufeffid,question,choices,answer,answers,evidence,note\n"
        'a,"Who, then?",Mara | Ivo,1,,,x\n'
        '\nb,"Two\nlines ""quoted""?",,,Leeds|in Leeds,"First, text.|Second\ntext.",\n'
    )
    assert read_questions(written(folder, "q.csv", text)) == [
        Question("a", "Who, then?", ("Mara", "Ivo"), ("Ivo",)),
        Question("b", 'Two\nlines "quoted"?', (), ("Leeds", "in Leeds"), ("First, text.", "Second\ntext.")),
    ]


def test_csv_keeps_a_long_field(folder: Path) -> None:
    (only,) = read_questions(written(folder, "q.csv", f"question,evidence\nWhy?,{'long ' * 30_000}\n"))
    assert len(only.evidence[0]) > 140_000


def test_csv_with_a_comma_that_was_not_quoted_is_refused(folder: Path) -> None:
    path = written(folder, "q.csv", "id,question\na,Who built it, and when?\n")
    assert "line 2" in fault(path)


def test_plain_lines(folder: Path) -> None:
    found = read_questions(written(folder, "q.txt", "\ufeffWhy?\r\n\n   \n  {not json} \n"))
    assert [one.text for one in found] == ["Why?", "{not json}"]
    assert all(one.id.startswith("q-") for one in found)


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("q.jsonl", '{"question": "a"}\n\n{"question": \n', "line 3: not JSON"),
        ("q.jsonl", '{"question": "a"}\n["b"]\n', "line 2: not a JSON object"),
        ("q.jsonl", '{"question": "a"}\n{"text": "b"}\n', "line 2: the record has no text"),
        ("q.jsonl", '{"question": "a", "choices": ["x"], "answer": 1}\n', "line 1: 'answer' is 1"),
        ("q.csv", 'question,choices,answer\n"a\nb",x|y,0\nc,x|y,2\n', "line 4: 'answer' is 2"),
        ("q.csv", "id,text\n1,Why?\n", "line 2: the record has no text"),
    ],
)
def test_a_fault_names_its_line(folder: Path, name: str, text: str, line: str) -> None:
    path = written(folder, name, text)
    assert f"{path}, {line}" in fault(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("q.jsonl", '{"id": "x", "question": "a"}\n{"id": "y", "question": "a"}\n{"id": "x", "question": "b"}\n'),
        ("q.txt", "Why?\nHow?\n Why? \n"),
    ],
)
def test_an_id_that_stands_twice(folder: Path, name: str, text: str) -> None:
    message = fault(written(folder, name, text))
    assert "line 3" in message
    assert "line 1 already" in message


@pytest.mark.parametrize("name", ["q.jsonl", "q.csv", "q.txt"])
@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff"])
def test_a_file_without_questions(folder: Path, name: str, text: str) -> None:
    assert "holds no questions" in fault(written(folder, name, text))


def test_files_that_cannot_be_read(folder: Path) -> None:
    assert "No such file" in fault(folder / "missing.jsonl")
    assert "cannot read" in fault(folder)
    latin = folder / "q.txt"
    latin.write_bytes("Wo liegt Köln?".encode("latin-1"))
    assert "not UTF-8" in fault(latin)
