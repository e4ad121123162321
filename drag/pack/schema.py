"""The tables of a pack: one SQLite file that any tool can read.

What can be derived (the FAISS index, the networkx view) is not stored; the full-text index is SQLite's own and follows
the evidence table by triggers.
"""

from __future__ import annotations

VERSION = 1
"""Stored as SQLite's `user_version`. A pack of another version is refused, never guessed at."""

APPLICATION_ID = 0x44524147
"""`DRAG` in ASCII, stored as SQLite's `application_id`: how a pack is told from any other SQLite file."""

TABLES = """
-- What made the pack: models, prompt versions, settings; one JSON value a key.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);

-- `recipe` is the digest of all that a question's results depend on: another recipe means building it again.
CREATE TABLE questions (
    id TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    choices TEXT NOT NULL,      -- JSON list
    gold TEXT NOT NULL,         -- JSON list; read by evaluation only
    recipe TEXT NOT NULL,
    mode TEXT NOT NULL          -- blind, grounded, concluding, or document (no teacher)
);

-- `n` is the rowid that the full-text index points at; `id` is what everything else points at.
CREATE TABLE evidence (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    text TEXT NOT NULL,
    source TEXT NOT NULL        -- teacher:<model> or document:<id>
);

-- How a piece of evidence ranks for a question. Both signals and their fusion; kept = 0 was ranked and cut.
CREATE TABLE question_evidence (
    question_id TEXT NOT NULL REFERENCES questions(id) ON DELETE CASCADE,
    evidence_id TEXT NOT NULL REFERENCES evidence(id),
    rank INTEGER NOT NULL,
    score REAL NOT NULL,
    signals TEXT NOT NULL,      -- JSON object: similarity, relevance
    kept INTEGER NOT NULL,
    PRIMARY KEY (question_id, evidence_id)
);

CREATE TABLE triples (
    id TEXT PRIMARY KEY,
    head TEXT NOT NULL,
    relation TEXT NOT NULL,
    tail TEXT NOT NULL
);

CREATE TABLE triple_evidence (
    triple_id TEXT NOT NULL REFERENCES triples(id) ON DELETE CASCADE,
    evidence_id TEXT NOT NULL REFERENCES evidence(id),
    PRIMARY KEY (triple_id, evidence_id)
);

CREATE TABLE question_triples (
    question_id TEXT NOT NULL REFERENCES questions(id) ON DELETE CASCADE,
    triple_id TEXT NOT NULL REFERENCES triples(id),
    rank INTEGER NOT NULL,
    score REAL NOT NULL,
    signals TEXT NOT NULL,
    kept INTEGER NOT NULL,
    PRIMARY KEY (question_id, triple_id)
);

-- float32, little endian, of length 1. `kind` is evidence, question or triple.
CREATE TABLE vectors (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE TABLE failures (
    item_id TEXT NOT NULL,
    stage TEXT NOT NULL,
    error TEXT NOT NULL,
    PRIMARY KEY (item_id, stage)
);

-- Replies already paid for. The key is a digest of model, prompt and parameters; the prompt itself is not kept.
CREATE TABLE replies (
    key TEXT PRIMARY KEY,
    model TEXT NOT NULL,
    prompt TEXT NOT NULL,       -- name and version
    value TEXT NOT NULL,
    made REAL NOT NULL          -- seconds since 1970, UTC
);

CREATE INDEX by_evidence ON question_evidence (evidence_id);
CREATE INDEX by_triple ON question_triples (triple_id);
CREATE INDEX triples_of_evidence ON triple_evidence (evidence_id);

CREATE VIRTUAL TABLE evidence_words USING fts5(
    text, content='evidence', content_rowid='n', tokenize='porter unicode61 remove_diacritics 2'
);
CREATE TRIGGER evidence_added AFTER INSERT ON evidence BEGIN
    INSERT INTO evidence_words(rowid, text) VALUES (new.n, new.text);
END;
CREATE TRIGGER evidence_removed AFTER DELETE ON evidence BEGIN
    INSERT INTO evidence_words(evidence_words, rowid, text) VALUES ('delete', old.n, old.text);
END;
"""

DIGESTED = {
    "questions": "SELECT id, position, text, choices, gold, recipe, mode FROM questions ORDER BY id",
    "evidence": "SELECT id, text, source FROM evidence ORDER BY id",
    "question_evidence": (
        "SELECT question_id, evidence_id, rank, score, signals, kept FROM question_evidence ORDER BY 1, 2"
    ),
    "triples": "SELECT id, head, relation, tail FROM triples ORDER BY id",
    "triple_evidence": "SELECT triple_id, evidence_id FROM triple_evidence ORDER BY 1, 2",
    "question_triples": (
        "SELECT question_id, triple_id, rank, score, signals, kept FROM question_triples ORDER BY 1, 2"
    ),
    "vectors": "SELECT kind, id, vector FROM vectors ORDER BY 1, 2",
    "failures": "SELECT item_id, stage, error FROM failures ORDER BY 1, 2",
}
"""What the content digest covers: everything but timestamps, row numbers and the replies that led there."""
