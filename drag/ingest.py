"""The third journey: documents to a pack, as far as they are new or changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy

from drag.documents import Document, Unread, chunks, read_documents
from drag.errors import DragError, PackError, ReplyError
from drag.origin import Origins
from drag.pack import Ingested, PackWriter
from drag.protocols import Embedder
from drag.readers import DocumentReader
from drag.settings import Documents
from drag.types import Evidence, Failure
from graphs.spacy_reader import Reading

RECIPE = 1
"""Raised whenever the same document would become other evidence: documents are then cut and embedded again."""

PIECES = 256
"""So many pieces of evidence go through the embedder and into the pack together: a transaction costs about as much as
ten small documents, and an interrupted build loses no more than these."""

_EMBEDDED = 64  # pieces between two looks at the clock

Item = TypeVar("Item")


@dataclass(slots=True)
class Ingesting:
    """How far an ingestion is: what progress shows while it runs."""

    documents: int = 0
    pieces: int = 0
    unread: int = 0
    doing: str = ""


OnDocuments = Callable[[Ingesting], None]


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of the documents.

    `added` and `changed` are the ids of those that were read and written now, `unchanged` counts those that stood in
    the pack already, `removed` are the ids of those that are gone from the paths (with `prune`), `unread` what could
    not be read, `failures` what could not be extracted (tried again by the next run), `pieces` the evidence that was
    written.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: int = 0
    removed: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()
    failures: tuple[Failure, ...] = ()
    pieces: int = 0


def ingest(
    paths: Sequence[Path | str],
    pack: Path,
    *,
    embedder: Embedder,
    embedder_name: str,
    reader: DocumentReader,
    settings: Documents | None = None,
    prune: bool = False,
    on_progress: OnDocuments | None = None,
) -> IngestReport:
    """Bring the pack up to date with the documents of files and folders.

    A document whose content and whose recipe (how it is cut, embedded and read) are those of the pack is left alone;
    any other is written whole, in place of what was there of it, or not at all. `prune` removes the documents of
    these paths that are no longer there. Raises `ConfigError` for a path that does not exist, `PackError` if the pack
    cannot be written, holds vectors of another embedder, or promises to hold no names, and `ModelError` if the
    embedder fails.
    """
    settings = settings or Documents()
    with PackWriter(pack) as writer:
        begin(writer, pack, embedder_name)
        origins = Origins(writer, paths)
        writer.set_meta(documents={**settings.model_dump(), "reader": reader.identity})
        run = _Run(writer, embedder, reader, settings, _recipe(embedder_name, reader, settings), on_progress)
        for one in read_documents(paths, root=origins.root):
            if isinstance(one, Unread):
                run.unread.append(one)
            else:
                run.take(origins.placed(one))
            origins.note(one)
        run.write()
        writer.note_unread([Failure(one.path, "read", one.reason) for one in run.unread], origins.settled())
        removed = writer.remove_documents(origins.gone()) if prune else []
        if removed:
            writer.vacuum(keep_index=True)
        return IngestReport(
            tuple(run.added),
            tuple(run.changed),
            run.unchanged,
            tuple(removed),
            tuple(run.unread),
            tuple(run.failures),
            run.progress.pieces,
        )


def begin(writer: PackWriter, pack: Path, embedder_name: str) -> None:
    """Make sure that documents may stand in this pack, and say what embeds them."""
    other = writer.meta("embedder")
    if other not in (None, embedder_name):
        raise PackError(f"{pack} holds vectors of the embedder {other}, not of {embedder_name}: choose another file")
    if writer.meta("privacy") == {"names": "hidden"}:
        raise PackError(f"{pack} was begun as a pack that holds no real names: documents need another file")
    writer.set_meta(privacy={"names": "kept"}, embedder=embedder_name, drag=version("drag-slm"))


@dataclass(slots=True)
class _Run:
    """One ingestion: documents gather until there is enough for a batch, then all of them are made and written."""

    writer: PackWriter
    embedder: Embedder
    reader: DocumentReader
    settings: Documents
    recipe: str
    tell: OnDocuments | None
    added: list[str] = field(default_factory=list[str])
    changed: list[str] = field(default_factory=list[str])
    unchanged: int = 0
    unread: list[Unread] = field(default_factory=list[Unread])
    failures: list[Failure] = field(default_factory=list[Failure])
    progress: Ingesting = field(default_factory=Ingesting)
    waiting: list[tuple[Document, list[Evidence]]] = field(default_factory=list[tuple[Document, list[Evidence]]])

    def take(self, document: Document) -> None:
        """Keep a document for the next batch, if there is anything to do for it."""
        self.progress.documents += 1
        done = self.writer.documents_done([document.id])
        if done.get(document.id) == (document.digest, self.recipe):
            self.unchanged += 1
            self._tell("reading")
            return
        (self.changed if self.writer.has_document(document.id) else self.added).append(document.id)
        self.waiting.append((document, chunks(document, size=self.settings.chunk)))
        if sum(len(pieces) for _, pieces in self.waiting) >= PIECES:
            self.write()

    def write(self) -> None:
        """Embed, read and store what waits."""
        if not self.waiting:
            return
        waiting, self.waiting = self.waiting, []
        evidence = [piece for _, pieces in waiting for piece in pieces]
        vectors = self._vectors(evidence)
        readings = self._readings(waiting, evidence)
        ingested: list[Ingested] = []
        start = 0
        for document, pieces in waiting:
            stop = start + len(pieces)
            read, failures = _sorted_out(document.id, readings[start:stop])
            ingested.append(Ingested(document, pieces, vectors[start:stop], read, self.recipe, failures))
            self.failures += failures
            start = stop
        self._tell("writing")
        self.writer.put_documents(ingested)

    def _vectors(self, evidence: Sequence[Evidence]) -> Any:
        """Shape (len(evidence), dimension), in portions of like length: a short text among long ones is padded."""
        order = sorted(range(len(evidence)), key=lambda place: len(evidence[place].titled))
        rows: dict[int, Any] = {}
        for places in _portions(order, _EMBEDDED):
            self._tell("embedding")
            encoded = self.embedder.encode([evidence[place].titled for place in places], normalize_embeddings=True)
            rows |= dict(zip(places, numpy.asarray(encoded, numpy.float32), strict=True))
            self.progress.pieces += len(places)
        return numpy.stack([rows[place] for place in range(len(evidence))]) if rows else numpy.zeros((0, 0))

    def _readings(
        self, waiting: Sequence[tuple[Document, list[Evidence]]], evidence: Sequence[Evidence]
    ) -> Sequence[Reading | DragError]:
        self._tell("extracting")
        if not self.reader.by_document:
            return self.reader.read(evidence, self.writer)
        found: list[Reading | DragError] = []
        for document, pieces in waiting:
            found += self.reader.read(pieces, self.writer.replies_about(document.id))
            self._tell("extracting")
        return found

    def _tell(self, doing: str) -> None:
        self.progress.doing = doing
        self.progress.unread = len(self.unread)
        if self.tell is not None:
            self.tell(self.progress)


def _sorted_out(key: str, readings: Sequence[Reading | DragError]) -> tuple[list[Reading], list[Failure]]:
    """The readings, an empty one for each piece that has none, and the failure of the document if it has one."""
    problems = [one for one in readings if isinstance(one, DragError)]
    read = [Reading() if isinstance(one, DragError) else one for one in readings]
    # As for questions: a piece without a fact in it is no failure, one that was never read is.
    if not problems or (any(one.triples for one in read) and all(isinstance(one, ReplyError) for one in problems)):
        return read, []
    many = f"{len(problems)} pieces of evidence: " if len(problems) > 1 else ""
    return read, [Failure(key, "extract", f"{many}{problems[0]}")]


def _recipe(embedder: str, reader: DocumentReader, settings: Documents) -> str:
    """Digest of all that the results for a document depend on, besides the document."""
    parts = [RECIPE, settings.chunk, embedder, reader.identity]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _portions(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
