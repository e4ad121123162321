"""The field names of well-known sets, and tables: rows of the project's own in the shapes of others."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from drag.errors import ConfigError
from drag.question_fields import first_cop
from drag.questions import read_questions, to_question

CHOICES = ("Mara", "Ivo", "Ada")


@pytest.mark.parametrize(
    "record",
    [
        {"choices": {"text": list(CHOICES), "label": ["A", "B", "C"]}, "answerKey": "B"},
        {"choices": {"text": list(CHOICES), "label": ["1", "2", "3"]}, "answerKey": "2"},
        {"choices": [{"text": one, "label": key} for one, key in zip(CHOICES, "ABC", strict=True)], "answerKey": "B"},
        {"choices": list(CHOICES), "answer": "B"},
        {"choices": list(CHOICES), "answer": 1},
        {"options": list(CHOICES), "answer": "B", "answer_index": 1},
        {"options": {"A": "Mara", "B": "Ivo", "C": "Ada"}, "answer": "Ivo", "answer_idx": "B"},
        {"opa": "Mara", "opb": "Ivo", "opc": "Ada", "opd": "", "cop": 1},
    ],
)
def test_shapes_of_choices(record: dict[str, Any]) -> None:
    read = to_question({"question": "Who built it?", **record})
    assert (read.choices, read.gold) == (CHOICES, ("Ivo",))


def test_a_choice_that_is_a_letter_is_meant_as_it_stands() -> None:
    read = to_question({"question": "Which vitamin?", "choices": ["B", "A"], "answer": "A"})
    assert read.gold == ("A",)


@pytest.mark.parametrize("record", [{"question_stem": "Who built it?"}, {"question": {"stem": "Who built it?"}}])
def test_where_the_question_stands(record: dict[str, Any]) -> None:
    read = to_question({**record, "choices": list(CHOICES), "answerKey": "A", "_id": "x"})
    assert (read.text, read.gold, read.id) == ("Who built it?", ("Mara",), "x")


def test_nested_choices() -> None:
    nested = {"stem": "Who?", "choices": [{"text": "Mara", "label": "A"}, {"text": "Ivo", "label": "B"}]}
    assert to_question({"question": nested, "answerKey": "B"}).gold == ("Ivo",)


@pytest.mark.parametrize("name", ["subject", "subject_name", "category"])
def test_subjects(name: str) -> None:
    assert to_question({"question": "Who?", name: "history  of art"}).subject == "history of art"
    assert to_question({"question": "Who?", name: None}).subject == ""


@pytest.mark.parametrize("hidden", [{"cop": -1}, {"cop": None}, {"answerKey": ""}, {"answer_index": None}])
def test_hidden_answers(hidden: dict[str, Any]) -> None:
    assert to_question({"question": "Who?", "opa": "Mara", "opb": "Ivo", **hidden}).gold == ()


def medical(*cops: int) -> list[dict[str, Any]]:
    return [
        {"question": f"Which {n}?", "opa": "a1", "opb": "b2", "opc": "c3", "opd": "d4", "cop": cop}
        for n, cop in enumerate(cops)
    ]


def written(path: Path, records: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(one) for one in records), "utf-8")
    return path


@pytest.mark.parametrize(("cops", "gold"), [((0, 1, 3), "a1 b2 d4"), ((1, 2, 4), "a1 b2 d4"), ((1, 2), "b2 c3")])
def test_where_cop_begins_is_seen_in_the_file(tmp_path: Path, cops: tuple[int, ...], gold: str) -> None:
    read = read_questions(written(tmp_path / "q.jsonl", medical(*cops)))
    assert " ".join(one.gold[0] for one in read) == gold


def test_cop_from_both_ends(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="counts from 0 in one record and from 1 in another"):
        read_questions(written(tmp_path / "q.jsonl", medical(0, 4)))
    assert first_cop([]) == 0


HOTPOT = {
    "question": "Who built the clock of the town where Ada lives?",
    "answer": "Mara",
    "context": {"title": ["Ada", "Ghent", "Mill"], "sentences": [["Ada lives ", "in Ghent."], ["Mara."], ["Ivo."]]},
    "supporting_facts": {"title": ["Ada", "Ghent"], "sent_id": [0, 0]},
}


def test_gold_passages() -> None:
    read = to_question(HOTPOT)
    assert (read.gold, read.evidence) == (("Mara",), ("Ada: Ada lives in Ghent.", "Ghent: Mara."))
    pairs = {
        **HOTPOT,
        "context": [["Ada", ["Ada lives in Ghent."]], ["Mill", ["Ivo."]]],
        "supporting_facts": [["Ada", 0]],
    }
    assert to_question(pairs).evidence == ("Ada: Ada lives in Ghent.",)
    del pairs["supporting_facts"]
    assert len(to_question(pairs).evidence) == 2


def test_answers_of_squad() -> None:
    record = {"question": "Who?", "context": "Mara built it.", "answers": {"text": ["Mara"], "answer_start": [0]}}
    read = to_question(record)
    assert (read.gold, read.evidence) == (("Mara",), ("Mara built it.",))


@pytest.mark.parametrize(
    "record",
    [
        {"choices": {"text": ["a", "b"], "label": ["A"]}, "answerKey": "A"},
        {"choices": {"text": ["a", "b"]}, "answerKey": "A"},
        {"choices": {"A": 1}},
        {"choices": ["a", "b"], "answerKey": "C"},
        {"options": ["a", "b"], "answer_index": 2},
        {"options": ["a", "b"], "answer_idx": "X"},
        {"opa": "a", "opb": "b", "cop": 7},
        {"context": [["only a title"]]},
    ],
)
def test_records_that_do_not_fit(record: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        to_question({"question": "Who?", **record})
    assert "\n" not in str(caught.value)


def test_a_json_file(tmp_path: Path) -> None:
    path = tmp_path / "q.json"
    path.write_text(json.dumps([HOTPOT]), "utf-8")
    assert read_questions(path)[0].gold == ("Mara",)
    path.write_text(json.dumps({"version": 1, "data": [HOTPOT]}), "utf-8")
    assert len(read_questions(path)) == 1
    for text in ("{", "7", "[7]", '{"a": [], "b": []}'):
        path.write_text(text, "utf-8")
        with pytest.raises(ConfigError, match=r"q\.json"):
            read_questions(path)


# --- tables

ARC: list[dict[str, Any]] = [
    {"id": f"m{n}", "question": f"Who built {n}?", "choices": {"text": ["Mara", "Ivo"], "label": ["A", "B"]},
     "answerKey": "B"} for n in range(3)
]  # fmt: skip


def arrow(name: str = "pyarrow") -> Any:
    pytest.importorskip("pyarrow", reason="the extra 'data' is not installed")
    return importlib.import_module(name)


def parquet(path: Path, records: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    arrow("pyarrow.parquet").write_table(arrow().Table.from_pylist(records), str(path))
    return path


def stream(path: Path, records: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = arrow().Table.from_pylist(records)
    with arrow("pyarrow.ipc").new_stream(str(path), table.schema) as writer:
        writer.write_table(table)
    return path


def test_a_parquet_file(tmp_path: Path) -> None:
    read = read_questions(parquet(tmp_path / "test-00000-of-00001.parquet", ARC))
    assert [(one.id, one.gold) for one in read] == [("m0", ("Ivo",)), ("m1", ("Ivo",)), ("m2", ("Ivo",))]


def test_a_snapshot_of_the_hub(tmp_path: Path) -> None:
    for split, count in (("train", 3), ("test", 2), ("validation", 1)):
        parquet(tmp_path / "data" / f"{split}-00000-of-00001.parquet", ARC[:count])
    (tmp_path / "README.md").write_text("A data set.", "utf-8")
    assert len(read_questions(tmp_path)) == 1
    assert len(read_questions(tmp_path, "test")) == 2
    with pytest.raises(ConfigError, match="no split 'dev'; there are: test, train, validation"):
        read_questions(tmp_path, "dev")


def test_a_split_in_several_files(tmp_path: Path) -> None:
    parquet(tmp_path / "test-00001-of-00002.parquet", ARC[2:])
    parquet(tmp_path / "test-00000-of-00002.parquet", ARC[:2])
    assert [one.id for one in read_questions(tmp_path)] == ["m0", "m1", "m2"]


def test_a_folder_of_several_sets(tmp_path: Path) -> None:
    for name in ("anatomy", "law"):
        parquet(tmp_path / name / "test-00000-of-00001.parquet", ARC)
    with pytest.raises(ConfigError, match="several data sets: give one of its folders: anatomy, law"):
        read_questions(tmp_path)
    assert len(read_questions(tmp_path / "law")) == 3


def test_what_datasets_saves(tmp_path: Path) -> None:
    for split, count in (("train", 3), ("test", 2)):
        stream(tmp_path / split / "data-00000-of-00001.arrow", ARC[:count])
        (tmp_path / split / "state.json").write_text("{}", "utf-8")
        (tmp_path / split / "dataset_info.json").write_text("{}", "utf-8")
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train", "test"]}', "utf-8")
    assert len(read_questions(tmp_path)) == 2
    assert len(read_questions(tmp_path, "train")) == 3
    assert len(read_questions(tmp_path / "train")) == 3


def test_a_folder_of_json_lines(tmp_path: Path) -> None:
    written(tmp_path / "test.jsonl", ARC[:2])
    assert len(read_questions(tmp_path)) == 2


def test_tables_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrow()
    for name in ("q.parquet", "q.arrow"):
        (tmp_path / name).write_bytes(b"not a table at all")
        with pytest.raises(ConfigError, match=f"cannot read .*{name}") as caught:
            read_questions(tmp_path / name)
        assert "\n" not in str(caught.value)
    broken = parquet(tmp_path / "b.parquet", [{"question": "Who?", "choices": ["a", "b"], "answer": 5}])
    with pytest.raises(ConfigError, match=r"b\.parquet, row 1"):
        read_questions(broken)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match="extra 'data'"):
        read_questions(broken)
