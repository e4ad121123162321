"""`drag eval triples`: how good the triples are that an extractor makes of texts, and what they cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import numpy

from drag.documents import Document, chunks
from drag.errors import ConfigError, DragError
from drag.protocols import Extractor
from drag.types import Evidence
from eval.records import read_records
from eval.triples_match import Counts, Parts, carb_counts, closed_counts, open_counts, plain, strict_counts
from graphs import Triple
from graphs.ontology import Ontology

_SAMPLES: Final = 2000


@dataclass(frozen=True, slots=True)
class Row:
    """A text with what a good extractor would find in it: triples, or facts in sentences."""

    id: str
    text: str
    title: str = ""
    gold: tuple[Parts, ...] = ()
    facts: tuple[str, ...] = ()
    ontology: str = ""

    def evidence(self, size: int | None = None) -> list[Evidence]:
        """The text as an extractor takes it: whole, or in the pieces of about `size` words that a build makes."""
        if size is None:
            return [Evidence(self.id, self.text, f"document:{self.id}", self.title)]
        return chunks(Document(self.id, self.title, self.text), size=size)


@dataclass(slots=True)
class Extracted:
    """The triples of each row, None where the extractor failed, and the seconds that it took."""

    triples: list[list[Triple] | None] = field(default_factory=list[list[Triple] | None])
    seconds: float = 0.0
    errors: list[str] = field(default_factory=list[str])


def read_rows(path: Path) -> list[Row]:
    """The rows of a file in the triples or the facts shape. Raises `ConfigError`, which names the line."""
    rows: list[Row] = []
    for number, record in read_records(path):
        where = f"{path}, line {number}"
        text = record.get("text")
        if not isinstance(text, str) or not text.strip():
            raise ConfigError(f"{where}: there is no 'text'")
        facts = record.get("facts")
        rows.append(
            Row(
                str(record.get("id") or number),
                text,
                str(record.get("title") or ""),
                triples_of(record, where),
                tuple(str(one) for one in cast("list[object]", facts)) if isinstance(facts, list) else (),
                str(record.get("ontology") or ""),
            )
        )
    if not any(row.gold or row.facts for row in rows):
        raise ConfigError(f"{path} holds no record with 'triples' or 'facts'")
    return [row for row in rows if row.gold or row.facts]


def triples_of(record: Mapping[str, Any], where: str) -> tuple[Parts, ...]:
    """The gold triples of a record. Raises `ConfigError` for what is none."""
    listed: object = record.get("triples") or []
    found: list[Parts] = []
    for item in cast("list[object]", listed) if isinstance(listed, list) else [listed]:
        parts = cast("list[object]", item) if isinstance(item, list) else []
        if len(parts) != 3:
            raise ConfigError(f"{where}: a triple is a list of head, relation and tail")
        found.append((str(parts[0]), str(parts[1]), str(parts[2])))
    return tuple(found)


def ontology_of(row: Row, ontologies: Mapping[str, Ontology]) -> Ontology:
    """The ontology of a row: the one that it names, or whose name a part of its id is (`ont_3_sport_test_2`).

    Raises `ConfigError` where neither says which.
    """
    if len(ontologies) == 1:
        return next(iter(ontologies.values()))
    wanted = {plain(part) for part in ([row.ontology] if row.ontology else row.id.replace("-", "_").split("_"))}
    for name, one in ontologies.items():
        words = {plain(word) for word in name.split()} - {"ontology"}
        own = words | {word.removesuffix("s") for word in words} | {plain(name)}
        if own & wanted:
            return one
    raise ConfigError(f"record '{row.id}' does not say which ontology it is of: give it an 'ontology'")


def run(
    rows: Sequence[Row], extractor_of: Callable[[Row], Extractor], batch: int = 1, size: int | None = None
) -> Extracted:
    """Extract from every row; rows of one extractor go to it together, `batch` at a time.

    With `size` a row is read in pieces of about so many words. It fails if all of its pieces do.
    """
    done = Extracted([None] * len(rows))
    groups: dict[int, tuple[Extractor, list[int]]] = {}
    for place, row in enumerate(rows):
        extractor = extractor_of(row)
        groups.setdefault(id(extractor), (extractor, []))[1].append(place)
    for extractor, places in groups.values():
        for start in range(0, len(places), batch):
            part = places[start : start + batch]
            started = time.perf_counter()
            pieces = [(place, one) for place in part for one in rows[place].evidence(size)]
            results = extractor.extract([one for _, one in pieces])
            done.seconds += time.perf_counter() - started
            for (place, _), result in zip(pieces, results, strict=True):
                if isinstance(result, DragError):
                    done.errors.append(str(result))
                else:
                    done.triples[place] = [*(done.triples[place] or ()), *result]
    return done


def scores(
    rows: Sequence[Row], triples: Sequence[Sequence[Triple] | None], *, held: bool, seed: int
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Metrics and intervals of rows with gold triples; a row that failed counts as one without triples.

    `held` says whether the rows are of an ontology set: then `precision`, `recall` and `f1` are exact, and
    `…/closed` counts only what was said with a relation of the row's gold. Of an open set they are token-level, with
    `…/strict` and CaRB's own way of adding up (`…/carb`) beside.
    """
    said = [[(one.head, one.relation, one.tail) for one in found or ()] for found in triples]
    ways = (
        {"": strict_counts, "/closed": closed_counts}
        if held
        else {"": open_counts, "/carb": carb_counts, "/strict": strict_counts}
    )
    metrics: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    for suffix, count in ways.items():
        counts = [count(row.gold, one) for row, one in zip(rows, said, strict=True)]
        measured = zip(("precision", "recall", "f1"), _f1(counts), _intervals(counts, seed), strict=True)
        for name, value, interval in measured:
            metrics[name + suffix] = value
            intervals[name + suffix] = interval
    metrics["hallucinated_entities"] = hallucinated(rows, triples)
    metrics["triples"] = sum(len(one) for one in said) / len(rows)
    return metrics, intervals


def hallucinated(rows: Sequence[Row], triples: Sequence[Sequence[Triple] | None]) -> float:
    """The share of heads and tails that stand neither in their row's text nor in its title; NaN of none.

    Letters and digits are compared, without case and spaces.
    """
    total = missing = 0
    for row, found in zip(rows, triples, strict=True):
        text = plain(row.text) + "\0" + plain(row.title)
        for one in found or ():
            for name in (one.head, one.tail):
                total += 1
                missing += not _stands(name, text)
    return missing / total if total else float("nan")


def _stands(name: str, text: str) -> bool:
    """Whether a name stands in a text, whole, or (where the parser joined what stands apart) word by word."""
    return plain(name) in text or all(plain(word) in text for word in name.split() if plain(word))


def _f1(counts: Sequence[Counts]) -> tuple[float, float, float]:
    right, found = sum(one.right for one in counts), sum(one.found for one in counts)
    precision = right / max(1, sum(one.said for one in counts))
    recall = found / max(1, sum(one.gold for one in counts))
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _intervals(counts: Sequence[Counts], seed: int) -> list[tuple[float, float]]:
    """95 % percentile bootstrap over rows of each micro average."""
    table = numpy.array([[one.right, one.said, one.found, one.gold] for one in counts], float)
    drawn = numpy.random.default_rng(seed).integers(0, len(table), (_SAMPLES, len(table)))
    right, said, found, gold = (table[:, column][drawn].sum(axis=1) for column in range(4))
    precision, recall = right / numpy.maximum(said, 1), found / numpy.maximum(gold, 1)
    f1 = 2 * precision * recall / numpy.maximum(precision + recall, 1e-12)
    return [
        (float(low), float(high))
        for low, high in (numpy.percentile(values, [2.5, 97.5]) for values in (precision, recall, f1))
    ]
