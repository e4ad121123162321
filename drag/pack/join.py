"""Making one pack of several."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from drag.documents import Document
from drag.errors import PackError
from drag.pack.documents import Ingested
from drag.pack.read import Pack, PackedDocument
from drag.pack.write import Built, PackWriter
from drag.types import Failure
from graphs import Triple
from graphs.spacy_reader import Mention, Reading

Prefer = Literal["first", "second", "newer"]

_BATCH = 64  # documents in one transaction


@dataclass(frozen=True, slots=True)
class JoinReport:
    """What the packs after the first one brought: documents and questions that were new, and that replaced others."""

    documents: int
    questions: int
    replaced: int


def join(packs: Sequence[Path], into: Path, prefer: Prefer | None = None) -> JoinReport:
    """Write all that stands in `packs` into the new pack `into`, which comes to be as a whole or not at all.

    A document or question that two packs hold in the same form stands there once. Where they differ, `prefer` says
    which one stays: of the pack that was named earlier (`first`) or later (`second`), or the document of the later
    date (`newer`; the earlier pack's where that does not tell, and for questions). Raises `PackError` for packs of
    different embedders, for packs with and without real names, for a file `into` that is there already, and, without
    `prefer`, for the first thing in which the packs differ.
    """
    if into.exists():
        raise PackError(f"{into} is there already: choose another file")
    if not into.parent.is_dir():
        raise PackError(f"there is no folder {into.parent}")
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=f".{into.name}.") as folder:
        unfinished = Path(folder) / into.name
        with Pack(packs[0]):  # it is one
            shutil.copyfile(packs[0], unfinished)
        report = JoinReport(0, 0, 0)
        with PackWriter(unfinished) as writer:
            for path in packs[1:]:
                with Pack(path) as other:
                    report = _add(writer, other, packs[0], prefer, report)
        unfinished.replace(into)
    return report


def _add(writer: PackWriter, other: Pack, first: Path, prefer: Prefer | None, report: JoinReport) -> JoinReport:
    meta = other.meta()
    for key, what in (("embedder", "vectors of the embedder"), ("privacy", "the promise about names")):
        if writer.meta(key) != meta.get(key):
            raise PackError(f"{first} and {other.path} differ in {what}: {writer.meta(key)} and {meta.get(key)}")
    added = replaced = 0
    batch: list[Ingested] = []
    with Pack(writer.path) as here:
        known = {one.id: one for one in here.documents()}
        recipes = dict(here.check("SELECT id, recipe FROM questions"))
    for one in other.documents():
        there = known.get(one.id)
        if there is not None:
            if (there.digest, there.recipe) == (one.digest, one.recipe) or not _later(there, one, prefer, other.path):
                continue
            replaced += 1
        added += there is None
        batch.append(_ingested(other, one))
        if len(batch) >= _BATCH:
            writer.put_documents(batch)
            batch.clear()
    writer.put_documents(batch)
    questions = 0
    for built, recipe in _built(other):
        key = built.question.id
        if key in recipes:
            if recipes[key] == recipe or not _chosen("question", key, prefer, other.path):
                continue
            replaced += 1
        questions += key not in recipes
        writer.write(built, recipe)
    for key, value, model, prompt, document in other.check("SELECT key, value, model, prompt, document FROM replies"):
        if writer.get(key) is None:
            writer.put(key, value, model=model, prompt=prompt, document=document)
    writer.note_unread([one for one in other.failures() if one.stage == "read"])
    return JoinReport(report.documents + added, report.questions + questions, report.replaced + replaced)


def _later(there: PackedDocument, one: PackedDocument, prefer: Prefer | None, path: Path) -> bool:
    """Whether `one` replaces the document that is there."""
    return one.date > there.date if prefer == "newer" else _chosen("document", one.id, prefer, path)


def _chosen(what: str, key: str, prefer: Prefer | None, path: Path) -> bool:
    if prefer is None:
        raise PackError(f"the {what} {key} is another one in {path}: say with --prefer which one stays")
    return prefer == "second"


def _ingested(pack: Pack, one: PackedDocument) -> Ingested:
    """A document as it was put into its pack, read back from the tables."""
    evidence = pack.evidence_of_document(one.id)
    ids = [piece.id for piece in evidence]
    facts: dict[str, list[Triple]] = {}
    for triple in pack.facts(ids):
        facts.setdefault(triple.evidence_id, []).append(triple)
    mentions: dict[str, list[Mention]] = {}
    for key, name, kind in pack.named_in(ids):
        mentions.setdefault(key, []).append(Mention(name, kind, 0, 0))
    _, vectors = pack.vectors_of(ids)
    readings = [Reading(tuple(facts.get(key, ())), tuple(mentions.get(key, ()))) for key in ids]
    document = Document(one.id, one.title, "", one.date, one.kind, one.path, one.digest)
    return Ingested(document, evidence, vectors, readings, one.recipe, _own_failures(pack, one.id))


def _built(pack: Pack) -> Iterator[tuple[Built, str]]:
    """The questions of a pack as they were written, each with its recipe."""
    rows = {row[0]: row[1:] for row in pack.check("SELECT id, recipe, mode FROM questions")}
    vectors: dict[tuple[str, str], Any] = {}
    for kind in ("question", "triple"):
        vectors |= {(kind, key): vector for key, vector in zip(*pack.vectors(kind), strict=True)}
    for question in pack.questions():
        recipe, mode = rows[question.id]
        evidence = pack.ranked(question.id)
        kept = [one.item.id for one in evidence if one.kept]
        triples = pack.ranked_triples(question.id)
        own = {key: vectors[key] for key in [("question", question.id)] if key in vectors}
        own |= {("evidence", key): vector for key, vector in zip(*pack.vectors_of(kept), strict=True)}
        own |= {
            ("triple", key): vectors["triple", key] for key, one in triples if one.kept and ("triple", key) in vectors
        }
        yield (
            Built(question, mode, evidence, [one for _, one in triples], own, _own_failures(pack, question.id)),
            recipe,
        )


def _own_failures(pack: Pack, key: str) -> list[Failure]:
    return [one for one in pack.failures_of(key) if one.stage != "read"]
