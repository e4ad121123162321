"""Checking a pack: does every part of it hold what its tables promise?"""

from __future__ import annotations

from drag.pack.read import Pack
from drag.pack.schema import DIGESTED
from drag.pack.write import triple_id
from drag.types import Evidence
from graphs import Triple

_RULES = {
    "evidence without a question": (
        "SELECT id FROM evidence WHERE id NOT IN (SELECT evidence_id FROM question_evidence)"
    ),
    "kept evidence without a vector": (
        "SELECT DISTINCT evidence_id FROM question_evidence WHERE kept AND evidence_id NOT IN "
        "(SELECT id FROM vectors WHERE kind = 'evidence')"
    ),
    "ranks of triples that do not run from 1": (
        "SELECT question_id FROM question_triples GROUP BY question_id "
        "HAVING min(rank) != 1 OR max(rank) != count(*) OR count(DISTINCT rank) != count(*)"
    ),
    "a question without a vector": (
        "SELECT id FROM questions WHERE id NOT IN (SELECT id FROM vectors WHERE kind = 'question')"
    ),
    "evidence that the full-text index does not have": (
        "SELECT id FROM evidence WHERE n NOT IN (SELECT id FROM evidence_words_docsize)"
    ),
    "a kept triple without a vector": (
        "SELECT DISTINCT triple_id FROM question_triples WHERE kept AND triple_id NOT IN "
        "(SELECT id FROM vectors WHERE kind = 'triple')"
    ),
    "a triple without evidence": "SELECT id FROM triples WHERE id NOT IN (SELECT triple_id FROM triple_evidence)",
    "a triple without a question": "SELECT id FROM triples WHERE id NOT IN (SELECT triple_id FROM question_triples)",
    "ranks that do not run from 1": (
        "SELECT question_id FROM question_evidence GROUP BY question_id "
        "HAVING min(rank) != 1 OR max(rank) != count(*) OR count(DISTINCT rank) != count(*)"
    ),
    "a question without evidence and without a failure": (
        "SELECT id FROM questions WHERE id NOT IN (SELECT question_id FROM question_evidence) "
        "AND id NOT IN (SELECT item_id FROM failures)"
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
    import numpy

    lengths = pack.check("SELECT DISTINCT length(vector) FROM vectors")
    if len(lengths) > 1:
        return ["vectors of different dimensions"]
    if lengths and (lengths[0][0] % 4 or not lengths[0][0]):
        return ["vectors that are not of float32"]
    problems: list[str] = []
    for kind in ("evidence", "question", "triple"):
        ids, matrix = pack.vectors(kind)
        if not ids:
            continue
        off = numpy.flatnonzero(~numpy.isclose(numpy.linalg.norm(matrix, axis=1), 1.0, atol=1e-3))
        if off.size:
            problems.append(f"{kind} vectors that are not of length 1: {off.size} ({ids[int(off[0])]})")
    return problems
