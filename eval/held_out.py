"""What the sanitizer does with rows on which its weights were not fitted:

    python -m eval.held_out PIPELINE PRIVATE SPANS QUESTIONS... --folds 5

takes the arguments of `privacy.fit`, fits the weights once for each fold without its rows, and sends these rows through
the whole gateway with them. The threshold, the word lists and the forms of the patterns are those that are shipped:
they were chosen while looking at these files, so that the figures are held out as to the weights only.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.leak import Checked, Clean, measure, ratio, ratio_intervals, shares, through
from eval.leak_data import Row, read_rows
from eval.records import read_records
from eval.report import Report, show
from privacy import POLICIES, Gateway, Policy, PresidioDetector, open_sanitizer
from privacy.fit import Example, fit, rows
from privacy.scorer import scorer


@dataclass(frozen=True, slots=True)
class Source:
    """A file's rows, what there is to learn from each, and the fold of each. Its `repr` shows no text."""

    name: str
    rows: Sequence[Row]
    examples: Sequence[Sequence[Example]]
    folds: Sequence[int]

    def __repr__(self) -> str:
        return f"<Source {self.name}, {len(self.rows)} rows>"


def fold_of(name: str, place: int, folds: int) -> int:
    """The fold, from 0, of row `place` of the file `name`: always the same one."""
    return int(hashlib.sha256(f"{name}:{place}".encode()).hexdigest(), 16) % folds


def read(path: Path, detector: PresidioDetector, folds: int, *, made_up: bool) -> Source:
    """The rows of a file in the privacy shape, or of one of questions. Raises `ConfigError`."""
    records = [dict(record) for _, record in read_records(path)]
    questions = "text" not in records[0]
    found = [Row(str(at), one["question"], ()) for at, one in enumerate(records)] if questions else read_rows(path)
    nlp, lexicon, topics = detector.parts()
    examples = [list(rows(nlp, lexicon, topics, one, made_up)) for one in records]
    return Source(path.stem, found, examples, [fold_of(path.stem, at, folds) for at in range(len(found))])


def held_out(
    sources: Sequence[Source], folds: int, clean: Callable[[float, Mapping[str, float]], Clean]
) -> dict[str, list[Checked]]:
    """Each row of each source after `clean` with the weights of the other folds, by the name of its source."""
    checked: dict[str, list[Checked]] = {source.name: [] for source in sources}
    for fold in range(folds):
        rest = [
            example
            for source in sources
            for place, found in zip(source.folds, source.examples, strict=True)
            if place != fold
            for example in found
        ]
        sent = clean(*fit(rest))
        for source in sources:
            mine = [row for row, place in zip(source.rows, source.folds, strict=True) if place == fold]
            checked[source.name] += measure(mine, sent)
    return checked


def summarise(checked: Mapping[str, Sequence[Checked]], seed: int, settings: Mapping[str, object]) -> Report:
    """`leak_units/<file>`, `leak_any_token/<file>`, `deleted_chars/<file>` of the files with private strings and
    `changed/<file>`, the share of texts of which anything was replaced, of the others; as in `eval.leak`."""
    table: dict[str, list[tuple[float, float]]] = {}
    for name, rows_of in checked.items():
        if any(one.units for one in rows_of):
            all_of = shares(rows_of)
            for metric in ("leak_units", "leak_any_token", "deleted_chars"):
                table[f"{metric}/{name}"] = all_of[metric]
        else:
            table[f"changed/{name}"] = [(one.sent is None or bool(one.sent.spans), 1) for one in rows_of]
    metrics: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    for name, pairs in table.items():
        # Files differ in length: each has draws of its own.
        metrics[name] = ratio(pairs)
        intervals |= ratio_intervals({name: pairs}, seed=seed)
    everything = [one for rows_of in checked.values() for one in rows_of]
    faults = sum(one.sent is None and not one.foreign for one in everything)
    return Report("held_out", len(everything), metrics, intervals, faults, settings)


def through_with(detector: PresidioDetector, gateway: Gateway) -> Callable[[float, Mapping[str, float]], Clean]:
    """The gateway with other weights in its `detector`."""
    clean = through(gateway)

    def with_weights(bias: float, weights: Mapping[str, float]) -> Clean:
        detector.score = scorer(bias, weights)
        return clean

    return with_weights


def main(arguments: Sequence[str] | None = None) -> Report:
    """Read the command line, measure, print the table."""
    parser = argparse.ArgumentParser(prog="python -m eval.held_out", description="Held-out figures of the sanitizer.")
    parser.add_argument("pipeline", type=Path, help="folder of the spaCy model")
    parser.add_argument("private", type=Path, help="JSON Lines with text and private: real prompts")
    parser.add_argument("spans", type=Path, help="the same: short made-up texts")
    parser.add_argument("questions", type=Path, nargs="+", help="JSON Lines with question, and nothing private")
    parser.add_argument("--folds", type=int, default=5, help="parts of the rows (default: 5)")
    parser.add_argument("--threshold", type=float, help="least score of a name that is hidden (default: as shipped)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the intervals (default: 0)")
    parser.add_argument("--json", type=Path, help="write JSON; - for stdout")
    given = parser.parse_args(arguments)
    if given.folds < 2:
        parser.error("--folds has to be at least 2")
    policy: Policy = POLICIES["balanced"]
    if given.threshold is not None:
        policy = policy.change(threshold=given.threshold)
    sanitizer = open_sanitizer(policy, spacy_path=given.pipeline)
    detector = next(one for one in sanitizer.detectors if isinstance(one, PresidioDetector))
    paths: list[Path] = [given.private, given.spans, *given.questions]
    sources = [read(one, detector, given.folds, made_up=one == given.spans) for one in paths]
    checked = held_out(sources, given.folds, through_with(detector, Gateway(sanitizer)))
    settings = {"folds": given.folds, "threshold": policy.threshold, "files": [one.name for one in paths]}
    report = summarise(checked, given.seed, settings)
    show(report, given.json)
    return report


if __name__ == "__main__":
    main()
