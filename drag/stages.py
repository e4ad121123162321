"""What is made of a question: evidence, its ranks, its triples and the vectors of what was kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy
from numpy.typing import NDArray

from drag.errors import DragError, ReplyError
from drag.extract import ModelExtractor
from drag.pack import Built
from drag.pack.triples import triple_id
from drag.protocols import Embedder, Extractor, LanguageModel, Ranker
from drag.rank import DocumentRanker, RelevanceRanker, SimilarityRanker, keep_best, rank
from drag.settings import Build
from drag.teach import teach_as
from drag.types import Evidence, Failure, Question, Ranked, texts
from graphs import Merged, Triple, merge, verbalise

Stage = Literal["teach", "rank", "extract", "write"]
OnStage = Callable[[Stage, int, int], None]
"""Called with the stage that begins, how many questions are done, and how many there are to do."""


class Once:
    """An `Embedder` that embeds each text once.

    One for each question: how texts are batched changes the last bits of a vector, and a resumed build has to give
    the same pack as an uninterrupted one.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[str, NDArray[numpy.float32]] = {}

    def encode(self, sentences: list[str], *, normalize_embeddings: bool = True) -> NDArray[numpy.float32]:
        """See `Embedder.encode`; the vectors are always of length 1."""
        new = [text for text in dict.fromkeys(sentences) if text not in self._known]
        if new:
            vectors = numpy.asarray(self._embedder.encode(new, normalize_embeddings=True), numpy.float32)
            self._known |= dict(zip(new, vectors, strict=True))
        return numpy.stack([self._known[text] for text in sentences])


class Stages:
    """teach → rank → keep → extract → merge → rank, for a batch of questions at a time."""

    def __init__(
        self, teacher: LanguageModel, embedder: Embedder, settings: Build, extractor: Extractor | None = None
    ) -> None:
        """`extractor` finds the triples; the teacher does, freely, without one."""
        self._teacher = teacher
        self._settings = settings
        self._extractor: Extractor = extractor or ModelExtractor(teacher)
        self._relevance = RelevanceRanker(teacher)
        self._embedder = embedder
        self._once: dict[str, Once] = {}

    def run(self, batch: Sequence[Question], tell: Callable[[Stage], None]) -> list[Built]:
        """All that is made of these questions. `tell` is called as each stage begins."""
        self._once = {question.id: Once(self._embedder) for question in batch}
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

    def _rankers(self, question: Question) -> dict[str, tuple[Ranker, float]]:
        return {
            "similarity": (SimilarityRanker(self._once[question.id]), self._settings.similarity),
            "relevance": (self._relevance, self._settings.relevance),
        }

    def _mode(self, question: Question) -> str:
        if self._settings.evidence == 0:
            return "document"
        # Without choices the teacher decides by several short answers, if it is to give any.
        if self._settings.show_choices and (question.choices or self._settings.samples):
            return "concluding"
        return "grounded" if self._settings.show_evidence and question.evidence else "blind"

    def _gather(self, batch: Sequence[Question], failures: dict[str, list[Failure]]) -> dict[str, list[Evidence]]:
        """What the records brought, then what the teacher writes."""
        gathered = {one.id: [Evidence.of(text, f"document:{one.id}") for text in one.evidence] for one in batch}
        if self._settings.evidence > 0:
            taught = teach_as(self._teacher, batch, self._settings)
            for question, written in zip(batch, taught, strict=True):
                gathered[question.id].extend(written.pieces)
                if written.failure is not None:
                    stage = "teach-partly" if written.pieces else "teach"
                    failures[question.id].append(Failure(question.id, stage, str(written.failure)))
        for key, found in gathered.items():
            if not found and not failures[key]:
                failures[key].append(Failure(key, "teach", "the record brings no evidence, and the teacher wrote none"))
        return {key: list({one.id: one for one in found}.values()) for key, found in gathered.items()}

    def _rank_evidence(
        self, question: Question, found: Sequence[Evidence], failures: list[Failure]
    ) -> list[Ranked[Evidence]]:
        rankers = self._rankers(question) | {"document": (DocumentRanker(question.evidence), self._settings.document)}
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
        ranked = rank(question.text, merged, lines, self._rankers(question))
        self._note(question, "rank-triples", failures)
        return keep_best(ranked, [0] * len(ranked), most=self._settings.triples, budget=0)

    def _vectors(
        self, question: Question, ranked: Sequence[Ranked[Evidence]], facts: Sequence[Ranked[Merged]]
    ) -> dict[tuple[str, str], Any]:
        """Vectors of the question, its kept evidence and its kept triples: most were made to rank them."""
        kept = [one.item for one in ranked if one.kept]
        triples = [one.item.triple for one in facts if one.kept]
        lines = [question.text, *texts(kept), *(line for triple in triples for line in verbalise([triple]))]
        vectors = self._once[question.id].encode(lines)
        keys = [("question", question.id), *(("evidence", one.id) for one in kept)]
        keys += [("triple", triple_id(triple)) for triple in triples]
        return dict(zip(keys, vectors, strict=True))
