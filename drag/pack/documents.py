"""Putting documents into a pack and taking them out again, whole and without a trace.

Every statement here is about the documents at hand: nothing depends on how large the pack is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drag.pack import titles, words
from drag.pack.mentions import Named, forget, mention
from drag.pack.store import each_in, edited, rows_in
from drag.pack.triples import triple_id
from drag.types import Evidence, Failure

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    from drag.documents import Document
    from graphs.spacy_reader import Reading


@dataclass(frozen=True, slots=True)
class Ingested:
    """All that was made of one document.

    `vectors` has one row of length 1 and `readings` one entry for each piece of `evidence`. `recipe` is the digest of
    how it was made (see `drag.ingest`); `failures` of a document mean that the next run tries it again.
    """

    document: Document
    evidence: Sequence[Evidence]
    vectors: NDArray[numpy.float32]
    readings: Sequence[Reading]
    recipe: str = ""
    failures: Sequence[Failure] = ()


def put(connection: sqlite3.Connection, ingested: Sequence[Ingested]) -> None:
    """Store documents in place of what was there under their ids, within the caller's transaction."""
    remove(
        connection,
        [one.document.id for one in ingested],
        unfinished={one.document.id for one in ingested if one.failures},
    )
    numbers: dict[str, int] = {}
    for one in ingested:
        document = one.document
        row = (document.id, document.title, document.date, document.kind, document.path, document.digest, one.recipe)
        cursor = connection.execute(
            "INSERT INTO documents (id, title, date, kind, path, digest, recipe) VALUES (?, ?, ?, ?, ?, ?, ?)", row
        )
        number = int(cursor.lastrowid or 0)
        numbers |= _put_evidence(connection, one.evidence, number)
        titles.put(connection, number, document.title)
        connection.executemany(
            "INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", [(f.item_id, f.stage, f.error) for f in one.failures]
        )
    _put_vectors(connection, ingested, numbers)
    _put_readings(connection, ingested, numbers)


def remove(connection: sqlite3.Connection, ids: Iterable[str], unfinished: Collection[str] = ()) -> list[str]:
    """Remove documents and all that was made of them, within the caller's transaction; the ids that were there.

    Replies about the `unfinished` stay: the next run would pay for them again.
    """
    ids = list(ids)
    finished = [key for key in ids if key not in unfinished]
    # Of documents that never came to be as well: their build may have been interrupted.
    each_in(connection, ["DELETE FROM replies WHERE document != '' AND document IN"], finished)
    each_in(connection, ["DELETE FROM failures WHERE item_id IN"], ids)
    found = list(rows_in(connection, "SELECT n, id FROM documents WHERE id IN", ids))
    if not found:
        return []
    documents, names = [row[0] for row in found], [row[1] for row in found]
    ns = [row[0] for row in rows_in(connection, "SELECT n FROM evidence WHERE document IN", documents)]
    triples = {row[0] for row in rows_in(connection, "SELECT triple FROM triple_evidence WHERE evidence IN", ns)}
    words.unindex(connection, ns)
    forget(connection, ns)
    each_in(
        connection,
        [
            "DELETE FROM triple_evidence WHERE evidence IN",
            "DELETE FROM evidence_vectors WHERE n IN",
            "DELETE FROM evidence WHERE n IN",
        ],
        ns,
    )
    each_in(
        connection,
        [
            # A triple that a question keeps may be said by a document too, and the other way round.
            "DELETE FROM triples WHERE NOT EXISTS (SELECT 1 FROM triple_evidence o WHERE o.triple = n) "
            "AND NOT EXISTS (SELECT 1 FROM question_triples q WHERE q.triple_id = id) AND n IN"
        ],
        triples,
    )
    titles.forget(connection, documents)
    each_in(connection, ["DELETE FROM documents WHERE n IN"], documents)
    if ns:
        edited(connection)
    return names


def _put_evidence(connection: sqlite3.Connection, evidence: Sequence[Evidence], document: int) -> dict[str, int]:
    connection.executemany(
        "INSERT INTO evidence (id, text, source, title, date, place, document) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(one.id, one.text, one.source, one.title, one.date, one.place, document) for one in evidence],
    )
    rows = connection.execute("SELECT n, id, title, text FROM evidence WHERE document = ?", (document,)).fetchall()
    words.index(connection, [(n, title, text) for n, _, title, text in rows])
    return {key: n for n, key, _, _ in rows}


def _put_vectors(connection: sqlite3.Connection, ingested: Sequence[Ingested], numbers: dict[str, int]) -> None:
    connection.executemany(
        "INSERT INTO evidence_vectors VALUES (?, ?)",
        [
            (numbers[piece.id], vector.astype("<f2").tobytes())
            for one in ingested
            for piece, vector in zip(one.evidence, one.vectors, strict=True)
        ],
    )


def _put_readings(connection: sqlite3.Connection, ingested: Sequence[Ingested], numbers: dict[str, int]) -> None:
    pairs = [
        (numbers[piece.id], reading)
        for one in ingested
        for piece, reading in zip(one.evidence, one.readings, strict=True)
    ]
    mention(connection, {n: [Named(one.name, one.type) for one in reading.mentions] for n, reading in pairs})
    facts = [(triple_id(triple), n, triple) for n, reading in pairs for triple in reading.triples]
    connection.executemany(
        "INSERT OR IGNORE INTO triples (id, head, relation, tail) VALUES (?, ?, ?, ?)",
        [(key, triple.head, triple.relation, triple.tail) for key, _, triple in facts],
    )
    known = dict(rows_in(connection, "SELECT id, n FROM triples WHERE id IN", {key for key, _, _ in facts}))
    # A text that says the same twice says it once: where it says so first.
    connection.executemany(
        "INSERT OR IGNORE INTO triple_evidence VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (known[key], n, one.head_type, one.tail_type, *(one.span or (None, None)), one.confidence)
            for key, n, one in facts
        ],
    )
