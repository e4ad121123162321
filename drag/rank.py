"""Ranking: one signal from vectors, one from a model's judgement, fused by their ranks."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy

from drag import prompts, replies
from drag.errors import DragError
from drag.protocols import Embedder, LanguageModel, Ranker, ScoringModel
from drag.types import Item, Ranked

RRF_K = 60
"""The constant of reciprocal rank fusion: how flat the weights of the first places are (Cormack et al., SIGIR 2009)."""


class SimilarityRanker:
    """Cosine similarity of question and text, in [-1, 1]."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def score(self, question: str, texts: Sequence[str]) -> list[float | None]:
        """See `Ranker.score`."""
        if not texts:
            return []
        vectors = numpy.asarray(self._embedder.encode([question, *texts], normalize_embeddings=True))
        return [float(value) for value in vectors[1:] @ vectors[0]]


class DocumentRanker:
    """1 for the texts that came with the question, no score for what a teacher remembers.

    A small teacher is as fluent about what it does not know; what somebody brought along has to outrank that.
    """

    def __init__(self, brought: Collection[str]) -> None:
        self._brought = brought

    def score(self, question: str, texts: Sequence[str]) -> list[float | None]:
        """See `Ranker.score`."""
        return [1.0 if text in self._brought else None for text in texts]


class RelevanceRanker:
    """A model's own judgement, in [0, 1].

    A model that can score gives P(Yes) against P(No) for each text alone; any other is asked once for a number a
    text. A judgement that cannot be had leaves its texts unjudged, and the error in `failure`.
    """

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self.failure: DragError | None = None

    def score(self, question: str, texts: Sequence[str]) -> list[float | None]:
        """See `Ranker.score`."""
        self.failure = None
        if not texts:
            return []
        try:
            if isinstance(self._model, ScoringModel):
                return [self._yes(self._model, question, text) for text in texts]
            prompt = prompts.relevance(question, texts)
            (scores,) = replies.ask(self._model, [prompt], [lambda reply: prompts.parse_relevance(reply, len(texts))])
        except DragError as error:
            scores = error
        if isinstance(scores, DragError):
            self.failure = scores
            return [None] * len(texts)
        return scores

    @staticmethod
    def _yes(model: ScoringModel, question: str, text: str) -> float:
        yes, no = model.score(prompts.relevance_of_one(question, text), prompts.RELEVANT)
        return 1 / (1 + math.exp(min(700.0, no.total - yes.total)))


def fuse(
    items: Sequence[Item], signals: Mapping[str, Sequence[float | None]], weights: Mapping[str, float]
) -> list[Ranked[Item]]:
    """Weighted reciprocal rank fusion: score = Σ weight / (RRF_K + rank in that signal), the best first.

    Each signal holds one score an item, higher is better; an item that a signal did not judge gets nothing from it.
    Equal scores share a rank, so a signal that cannot tell two items apart does not order them; items whose fused
    scores are equal stand in their original order. Every result is `kept`; `keep_best` cuts.
    """
    terms: list[list[float]] = [[] for _ in items]
    for name, scores in signals.items():
        judged = sorted({score for score in scores if score is not None}, reverse=True)
        rank_of = {score: rank for rank, score in enumerate(judged, 1)}
        for place, score in enumerate(scores):
            if score is not None:
                terms[place].append(weights.get(name, 1.0) / (RRF_K + rank_of[score]))
    fused = [math.fsum(one) for one in terms]
    order = sorted(range(len(items)), key=lambda place: (-fused[place], place))
    return [Ranked(items[place], rank, fused[place], _measured(signals, place)) for rank, place in enumerate(order, 1)]


def rank(
    question: str,
    items: Sequence[Item],
    texts: Sequence[str],
    rankers: Mapping[str, tuple[Ranker, float]],
) -> list[Ranked[Item]]:
    """Score the items' texts with every ranker of a weight above zero, and fuse."""
    used = {name: (ranker, weight) for name, (ranker, weight) in rankers.items() if weight > 0}
    signals = {name: ranker.score(question, texts) for name, (ranker, _) in used.items()}
    return fuse(items, signals, {name: weight for name, (_, weight) in used.items()})


def keep_best(ranked: Sequence[Ranked[Item]], tokens: Sequence[int], *, most: int, budget: int) -> list[Ranked[Item]]:
    """Mark what makes the cut: the best `most` items whose `tokens` fit `budget` together.

    An item that does not fit is passed over for a shorter one behind it; the best is kept whatever its length.
    """
    kept, spent = 0, 0
    marked: list[Ranked[Item]] = []
    for one, size in zip(ranked, tokens, strict=True):
        keep = kept < most and (spent + size <= budget or kept == 0)
        kept, spent = kept + keep, spent + size * keep
        marked.append(Ranked(one.item, one.rank, one.score, one.signals, keep))
    return marked


def near_best(ranked: Sequence[Ranked[Item]], signal: str, margin: float) -> list[Ranked[Item]]:
    """The items whose `signal` is at most `margin` below the best one's, in their order.

    A small student reads everything it is given as if it were about the question: one piece that is, is better than
    that piece among four that are not (docs/experiments.md).
    """
    best = max((one.signals[signal] for one in ranked if signal in one.signals), default=0.0)
    return [one for one in ranked if one.signals.get(signal, best) >= best - margin]


def _measured(signals: Mapping[str, Sequence[float | None]], place: int) -> dict[str, float]:
    found = ((name, scores[place]) for name, scores in signals.items())
    return {name: score for name, score in found if score is not None}
