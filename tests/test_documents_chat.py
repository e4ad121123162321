"""Chats of many shapes: turns, senders, dates; and texts that only look like one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drag.documents import Document, Unread, chunks, read_documents
from drag.documents.chat import find_chat


def several(path: Path) -> list[Document]:
    found = list(read_documents([path], root=path.parent))
    assert not [one for one in found if isinstance(one, Unread)], found
    return [one for one in found if isinstance(one, Document)]


def turns(text: str) -> list[tuple[str, str, str]]:
    """(sender, words, date) of each turn."""
    found = find_chat(text)
    return [(one.sender, text[one.body : one.end], one.date) for one in found.turns] if found else []


TWO = [("Alice", "hi there", "2024-03-12T09:15"), ("Bob Fox", "well: hello\nyou", "2024-03-12T09:16")]


@pytest.mark.parametrize(
    "text",
    [
        "12/03/2024, 09:15 - Alice: hi there\n12/03/2024, 09:16 - Bob Fox: well: hello\nyou\n13/03/2024, 00:00 - ",
        "3/12/24, 9:15 AM - Alice: hi there\n3/12/24, 9:16 AM - Bob Fox: well: hello\nyou",
        "3/12/24, 9:15\u202fAM - Alice: hi there\n3/12/24, 9:16\u202fAM - Bob Fox: well: hello\nyou",
        "[12.03.2024, 09:15] Alice: hi there\n\u200e[12.03.2024, 09:16] ~ Bob Fox: well: hello\nyou",
        "[2024-03-12 09:15] Alice: hi there\n[2024-03-12 09:16] Bob Fox: well: hello\nyou",
        "2024-03-12 09:15 <Alice> hi there\n2024-03-12 09:16 <@Bob Fox> well: hello\nyou",
        "--- Day changed Tue, 12 Mar 2024\n09:15 <Alice> hi there\n09:16 <Bob Fox> well: hello\nyou",
        "Time: 20240312_09:15\nAlice: hi there\n\nTime: 20240312_09:16\nBob Fox: well: hello\nyou\n",
        "=== March 12, 2024 9:15 AM ===\nAlice: hi there\n=== March 12, 2024 9:16 AM ===\nBob Fox: well: hello\nyou",
        "2024-03-12T09:15\nAlice: hi there\n2024-03-12T09:16\nBob Fox: well: hello\nyou",
        "Our group\n\nDate: 12 March 2024, 09:15\nAlice: hi there\n12 March 2024, 09:16\nBob Fox: well: hello\nyou",
        "Alice — 03/12/2024 9:15 AM\nhi there\nBob Fox — 03/12/2024 9:16 AM\nwell: hello\nyou",
        "Alice, [12.03.2024 09:15]:\nhi there\n\nBob Fox, [12.03.2024 09:16]:\nwell: hello\nyou",
    ],
)
def test_shapes_of_stamps(text: str) -> None:
    assert [(who, words.strip(), date) for who, words, date in turns(text)] == TWO


def test_turns_alone_and_what_stands_in_a_message() -> None:
    text = (
        "ann: what do we need?\nBob: two things.\n\n1. Flour: the white one\nNote: not the old.\n"
        "and for the record: butter\nann: fine\nBob: so be it\n"
    )
    assert [(who, date) for who, _, date in turns(text)] == [("ann", ""), ("Bob", ""), ("ann", ""), ("Bob", "")]
    assert turns(text)[1][1].endswith("the record: butter")


@pytest.mark.parametrize(
    "text",
    [
        "Pancakes\nServes: 4\nIngredients: flour, eggs\nMethod: mix\nTime: 20 minutes\nNote: enjoy",
        "The report: it is long.\n\nIt has a second paragraph: short. A third follows.",
        "Name: Alice\nAge: 4\nCity: Rome\nJob: cook\nPet: cat",
        "2024-03-12 09:15:00 INFO: started\n2024-03-12 09:15:01 ERROR: stopped\n2024-03-12 09:15:02 INFO: x",
        "3: error: one\n4: error: two\n3: note: one\n4: note: two",
        "https://x.example/a\nhttp://y.example/b\nhttps://z.example/c\nhttp://w.example/d",
        "2024-03-12\nDear diary, I went out.\nIt rained.",
        "def f():\n    return 1\n\nclass A:\n    x: int\n    y: int\n",
    ],
)
def test_other_texts_are_no_chats(text: str) -> None:
    assert turns(text) == []


def test_the_order_of_day_and_month_is_that_of_the_whole_file() -> None:
    lines = ["3/4/2024, 10:00 - A: one", "4/4/2024, 10:00 - B: two", "5/4/2024, 10:00 - A: three"]
    assert [date for _, _, date in turns("\n".join(lines))] == [f"2024-04-0{day}T10:00" for day in (3, 4, 5)]
    lines = ["3/30/2024, 10:00 - A: one", "4/1/2024, 10:00 - B: two"]
    assert [date for _, _, date in turns("\n".join(lines))] == ["2024-03-30T10:00", "2024-04-01T10:00"]
    # Time goes forward only if the first number is the month.
    lines = ["3/4/2024, 10:00 - A: one", "4/1/2024, 10:00 - B: two", "4/2/2024, 10:00 - A: three"]
    assert [date[:10] for _, _, date in turns("\n".join(lines))] == ["2024-03-04", "2024-04-01", "2024-04-02"]


def test_an_export_becomes_a_document_a_day(tmp_path: Path) -> None:
    path = tmp_path / "WhatsApp Chat with Ann.txt"
    path.write_bytes(
        "12/03/2024, 09:15 - Messages are end-to-end encrypted.\r\n12/03/2024, 09:16 - Ann: Grüße 🙂\r\nzweite\r\n"
        "12/03/2024, 09:17 - Bob: ja\r\n14/03/2024, 20:00 - Ann: later\r\n".encode()
    )
    one, two = several(path)
    assert (one.id, two.id) == (f"{path.name}#2024-03-12", f"{path.name}#2024-03-14")
    assert one.title == two.title == "WhatsApp Chat with Ann"
    assert (one.kind, one.date, two.date) == ("chat", "2024-03-12T09:15", "2024-03-14T20:00")
    assert one.text == "Messages are end-to-end encrypted.\nAnn: Grüße 🙂\nzweite\nBob: ja"
    assert [section.speaker for section in one.sections] == ["", "Ann", "Bob"]
    (chunk,) = chunks(two)
    assert (chunk.text, chunk.date, chunk.place) == ("Ann: later", "2024-03-14T20:00", "message 1")


def test_a_log_of_turns_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "2024-05-06 talk.txt"
    path.write_text("Ann: one\nBob: two\nAnn: three\nBob: four\n")
    (only,) = several(path)
    assert (only.id, only.text, only.date, only.kind) == (path.name, path.read_text(), "2024-05-06", "chat")
    path.write_text("Time: 2024-05-06 10:00\nAnn: one\nBob: two\n\nTime: 2024-05-07 10:00\nAnn: three\n")
    one, two = several(path)
    assert (one.text, two.text) == ("Ann: one\nBob: two", "Ann: three")
    assert [two.text[section.start : section.end] for section in two.sections] == ["Ann: three"]


def test_records_that_are_chats_keep_their_text(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    text = "Time: 20240312_09:15\nAnnBell: hi\nBobFox: yes, and\n\n1. more: of it\nAnnBell: bye"
    path.write_text(json.dumps({"id": "20240312_0915", "title": "20240312_0915", "text": text}))
    (only,) = several(path)
    assert (only.kind, only.date, only.text) == ("chat", "2024-03-12T09:15", text)
    (chunk,) = chunks(only)
    assert chunk.text == text[text.index("AnnBell") :]
    assert (chunk.place, chunk.date, chunk.title) == ("messages 1-3", "2024-03-12T09:15", "20240312_0915")
    assert chunk.source == f"document:20240312_0915#{text.index('AnnBell')}-{len(text)}"


def test_json_lines_of_messages(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    rows = [
        {"sender": "Ann", "text": "one", "timestamp": 1710234930},
        {"sender": {"name": "Bob"}, "text": ["two ", {"type": "bold", "text": "bold"}], "timestamp": 1710234990},
        {"sender": "Ann", "text": "three", "timestamp": "2024-03-13 10:00"},
        {"text": "nobody"},
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    one, fault, two = read_documents([path], root=tmp_path)
    assert isinstance(one, Document) and isinstance(two, Document)
    assert (one.id, one.text, one.date) == ("log.jsonl#2024-03-12", "Ann: one\nBob: two bold", "2024-03-12T09:15:30")
    assert (two.id, two.text, two.date) == ("log.jsonl#2024-03-13", "Ann: three", "2024-03-13T10:00")
    assert fault == Unread("log.jsonl", "line 4: not a message: nobody says anything")


def test_a_log_without_dates_is_one_document(tmp_path: Path) -> None:
    path = tmp_path / "log.ndjson"
    path.write_text("\n".join(json.dumps({"role": role, "content": f"from {role}"}) for role in ("user", "assistant")))
    (only,) = several(path)
    assert (only.id, only.text) == ("log.ndjson", "user: from user\nassistant: from assistant")


def test_conversations(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    messages = [
        {"type": "service", "date": "2024-03-12T09:00:00"},
        {"from": "Ann", "date": "2024-03-12T09:15:30", "text": ["see ", {"type": "link", "text": "x.example"}]},
    ]
    path.write_text(json.dumps({"name": "Ann and Bob", "id": 7, "messages": messages}))
    (only,) = several(path)
    assert (only.id, only.title, only.kind, only.date) == ("7", "Ann and Bob", "chat", "2024-03-12T09:15:30")
    assert only.text == "Ann: see x.example"
