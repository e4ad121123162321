"""The tables of a pack: one SQLite file that any tool can read.

What can be derived (the FAISS index, the networkx view) is not stored. Two things that can be are stored all the same,
because deriving them takes longer than a question may: the full-text index and the entities with their mentions. Both
are kept in step with the evidence by `drag.pack.write` and `drag.pack.documents`.

Evidence is *searchable* when it stands in a document, or when a question kept it; only that has a vector, words in the
full-text index, and mentions.
"""

from __future__ import annotations

VERSION = 2
"""Stored as SQLite's `user_version`. Version 1 is brought to this one (`drag.pack.migrate`); others are refused."""

APPLICATION_ID = 0x44524147
"""`DRAG` in ASCII, stored as SQLite's `application_id`: how a pack is told from any other SQLite file."""

TABLES = """
-- What made the pack: models, prompt versions, settings; one JSON value a key.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);

-- What the pack knows of itself: `words` is the version of `drag.lexical.index_text` that filled the full-text index,
-- `edits` counts what was done to vectors besides adding new ones (an index beside the pack looks at it).
CREATE TABLE state (key TEXT PRIMARY KEY, value INTEGER NOT NULL);

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

-- What was read from files. `n` is what evidence points at, here only; `recipe` is the digest of how it was cut,
-- embedded and read for triples: the same digest and the same recipe means that nothing is left to do.
CREATE TABLE documents (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    date TEXT NOT NULL,         -- ISO 8601, or empty
    kind TEXT NOT NULL,         -- text, markdown, html, pdf, chat …
    path TEXT NOT NULL,         -- where it lay when it was read, absolute
    digest TEXT NOT NULL,       -- SHA-256 of its content, title and date
    recipe TEXT NOT NULL
);

-- `n` is the number that the full-text index, the vectors, the mentions and the triples point at; it is never given
-- twice. `id` is what everything else points at, and follows from text and source.
CREATE TABLE evidence (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    text TEXT NOT NULL,
    source TEXT NOT NULL,       -- teacher:<model>, document:<question id>, or document:<document id>#<start>-<end>
    title TEXT NOT NULL DEFAULT '',
    date TEXT NOT NULL DEFAULT '',
    place TEXT NOT NULL DEFAULT '',
    document INTEGER REFERENCES documents(n)    -- NULL for the evidence of questions
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
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    head TEXT NOT NULL,
    relation TEXT NOT NULL,
    tail TEXT NOT NULL
);

-- Who says a triple, and where in the evidence's text: [start, stop) in characters. What kind of things head and tail
-- are stands here as well: it is what was made of that text, and goes when the text goes.
CREATE TABLE triple_evidence (
    triple INTEGER NOT NULL REFERENCES triples(n) ON DELETE CASCADE,
    evidence INTEGER NOT NULL REFERENCES evidence(n),
    head_type TEXT NOT NULL DEFAULT '',
    tail_type TEXT NOT NULL DEFAULT '',
    start INTEGER,
    stop INTEGER,
    confidence REAL,            -- the extractor's own, 0 to 1
    PRIMARY KEY (triple, evidence)
) WITHOUT ROWID;

CREATE TABLE question_triples (
    question_id TEXT NOT NULL REFERENCES questions(id) ON DELETE CASCADE,
    triple_id TEXT NOT NULL REFERENCES triples(id),
    rank INTEGER NOT NULL,
    score REAL NOT NULL,
    signals TEXT NOT NULL,
    kept INTEGER NOT NULL,
    PRIMARY KEY (question_id, triple_id)
);

-- What evidence speaks of. `key` is the normal form of a name (`graphs.normal_form`); name and type are those that
-- most mentions have; `count` is the number of pieces of evidence that mention it.
CREATE TABLE entities (
    n INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    count INTEGER NOT NULL
);

-- How an entity is written, and how many pieces of evidence write it so: what its name is chosen by.
CREATE TABLE spellings (
    n INTEGER PRIMARY KEY,
    entity INTEGER NOT NULL REFERENCES entities(n),
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    count INTEGER NOT NULL,
    UNIQUE (entity, name, type)
);

CREATE TABLE mentions (
    entity INTEGER NOT NULL REFERENCES entities(n),
    evidence INTEGER NOT NULL REFERENCES evidence(n),
    spelling INTEGER NOT NULL REFERENCES spellings(n),
    PRIMARY KEY (entity, evidence)
) WITHOUT ROWID;

-- What a document may be called in another text (`drag.lexical.title_keys`): its title, and that without its bracket.
CREATE TABLE titles (
    key TEXT NOT NULL,
    document INTEGER NOT NULL REFERENCES documents(n),
    PRIMARY KEY (key, document)
) WITHOUT ROWID;

-- Vectors of searchable evidence: float16, little endian, of length 1 (to 0.1 %).
CREATE TABLE evidence_vectors (n INTEGER PRIMARY KEY REFERENCES evidence(n), vector BLOB NOT NULL);

-- Vectors of questions and of the triples that they keep: float32, little endian, of length 1.
CREATE TABLE vectors (
    kind TEXT NOT NULL,         -- question or triple
    id TEXT NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE TABLE failures (
    item_id TEXT NOT NULL,      -- of a question or a document, or the path of a file that could not be read
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
    made REAL NOT NULL,         -- seconds since 1970, UTC
    document TEXT NOT NULL DEFAULT ''   -- the id of the document that it is about: it goes when that goes
);

CREATE INDEX by_evidence ON question_evidence (evidence_id);
CREATE INDEX by_triple ON question_triples (triple_id);
CREATE INDEX triples_of_evidence ON triple_evidence (evidence);
CREATE INDEX evidence_of_document ON evidence (document) WHERE document IS NOT NULL;
CREATE INDEX titles_of_document ON titles (document);
CREATE INDEX evidence_of_date ON evidence (substr(date, 1, 10)) WHERE date != '';
CREATE INDEX evidence_of_day ON evidence (substr(date, 6, 5)) WHERE date != '';
CREATE INDEX mentions_of_evidence ON mentions (evidence, entity, spelling);
CREATE INDEX replies_of_document ON replies (document) WHERE document != '';
-- The numbers without the vectors: reading a million of them takes 10 MB instead of 800.
CREATE INDEX vector_numbers ON evidence_vectors (n);
CREATE INDEX mentions_of_spelling ON mentions (spelling);

-- Title and text as `drag.lexical.index_text` gives them; the rowid is the evidence's `n`. It holds no content of its
-- own: a row is taken out by naming again what was put in.
CREATE VIRTUAL TABLE evidence_words USING fts5(
    title, text, content='', tokenize='porter unicode61 remove_diacritics 2'
);
"""

SEARCHABLE = (
    "(e.document IS NOT NULL OR EXISTS (SELECT 1 FROM question_evidence q WHERE q.evidence_id = e.id AND q.kept))"
)
"""The condition, on a row `e` of evidence, that it is searchable."""

DIGESTED = {
    "questions": "SELECT id, position, text, choices, gold, recipe, mode FROM questions ORDER BY id",
    "documents": "SELECT id, title, date, kind, digest, recipe FROM documents ORDER BY id",
    "evidence": (
        "SELECT e.id, e.text, e.source, e.title, e.date, e.place, d.id FROM evidence e "
        "LEFT JOIN documents d ON d.n = e.document ORDER BY e.id"
    ),
    "question_evidence": (
        "SELECT question_id, evidence_id, rank, score, signals, kept FROM question_evidence ORDER BY 1, 2"
    ),
    "triples": "SELECT id, head, relation, tail FROM triples ORDER BY id",
    "triple_evidence": (
        "SELECT t.id, e.id, head_type, tail_type, start, stop, confidence FROM triple_evidence o "
        "LEFT JOIN triples t ON t.n = o.triple LEFT JOIN evidence e ON e.n = o.evidence ORDER BY 1, 2"
    ),
    "question_triples": (
        "SELECT question_id, triple_id, rank, score, signals, kept FROM question_triples ORDER BY 1, 2"
    ),
    "entities": "SELECT key, name, type, count FROM entities ORDER BY key",
    "spellings": (
        "SELECT t.key, s.name, s.type, s.count FROM spellings s LEFT JOIN entities t ON t.n = s.entity ORDER BY 1, 2, 3"
    ),
    "mentions": (
        "SELECT t.key, e.id, s.name, s.type FROM mentions m LEFT JOIN entities t ON t.n = m.entity "
        "LEFT JOIN evidence e ON e.n = m.evidence LEFT JOIN spellings s ON s.n = m.spelling ORDER BY 1, 2"
    ),
    "evidence_vectors": (
        "SELECT e.id, v.vector FROM evidence_vectors v JOIN evidence e USING (n) WHERE e.document IS NULL ORDER BY 1"
    ),
    "vectors": "SELECT kind, id, vector FROM vectors ORDER BY 1, 2",
    "failures": "SELECT item_id, stage, error FROM failures ORDER BY 1, 2",
}
"""What the content digest covers: everything but timestamps, row numbers, paths, the replies that led there, and the
vectors of documents.

Those follow from text and embedder; how texts are batched changes their last bits, and documents are embedded together
with whatever else is new.
"""
