"""Reading a pack."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from drag.pack.schema import DIGESTED
from drag.pack.store import open_for_reading, readable
from drag.types import Evidence, Failure, Question, Ranked
from graphs import KnowledgeGraph, Triple

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

_WORD = re.compile(r"\w+")

_KEPT = {
    "evidence": "AND id IN (SELECT evidence_id FROM question_evidence WHERE kept)",
    "triple": "AND id IN (SELECT triple_id FROM question_triples WHERE kept)",
}

# SQLite takes at most 32,766 parameters in a statement; lists of ids are short, but a caller may pass all of them.
_CHUNK = 10_000


class Pack:
    """A finished (or half finished) pack, read only."""

    def __init__(self, path: Path | str) -> None:
        """Open the pack. Raises `PackError` if it is missing, broken or of another version."""
        self.path = Path(path)
        self._connection = open_for_reading(self.path)

    def __enter__(self) -> Pack:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with readable(self.path):
            return self._connection.execute(statement, parameters).fetchall()

    def _rows_in(self, statement: str, keys: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Rows of a statement that ends in `IN`, for any number of keys."""
        for start in range(0, len(keys), _CHUNK):
            part = list(keys[start : start + _CHUNK])
            yield from self._rows(f"{statement} ({','.join('?' * len(part))})", part)

    def meta(self) -> dict[str, Any]:
        """What made the pack: models, prompt versions, settings."""
        return {key: json.loads(value) for key, value in self._rows("SELECT key, value FROM meta ORDER BY key")}

    def counts(self) -> dict[str, int]:
        """How many there are of each: questions, evidence, kept evidence, triples, vectors, failures, replies."""
        tables = {name: f"SELECT count(*) FROM {name}" for name in ("questions", "evidence", "triples")}
        tables["kept_evidence"] = "SELECT count(DISTINCT evidence_id) FROM question_evidence WHERE kept"
        tables["kept_triples"] = "SELECT count(DISTINCT triple_id) FROM question_triples WHERE kept"
        tables |= {name: f"SELECT count(*) FROM {name}" for name in ("vectors", "failures", "replies")}
        return {name: int(self._rows(statement)[0][0]) for name, statement in tables.items()}

    def digest(self) -> str:
        """SHA-256 over the content: the same for two packs that say the same, whenever and however they were made."""
        digest = hashlib.sha256()
        for table, statement in DIGESTED.items():
            digest.update(table.encode())
            with readable(self.path):
                for row in self._connection.execute(statement):
                    for value in row:
                        part = value if isinstance(value, bytes) else repr(value).encode()
                        digest.update(len(part).to_bytes(8, "big") + part)
        return digest.hexdigest()

    def questions(self) -> list[Question]:
        """The questions, in the order in which they were given."""
        rows = self._rows("SELECT id, text, choices, gold FROM questions ORDER BY position, id")
        return [Question(key, text, tuple(json.loads(c)), tuple(json.loads(g))) for key, text, c, g in rows]

    def failures(self) -> list[Failure]:
        """What could not be done, and why."""
        return [Failure(*row) for row in self._rows("SELECT item_id, stage, error FROM failures ORDER BY 1, 2")]

    def evidence(self, ids: Sequence[str] | None = None) -> list[Evidence]:
        """The evidence with these ids in their order (unknown ids are left out), or all that was kept."""
        if ids is None:
            rows = self._rows(
                "SELECT id, text, source FROM evidence WHERE id IN "
                "(SELECT evidence_id FROM question_evidence WHERE kept) ORDER BY n"
            )
            return [Evidence(*row) for row in rows]
        found = {
            row[0]: Evidence(*row) for row in self._rows_in("SELECT id, text, source FROM evidence WHERE id IN", ids)
        }
        return [found[key] for key in ids if key in found]

    def ranked(self, question_id: str) -> list[Ranked[Evidence]]:
        """All evidence of a question with its signals, the best first, kept or not."""
        rows = self._rows(
            "SELECT e.id, e.text, e.source, q.rank, q.score, q.signals, q.kept FROM question_evidence q "
            "JOIN evidence e ON e.id = q.evidence_id WHERE q.question_id = ? ORDER BY q.rank",
            (question_id,),
        )
        return [
            Ranked(Evidence(key, text, source), rank, score, json.loads(signals), bool(kept))
            for key, text, source, rank, score, signals, kept in rows
        ]

    def graph(self, evidence_ids: Sequence[str] | None = None) -> KnowledgeGraph:
        """The kept triples that stand in these pieces of evidence, or all of them, each with one of its sources."""
        select = (
            "SELECT t.head, t.relation, t.tail, min(e.evidence_id) FROM triples t JOIN triple_evidence e ON "
            "e.triple_id = t.id WHERE t.id IN (SELECT triple_id FROM question_triples WHERE kept)"
        )
        order = "GROUP BY t.id ORDER BY t.head, t.relation, t.tail"
        if evidence_ids is None:
            return KnowledgeGraph(Triple(*row) for row in self._rows(f"{select} {order}"))
        marks = ",".join("?" * len(evidence_ids))
        rows = self._rows(f"{select} AND e.evidence_id IN ({marks}) {order}", list(evidence_ids))
        return KnowledgeGraph(Triple(*row) for row in rows)

    def vectors(self, kind: str) -> tuple[list[str], NDArray[numpy.float32]]:
        """Ids and their vectors, shape (n, dimension); of evidence and triples only what was kept."""
        import numpy

        keep = _KEPT.get(kind, "")
        rows = self._rows(f"SELECT id, vector FROM vectors WHERE kind = ? {keep} ORDER BY id", (kind,))
        if not rows:
            return [], numpy.zeros((0, 0), numpy.float32)
        matrix = numpy.frombuffer(b"".join(row[1] for row in rows), "<f4").reshape(len(rows), -1)
        return [row[0] for row in rows], matrix.astype(numpy.float32, copy=False)

    def search_words(self, query: str, limit: int) -> list[tuple[str, float]]:
        """Kept evidence that shares words with `query`, with its BM25 score (higher is better), the best first."""
        words = dict.fromkeys(_WORD.findall(query.casefold()))
        if not words:
            return []
        match = " OR ".join(f'"{word}"' for word in words)
        # SQLite's bm25() is smaller for better matches.
        rows = self._rows(
            "SELECT e.id, -bm25(evidence_words) AS score FROM evidence_words JOIN evidence e ON e.n = "
            "evidence_words.rowid WHERE evidence_words MATCH ? AND EXISTS (SELECT 1 FROM question_evidence q WHERE "
            "q.evidence_id = e.id AND q.kept) ORDER BY bm25(evidence_words), e.id LIMIT ?",
            (match, limit),
        )
        return [(key, float(score)) for key, score in rows]

    def evidence_of_questions(self, ids: Iterable[str]) -> dict[str, list[str]]:
        """Question id to the ids of its kept evidence, the best first."""
        kept: dict[str, list[str]] = {}
        select = "SELECT question_id, evidence_id, rank FROM question_evidence WHERE kept AND question_id IN"
        for question, evidence, _ in sorted(self._rows_in(select, list(ids)), key=lambda row: (row[0], row[2])):
            kept.setdefault(question, []).append(evidence)
        return kept

    def check(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of a read-only statement, for `verify`."""
        try:
            return self._connection.execute(statement).fetchall()
        except sqlite3.DatabaseError as error:
            return [(str(error),)]
