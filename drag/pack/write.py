"""Writing a pack: one transaction a question, so that a killed build leaves whole questions and nothing else."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from drag.errors import PackError
from drag.pack.store import open_for_writing, readable, transaction
from drag.types import Evidence, Failure, Question, Ranked
from graphs import Merged, Triple

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray


_SWEEP = (
    "DELETE FROM triples WHERE id NOT IN (SELECT triple_id FROM question_triples)",
    "DELETE FROM triple_evidence WHERE evidence_id NOT IN (SELECT evidence_id FROM question_evidence WHERE kept)",
    "DELETE FROM evidence WHERE id NOT IN (SELECT evidence_id FROM question_evidence)",
    "DELETE FROM vectors WHERE kind = 'evidence' AND id NOT IN (SELECT evidence_id FROM question_evidence WHERE kept)",
    "DELETE FROM vectors WHERE kind = 'triple' AND id NOT IN (SELECT triple_id FROM question_triples WHERE kept)",
)


@dataclass(frozen=True, slots=True)
class Built:
    """All that the stages made of one question. `vectors` holds rows of length 1, by (kind, id)."""

    question: Question
    mode: str
    evidence: Sequence[Ranked[Evidence]]
    triples: Sequence[Ranked[Merged]]
    vectors: Mapping[tuple[str, str], NDArray[numpy.float32]]
    failures: Sequence[Failure] = ()


def triple_id(triple: Triple) -> str:
    """The id that follows from a triple's three parts."""
    parts = "\x00".join((triple.head, triple.relation, triple.tail))
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


class PackWriter:
    """A pack that is being built; at most one at a time a file.

    Also a `ReplyStore`: the replies that were paid for are kept in the pack, so that a rerun asks for none twice.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the pack. Raises `PackError` if it is broken, of another version, or being written."""
        self.path = path
        if not path.parent.is_dir():
            raise PackError(f"there is no folder {path.parent}")
        self._lock = FileLock(f"{path}.lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise PackError(f"another build is writing {path}") from error
        except OSError as error:
            raise PackError(f"cannot write {path}: {error.strerror}") from error
        try:
            self._connection = open_for_writing(path)
        except BaseException:
            self._release()
            raise

    def __enter__(self) -> PackWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back. What was committed stays."""
        self._connection.close()
        self._release()

    def _release(self) -> None:
        # Unlinked while it is still held: whoever waits for it will find it free, and no stray file is left.
        Path(self._lock.lock_file).unlink(missing_ok=True)
        self._lock.release()

    def meta(self, key: str) -> Any:
        """The JSON value stored under `key`, or None."""
        row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def set_meta(self, **values: Any) -> None:
        """Store JSON values by key."""
        rows = [(key, json.dumps(value, sort_keys=True, ensure_ascii=False)) for key, value in values.items()]
        self._connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)

    def get(self, key: str) -> str | None:
        """A stored reply (see `ReplyStore`)."""
        row = self._connection.execute("SELECT value FROM replies WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def put(self, key: str, value: str, *, model: str, prompt: str) -> None:
        """Keep a reply, at once and for good (see `ReplyStore`)."""
        with readable(self.path):
            self._connection.execute(
                "INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?)", (key, model, prompt, value, time.time())
            )

    def drop(self, key: str) -> None:
        """Forget a reply."""
        self._connection.execute("DELETE FROM replies WHERE key = ?", (key,))

    def recipes(self) -> dict[str, str]:
        """Question id to the recipe under which it was built; questions with a failure are not among them."""
        rows = self._connection.execute(
            "SELECT id, recipe FROM questions WHERE id NOT IN (SELECT item_id FROM failures)"
        )
        return dict(rows.fetchall())

    def write(self, built: Built, recipe: str) -> None:
        """Store one question whole, with its recipe, in place of what was there of it before."""
        with readable(self.path), transaction(self._connection):
            (position,) = self._connection.execute(
                "SELECT coalesce((SELECT position FROM questions WHERE id = ?), "
                "(SELECT max(position) + 1 FROM questions), 0)",
                (built.question.id,),
            ).fetchone()
            replaced = self._remove(built.question.id)
            question = built.question
            self._connection.execute(
                "INSERT INTO questions VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    question.id,
                    position,
                    question.text,
                    json.dumps(question.choices, ensure_ascii=False),
                    json.dumps(question.gold, ensure_ascii=False),
                    recipe,
                    built.mode,
                ),
            )
            # Before the new rows as well: what they bring anew must not depend on what the old ones left.
            if replaced:
                self._sweep()
            self._write_evidence(question.id, built.evidence)
            self._write_triples(question.id, built.triples)
            # A vector that another question brought stays: the batch that an embedder sees changes its last bits.
            self._connection.executemany(
                "INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)",
                [(kind, key, vector.astype("<f4").tobytes()) for (kind, key), vector in built.vectors.items()],
            )
            self._connection.executemany(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?)",
                [(failure.item_id, failure.stage, failure.error) for failure in built.failures],
            )
            # A new question leaves nothing behind; sweeping for each would make a long build quadratic.
            if replaced:
                self._sweep()

    def _write_evidence(self, question_id: str, ranked: Iterable[Ranked[Evidence]]) -> None:
        for one in ranked:
            self._connection.execute(
                "INSERT OR IGNORE INTO evidence (id, text, source) VALUES (?, ?, ?)",
                (one.item.id, one.item.text, one.item.source),
            )
            self._connection.execute(
                "INSERT INTO question_evidence VALUES (?, ?, ?, ?, ?, ?)", (question_id, one.item.id, *_place(one))
            )

    def _write_triples(self, question_id: str, ranked: Iterable[Ranked[Merged]]) -> None:
        for one in ranked:
            triple = one.item.triple
            key = triple_id(triple)
            self._connection.execute(
                "INSERT OR IGNORE INTO triples VALUES (?, ?, ?, ?)", (key, triple.head, triple.relation, triple.tail)
            )
            self._connection.executemany(
                "INSERT OR IGNORE INTO triple_evidence VALUES (?, ?)", [(key, of) for of in one.item.evidence_ids]
            )
            self._connection.execute(
                "INSERT INTO question_triples VALUES (?, ?, ?, ?, ?, ?)", (question_id, key, *_place(one))
            )

    def _remove(self, question_id: str) -> bool:
        removed = self._connection.execute("DELETE FROM questions WHERE id = ?", (question_id,)).rowcount > 0
        self._connection.execute("DELETE FROM vectors WHERE kind = 'question' AND id = ?", (question_id,))
        self._connection.execute("DELETE FROM failures WHERE item_id = ?", (question_id,))
        return removed

    def _sweep(self) -> None:
        """Remove what no question refers to any more."""
        for statement in _SWEEP:
            self._connection.execute(statement)


def _place(one: Ranked[Any]) -> tuple[int, float, str, int]:
    return one.rank, one.score, json.dumps(dict(sorted(one.signals.items()))), int(one.kept)
