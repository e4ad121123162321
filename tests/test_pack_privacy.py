"""`drag pack verify --privacy`: rows are named, words are shown only on request."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from conftest import Command
from gossip import QUESTIONS, build, sanitizer

from drag.testing import FakeTeacher


def test_drag_pack_verify_privacy_names_rows_and_shows_words_only_on_request(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drag.models.gateway.open_sanitizer", lambda settings, how: sanitizer())  # pyright: ignore
    path = tmp_path / "a.pack"
    build(path, FakeTeacher(), QUESTIONS)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO replies (key, model, prompt, value, made) VALUES ('k', 'm', 'p', ?, 0)",
            ['{"text": "{\\"a\\": \\"Jonas Weiss\\"}"}'],
        )
    connection.close()
    done = command("pack", "verify", path, "--privacy")
    assert done.code == 1
    assert "questions margaret-1: EMAIL × 1, ORGANIZATION × 1, PERSON × 1" in done.out
    assert "replies k: PERSON × 1" in done.out
    assert "Holloway" not in done.out + done.err
    assert "Jonas Weiss" in command("pack", "verify", path, "--privacy", "--show").out
    record = json.loads(command("pack", "verify", path, "--privacy", "--json", "--kinds", "phone").out)
    assert {tuple(one["kinds"]) for one in record["found"]} == {("PHONE",)}
    assert command("pack", "verify", path, "--privacy", "--kinds", "IBAN").code == 0
    assert command("pack", "verify", path).code in (0, 1)
    assert "go with --privacy" in command("pack", "verify", path, "--show").err
