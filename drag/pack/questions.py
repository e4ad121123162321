"""What a question leaves in a pack besides itself, and taking it out again when the question changes.

Only what a question touched is looked at: a sweep over all that is stored would make a long build quadratic.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drag.pack import words
from drag.pack.mentions import Named, forget, mention
from drag.pack.schema import SEARCHABLE
from drag.pack.store import each_in, edited, parts, rows_in
from drag.pack.triples import triple_id
from drag.types import Evidence, Ranked
from graphs import Merged
from graphs.merge import Source

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

_KEPT = "EXISTS (SELECT 1 FROM question_evidence q WHERE q.evidence_id = e.id AND q.kept)"

# What only questions brought: that of documents goes with its document.
_TRIPLES = (
    "DELETE FROM triple_evidence WHERE evidence IN (SELECT n FROM evidence WHERE document IS NULL) AND NOT EXISTS "
    "(SELECT 1 FROM question_triples q JOIN triples t ON t.id = q.triple_id WHERE t.n = triple) AND triple IN",
    "DELETE FROM vectors WHERE kind = 'triple' AND id IN (SELECT t.id FROM triples t WHERE NOT EXISTS "
    "(SELECT 1 FROM question_triples q WHERE q.triple_id = t.id AND q.kept) AND t.n IN",
    "DELETE FROM triples WHERE NOT EXISTS (SELECT 1 FROM triple_evidence o WHERE o.triple = n) AND NOT EXISTS "
    "(SELECT 1 FROM question_triples q WHERE q.triple_id = id) AND n IN",
)


@dataclass(frozen=True, slots=True)
class Footprint:
    """The numbers of the evidence and of the triples that a question ranks."""

    evidence: frozenset[int]
    triples: frozenset[int]

    def __or__(self, other: Footprint) -> Footprint:
        return Footprint(self.evidence | other.evidence, self.triples | other.triples)


def footprint(connection: sqlite3.Connection, question_id: str) -> Footprint:
    """What the question ranks now."""
    evidence = connection.execute(
        "SELECT e.n FROM question_evidence q JOIN evidence e ON e.id = q.evidence_id WHERE q.question_id = ?",
        (question_id,),
    )
    triples = connection.execute(
        "SELECT t.n FROM question_triples q JOIN triples t ON t.id = q.triple_id WHERE q.question_id = ?",
        (question_id,),
    )
    return Footprint(frozenset(row[0] for row in evidence), frozenset(row[0] for row in triples))


def sweep(connection: sqlite3.Connection, touched: Footprint) -> None:
    """Remove what of `touched` no question refers to any more."""
    cut = _unsupported(connection, touched.evidence, _KEPT)
    each_in(connection, ["DELETE FROM triple_evidence WHERE evidence IN"], cut)
    occurrences, vectors, triples = _TRIPLES
    each_in(connection, [occurrences], touched.triples)
    for marks, part in parts(touched.triples):
        connection.execute(f"{vectors} {marks})", part)
    each_in(connection, [triples], touched.triples)
    if cut:
        each_in(connection, ["DELETE FROM evidence_vectors WHERE n IN"], cut)
        edited(connection)
    gone = _unsupported(connection, cut, "EXISTS (SELECT 1 FROM question_evidence q WHERE q.evidence_id = e.id)")
    words.unindex(connection, gone)
    forget(connection, gone)
    each_in(connection, ["DELETE FROM evidence WHERE n IN"], gone)


def refresh(connection: sqlite3.Connection, ns: Iterable[int]) -> None:
    """Bring words and mentions of question evidence in step with what is kept now.

    Mentions are the heads and tails of its triples.
    """
    known = set(ns)
    wanted = {
        n: (title, text)
        for n, title, text in rows_in(
            connection, f"SELECT n, title, text FROM evidence e WHERE document IS NULL AND {SEARCHABLE} AND n IN", known
        )
    }
    there = words.indexed(connection, known)
    words.unindex(connection, there - wanted.keys())
    words.index(connection, [(n, *wanted[n]) for n in sorted(wanted.keys() - there)])
    forget(connection, known)
    names: dict[int, list[Named]] = {}
    for head, tail, n in rows_in(
        connection,
        "SELECT t.head, t.tail, o.evidence FROM triple_evidence o JOIN triples t ON t.n = o.triple WHERE o.evidence IN",
        wanted,
    ):
        names.setdefault(n, []).extend((Named(head, ""), Named(tail, "")))
    mention(connection, {n: sorted(found) for n, found in names.items()})


def _unsupported(connection: sqlite3.Connection, ns: Iterable[int], condition: str) -> list[int]:
    select = f"SELECT n FROM evidence e WHERE document IS NULL AND NOT {condition} AND n IN"
    return [row[0] for row in rows_in(connection, select, ns)]


def put_vectors(connection: sqlite3.Connection, vectors: Mapping[tuple[str, str], NDArray[numpy.float32]]) -> None:
    """Store the vectors of a question, its kept evidence and its kept triples, by (kind, id)."""
    # A vector that another question brought stays: the batch that an embedder sees changes its last bits.
    connection.executemany(
        "INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)",
        [(kind, key, row.astype("<f4").tobytes()) for (kind, key), row in vectors.items() if kind != "evidence"],
    )
    rows = {key: vector for (kind, key), vector in vectors.items() if kind == "evidence"}
    numbers = list(rows_in(connection, "SELECT id, n FROM evidence WHERE id IN", rows))
    (last,) = connection.execute("SELECT coalesce(max(n), 0) FROM evidence_vectors").fetchone()
    if any(n < last for _, n in numbers):
        edited(connection)  # perhaps it has one already; an index that looks once too often loses nothing
    connection.executemany(
        "INSERT OR IGNORE INTO evidence_vectors VALUES (?, ?)",
        [(n, rows[key].astype("<f2").tobytes()) for key, n in numbers],
    )


def put_evidence(connection: sqlite3.Connection, question_id: str, ranked: Iterable[Ranked[Evidence]]) -> None:
    """Store the evidence of a question with its ranks."""
    for one in ranked:
        connection.execute(
            "INSERT OR IGNORE INTO evidence (id, text, source, title, date, place) VALUES (?, ?, ?, ?, ?, ?)",
            (one.item.id, one.item.text, one.item.source, one.item.title, one.item.date, one.item.place),
        )
        connection.execute(
            "INSERT INTO question_evidence VALUES (?, ?, ?, ?, ?, ?)", (question_id, one.item.id, *_place(one))
        )


def put_triples(connection: sqlite3.Connection, question_id: str, ranked: Iterable[Ranked[Merged]]) -> None:
    """Store the triples of a question with their ranks, and the evidence that says them."""
    for one in ranked:
        triple = one.item.triple
        key = triple_id(triple)
        connection.execute(
            "INSERT OR IGNORE INTO triples (id, head, relation, tail) VALUES (?, ?, ?, ?)",
            (key, triple.head, triple.relation, triple.tail),
        )
        connection.executemany(
            "INSERT OR IGNORE INTO triple_evidence SELECT t.n, e.n, ?, ?, ?, ?, ? FROM triples t, evidence e "
            "WHERE t.id = ? AND e.id = ?",
            [
                (triple.head_type, triple.tail_type, *(said.span or (None, None)), said.confidence, key, of)
                for of, said in _said(one.item)
            ],
        )
        connection.execute("INSERT INTO question_triples VALUES (?, ?, ?, ?, ?, ?)", (question_id, key, *_place(one)))


def take_out(connection: sqlite3.Connection, question_id: str) -> bool:
    """Remove a question and what only it has; whether it was there. What it shared is left to `sweep`."""
    removed = connection.execute("DELETE FROM questions WHERE id = ?", (question_id,)).rowcount > 0
    connection.execute("DELETE FROM vectors WHERE kind = 'question' AND id = ?", (question_id,))
    connection.execute("DELETE FROM failures WHERE item_id = ?", (question_id,))
    return removed


def _place(one: Ranked[Any]) -> tuple[int, float, str, int]:
    return one.rank, one.score, json.dumps(dict(sorted(one.signals.items()))), int(one.kept)


def _said(merged: Merged) -> list[tuple[str, Source]]:
    """Each piece of evidence that says a fact, with the place; without one where the merging knows none."""
    known = {one.evidence_id: one for one in merged.sources}
    return [(key, known.get(key, Source(key))) for key in merged.evidence_ids]
