"""The two journeys: build a pack, ask with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from drag import prompts
from drag.answer import answer, calibration_of, style_of
from drag.deidentify import Hide, enter, reveal, without_orders
from drag.errors import ConfigError, PackError
from drag.extraction import Extraction
from drag.models.cached import with_store
from drag.pack import Pack, PackWriter
from drag.profiles import Profile, profile_of
from drag.prompts import Style
from drag.protocols import Embedder, LanguageModel, OnText
from drag.retrieve import Retriever, Search
from drag.settings import Ask, Retrieve
from drag.settings import Build as BuildSettings
from drag.stages import OnStage, Stage, Stages
from drag.teach import goes
from drag.types import Answer, Context, Failure, Question

if TYPE_CHECKING:
    from drag.ingest import IngestReport

RECIPE = 1
"""Raised whenever the stages below change what they make: a pack's questions are then built again."""

Batch = TypeVar("Batch")


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did: questions built now, questions that were there already, and what failed.

    `dropped` counts what a remote teacher wrote that gave orders instead of evidence. `documents` is there where
    documents were given.
    """

    built: int
    reused: int
    failures: tuple[Failure, ...]
    dropped: int = 0
    documents: IngestReport | None = None


def build_pack(
    questions: Sequence[Question],
    path: Path,
    *,
    teacher: LanguageModel,
    embedder: Embedder,
    embedder_name: str,
    settings: BuildSettings | None = None,
    keep_names: bool = False,
    extraction: Extraction | None = None,
    on_stage: OnStage | None = None,
) -> BuildReport:
    """Build or go on building the pack at `path`; `extraction` says how the teacher finds triples.

    With a remote teacher the pack holds no private words of the questions, unless `keep_names` (see `drag.deidentify`).

    Questions that stand in it under the same recipe are left alone; each other one is written whole, in one
    transaction, and every reply of the teacher is kept the moment it comes, so that a killed build pays for nothing
    twice. A question that fails is stored as a failure and tried again the next time. Raises `PackError` if the pack
    cannot be written or holds vectors of another embedder.
    """
    settings = settings or BuildSettings()
    extraction = extraction or Extraction()
    with PackWriter(path) as writer:
        other = writer.meta("embedder")
        if other not in (None, embedder_name):
            raise PackError(
                f"{path} holds vectors of the embedder {other}, not of {embedder_name}: choose another file"
            )
        entered = enter(questions, teacher, writer, keep_names=keep_names)
        questions = entered.questions
        writer.set_meta(**_provenance(teacher, embedder_name, settings))
        kept = with_store(teacher, writer)
        stages = Stages(kept, embedder, settings, extraction.of(kept))
        present = writer.recipes()
        recipes = {one.id: _recipe(one, teacher, embedder_name, settings, extraction.identity) for one in questions}
        todo = [one for one in questions if present.get(one.id) != recipes[one.id]]
        failures: list[Failure] = list(entered.failures)
        done = 0
        for batch in _batches(todo, settings.batch):

            def tell(stage: Stage, done: int = done) -> None:
                if on_stage is not None:
                    on_stage(stage, done, len(todo))

            for built in stages.run(batch, tell):
                writer.write(built, recipes[built.question.id])
                failures.extend(built.failures)
                done += 1
        if on_stage is not None:
            on_stage("write", done, len(todo))
        return BuildReport(done, len(questions) - len(todo), tuple(failures), getattr(teacher, "dropped", 0))


class Student:
    """A small model that answers, with a pack or alone."""

    def __init__(
        self,
        model: LanguageModel,
        pack: Pack | None = None,
        embedder: Embedder | None = None,
        settings: Ask | None = None,
        *,
        hide: Hide | None = None,
        retrieve: Retrieve | None = None,
    ) -> None:
        """`pack` needs the `embedder` whose vectors it holds; `retrieve` says how it is searched.

        Without a pack an embedder only serves to read given evidence: to weigh pieces, and to cut them.
        `hide` is called for a pack without names, to put those of a question back that it was built for.
        `dropped` counts what was left out of the last context because it gave orders.
        """
        self._model = model
        self._settings = settings or Ask()
        self._calibration = calibration_of(self._settings)
        self._profile: Profile | None = None
        self._hide = hide
        self.embedder = embedder
        self.dropped = 0
        if pack is not None and embedder is None:
            raise ConfigError("a pack needs the embedder whose vectors it holds")
        self._retriever = Retriever(pack, embedder, retrieve) if pack is not None and embedder is not None else None

    @property
    def model(self) -> LanguageModel:
        """Who answers."""
        return self._model

    @property
    def search(self) -> Search | None:
        """The search behind the last context: what was found, and how; None before the first, and without a pack."""
        return self._retriever.last if self._retriever is not None else None

    @property
    def style(self) -> Style:
        """How the student is prompted."""
        return style_of(self._model, self.profile)

    @property
    def profile(self) -> Profile:
        """How the student is asked. Raises `ConfigError` if that cannot be read."""
        if self._profile is None:
            self._profile = profile_of(self._model, self._settings)
        return self._profile

    def context(
        self, question: Question, *, evidence: bool = True, graph: bool = True, without: Collection[str] = ()
    ) -> Context:
        """What the student would be given to read; evidence with the ids in `without` is passed over."""
        if self._retriever is None or not (evidence or graph):
            return Context()
        count = self._model.count_tokens
        found = self._retriever.context(
            question.text, self._settings, count, evidence=evidence, graph=graph, without=without
        )
        found, self.dropped = without_orders(found)
        return reveal(question, found, self._hide)

    def ask(
        self,
        question: Question | str,
        *,
        evidence: bool = True,
        graph: bool = True,
        on_text: OnText | None = None,
    ) -> Answer:
        """Answer one question. Raises `ModelError` if the model fails."""
        asked = question if isinstance(question, Question) else Question("asked", question)
        context = self.context(asked, evidence=evidence, graph=graph)
        return answer(
            self._model,
            asked,
            context,
            style=self.style,
            max_tokens=self._settings.max_tokens,
            on_text=on_text,
            calibration=self._calibration,
            profile=self.profile,
            embedder=self.embedder,
        )

    def under(self, settings: Ask) -> Student:
        """The same student under other settings. It shares the model and the pack: one of the two is closed."""
        other = copy(self)
        other._settings = settings
        other._calibration = calibration_of(settings)
        other._profile = None
        return other

    def close(self) -> None:
        """Close the model."""
        self._model.close()


def _recipe(question: Question, teacher: LanguageModel, embedder: str, settings: BuildSettings, extraction: str) -> str:
    """Digest of all that the results for a question depend on."""
    # How many questions go together changes when things are done, never what is made.
    # Who extracts, and held to which ontology, stands in `extraction`: by what it says, not by where it lies.
    options = settings.model_dump(exclude={"batch", "ontology", "triples_by", "decide", "samples", "candidates"})
    asked = [question.text, question.choices, question.gold, question.evidence]
    parts = [RECIPE, prompts.VERSIONS, asked, teacher.identity, embedder, options]
    parts += [extraction] if extraction else []
    if settings.show_choices and question.choices:
        # By which rule the teacher decides, and what comes of it.
        parts += ["teach-concluding@2", profile_of(teacher).choosing]
    elif settings.show_choices or goes(settings.decide, question):
        parts += ["decide@1", settings.samples] + ["candidates@1"] * goes(settings.candidates, question)
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def _provenance(teacher: LanguageModel, embedder: str, settings: BuildSettings) -> dict[str, Any]:
    asked = prompts.VERSIONS
    return {
        "drag": version("drag-slm"),
        "teacher": {"name": teacher.name, "identity": teacher.identity},
        "embedder": embedder,
        "prompts": list(asked),
        "build": settings.model_dump(),
    }


def _batches(items: Sequence[Batch], size: int) -> Iterator[Sequence[Batch]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
