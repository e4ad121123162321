"""The reader: rows that answer in whole sentences, texts of our own, and an adapter that comes with DRAG."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from conftest import Command
from test_train_data import RECORDS, lines, made

from drag.errors import ConfigError, ModelError
from drag.models import fetch
from drag.models.registry import BESIDE, Entry, load_registry
from drag.train.data import Plan
from drag.train.data_text import Piece, holds, holds_any
from drag.train.rows import read_all

READER = Path(__file__).parents[1] / "examples" / "reader"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, READER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- replies that are sentences of the evidence


@pytest.mark.parametrize(("style", "mark"), [("plain", ""), ("instructed", " [{}]")])
def test_a_reply_is_the_sentence_that_holds_the_answer(command: Command, tmp_path: Path, style: str, mark: str) -> None:
    data = lines(tmp_path / "data.jsonl", RECORDS)
    flags = ("--reply", "sentence", "--style", style, "--evidence", "3", "--missing", "0", "--embedder", "none")
    outcome = command("train", "data", data, "-o", "rows.jsonl", *flags)
    assert outcome.code == 0, outcome.err
    for row, record in zip(read_all(tmp_path / "rows.jsonl"), RECORDS, strict=True):
        (place,) = [n for n, text in enumerate(row.evidence, 1) if text in record["evidence"]]
        assert row.reply == f"It was built by {record['answers'][0]}.{mark.format(place)}"


def record(evidence: str, question: str = "Who found the key?", answer: str = "Ben") -> dict[str, Any]:
    return {"id": "1", "question": question, "answers": [answer], "evidence": [evidence], "distractors": ["A mill."]}


def replies(tmp_path: Path, *records: dict[str, Any]) -> list[tuple[str, str]]:
    found = made(lines(tmp_path / "given.jsonl", records), reply="sentence", style="plain", evidence=(2, 2))
    return [(row.reply, row.verdict) for row in found.rows]


def test_the_sentence_that_shares_most_with_the_question(tmp_path: Path) -> None:
    text = "Key: Ben is tall. The key was found by Ben. Ben left."
    assert replies(tmp_path, record(text)) == [("The key was found by Ben.", "kept")]


def test_who_says_it_stays_where_that_is_the_answer(tmp_path: Path) -> None:
    assert replies(tmp_path, record("Ben: I have found the key."))[0] == ("Ben: I have found the key.", "kept")


def test_a_judgement_stands_in_no_sentence(tmp_path: Path) -> None:
    ((reply, verdict),) = replies(tmp_path, record("Ben: yes, the key is there.", "Is the key there?", "yes"))
    assert reply == ""
    assert verdict == "dropped: its answer stands in no sentence of the gold evidence"


CHAT = "20260101_0900: Mara: Hi Ben! Who has the spare key?\nBen: I do. It hangs by the door.\nMara: Thanks Ben!"


@pytest.mark.parametrize(
    ("answer", "said"),
    [("by the door", "Ben: I do. It hangs by the door."), ("Mara", "Mara: Hi Ben! Who has the spare key?")],
)
def test_a_line_is_a_message_and_who_wrote_it(tmp_path: Path, answer: str, said: str) -> None:
    """Neither the chat's title nor another message stands in the reply."""
    given = lines(tmp_path / "given.jsonl", [record(CHAT, "Where is the spare key of Mara?", answer)])
    (row,) = made(given, reply="line", style="plain", evidence=(2, 2)).rows
    assert (row.reply, row.verdict) == (said, "kept")


def test_a_chat_that_is_cut_stays_in_lines() -> None:
    piece = Piece.of(CHAT, "Where is the spare key?", ["by the door"], gold=True)
    piece.shorten()
    assert piece.shown.splitlines() == CHAT.splitlines()[:2]
    assert not piece.worth  # how it begins and the message with the answer stay


def test_sentences_are_for_raft() -> None:
    with pytest.raises(ConfigError, match="raft"):
        Plan(method="self", reply="sentence")


# --- texts of our own


def test_made_up_texts_hold_their_answer_and_their_distractors_do_not() -> None:
    rows = list(script("make_texts").rows(80))
    assert rows == list(script("make_texts").rows(80))
    assert len({one["question"] for one in rows}) > 70
    for one in rows:
        assert holds_any(one["evidence"][0], one["answers"]), one
        assert one["distractors"]
        assert not any(holds_any(text, one["answers"]) for text in one["distractors"])


def test_the_one_hop_question_inside_a_two_hop_one() -> None:
    film, person = "Clock (1920 film): Clock is a film directed by Ada Lund.", "Ada Lund: Ada Lund was born in Ghent."
    asked = {
        "id": "7",
        "question": "Where was the director of film Clock (1920 Film) born?",
        "answers": ["Ghent"],
        "evidence": [person, film],
        "distractors": ["Ivo: Ivo is a director."],
    }
    found = script("first_hops").first_hop(asked)
    assert found["question"] == "Who is the director of film Clock (1920 film)?"
    assert (found["answers"], found["evidence"]) == (["Ada Lund"], [film])
    assert script("first_hops").first_hop({**asked, "question": "Is Clock older than Mill?"}) is None


def test_chats_of_our_own_hold_their_answer_in_the_message_that_answers(tmp_path: Path) -> None:
    chats = script("make_chats")
    text = chats.CHATS.read_text("utf-8")
    rows = list(chats.rows(text))
    assert rows == list(chats.rows(text))
    assert len(rows) == text.count("\n? ") > 150
    for one in rows:
        (chat,) = one["evidence"]
        # People have names by now, in the chat, the question and the answer.
        assert not re.search(r"^[A-D]:|\b[B-D]\b", f"{chat}\n{one['question']}\n{one['answers'][0]}", re.MULTILINE), one
        assert any(holds(line, one["answers"][0]) for line in chat.splitlines()), one
        assert len(one["distractors"]) == 2
    given = lines(tmp_path / "given.jsonl", rows)
    assert {row.verdict for row in made(given, reply="line", style="plain", evidence=(1, 2)).rows} == {"kept"}


# --- what comes with DRAG


def test_a_packaged_file_is_there_and_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "BESIDE", tmp_path)
    fields: dict[str, Any] = {"kind": "adapter", "about": "x", "licence": "MIT", "size": 4, "sha256": "0" * 64}
    registry = {"mine": Entry(name="mine", file="mine.gguf", packaged=True, **fields)}
    with pytest.raises(ModelError, match="install DRAG anew"):
        fetch.pull("mine", registry=registry)
    (tmp_path / "mine.gguf").write_bytes(b"GGUF")
    assert fetch.pull("mine", registry=registry) == tmp_path / "mine.gguf"
    with pytest.raises(ConfigError, match="came with DRAG"):
        fetch.remove("mine", registry=registry)
    with pytest.raises(ValueError, match="comes from nowhere else"):
        Entry(name="mine", file="a.gguf", packaged=True, hub={"repo": "a/b", "file": "a.gguf"}, **fields)  # pyright: ignore[reportArgumentType]


def test_the_shipped_reader_is_what_the_registry_says() -> None:
    entry = load_registry()["reader"]
    assert (entry.kind, entry.packaged) == ("adapter", True)
    assert entry.size < 20_000_000
    fetch.verify("reader")
    described = json.loads((BESIDE / f"{entry.file}.json").read_text("utf-8"))
    assert described["sha256"] == entry.sha256


@pytest.mark.real_model
def test_the_reader_reads(command: Command, tmp_path: Path) -> None:
    rows = list(script("make_texts").rows(12, seed=99))  # names that it has not seen
    data = lines(tmp_path / "data.jsonl", rows)
    outcome = command(
        "eval", "open", data, "--student", "smollm2-135m+reader", "--threshold", "0", "--distractors", "2",
        "--embedder", "drag.testing:HashEmbedder", "--arm", "evidence", "--json", "-",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["metrics"]["contains/evidence"] >= 0.6
