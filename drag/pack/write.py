"""Writing a pack: a question or a document is written whole, so that a killed build leaves nothing by halves."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from drag.errors import PackError
from drag.pack import documents, words
from drag.pack.documents import Ingested
from drag.pack.questions import footprint, put_evidence, put_triples, put_vectors, refresh, sweep, take_out
from drag.pack.store import Opened, open_for_writing, readable, rows_in, transaction
from drag.types import Evidence, Failure, Question, Ranked
from graphs import Merged

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    from drag.documents import Document
    from drag.models.stored import ReplyStore
    from graphs.spacy_reader import Reading


@dataclass(frozen=True, slots=True)
class Built:
    """All that the stages made of one question. `vectors` holds rows of length 1, by (kind, id)."""

    question: Question
    mode: str
    evidence: Sequence[Ranked[Evidence]]
    triples: Sequence[Ranked[Merged]]
    vectors: Mapping[tuple[str, str], NDArray[numpy.float32]]
    failures: Sequence[Failure] = ()


class PackWriter(Opened):
    """A pack that is being built; at most one at a time a file.

    Also a `ReplyStore`: the replies that were paid for are kept in the pack, so that a rerun asks for none twice.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the pack. Raises `PackError` if it is broken, of an unknown version, or being written."""
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
            super().__init__(path, open_for_writing(path))
            with readable(path), transaction(self._connection):
                words.bring_up_to_date(self._connection)
        except BaseException:
            self._release()
            raise

    def close(self) -> None:
        """Give the file back. What was committed stays."""
        super().close()
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

    def put(self, key: str, value: str, *, model: str, prompt: str, document: str = "") -> None:
        """Keep a reply, at once and for good (see `ReplyStore`)."""
        with readable(self.path):
            self._connection.execute(
                "INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?)",
                (key, model, prompt, value, time.time(), document),
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

    def put_document(
        self,
        document: Document,
        evidence: Sequence[Evidence],
        vectors: NDArray[numpy.float32],
        readings: Sequence[Reading],
        *,
        recipe: str = "",
        failures: Sequence[Failure] = (),
    ) -> None:
        """Store one document in place of what was there under its id, in one transaction.

        `vectors` has a row of length 1 and `readings` an entry for each piece of `evidence`.
        """
        self.put_documents([Ingested(document, evidence, vectors, readings, recipe, failures)])

    def put_documents(self, ingested: Sequence[Ingested]) -> None:
        """The same of several, in one transaction: writing to the disk takes longer than a small document."""
        with readable(self.path), transaction(self._connection):
            documents.put(self._connection, ingested)

    def remove_documents(self, ids: Iterable[str]) -> list[str]:
        """Remove documents and all that was made of them, each in one transaction; the ids of those that were there.

        Single words of theirs may stand in the full-text index until `vacuum`.
        """
        removed: list[str] = []
        with readable(self.path):
            for key in ids:
                with transaction(self._connection):
                    removed += documents.remove(self._connection, [key])
        return removed

    def remove_document(self, key: str) -> bool:
        """Remove one document (see `remove_documents`); whether it was there."""
        return bool(self.remove_documents([key]))

    def vacuum(self, *, keep_index: bool = False) -> None:
        """Write the file anew: nothing of what was removed is left in it, and it is as small as can be.

        The index beside it, which may still know vectors of what was removed, is removed too, unless the caller
        brings it up to date (`drag.index.refresh`).
        """
        if not keep_index:
            self.path.with_name(f"{self.path.name}.index").unlink(missing_ok=True)
        with readable(self.path):
            with transaction(self._connection):
                words.optimise(self._connection)
            self._connection.execute("VACUUM")

    def documents_done(self, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Document id to its digest and recipe, of those of `ids` that stand here without a failure."""
        select = (
            "SELECT id, digest, recipe FROM documents d WHERE NOT EXISTS "
            "(SELECT 1 FROM failures f WHERE f.item_id = d.id) AND id IN"
        )
        return {key: (digest, recipe) for key, digest, recipe in rows_in(self._connection, select, ids)}

    def has_document(self, key: str) -> bool:
        """Whether a document of this id stands here, with failures or without."""
        return self._connection.execute("SELECT 1 FROM documents WHERE id = ?", (key,)).fetchone() is not None

    def replies_about(self, document: str) -> ReplyStore:
        """A store of replies that are kept until the document is written whole, or removed."""
        return _Replies(self, document)

    def document_paths(self) -> dict[str, str]:
        """Document id to the path that it was read from."""
        return dict(self._connection.execute("SELECT id, path FROM documents").fetchall())

    def note_unread(self, failures: Iterable[Failure], settled: Iterable[str] = ()) -> None:
        """Store which files could not be read (`item_id` is the path), and forget the failures of paths `settled`."""
        with readable(self.path), transaction(self._connection):
            self._connection.executemany(
                "DELETE FROM failures WHERE item_id = ? AND stage = 'read'", [(path,) for path in settled]
            )
            self._connection.executemany(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", [(f.item_id, f.stage, f.error) for f in failures]
            )

    def unread(self) -> list[str]:
        """The paths of the files that an earlier build could not read."""
        return [row[0] for row in self._connection.execute("SELECT item_id FROM failures WHERE stage = 'read'")]

    def write(self, built: Built, recipe: str) -> None:
        """Store one question whole, with its recipe, in place of what was there of it before."""
        with readable(self.path), transaction(self._connection):
            (position,) = self._connection.execute(
                "SELECT coalesce((SELECT position FROM questions WHERE id = ?), "
                "(SELECT max(position) + 1 FROM questions), 0)",
                (built.question.id,),
            ).fetchone()
            before = footprint(self._connection, built.question.id)
            replaced = take_out(self._connection, built.question.id)
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
                sweep(self._connection, before)
            put_evidence(self._connection, question.id, built.evidence)
            put_triples(self._connection, question.id, built.triples)
            put_vectors(self._connection, built.vectors)
            self._connection.executemany(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?)",
                [(failure.item_id, failure.stage, failure.error) for failure in built.failures],
            )
            touched = before | footprint(self._connection, built.question.id)
            # A new question leaves nothing behind.
            if replaced:
                sweep(self._connection, touched)
            refresh(self._connection, touched.evidence)


class _Replies:
    """See `PackWriter.replies_about`."""

    def __init__(self, writer: PackWriter, document: str) -> None:
        self._writer = writer
        self._document = document

    def get(self, key: str) -> str | None:
        return self._writer.get(key)

    def put(self, key: str, value: str, *, model: str, prompt: str) -> None:
        self._writer.put(key, value, model=model, prompt=prompt, document=self._document)

    def drop(self, key: str) -> None:
        self._writer.drop(key)
