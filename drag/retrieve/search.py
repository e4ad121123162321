"""Searching a pack: each stage adds its part to the score of a candidate, and the sum decides.

No model is asked. Only the question is embedded, once, and not even that where `dense` and `question` are off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from time import perf_counter

import numpy
from numpy.typing import NDArray

from drag.dates import Period, periods
from drag.index import VectorIndex
from drag.index.frequency import Frequencies
from drag.pack import Pack
from drag.protocols import Embedder, Ranker
from drag.retrieve import stages
from drag.retrieve.found import Candidate, Found, Search, Stage
from drag.retrieve.hop import links
from drag.retrieve.names import Name, names_in
from drag.settings import Retrieve
from drag.types import Evidence


class Searcher:
    """Search over one pack, which stays open as long as it is used."""

    def __init__(self, pack: Pack, embedder: Embedder, settings: Retrieve, reranker: Ranker | None = None) -> None:
        self._pack = pack
        self._embedder = embedder
        self._settings = settings
        self._reranker = reranker
        self._index: VectorIndex | None = None
        self._questions = stages.Questions(pack)
        self.frequencies = Frequencies(pack)

    def on(self, stage: Stage) -> bool:
        """Whether a stage takes part."""
        return stage == "reranker" or getattr(self._settings, stage) > 0

    def encode(self, question: str) -> NDArray[numpy.float32]:
        """The vector of a question, of length 1."""
        encoded = self._embedder.encode([question], normalize_embeddings=True)
        return numpy.asarray(encoded, numpy.float32).reshape(-1)

    def search(
        self, question: str, limit: int, vector: NDArray[numpy.float32] | None = None, today: date | None = None
    ) -> Search:
        """Evidence for `question`, the best first, at most `limit`; `today` is what `last week` is counted from."""
        began = perf_counter()
        wanted = vector is None and (self.on("dense") or self.on("question"))
        embedding = 0.0
        if wanted and not self.frequencies.large:
            vector, embedding = self._embedded(question)
            wanted, began = False, perf_counter()
        # In a large pack the search for words leaves Python for long, as the embedding does, and costs hardly any
        # time beside it. In a small one both would wait for each other's interpreter.
        with ThreadPoolExecutor(1) as beside:
            pending = beside.submit(self._embedded, question) if wanted else None
            look = _Look(self, self._pack, self._settings, question, today)
            look.begin()
            asked = perf_counter()
            vector, embedding = pending.result() if pending else (vector, embedding)
            waited = perf_counter() - asked
        look.first(vector)
        if self.on("graph"):
            look.second()
        found = look.result(limit)
        if self._reranker is not None:
            found = _second_look(self._reranker, question, found, self._settings.reranked)
        seconds = {"embed": embedding, "search": perf_counter() - began - waited}
        names = tuple(one.text for one in look.names)
        return Search(question, tuple(found), names, tuple(look.periods), seconds, vector)

    def _embedded(self, question: str) -> tuple[NDArray[numpy.float32], float]:
        """The vector of a question, and how many seconds it took."""
        began = perf_counter()
        return self.encode(question), perf_counter() - began

    def near(self, vector: NDArray[numpy.float32], most: int) -> list[str]:
        """Ids of the evidence nearest to a vector. The index is opened when it is first asked."""
        if self._index is None:
            self._index = VectorIndex.open(self._pack)
        return [key for key, _ in self._index.search(vector, most)]

    def like_questions(self, vector: NDArray[numpy.float32]) -> dict[str, float]:
        """See `drag.retrieve.stages.Questions.like`."""
        return self._questions.like(vector)


class _Look:
    """One question being looked at."""

    def __init__(
        self,
        searcher: Searcher,
        pack: Pack,
        settings: Retrieve,
        question: str,
        today: date | None,
    ) -> None:
        self._searcher = searcher
        self._pack = pack
        self._settings = settings
        self._question = question
        self._vector: NDArray[numpy.float32] | None = None
        self._said: dict[str, float] = {}
        self._weights: stages.Weights = {}
        self._meant: list[str] = []
        self._candidates: dict[str, Candidate] = {}
        self._evidence: dict[str, Evidence] = {}
        self._judged: set[str] = set()
        self.periods: list[Period] = periods(question, today) if searcher.on("dates") else []
        wants_names = searcher.on("names") or searcher.on("graph")
        self.names: list[Name] = names_in(pack, [question])[0] if wants_names else []

    def begin(self) -> None:
        """What is found without the question's vector, by its words, dates and names; their texts are read as well."""
        if self._searcher.on("words"):
            self._said, self._weights = stages.words(
                self._pack, self._searcher.frequencies, self._question, self._settings
            )
        self._meant = stages.dated(self._pack, self.periods)
        self._meant += [key for _, pieces, _ in stages.named(self.names) for key in pieces]

    def first(self, vector: NDArray[numpy.float32] | None) -> None:
        """All that is found from the question alone; `vector` is its own."""
        on, settings, said, weights = self._searcher.on, self._settings, self._said, self._weights
        self._vector = vector
        alike = self._searcher.like_questions(vector) if vector is not None and on("question") else {}
        near = self._searcher.near(vector, settings.candidates) if vector is not None and on("dense") else []
        if weights:
            said = stages.also_said(self._read([*dict.fromkeys([*said, *near])]), weights, 2 * settings.candidates)
        self._add("words", said, stages.shares(said), settings.words)
        self._add("question", alike, alike, settings.question)
        self._judge([*self._candidates, *near, *self._meant])
        for name, pieces, share in stages.named(self.names if on("names") else []):
            self._add_document("names", pieces, share, f"names {name.text}", rest=0.5)

    def second(self) -> None:
        """What the first pieces found lead to."""
        order = sorted(self._candidates.values(), key=lambda one: -one.score)
        seeds = self._read([one.id for one in order[: self._settings.hops]])
        found = links(self._pack, seeds, {one.id: one.score for one in order}, self.names)
        self._judge([key for link in found for key in link.pieces])
        for link in found:
            source = self._evidence[link.source]
            why = f"{link.name} in {source.title or source.id}"
            self._add_document("graph", link.pieces, link.strength, why)

    def result(self, limit: int) -> list[Found]:
        """The candidates with a score, the best first; the same question's evidence before all other."""
        scored = [one for one in self._candidates.values() if one.parts]
        # What was found for the very question is in the order in which it was ranked then, by more than a search sees.
        order = sorted(
            scored,
            key=lambda one: (-max(one.signals.get("question", 0.0), stages.SAME_QUESTION), -one.score, one.id),
        )
        ranks = _ranks(scored)
        kept = self._read([one.id for one in order[:limit]])
        found: list[Found] = []
        for place, evidence in enumerate(kept, 1):
            one = self._candidates[evidence.id]
            found.append(
                Found(evidence, place, one.score, one.signals, one.parts, ranks[one.id], tuple(dict.fromkeys(one.why)))
            )
        return found

    def _judge(self, keys: Iterable[str]) -> None:
        """Give each new candidate what any text can be given: its cosine, its date, who speaks in it."""
        settings = self._settings
        new = [key for key in dict.fromkeys(keys) if key not in self._judged]
        self._judged.update(new)
        evidence = self._read(new)
        if self._vector is not None and self._searcher.on("dense"):
            ids, vectors = self._pack.vectors_of(new)
            cosines = dict(zip(ids, (vectors @ self._vector).tolist(), strict=True)) if ids else {}
            self._add("dense", cosines, {key: max(0.0, cosine) for key, cosine in cosines.items()}, settings.dense)
        if self.periods:
            fits = {one.id: max(period.covers(one.date) for period in self.periods) for one in evidence}
            fits = {key: fit for key, fit in fits.items() if fit > 0}
            self._add("dates", fits, fits, settings.dates)
        if self._searcher.on("people"):
            found = stages.people(self._question, {one.id: one.text for one in evidence})
            self._add("people", found, found, settings.people)

    def _add(self, stage: Stage, signals: Mapping[str, float], parts: Mapping[str, float], weight: float) -> None:
        for key, signal in signals.items():
            one = self._candidates.setdefault(key, Candidate(key))
            one.signals[stage] = signal
            one.parts[stage] = getattr(self._settings, stage) * parts[key]

    def _add_document(self, stage: Stage, pieces: Sequence[str], share: float, why: str, rest: float = 0.0) -> None:
        """Credit for a whole document: all of it to the piece that serves the question best, `rest` to the others."""
        ones = [self._candidates.setdefault(key, Candidate(key)) for key in pieces]
        best = max(ones, key=lambda one: one.score, default=None)
        for one in ones:
            part = share if one is best else share * rest
            if part > one.signals.get(stage, 0.0):
                one.signals[stage] = part
                one.parts[stage] = getattr(self._settings, stage) * part
                one.why.append(why)

    def _read(self, keys: Sequence[str]) -> list[Evidence]:
        missing = [key for key in keys if key not in self._evidence]
        self._evidence |= {one.id: one for one in self._pack.evidence(missing)}
        return [self._evidence[key] for key in keys if key in self._evidence]


def _ranks(candidates: Sequence[Candidate]) -> dict[str, dict[str, int]]:
    ranks: dict[str, dict[str, int]] = {one.id: {} for one in candidates}
    for stage in {name for one in candidates for name in one.signals}:
        judged = sorted({one.signals[stage] for one in candidates if stage in one.signals}, reverse=True)
        place = {signal: number for number, signal in enumerate(judged, 1)}
        for one in candidates:
            if stage in one.signals:
                ranks[one.id][stage] = place[one.signals[stage]]
    return ranks


def _second_look(reranker: Ranker, question: str, found: Sequence[Found], most: int) -> list[Found]:
    """The first `most` in the order of what both looks think, each as a share of its range; the rest behind them."""
    head, rest = list(found[:most]), list(found[most:])
    judged = reranker.score(question, [one.evidence.titled for one in head])
    # A piece that could not be judged stands where the worst of them stands.
    worst = min((score for score in judged if score is not None), default=0.0)
    second = [worst if score is None else score for score in judged]
    before, after = _even([one.score for one in head]), _even(second)
    order = sorted(range(len(head)), key=lambda place: (-(before[place] + after[place]), place))
    ranks = {place: rank for rank, place in enumerate(sorted(range(len(head)), key=lambda one: -second[one]), 1)}
    again = [
        Found(
            head[place].evidence,
            rank,
            head[place].score,
            {**head[place].signals, "reranker": second[place]},
            {**head[place].parts, "reranker": after[place]},
            {**head[place].ranks, "reranker": ranks[place]},
            head[place].why,
        )
        for rank, place in enumerate(order, 1)
    ]
    return [*again, *rest]


def _even(scores: Sequence[float]) -> list[float]:
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    return [(score - low) / (high - low) if high > low else 0.0 for score in scores]
