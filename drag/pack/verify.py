"""Checking a pack: does every part of it hold what its tables promise?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from drag.pack.read import Pack
from drag.pack.schema import DIGESTED, SEARCHABLE
from drag.pack.triples import triple_id
from drag.types import Evidence
from graphs import Triple

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

_RULES = {
    "evidence without a question or a document": (
        "SELECT id FROM evidence WHERE document IS NULL AND id NOT IN (SELECT evidence_id FROM question_evidence)"
    ),
    "kept evidence without a vector": (
        f"SELECT id FROM evidence e WHERE {SEARCHABLE} AND n NOT IN (SELECT n FROM evidence_vectors)"
    ),
    "a vector of evidence that was not kept": (
        f"SELECT id FROM evidence e WHERE NOT {SEARCHABLE} AND n IN (SELECT n FROM evidence_vectors)"
    ),
    "ranks of triples that do not run from 1": (
        "SELECT question_id FROM question_triples GROUP BY question_id "
        "HAVING min(rank) != 1 OR max(rank) != count(*) OR count(DISTINCT rank) != count(*)"
    ),
    "a question without a vector": (
        "SELECT id FROM questions WHERE id NOT IN (SELECT id FROM vectors WHERE kind = 'question')"
    ),
    "evidence that the full-text index does not have": (
        f"SELECT id FROM evidence e WHERE {SEARCHABLE} AND n NOT IN (SELECT id FROM evidence_words_docsize)"
    ),
    "words in the full-text index of evidence that is not kept": (
        f"SELECT id FROM evidence_words_docsize WHERE id NOT IN (SELECT n FROM evidence e WHERE {SEARCHABLE})"
    ),
    "a kept triple without a vector": (
        "SELECT DISTINCT triple_id FROM question_triples WHERE kept AND triple_id NOT IN "
        "(SELECT id FROM vectors WHERE kind = 'triple')"
    ),
    "a triple without evidence": "SELECT id FROM triples WHERE n NOT IN (SELECT triple FROM triple_evidence)",
    "a triple without a question or a document": (
        "SELECT id FROM triples t WHERE NOT EXISTS (SELECT 1 FROM question_triples q WHERE q.triple_id = t.id) AND NOT "
        "EXISTS (SELECT 1 FROM triple_evidence o JOIN evidence e ON e.n = o.evidence WHERE o.triple = t.n "
        "AND e.document IS NOT NULL)"
    ),
    "ranks that do not run from 1": (
        "SELECT question_id FROM question_evidence GROUP BY question_id "
        "HAVING min(rank) != 1 OR max(rank) != count(*) OR count(DISTINCT rank) != count(*)"
    ),
    "a question without evidence and without a failure": (
        "SELECT id FROM questions WHERE id NOT IN (SELECT question_id FROM question_evidence) "
        "AND id NOT IN (SELECT item_id FROM failures)"
    ),
    "the place of a triple outside its evidence": (
        "SELECT e.id FROM triple_evidence o JOIN evidence e ON e.n = o.evidence "
        "WHERE o.start < 0 OR o.stop < o.start OR o.stop > length(e.text)"
    ),
    "a document that is not the one its evidence names": (
        "SELECT e.id FROM evidence e JOIN documents d ON d.n = e.document "
        "WHERE substr(e.source, 1, length(d.id) + 10) != 'document:' || d.id || '#'"
    ),
    "an entity whose mentions were miscounted": (
        "SELECT key FROM entities t WHERE count != (SELECT count(*) FROM mentions m WHERE m.entity = t.n)"
    ),
    "an entity that nothing mentions": "SELECT key FROM entities WHERE n NOT IN (SELECT entity FROM mentions)",
    "a spelling whose mentions were miscounted": (
        "SELECT name FROM spellings s WHERE count != (SELECT count(*) FROM mentions m WHERE m.spelling = s.n)"
    ),
    "a mention under the spelling of another entity": (
        "SELECT s.name FROM mentions m JOIN spellings s ON s.n = m.spelling WHERE s.entity != m.entity"
    ),
    "a reference to nothing": 'SELECT "table" FROM pragma_foreign_key_check()',
}


def verify(pack: Pack) -> list[str]:
    """What is wrong with the pack, one line each; empty if nothing is."""
    integrity = [row[0] for row in pack.check("PRAGMA integrity_check")]
    if integrity != ["ok"]:
        # Nothing that is read from a damaged file can be trusted.
        return [f"the file is damaged: {integrity[0]}"]
    # A statement that cannot be run gives one row of one column, the error.
    firsts = [(table, pack.check(f"{statement} LIMIT 1")) for table, statement in DIGESTED.items()]
    missing = [f"the table {table}: {rows[0][0]}" for table, rows in firsts if rows and len(rows[0]) == 1]
    if missing:
        return missing
    problems: list[str] = []
    for what, statement in _RULES.items():
        rows = pack.check(statement)
        if rows:
            problems.append(f"{what}: {len(rows)} ({rows[0][0]})")
    for key, text, source in pack.check("SELECT id, text, source FROM evidence"):
        if Evidence.of(text, source).id != key:
            problems.append(f"evidence {key} was changed after it was stored")
    for key, head, relation, tail in pack.check("SELECT id, head, relation, tail FROM triples"):
        whole = head.strip() and relation.strip() and tail.strip()
        if not whole or triple_id(Triple(head, relation, tail)) != key:
            problems.append(f"triple {key} was changed after it was stored")
    return problems + _vector_problems(pack)


def _vector_problems(pack: Pack) -> list[str]:
    sizes = {size // 4 for (size,) in pack.check("SELECT DISTINCT length(vector) FROM vectors")}
    sizes |= {size // 2 for (size,) in pack.check("SELECT DISTINCT length(vector) FROM evidence_vectors")}
    uneven = pack.check(
        "SELECT 1 FROM (SELECT length(vector) % 4 AS rest, length(vector) AS size FROM vectors UNION ALL "
        "SELECT length(vector) % 2, length(vector) FROM evidence_vectors) WHERE rest OR NOT size LIMIT 1"
    )
    if uneven:
        return ["vectors that are not of whole numbers"]
    if len(sizes) > 1:
        return ["vectors of different dimensions"]
    problems: list[str] = []
    for kind in ("question", "triple"):
        ids, matrix = pack.vectors(kind)
        problems += _off(kind, ids, matrix)
    # A portion at a time: a large pack has gigabytes of them.
    for numbers, matrix in pack.vector_rows():
        problems += _off("evidence", numbers, matrix)
    return problems


def _off(kind: str, names: Sequence[Any] | NDArray[numpy.int64], matrix: NDArray[numpy.float32]) -> list[str]:
    import numpy

    if not len(names):
        return []
    off = numpy.flatnonzero(~numpy.isclose(numpy.linalg.norm(matrix, axis=1), 1.0, atol=1e-3))
    return [f"{kind} vectors that are not of length 1: {off.size} ({names[int(off[0])]})"] if off.size else []
