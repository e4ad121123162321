"""What would leave the device, without sending it: the real journeys, stopped at the last step of the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from drag.deidentify import Deidentifying
from drag.errors import DragError, ModelError
from drag.extraction import extraction, of_questions
from drag.journeys import open_student
from drag.models import Fetching, load_model
from drag.models.gateway import set_review
from drag.settings import Settings
from drag.teach import teach_as
from drag.types import Evidence, Failure, Question

if TYPE_CHECKING:
    from privacy import Review, Verdict

_STOPPED = "dry run: nothing was sent"


@dataclass(slots=True)
class DryRun:
    """The requests that would leave, each with its review; `failures` are those that the gateway would block.

    `remote` is false where the model runs on this device: then nothing would leave.
    """

    remote: bool
    reviews: list[Review] = field(default_factory=list["Review"])
    failures: list[Failure] = field(default_factory=list[Failure])

    def look(self, review: Review) -> Verdict:
        """The `Reviewer` that notes a request and stops it."""
        self.reviews.append(review)
        return "dry-run"

    def beside(self, other: DryRun) -> DryRun:
        """What would leave in both."""
        return DryRun(self.remote or other.remote, [*self.reviews, *other.reviews], [*self.failures, *other.failures])


def build_requests(
    questions: Sequence[Question],
    *,
    documents: Sequence[Path | str] = (),
    settings: Settings,
    how: Fetching | None = None,
    keep_names: bool = False,
) -> DryRun:
    """The sealed requests of the first stage of a build, one a question: nothing is sent, no pack is touched.

    Of `documents` those of an `openai:` extractor, one a piece, whether it stands in the pack already or not.

    The first stage is the teacher's evidence, or the triples of the records' own where the teacher writes none. Later
    requests cannot be known: they hold what the teacher replied.
    """
    run = DryRun(False)
    if documents:
        _document_requests(run, documents, settings, how)
    if not questions:
        return run
    teacher = load_model(settings.models.teacher, settings, how=how)
    run.remote = run.remote or isinstance(teacher, Deidentifying)
    try:
        if isinstance(teacher, Deidentifying):
            set_review(teacher, run.look)
            if not keep_names:
                result = teacher.deidentify(questions)
                questions = result.questions
                run.failures += result.failures
            options = settings.build
            if options.evidence > 0:
                results = [one.failure for one in teach_as(teacher, questions, options)]
                run.failures += _blocked([one.id for one in questions], results, "teach")
            else:
                brought = [(one.id, text) for one in questions for text in one.evidence]
                evidence = [Evidence.of(text, f"document:{key}") for key, text in brought]
                results = of_questions(settings, how or Fetching.of(settings)).of(teacher).extract(evidence)
                run.failures += _blocked([key for key, _ in brought], results, "extract")
    finally:
        teacher.close()
    return run


def _document_requests(run: DryRun, paths: Sequence[Path | str], settings: Settings, how: Fetching | None) -> None:
    from drag.documents import Unread, chunks, read_documents

    kind, _, name = settings.documents.extractor.partition(":")
    spec = name or settings.models.teacher
    if kind != "llm" or not spec.startswith("openai:"):
        return
    run.remote = True
    model = load_model(spec, settings, how=how)
    try:
        set_review(model, run.look)
        extractor = extraction(settings, how or Fetching.of(settings)).of(model)
        for document in read_documents(paths):
            if not isinstance(document, Unread):
                results = extractor.extract(chunks(document, size=settings.documents.chunk))
                run.failures += _blocked([document.id] * len(results), results, "extract")
    finally:
        model.close()


def ask_requests(
    questions: Sequence[Question],
    pack: Path | str | None = None,
    *,
    settings: Settings,
    how: Fetching | None = None,
    evidence: bool = True,
    graph: bool = True,
) -> DryRun:
    """The requests of an `openai:` student, with the evidence that it would read; nothing is sent."""
    if not settings.models.student.startswith("openai:"):
        return DryRun(False)
    run = DryRun(True)
    with open_student(pack, settings=settings, how=how, review=run.look) as student:
        for question in questions:
            try:
                student.ask(question, evidence=evidence, graph=graph)
            except ModelError as error:
                run.failures += _blocked([question.id], [error], "ask")
    return run


def _blocked(ids: Sequence[str], results: Sequence[object], stage: str) -> list[Failure]:
    pairs = zip(ids, results, strict=True)
    return [
        Failure(key, stage, str(error))
        for key, error in pairs
        if isinstance(error, DragError) and _STOPPED not in str(error)
    ]
