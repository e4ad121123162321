"""Which gold triples of questions the graph of their passages holds as links, and how fast spaCy's extractor is."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from drag.errors import ConfigError
from eval.metrics import bootstrap, mean
from eval.records import read_records
from eval.triples import Parts, Row, triples_of
from graphs import Triple, normal_form

_AFTER_TITLE: Final = re.compile(r"\s*\([^()]*\)\s*$")
_ROUNDS: Final = 3
_WORDS: Final = 4_000


@dataclass(frozen=True, slots=True)
class Linked:
    """The gold triples of one question and the passages that they come from."""

    gold: tuple[Parts, ...]
    passages: tuple[str, ...]


def read_questions(path: Path) -> list[Linked]:
    """The questions with `triples` and `evidence_ids`. Raises `ConfigError` where there is none."""
    found: list[Linked] = []
    for number, record in read_records(path):
        gold = triples_of(record, f"{path}, line {number}")
        ids = record.get("evidence_ids")
        if gold and isinstance(ids, list):
            found.append(Linked(gold, tuple(map(str, ids))))  # pyright: ignore[reportUnknownArgumentType]
    if not found:
        raise ConfigError(f"{path} holds no record with 'triples' and 'evidence_ids'")
    return found


def read_corpus(path: Path, wanted: Iterable[str]) -> list[Row]:
    """The passages of a corpus that are wanted, in its order. Raises `ConfigError` where one is missing."""
    ids = set(wanted)
    rows: list[Row] = []
    for number, record in read_records(path):
        name = str(record.get("id") or "")
        if name in ids:
            text = record.get("text")
            if not isinstance(text, str):
                raise ConfigError(f"{path}, line {number}: there is no 'text'")
            rows.append(Row(name, text, str(record.get("title") or "")))
    missing = ids - {row.id for row in rows}
    if missing:
        raise ConfigError(f"{path} lacks {len(missing)} passages, among them {min(missing)}")
    return rows


def links(
    questions: Sequence[Linked], triples: Mapping[str, Sequence[Triple] | None], *, seed: int = 0
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """`linked`: the share of gold triples whose tail is in the graph of the question's passages and has an edge, in
    either direction, with its head. `tail` is the share whose tail is there at all.

    Names are the same when their normal forms are, without what stands in brackets after a title. Whether the edge
    says the gold's relation is not asked: relations are free here.
    """
    linked: list[float] = []
    there: list[float] = []
    for one in questions:
        found = [triple for passage in one.passages for triple in triples.get(passage) or ()]
        edges = {frozenset((_key(triple.head), _key(triple.tail))) for triple in found}
        names = {name for edge in edges for name in edge}
        for head, _, tail in one.gold:
            linked.append(float(frozenset((_key(head), _key(tail))) in edges))
            there.append(float(_key(tail) in names))
    metrics = {"linked": mean(linked), "tail": mean(there)}
    return metrics, {name: bootstrap(values, seed=seed) for name, values in zip(metrics, (linked, there), strict=True)}


def speed(nlp: Any, reader: Any, rows: Sequence[Row]) -> dict[str, float]:
    """`words_per_second` of a spaCy reader, and `ratio/spacy`: its time over that of the bare pipeline.

    Both read the same texts in one run, in turns, after a warm-up and without loading; the best of three rounds
    each. The clock is the process's CPU time, which on one thread is what one core needs however busy the machine
    is. Bare spaCy is the pipeline as it is loaded, with all its components; `ratio/parse` is against the same
    pipeline without the components that the reader does not run. Words are what spaces part.
    """
    texts: list[str] = []
    size = 0
    while size < _WORDS:
        for row in rows:
            texts.append(row.text)
            size += len(row.text.split())
            if size >= _WORDS:
                break
    off = [name for name in ("lemmatizer",) if name in nlp.pipe_names]
    named = [(text, "") for text in texts]

    def bare() -> None:
        for _ in nlp.pipe(texts, batch_size=128):
            pass

    def parse() -> None:
        for _ in nlp.pipe(texts, batch_size=128, disable=off):
            pass

    def read() -> None:
        for _ in reader.read(named):
            pass

    best = dict.fromkeys((bare, parse, read), float("inf"))
    for _ in nlp.pipe(texts[:20]):
        pass
    for _ in range(_ROUNDS):
        for work in best:
            started = time.process_time()
            work()
            best[work] = min(best[work], time.process_time() - started)
    return {
        "words_per_second": size / best[read],
        "words_per_second/spacy": size / best[bare],
        "ratio/spacy": best[read] / best[bare],
        "ratio/parse": best[read] / best[parse],
    }


def _key(name: str) -> str:
    return normal_form(_AFTER_TITLE.sub("", name) or name)
