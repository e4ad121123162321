"""Packs of version 1: read as they are, brought to this version when something is written, and built on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy
import pytest
from conftest import CLOCK, FIRST, MILL, SECOND, build, rows, write

from drag.errors import PackError
from drag.pack import Pack, PackWriter
from drag.pack.schema import APPLICATION_ID
from drag.pack.verify import verify
from drag.testing import FakeTeacher
from drag.types import Question

# As version 1 made them, without the comments.
TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE questions (id TEXT PRIMARY KEY, position INTEGER NOT NULL, text TEXT NOT NULL, choices TEXT NOT NULL,
    gold TEXT NOT NULL, recipe TEXT NOT NULL, mode TEXT NOT NULL);
CREATE TABLE evidence (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, text TEXT NOT NULL, source TEXT NOT NULL);
CREATE TABLE question_evidence (question_id TEXT NOT NULL REFERENCES questions(id) ON DELETE CASCADE,
    evidence_id TEXT NOT NULL REFERENCES evidence(id), rank INTEGER NOT NULL, score REAL NOT NULL,
    signals TEXT NOT NULL, kept INTEGER NOT NULL, PRIMARY KEY (question_id, evidence_id));
CREATE TABLE triples (id TEXT PRIMARY KEY, head TEXT NOT NULL, relation TEXT NOT NULL, tail TEXT NOT NULL);
CREATE TABLE triple_evidence (triple_id TEXT NOT NULL REFERENCES triples(id) ON DELETE CASCADE,
    evidence_id TEXT NOT NULL REFERENCES evidence(id), PRIMARY KEY (triple_id, evidence_id));
CREATE TABLE question_triples (question_id TEXT NOT NULL REFERENCES questions(id) ON DELETE CASCADE,
    triple_id TEXT NOT NULL REFERENCES triples(id), rank INTEGER NOT NULL, score REAL NOT NULL,
    signals TEXT NOT NULL, kept INTEGER NOT NULL, PRIMARY KEY (question_id, triple_id));
CREATE TABLE vectors (kind TEXT NOT NULL, id TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (kind, id));
CREATE TABLE failures (item_id TEXT NOT NULL, stage TEXT NOT NULL, error TEXT NOT NULL, PRIMARY KEY (item_id, stage));
CREATE TABLE replies (key TEXT PRIMARY KEY, model TEXT NOT NULL, prompt TEXT NOT NULL, value TEXT NOT NULL,
    made REAL NOT NULL);
CREATE INDEX by_evidence ON question_evidence (evidence_id);
CREATE INDEX by_triple ON question_triples (triple_id);
CREATE INDEX triples_of_evidence ON triple_evidence (evidence_id);
CREATE VIRTUAL TABLE evidence_words USING fts5(
    text, content='evidence', content_rowid='n', tokenize='porter unicode61 remove_diacritics 2');
CREATE TRIGGER evidence_added AFTER INSERT ON evidence BEGIN
    INSERT INTO evidence_words(rowid, text) VALUES (new.n, new.text);
END;
CREATE TRIGGER evidence_removed AFTER DELETE ON evidence BEGIN
    INSERT INTO evidence_words(evidence_words, rowid, text) VALUES ('delete', old.n, old.text);
END;
"""

COPIES = (
    "INSERT INTO meta SELECT * FROM new.meta",
    "INSERT INTO questions SELECT * FROM new.questions",
    "INSERT INTO evidence SELECT n, id, text, source FROM new.evidence",
    "INSERT INTO question_evidence SELECT * FROM new.question_evidence",
    "INSERT INTO triples SELECT id, head, relation, tail FROM new.triples",
    "INSERT INTO triple_evidence SELECT t.id, e.id FROM new.triple_evidence o JOIN new.triples t ON t.n = o.triple "
    "JOIN new.evidence e ON e.n = o.evidence",
    "INSERT INTO question_triples SELECT * FROM new.question_triples",
    "INSERT INTO vectors SELECT * FROM new.vectors",
    "INSERT INTO failures SELECT * FROM new.failures",
    "INSERT INTO replies SELECT key, model, prompt, value, made FROM new.replies",
)


def older(new: Path) -> Path:
    """The same pack as version 1 would have written it."""
    path = new.with_name(f"old-{new.name}")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1; {TABLES}")
        connection.execute("ATTACH ? AS new", (str(new),))
        for statement in COPIES:
            connection.execute(statement)
        for key, blob in connection.execute(
            "SELECT e.id, v.vector FROM new.evidence_vectors v JOIN new.evidence e USING (n)"
        ).fetchall():
            vector = numpy.frombuffer(blob, "<f2").astype("<f4").tobytes()
            connection.execute("INSERT INTO vectors VALUES ('evidence', ?, ?)", (key, vector))
    return path


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return write(tmp_path / "new.pack", FIRST, SECOND)


def content(path: Path) -> tuple[str, list[str]]:
    with Pack(path) as pack:
        return pack.digest(), verify(pack)


def test_an_old_pack_is_read_and_left_as_it_is(new: Path) -> None:
    old = older(new)
    before = old.read_bytes()
    with Pack(old) as pack:
        assert pack.questions() == [FIRST.question, SECOND.question]
        assert pack.search_words("Aldgate", 9)[0][0] == CLOCK.id
        assert pack.mentions_of([MILL.id]) == {MILL.id: ["ivo lund", "mill"]}
        assert len(pack.vectors("evidence")[0]) == 2
    assert content(old) == content(new)
    assert old.read_bytes() == before


def test_an_old_pack_is_brought_to_this_version_when_it_is_written(new: Path) -> None:
    old = older(new)
    PackWriter(old).close()
    assert rows(old, "PRAGMA user_version") == [(2,)]
    assert rows(old, "SELECT name FROM sqlite_master WHERE name LIKE 'old%'") == []
    assert content(old) == content(new)
    wanted = rows(new, "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY name")
    assert rows(old, "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY name") == wanted


def test_nothing_is_built_again(tmp_path: Path) -> None:
    questions = [Question("clock", "Who built the Aldgate clock?"), Question("moon", "How far is the moon?")]
    build(tmp_path / "a.pack", questions)
    old = older(tmp_path / "a.pack")
    teacher = FakeTeacher()
    report = build(old, questions, teacher=teacher)
    assert (report.built, report.reused, teacher.prompts) == (0, 2, [])
    assert content(old) == content(tmp_path / "a.pack")


def test_a_failed_migration_changes_nothing(new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = older(new)
    rows(old, "DROP TABLE failures")
    before = old.read_bytes()
    for use in (Pack, PackWriter):
        with pytest.raises(PackError, match="cannot use"):
            use(old)
    assert old.read_bytes() == before
