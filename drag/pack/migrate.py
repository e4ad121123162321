"""Bringing a pack of version 1 to version 2: the questions that it holds are kept, nothing is built again."""

from __future__ import annotations

import sqlite3

from drag.pack import words
from drag.pack.questions import refresh
from drag.pack.schema import TABLES, VERSION

_TABLES = (
    "meta",
    "questions",
    "evidence",
    "question_evidence",
    "triples",
    "triple_evidence",
    "question_triples",
    "vectors",
    "failures",
    "replies",
)

_COPY = (
    "INSERT INTO meta SELECT key, value FROM old_meta",
    "INSERT INTO questions SELECT id, position, text, choices, gold, recipe, mode FROM old_questions",
    "INSERT INTO evidence (n, id, text, source) SELECT n, id, text, source FROM old_evidence",
    "INSERT INTO question_evidence SELECT question_id, evidence_id, rank, score, signals, kept "
    "FROM old_question_evidence",
    "INSERT INTO triples (id, head, relation, tail) SELECT id, head, relation, tail FROM old_triples ORDER BY id",
    "INSERT INTO triple_evidence (triple, evidence) SELECT t.n, e.n FROM old_triple_evidence o "
    "JOIN triples t ON t.id = o.triple_id JOIN evidence e ON e.id = o.evidence_id",
    "INSERT INTO question_triples SELECT question_id, triple_id, rank, score, signals, kept FROM old_question_triples",
    "INSERT INTO vectors SELECT kind, id, vector FROM old_vectors WHERE kind != 'evidence'",
    "INSERT INTO failures SELECT item_id, stage, error FROM old_failures",
    "INSERT INTO replies (key, model, prompt, value, made) SELECT key, model, prompt, value, made FROM old_replies",
)


def migrate(connection: sqlite3.Connection) -> None:
    """Turn the tables of version 1 into those of today, within the caller's transaction and without foreign keys."""
    import numpy

    for name in ("evidence_added", "evidence_removed"):
        connection.execute(f"DROP TRIGGER {name}")
    for name in ("by_evidence", "by_triple", "triples_of_evidence"):
        connection.execute(f"DROP INDEX {name}")
    connection.execute("DROP TABLE evidence_words")
    for table in _TABLES:
        connection.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
    for statement in _statements(TABLES):
        connection.execute(statement)
    for statement in _COPY:
        connection.execute(statement)
    vectors = connection.execute(
        "SELECT e.n, v.vector FROM old_vectors v JOIN evidence e ON e.id = v.id WHERE v.kind = 'evidence'"
    )
    connection.executemany(
        "INSERT INTO evidence_vectors VALUES (?, ?)",
        [(n, numpy.frombuffer(blob, "<f4").astype("<f2").tobytes()) for n, blob in vectors],
    )
    # What points at others goes before them.
    for table in ("question_triples", "triple_evidence", "question_evidence", *_TABLES):
        connection.execute(f"DROP TABLE IF EXISTS old_{table}")
    words.bring_up_to_date(connection)
    refresh(connection, [row[0] for row in connection.execute("SELECT n FROM evidence").fetchall()])
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _statements(script: str) -> list[str]:
    """The statements of a script: `executescript` would end the transaction."""
    found: list[str] = []
    part = ""
    for line in script.splitlines(keepends=True):
        part += line
        if sqlite3.complete_statement(part):
            found.append(part)
            part = ""
    return found
