"""The journeys with names and paths: what the five lines of the README and the command line call."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from drag.errors import ConfigError, PackError
from drag.models import Fetching, load_model
from drag.models.embed import load_embedder
from drag.models.gateway import on_device_sanitizer, set_review
from drag.pack import Pack
from drag.pipeline import BuildReport, OnStage, Student, build_pack
from drag.protocols import OnText
from drag.questions import read_questions
from drag.settings import Settings
from drag.types import Answer, Question

if TYPE_CHECKING:
    from privacy import Reviewer


def build(
    questions: Path | str | Sequence[Question | str],
    pack: Path | str,
    *,
    teacher: str | None = None,
    settings: Settings | None = None,
    how: Fetching | None = None,
    keep_names: bool = False,
    review: Reviewer | None = None,
    on_stage: OnStage | None = None,
) -> BuildReport:
    """Build a pack, or go on building one that was interrupted.

    `questions` is a file (see `drag.questions.read_questions`), or questions. `teacher` is a model spec (see
    `drag.models.load_model`) and beats the settings'. Raises `ConfigError`, `ModelError` or `PackError`; a question
    that fails is not raised but stands in the report.

    With an `openai:` teacher the pack holds placeholders for the private words of the questions; `keep_names` puts the
    words themselves there. `review` is asked about each request before it leaves (see `privacy.gateway.Review`).
    """
    settings = (settings or Settings.load()).override("models", teacher=teacher)
    asked = read_questions(questions) if isinstance(questions, str | Path) else _questions(questions)
    how = how or Fetching.of(settings)
    embedder = load_embedder(settings.models.embedder, how)
    model = load_model(settings.models.teacher, settings, parallel=settings.models.parallel, how=how)
    set_review(model, review)
    try:
        return build_pack(
            asked,
            Path(pack),
            teacher=model,
            embedder=embedder,
            embedder_name=settings.models.embedder,
            settings=settings.build,
            keep_names=keep_names,
            on_stage=on_stage,
        )
    finally:
        model.close()


@contextmanager
def open_student(
    pack: Path | str | None = None,
    *,
    student: str | None = None,
    settings: Settings | None = None,
    how: Fetching | None = None,
    review: Reviewer | None = None,
) -> Generator[Student]:
    """A student for many questions, with its model and its pack open; without a pack it answers alone.

    `review` is asked about each request of an `openai:` student before it leaves.
    Raises `ConfigError`, `ModelError` or `PackError`.
    """
    settings = (settings or Settings.load()).override("models", student=student)
    how = how or Fetching.of(settings)
    opened = Pack(pack) if pack is not None else None
    try:
        embedder = None
        if opened is not None:
            made_with = opened.meta().get("embedder")
            if made_with is None:
                raise PackError(f"{opened.path} is empty: its build has not written anything yet")
            embedder = load_embedder(str(made_with), how)
        model = load_model(settings.models.student, settings, how=how)
        set_review(model, review)
        try:
            yield Student(model, opened, embedder, settings.ask, on_device_sanitizer(settings, how))
        finally:
            model.close()
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
