"""`drag eval retrieval`: is the evidence that answers a question among the first that the product finds?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, cast

from drag.errors import ConfigError
from drag.retrieve import Found, Retriever
from drag.retrieve.hop import document_of
from drag.settings import Retrieve
from eval.metrics import bootstrap, mean
from eval.records import read_records
from eval.report import Report

AT = (1, 2, 10, 20)
"""The k of `recall@k` beside the 5 of the headline."""

FIRST = 5
_LOOKED_AT = 64  # pieces; several may be of one document, and the first 20 documents are wanted

_OFF = dict.fromkeys(("words", "dense", "question", "names", "graph", "dates", "people"), 0.0)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the ids of the documents that answer it; `type` is the source's own, often empty."""

    id: str
    text: str
    gold: tuple[str, ...]
    type: str = ""


@dataclass(slots=True)
class Arm:
    """What one way of searching found: for each question the distinct document ids, the best first, and seconds."""

    found: list[list[str]] = field(default_factory=list[list[str]])
    seconds: list[float] = field(default_factory=list[float])


def read_asked(path: Path) -> list[Asked]:
    """The questions of a JSON Lines file in the retrieval shape: `question`, `evidence_ids`, perhaps `id`, `type`.

    A question without gold ids is kept, with none. Raises `ConfigError` with the line number.
    """
    asked = [_asked(row, f"{path}, line {number}", number) for number, row in read_records(path)]
    if not asked:
        raise ConfigError(f"{path} holds no questions")
    return asked


def _asked(row: Mapping[str, Any], where: str, number: int) -> Asked:
    text, gold = row.get("question"), row.get("evidence_ids", [])
    if not isinstance(text, str) or not text.strip():
        raise ConfigError(f"{where}: the record has no text under 'question'")
    if not isinstance(gold, list):
        raise ConfigError(f"{where}: 'evidence_ids' is not a list")
    ids = tuple(dict.fromkeys(str(one) for one in cast("list[Any]", gold)))
    kind = row.get("type")
    return Asked(str(row.get("id", number)), text, ids, kind if isinstance(kind, str) else "")


def arms(settings: Retrieve, stages: bool) -> dict[str, Retrieve]:
    """The ways of searching that are compared: the product's (`fused`), and each of its halves alone.

    `bm25`, `dense` and `graph` (names of the question, and what their documents name) search alone; `without-…` is the
    product without one stage. A stage that the settings have off is not compared.
    """
    compared = {"fused": settings}
    if not stages:
        return compared

    def alone(**weights: float) -> Retrieve:
        return settings.model_copy(update={**_OFF, "reranker": "", **weights})

    compared["bm25"] = alone(words=1.0)
    compared["dense"] = alone(dense=1.0)
    compared["graph"] = alone(names=1.0, graph=1.0)
    compared["bm25+dense"] = alone(words=1.0, dense=1.0)
    for stage in ("words", "dense", "names", "graph", "dates", "people"):
        if getattr(settings, stage) > 0:
            compared[f"without-{stage}"] = settings.model_copy(update={stage: 0.0})
    return compared


def run(
    asked: Sequence[Asked],
    open_retriever: Callable[[Retrieve], Retriever],
    compared: Mapping[str, Retrieve],
    progress: Callable[[Iterable[Asked], str], Iterable[Asked]] = lambda rows, _: rows,
) -> dict[str, Arm]:
    """Ask every question in every arm. The time is that of a whole search, the embedding of the question included."""
    done: dict[str, Arm] = {}
    for name, settings in compared.items():
        retriever = open_retriever(settings)
        if asked:
            retriever.explain(asked[0].text)  # what is loaded when it is first used is not the question's time
        done[name] = Arm()
        for one in progress(asked, name):
            began = perf_counter()
            found = retriever.explain(one.text, _LOOKED_AT).found
            done[name].seconds.append(perf_counter() - began)
            done[name].found.append(documents(found))
    return done


def documents(found: Sequence[Found]) -> list[str]:
    """The distinct documents of what was found, the best first."""
    return list(dict.fromkeys(document_of(one.evidence) for one in found))


def recall(found: Sequence[str], gold: Sequence[str], k: int) -> float:
    """The share of the gold ids among the first `k` found."""
    return len(set(found[:k]) & set(gold)) / len(set(gold))


def summarise(
    asked: Sequence[Asked], done: Mapping[str, Arm], *, known: set[str], seed: int, settings: Mapping[str, object]
) -> Report:
    """`recall@5`, `all_gold@5`, `mrr`, `latency_ms` and `recall@k` of the product; for each arm `recall@5/<arm>` and
    `latency_ms/<arm>`; `recall@5/<type>` for each type that the questions have.

    Questions without gold ids must have been left out. `mrr` is the mean of 1 / place of the first gold document (0
    where it is not among those found); `latency_ms` is the median. A gold id that the corpus lacks (`known`) counts as
    not found, and is counted in the settings.
    """
    metrics: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}

    def put(name: str, values: Sequence[float]) -> None:
        metrics[name] = mean(values)
        intervals[name] = bootstrap(values, seed=seed)

    fused = done["fused"]
    at = {k: [recall(found, one.gold, k) for one, found in zip(asked, fused.found, strict=True)] for k in (*AT, FIRST)}
    put(f"recall@{FIRST}", at[FIRST])
    put(f"all_gold@{FIRST}", [float(value == 1.0) for value in at[FIRST]])
    put("mrr", [_reciprocal(found, one.gold) for one, found in zip(asked, fused.found, strict=True)])
    metrics["latency_ms"] = 1000 * median(fused.seconds) if fused.seconds else float("nan")
    types: dict[str, list[float]] = defaultdict(list)
    for one, value in zip(asked, at[FIRST], strict=True):
        if one.type:
            types[one.type].append(value)
    for kind in sorted(types):
        put(f"recall@{FIRST}/{kind}", types[kind])
    for k in AT:
        put(f"recall@{k}", at[k])
    for name, arm in done.items():
        if name != "fused":
            found = [recall(ids, one.gold, FIRST) for one, ids in zip(asked, arm.found, strict=True)]
            put(f"recall@{FIRST}/{name}", found)
            metrics[f"latency_ms/{name}"] = 1000 * median(arm.seconds)
    unknown = len({gold for one in asked for gold in one.gold} - known)
    return Report(
        "retrieval",
        len(asked),
        metrics,
        intervals,
        0,
        {
            **settings,
            "types": {kind: len(values) for kind, values in sorted(types.items())},
            "gold_not_in_corpus": unknown,
        },
    )


def _reciprocal(found: Sequence[str], gold: Sequence[str]) -> float:
    return next((1 / place for place, one in enumerate(found, 1) if one in set(gold)), 0.0)
