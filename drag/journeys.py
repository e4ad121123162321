"""The journeys with names and paths: what the five lines of the README and the command line call."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from drag.errors import ConfigError, PackError
from drag.extraction import of_questions
from drag.models import Fetching, load_model
from drag.models.embed import load_embedder
from drag.models.gateway import on_device_hide, set_review
from drag.pack import Pack, PackedDocument, PackWriter
from drag.pipeline import BuildReport, Student, build_pack
from drag.protocols import Embedder, OnText
from drag.questions import read_questions
from drag.settings import Settings
from drag.stages import OnStage
from drag.types import Answer, Question

if TYPE_CHECKING:
    from drag.ingest import IngestReport, OnDocuments
    from drag.protocols import LanguageModel
    from privacy import Reviewer

_MANY = 20_000
"""After so many new pieces the index beside the pack is brought up to date at once, not by who asks first."""


def build(
    questions: Path | str | Sequence[Question | str] | None = None,
    pack: Path | str | None = None,
    *,
    documents: Sequence[Path | str] = (),
    prune: bool = False,
    teacher: str | None = None,
    settings: Settings | None = None,
    how: Fetching | None = None,
    keep_names: bool = False,
    review: Reviewer | None = None,
    on_stage: OnStage | None = None,
    on_documents: OnDocuments | None = None,
) -> BuildReport:
    """Build a pack from questions, from documents, or from both; or go on building one that was interrupted.

    `questions` is a file (see `drag.questions.read_questions`), or questions. `documents` are files and folders (see
    `drag.ingest`); `prune` removes what is no longer there. `teacher` is a model spec (see `drag.models.load_model`)
    and beats the settings'; with documents alone no teacher is loaded, unless it extracts their triples
    (`[documents] extractor`). Raises `ConfigError`, `ModelError` or `PackError`; a question that fails or a file that
    cannot be read is not raised but stands in the report.

    With an `openai:` teacher the pack holds placeholders for the private words of the questions; `keep_names` puts the
    words themselves there. `review` is asked about each request before it leaves (see `privacy.gateway.Review`).
    """
    if pack is None:
        raise ConfigError("a build needs a pack to write to")
    if questions is None and not documents:
        raise ConfigError("nothing to build from: give questions, documents, or both")
    settings = (settings or Settings.load()).override("models", teacher=teacher)
    asked = read_questions(questions) if isinstance(questions, str | Path) else _questions(questions or ())
    how = how or Fetching.of(settings)
    if documents and questions is not None and settings.models.teacher.startswith("openai:") and not keep_names:
        raise ConfigError(
            "documents hold real names, and a remote teacher's pack does not: two packs, or --keep-names for one"
        )
    embedder = load_embedder(settings.models.embedder, how)
    ingested = None
    if documents:
        ingested = _ingest(
            documents,
            Path(pack),
            embedder,
            settings=settings,
            how=how,
            prune=prune,
            review=review,
            on_documents=on_documents,
        )
    if questions is None:
        return BuildReport(0, 0, (), documents=ingested)
    model = load_model(settings.models.teacher, settings, parallel=settings.models.parallel, how=how)
    set_review(model, review)
    try:
        report = build_pack(
            asked,
            Path(pack),
            teacher=model,
            embedder=embedder,
            embedder_name=settings.models.embedder,
            settings=settings.build,
            keep_names=keep_names,
            extraction=of_questions(settings, how),
            on_stage=on_stage,
        )
    finally:
        model.close()
    return replace(report, documents=ingested)


def add_documents(
    pack: Path | str,
    documents: Sequence[Path | str],
    *,
    settings: Settings | None = None,
    how: Fetching | None = None,
    prune: bool = False,
    review: Reviewer | None = None,
    on_documents: OnDocuments | None = None,
) -> IngestReport:
    """Bring a pack that is there up to date with documents, by the embedder that it was made with."""
    settings = settings or Settings.load()
    how = how or Fetching.of(settings)
    settings = settings.override("models", embedder=embedder_of(pack))
    embedder = load_embedder(settings.models.embedder, how)
    return _ingest(
        documents,
        Path(pack),
        embedder,
        settings=settings,
        how=how,
        prune=prune,
        review=review,
        on_documents=on_documents,
    )


def embedder_of(pack: Path | str) -> str:
    """The spec of the embedder whose vectors a pack holds. Raises `PackError` for a pack that holds nothing yet."""
    with Pack(pack) as opened:
        made_with = opened.meta().get("embedder")
    if made_with is None:
        raise PackError(f"{pack} is empty: its build has not written anything yet")
    return str(made_with)


def _ingest(
    documents: Sequence[Path | str],
    pack: Path,
    embedder: Embedder,
    *,
    settings: Settings,
    how: Fetching,
    prune: bool,
    review: Reviewer | None,
    on_documents: OnDocuments | None,
) -> IngestReport:
    from drag.index import refresh
    from drag.ingest import ingest
    from drag.readers import open_reader

    reader = open_reader(settings.documents.extractor, settings, how, review)
    try:
        report = ingest(
            documents,
            pack,
            embedder=embedder,
            embedder_name=settings.models.embedder,
            reader=reader,
            settings=settings.documents,
            prune=prune,
            on_progress=on_documents,
        )
    finally:
        reader.close()
    # What was only added is found without it; what was removed must not stay in it.
    if report.changed or report.removed or report.pieces >= _MANY:
        refresh(pack)
    return report


def remove_documents(pack: Path | str, ids: Sequence[str], *, vacuum: bool = True) -> list[str]:
    """Remove documents by id, by path, or by a pattern of either (`notes/*.md`); the ids of those that were there.

    Nothing of them remains in the file after `vacuum`, which takes time in proportion to the pack; without it, single
    words may stand in the full-text index. Raises `PackError` if the pack is missing.
    """
    from drag.index import refresh

    with Pack(pack) as opened:
        found = matching(opened.documents(), ids)
    if found:
        with PackWriter(Path(pack)) as writer:
            found = writer.remove_documents(found)
            if vacuum:
                writer.vacuum(keep_index=True)
        refresh(Path(pack))
    return found


def matching(documents: Sequence[PackedDocument], wanted: Sequence[str]) -> list[str]:
    """The ids of the documents whose id or path is one of `wanted`, or fits one as a pattern (`*`, `?`, `[…]`)."""
    paths = {str(Path(one).resolve()) for one in wanted}
    exact = set(wanted)
    return [
        one.id
        for one in documents
        if one.id in exact
        or one.path in paths
        or any(fnmatchcase(one.id, pattern) or fnmatchcase(one.path, pattern) for pattern in wanted)
    ]


@contextmanager
def open_student(
    pack: Path | str | None = None,
    *,
    student: str | None = None,
    settings: Settings | None = None,
    how: Fetching | None = None,
    review: Reviewer | None = None,
    model: LanguageModel | None = None,
) -> Generator[Student]:
    """A student for many questions, with its model and its pack open; without a pack it answers alone.

    A `model` that is given is the student, and stays open. `review` is asked about each request of an `openai:` student
    before it leaves. Raises `ConfigError`, `ModelError` or `PackError`.
    """
    settings = (settings or Settings.load()).override("models", student=student)
    how = how or Fetching.of(settings)
    opened = Pack(pack) if pack is not None else None
    try:
        embedder = None
        if opened is not None:
            embedder = load_embedder(embedder_of(opened.path), how)
        read = model or load_model(settings.models.student, settings, how=how)
        set_review(read, review)
        try:
            yield Student(
                read,
                opened,
                embedder,
                settings.ask,
                hide=on_device_hide(settings, how),
                retrieve=settings.retrieve,
            )
        finally:
            if model is None:
                read.close()
    finally:
        if opened is not None:
            opened.close()


def ask(
    question: Question | str,
    pack: Path | str | None = None,
    *,
    student: str | None = None,
    settings: Settings | None = None,
    evidence: bool = True,
    graph: bool = True,
    on_text: OnText | None = None,
) -> Answer:
    """Answer one question. Opens and closes all it needs: for several questions use `open_student`."""
    with open_student(pack, student=student, settings=settings) as one:
        return one.ask(question, evidence=evidence, graph=graph, on_text=on_text)


def _questions(given: Sequence[Question | str]) -> list[Question]:
    questions = [
        one if isinstance(one, Question) else Question(f"q-{place}", one) for place, one in enumerate(given, 1)
    ]
    if len({one.id for one in questions}) < len(questions):
        raise ConfigError("two questions have the same id")
    return questions
