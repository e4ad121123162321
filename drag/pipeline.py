"""The two journeys: build a pack, ask with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy

from drag import prompts
from drag.answer import answer, style_of
from drag.deidentify import enter, reveal, without_orders
from drag.errors import ConfigError, DragError, PackError, ReplyError
from drag.extract import ModelExtractor
from drag.models.cached import with_store
from drag.pack import Built, Pack, PackWriter
from drag.pack.write import triple_id
from drag.prompts import Style
from drag.protocols import Embedder, Extractor, LanguageModel, OnText, Ranker
from drag.rank import DocumentRanker, RelevanceRanker, SimilarityRanker, keep_best, rank
from drag.retrieve import Retriever
from drag.settings import Ask
from drag.settings import Build as BuildSettings
from drag.teach import teach
from drag.types import Answer, Context, Evidence, Failure, Question, Ranked, texts
from graphs import Merged, Triple, merge, verbalise

if TYPE_CHECKING:
    from privacy import Sanitizer

RECIPE = 1
"""Raised whenever the stages below change what they make: a pack's questions are then built again."""

Stage = Literal["teach", "rank", "extract", "write"]
OnStage = Callable[[Stage, int, int], None]
"""Called with the stage that begins, how many questions are done, and how many there are to do."""

Batch = TypeVar("Batch")


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did: questions built now, questions that were there already, and what failed.

    `dropped` counts what a remote teacher wrote that gave orders instead of evidence.
    """

    built: int
    reused: int
    failures: tuple[Failure, ...]
    dropped: int = 0


def build_pack(
    questions: Sequence[Question],
    path: Path,
    *,
    teacher: LanguageModel,
    embedder: Embedder,
    embedder_name: str,
    settings: BuildSettings | None = None,
    keep_names: bool = False,
    on_stage: OnStage | None = None,
) -> BuildReport:
    """Build or go on building the pack at `path`.

    With a remote teacher the pack holds no private words of the questions, unless `keep_names` (see `drag.deidentify`).

    Questions that stand in it under the same recipe are left alone; each other one is written whole, in one
    transaction, and every reply of the teacher is kept the moment it comes, so that a killed build pays for nothing
    twice. A question that fails is stored as a failure and tried again the next time. Raises `PackError` if the pack
    cannot be written or holds vectors of another embedder.
    """
    settings = settings or BuildSettings()
    with PackWriter(path) as writer:
        other = writer.meta("embedder")
        if other not in (None, embedder_name):
            raise PackError(
                f"{path} holds vectors of the embedder {other}, not of {embedder_name}: choose another file"
            )
        entered = enter(questions, teacher, writer, keep_names=keep_names)
        questions = entered.questions
        writer.set_meta(**_provenance(teacher, embedder_name, settings))
        stages = _Stages(with_store(teacher, writer), embedder, settings)
        present = writer.recipes()
        recipes = {one.id: _recipe(one, teacher, embedder_name, settings) for one in questions}
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


class _Stages:
    """teach → rank → keep → extract → merge → rank, for a batch of questions at a time."""

    def __init__(self, teacher: LanguageModel, embedder: Embedder, settings: BuildSettings) -> None:
        self._teacher = teacher
        self._embedder = embedder
        self._settings = settings
        self._extractor: Extractor = ModelExtractor(teacher)
        self._relevance = RelevanceRanker(teacher)
        self._rankers: dict[str, tuple[Ranker, float]] = {
            "similarity": (SimilarityRanker(embedder), settings.similarity),
            "relevance": (self._relevance, settings.relevance),
        }

    def run(self, batch: Sequence[Question], tell: Callable[[Stage], None]) -> list[Built]:
        failures: dict[str, list[Failure]] = {question.id: [] for question in batch}
        tell("teach")
        evidence = self._gather(batch, failures)
        tell("rank")
        ranked = {one.id: self._rank_evidence(one, evidence[one.id], failures[one.id]) for one in batch}
        tell("extract")
        triples = self._extract(ranked, failures)
        built: list[Built] = []
        for question in batch:
            facts = self._rank_triples(question, merge(triples[question.id]), failures[question.id])
            built.append(
                Built(
                    question,
                    self._mode(question),
                    ranked[question.id],
                    facts,
                    self._vectors(question, ranked[question.id], facts),
                    tuple(failures[question.id]),
                )
            )
        return built

    def _mode(self, question: Question) -> str:
        if self._settings.evidence == 0:
            return "document"
        if self._settings.show_choices and question.choices:
            return "concluding"
        return "grounded" if self._settings.show_evidence and question.evidence else "blind"

    def _gather(self, batch: Sequence[Question], failures: dict[str, list[Failure]]) -> dict[str, list[Evidence]]:
        """What the records brought, then what the teacher writes."""
        gathered = {one.id: [Evidence.of(text, f"document:{one.id}") for text in one.evidence] for one in batch}
        if self._settings.evidence > 0:
            taught = teach(
                self._teacher,
                batch,
                self._settings.evidence,
                show_choices=self._settings.show_choices,
                show_evidence=self._settings.show_evidence,
            )
            for question, written in zip(batch, taught, strict=True):
                if isinstance(written, DragError):
                    failures[question.id].append(Failure(question.id, "teach", str(written)))
                else:
                    gathered[question.id].extend(written)
        for key, found in gathered.items():
            if not found and not failures[key]:
                failures[key].append(Failure(key, "teach", "the record brings no evidence, and the teacher wrote none"))
        return {key: list({one.id: one for one in found}.values()) for key, found in gathered.items()}

    def _rank_evidence(
        self, question: Question, found: Sequence[Evidence], failures: list[Failure]
    ) -> list[Ranked[Evidence]]:
        rankers = self._rankers | {"document": (DocumentRanker(question.evidence), self._settings.document)}
        ranked = rank(question.text, found, texts(found), rankers)
        self._note(question, "rank", failures)
        sizes = [self._teacher.count_tokens(one.item.text) for one in ranked]
        return keep_best(ranked, sizes, most=self._settings.keep, budget=self._settings.keep_tokens)

    def _note(self, question: Question, stage: str, failures: list[Failure]) -> None:
        """A judgement that failed leaves the other signals to rank by; the question is tried again the next time."""
        if self._relevance.failure is not None:
            failures.append(Failure(question.id, stage, str(self._relevance.failure)))

    def _extract(
        self, ranked: dict[str, list[Ranked[Evidence]]], failures: dict[str, list[Failure]]
    ) -> dict[str, list[Triple]]:
        """Triples of the kept evidence of the whole batch at once, so that a parallel teacher is kept busy."""
        pairs = [(key, one.item) for key, found in ranked.items() for one in found if one.kept]
        triples: dict[str, list[Triple]] = {key: [] for key in ranked}
        failed: dict[str, list[DragError]] = {}
        for (key, _), found in zip(pairs, self._extractor.extract([one for _, one in pairs]), strict=True):
            if isinstance(found, DragError):
                failed.setdefault(key, []).append(found)
            else:
                triples[key].extend(found)
        for key, problems in failed.items():
            # One piece without a fact in it is no failure of the question; one that was never read is.
            if not triples[key] or not all(isinstance(problem, ReplyError) for problem in problems):
                many = f"{len(problems)} pieces of evidence: " if len(problems) > 1 else ""
                failures[key].append(Failure(key, "extract", f"{many}{problems[0]}"))
        return triples

    def _rank_triples(
        self, question: Question, merged: Sequence[Merged], failures: list[Failure]
    ) -> list[Ranked[Merged]]:
        lines = [" ".join(verbalise([one.triple])) for one in merged]
        ranked = rank(question.text, merged, lines, self._rankers)
        self._note(question, "rank-triples", failures)
        return keep_best(ranked, [0] * len(ranked), most=self._settings.triples, budget=0)

    def _vectors(
        self, question: Question, ranked: Sequence[Ranked[Evidence]], facts: Sequence[Ranked[Merged]]
    ) -> dict[tuple[str, str], Any]:
        """Vectors of the question, its kept evidence and its kept triples.

        One question at a time: how texts are batched changes the last bits of a vector, and a resumed build has to
        give the same pack as an uninterrupted one.
        """
        kept = [one.item for one in ranked if one.kept]
        triples = [one.item.triple for one in facts if one.kept]
        lines = [question.text, *texts(kept), *(line for triple in triples for line in verbalise([triple]))]
        vectors = numpy.asarray(self._embedder.encode(lines, normalize_embeddings=True), numpy.float32)
        keys = [("question", question.id), *(("evidence", one.id) for one in kept)]
        keys += [("triple", triple_id(triple)) for triple in triples]
        return dict(zip(keys, vectors, strict=True))


class Student:
    """A small model that answers, with a pack or alone."""

    def __init__(
        self,
        model: LanguageModel,
        pack: Pack | None = None,
        embedder: Embedder | None = None,
        settings: Ask | None = None,
        open_sanitizer: Callable[[], Sanitizer] | None = None,
    ) -> None:
        """`pack` needs the `embedder` whose vectors it holds.

        `open_sanitizer` is called for a pack without names, to put those of a question back that it was built for.
        `dropped` counts what was left out of the last context because it gave orders.
        """
        self._model = model
        self._settings = settings or Ask()
        self._open_sanitizer = open_sanitizer
        self.dropped = 0
        if pack is not None and embedder is None:
            raise ConfigError("a pack needs the embedder whose vectors it holds")
        self._retriever = Retriever(pack, embedder) if pack is not None and embedder is not None else None

    @property
    def style(self) -> Style:
        """How the student is prompted."""
        return style_of(self._model) if self._settings.style == "auto" else self._settings.style

    def context(self, question: Question, *, evidence: bool = True, graph: bool = True) -> Context:
        """What the student would be given to read."""
        if self._retriever is None or not (evidence or graph):
            return Context()
        count = self._model.count_tokens
        found = self._retriever.context(question.text, self._settings, count, evidence=evidence, graph=graph)
        found, self.dropped = without_orders(found)
        return reveal(question, found, self._open_sanitizer)

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
            self._model, asked, context, style=self.style, max_tokens=self._settings.max_tokens, on_text=on_text
        )

    def close(self) -> None:
        """Close the model."""
        self._model.close()


def _recipe(question: Question, teacher: LanguageModel, embedder: str, settings: BuildSettings) -> str:
    """Digest of all that the results for a question depend on."""
    # How many questions go together changes when things are done, never what is made.
    options = settings.model_dump(exclude={"batch"})
    asked = [question.text, question.choices, question.gold, question.evidence]
    parts = [RECIPE, prompts.VERSIONS, asked, teacher.identity, embedder, options]
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
