"""Reading a pack."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from drag.lexical import match_query
from drag.pack.entities import Entities
from drag.pack.numbers import Vectors
from drag.pack.schema import DIGESTED, SEARCHABLE
from drag.pack.store import readable
from drag.pack.titles import Titles
from drag.types import Evidence, Failure, Question, Ranked
from graphs import KnowledgeGraph, Merged, Triple
from graphs.merge import Source

_EVIDENCE = "e.id, e.text, e.source, e.title, e.date, e.place"

# An occurrence counts when a document says it, or a question kept the triple.
_SAID = "(e.document IS NOT NULL OR EXISTS (SELECT 1 FROM question_triples q WHERE q.triple_id = t.id AND q.kept))"
_TRIPLES = (
    "SELECT t.head, t.relation, t.tail, e.id, o.head_type, o.tail_type, o.start, o.stop, o.confidence "
    "FROM triple_evidence o JOIN triples t ON t.n = o.triple JOIN evidence e ON e.n = o.evidence"
)


_DOCUMENTS = (
    "SELECT d.id, d.title, d.date, d.kind, d.path, d.digest, d.recipe, "
    "(SELECT count(*) FROM evidence e WHERE e.document = d.n) FROM documents d"
)


@dataclass(frozen=True, slots=True)
class PackedDocument:
    """A document as the pack knows it: all but its text, of which the evidence holds the pieces."""

    id: str
    title: str
    date: str
    kind: str
    path: str
    digest: str
    recipe: str
    pieces: int


class Pack(Vectors, Entities, Titles):
    """A finished (or half finished) pack, read only."""

    def meta(self) -> dict[str, Any]:
        """What made the pack: models, prompt versions, settings."""
        return {key: json.loads(value) for key, value in self._rows("SELECT key, value FROM meta ORDER BY key")}

    def counts(self) -> dict[str, int]:
        """How many there are of each; kept evidence is what can be searched, kept triples those that it says."""
        plain = ("documents", "questions", "evidence", "triples", "entities", "failures", "replies")
        tables = {name: f"SELECT count(*) FROM {name}" for name in plain}
        tables["kept_evidence"] = "SELECT count(*) FROM evidence_vectors"
        tables["kept_triples"] = (
            "SELECT count(*) FROM triples t WHERE EXISTS (SELECT 1 FROM triple_evidence o JOIN evidence e "
            f"ON e.n = o.evidence WHERE o.triple = t.n AND {_SAID})"
        )
        tables["vectors"] = "SELECT (SELECT count(*) FROM vectors) + (SELECT count(*) FROM evidence_vectors)"
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

    def modes(self) -> dict[str, str]:
        """How the evidence of each question was made, by its id: blind, concluding, grounded or document."""
        return dict(self._rows("SELECT id, mode FROM questions ORDER BY position, id"))

    def failures(self) -> list[Failure]:
        """What could not be done, and why."""
        return [Failure(*row) for row in self._rows("SELECT item_id, stage, error FROM failures ORDER BY 1, 2")]

    def failures_of(self, key: str) -> list[Failure]:
        """Those of one question, document or file."""
        rows = self._rows("SELECT item_id, stage, error FROM failures WHERE item_id = ? ORDER BY 2", (key,))
        return [Failure(*row) for row in rows]

    def documents(self) -> list[PackedDocument]:
        """The documents, by id."""
        return [PackedDocument(*row) for row in self._rows(f"{_DOCUMENTS} ORDER BY d.id")]

    def documents_of(self, ids: Sequence[str]) -> dict[str, PackedDocument]:
        """The documents with these ids; unknown ones are left out."""
        return {row[0]: PackedDocument(*row) for row in self._rows_in(f"{_DOCUMENTS} WHERE d.id IN", ids)}

    def evidence_of_document(self, key: str) -> list[Evidence]:
        """The pieces of one document, in its order; empty for an unknown one."""
        rows = self._rows(
            f"SELECT {_EVIDENCE} FROM documents d JOIN evidence e ON e.document = d.n WHERE d.id = ? ORDER BY e.n",
            (key,),
        )
        return [Evidence(*row) for row in rows]

    def evidence(self, ids: Sequence[str] | None = None) -> list[Evidence]:
        """The evidence with these ids in their order (unknown ids are left out), or all that can be searched."""
        if ids is None:
            return list(self.evidence_rows())
        found = {
            row[0]: Evidence(*row) for row in self._rows_in(f"SELECT {_EVIDENCE} FROM evidence e WHERE e.id IN", ids)
        }
        return [found[key] for key in ids if key in found]

    def evidence_rows(self) -> Iterator[Evidence]:
        """All evidence that can be searched, one after the other, in the order in which it was stored."""
        for row in self._stream(f"SELECT {_EVIDENCE} FROM evidence e WHERE {SEARCHABLE} ORDER BY e.n"):
            yield Evidence(*row)

    def ranked(self, question_id: str) -> list[Ranked[Evidence]]:
        """All evidence of a question with its signals, the best first, kept or not."""
        rows = self._rows(
            f"SELECT {_EVIDENCE}, q.rank, q.score, q.signals, q.kept FROM question_evidence q "
            "JOIN evidence e ON e.id = q.evidence_id WHERE q.question_id = ? ORDER BY q.rank",
            (question_id,),
        )
        return [
            Ranked(Evidence(*row), rank, score, json.loads(signals), bool(kept))
            for *row, rank, score, signals, kept in rows
        ]

    def ranked_triples(self, question_id: str) -> list[tuple[str, Ranked[Merged]]]:
        """All triples of a question with their ids, the best first, kept or not, each with its evidence there."""
        said: dict[str, list[Source]] = {}
        types: dict[str, tuple[str, str]] = {}
        for key, evidence, head_type, tail_type, start, stop, confidence in self._rows(
            "SELECT t.id, e.id, o.head_type, o.tail_type, o.start, o.stop, o.confidence FROM question_triples q "
            "JOIN triples t ON t.id = q.triple_id JOIN triple_evidence o ON o.triple = t.n "
            "JOIN evidence e ON e.n = o.evidence "
            "JOIN question_evidence r ON r.evidence_id = e.id AND r.question_id = q.question_id "
            "WHERE q.question_id = ? ORDER BY 1, 2",
            (question_id,),
        ):
            types.setdefault(key, (head_type, tail_type))
            said.setdefault(key, []).append(Source(evidence, _span(start, stop), confidence))
        rows = self._rows(
            "SELECT t.id, t.head, t.relation, t.tail, q.rank, q.score, q.signals, q.kept FROM question_triples q "
            "JOIN triples t ON t.id = q.triple_id WHERE q.question_id = ? ORDER BY q.rank",
            (question_id,),
        )
        found: list[tuple[str, Ranked[Merged]]] = []
        for key, head, relation, tail, rank, score, signals, kept in rows:
            sources = tuple(said.get(key, ()))
            first = sources[0] if sources else Source("")
            names = types.get(key, ("", ""))
            triple = Triple(head, relation, tail, first.evidence_id, *names, first.span, first.confidence)
            merged = Merged(triple, tuple(one.evidence_id for one in sources), sources)
            found.append((key, Ranked(merged, rank, score, json.loads(signals), bool(kept))))
        return found

    def graph(self, evidence_ids: Sequence[str] | None = None) -> KnowledgeGraph:
        """The triples that these pieces of evidence say, or all of them, each with the first of its sources.

        Of the evidence of questions only what a question kept. By head, relation and tail.
        """
        found: dict[tuple[str, str, str], Triple] = {}
        for one in self.facts(evidence_ids):
            key = one.head, one.relation, one.tail
            if key not in found or one.evidence_id < found[key].evidence_id:
                found[key] = one
        return KnowledgeGraph(found[key] for key in sorted(found))

    def facts(self, evidence_ids: Sequence[str] | None = None) -> Iterator[Triple]:
        """The same, once for each piece of evidence that says it, in no order that means anything."""
        rows = (
            self._stream(f"{_TRIPLES} WHERE {_SAID}")
            if evidence_ids is None
            else self._rows_in(f"{_TRIPLES} WHERE {_SAID} AND e.id IN", evidence_ids)
        )
        for head, relation, tail, key, head_type, tail_type, start, stop, confidence in rows:
            yield Triple(head, relation, tail, key, head_type, tail_type, _span(start, stop), confidence)

    def search_words(self, query: str, limit: int) -> list[tuple[str, float]]:
        """Evidence that shares words with `query`, with its BM25 score (higher is better), the best first."""
        return self.search_match(match_query(query), limit)

    def count_match(self, match: str, most: int) -> int:
        """How much evidence an FTS5 expression matches; counting ends at `most`, so that frequent words cost little."""
        rows = self._rows(
            "SELECT count(*) FROM (SELECT rowid FROM evidence_words WHERE evidence_words MATCH ? LIMIT ?)",
            (match, most),
        )
        return int(rows[0][0])

    def search_match(self, match: str, limit: int, *, title: float = 1.0) -> list[tuple[str, float]]:
        """The same for an FTS5 expression; `title` is the weight of a word in the title against one in the text."""
        if not match:
            return []
        # SQLite's bm25() is smaller for better matches. The index holds what can be searched and nothing else, so
        # that the best can be found without looking at any other table.
        rows = self._rows(
            "SELECT e.id, -s.score FROM (SELECT rowid AS n, bm25(evidence_words, ?, 1.0) AS score FROM evidence_words "
            "WHERE evidence_words MATCH ? ORDER BY score LIMIT ?) s JOIN evidence e USING (n) ORDER BY s.score, e.id",
            (title, match, limit),
        )
        return [(key, float(score)) for key, score in rows]

    def evidence_of_questions(self, ids: Iterable[str]) -> dict[str, list[str]]:
        """Question id to the ids of its kept evidence, the best first."""
        kept: dict[str, list[str]] = {}
        select = "SELECT question_id, evidence_id, rank FROM question_evidence WHERE kept AND question_id IN"
        for question, evidence, _ in sorted(self._rows_in(select, list(ids)), key=lambda row: (row[0], row[2])):
            kept.setdefault(question, []).append(evidence)
        return kept


def _span(start: int | None, stop: int | None) -> tuple[int, int] | None:
    return None if start is None or stop is None else (start, stop)
