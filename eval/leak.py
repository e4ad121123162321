"""`drag eval leak`: what still stands in the text that would leave, and what its reader loses.

Every text goes through the product's own gateway, as the content of a chat request; nothing is sent.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from drag.protocols import Embedder
from eval.leak_data import CASINGS, Row, Unit, any_token, covered, places, stands, units, words_outside
from eval.metrics import mean
from eval.report import Report
from privacy import Gateway, PrivacyError, Scanner, Session
from privacy.language import check_language
from privacy.normalise import plain

Places = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """What would leave of one text.

    `spans` are the replaced characters of the original, `exact` says whether restoring gives the original again,
    `seconds` is the time of sanitizing and `gateway_seconds` that of the whole gateway, its second scan included.
    """

    text: str
    spans: Places
    exact: bool
    seconds: float
    gateway_seconds: float

    def __repr__(self) -> str:
        return f"<Sent {len(self.text)} characters, {len(self.spans)} spans>"


Clean = Callable[[str], Sent]
"""Takes a text and returns what would leave of it; raises `PrivacyError` where nothing would."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A row after the test. `leaked` and `touched` go with `units`.

    `sent` is None where it was refused; then `foreign` says whether for its language, as the policy wants it, or for
    a fault.
    """

    row: Row
    units: tuple[Unit, ...]
    absent: int
    sent: Sent | None
    foreign: bool
    leaked: tuple[bool, ...]
    touched: tuple[bool, ...]
    private_chars: int
    words: tuple[int, int]

    def __repr__(self) -> str:
        return f"<Checked {len(self.units)} units, {sum(self.leaked)} leaked>"


class _Timed:
    """A scanner that knows how long it took."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self.seconds = 0.0

    def __call__(self, body: bytes, session: Session) -> Mapping[str, int]:
        started = time.perf_counter()
        try:
            return self._scanner(body, session)
        finally:
            self.seconds = time.perf_counter() - started


def through(gateway: Gateway) -> Clean:
    """What leaves by `gateway`, from a new session for each text. Its scanner is timed from now on."""
    timed = gateway.scanner = _Timed(gateway.scanner)

    def clean(text: str) -> Sent:
        session = gateway.sanitizer.session()
        started = time.perf_counter()
        outgoing = gateway.seal({"messages": [{"role": "user", "content": text}]}, session=session)
        whole = time.perf_counter() - started
        left: str = json.loads(outgoing.sealed.body)["messages"][0]["content"]
        spans = tuple((span.start, span.end) for span in session.spans(text))
        sent = Sent(left, spans, session.restore(left) == text, whole - timed.seconds, whole)
        session.wipe()
        return sent

    return clean


def untouched(text: str) -> Sent:
    """The policy `off`: everything leaves as it is."""
    return Sent(text, (), True, 0.0, 0.0)


def measure(rows: Iterable[Row], clean: Clean) -> list[Checked]:
    """Send every row through `clean`, after one that warms it up: loading is not latency."""
    checked: list[Checked] = []
    for row in rows:
        if not checked:
            _try(clean, row.text)
        found, absent = units(row)
        sent = _try(clean, row.text)
        left = "" if sent is None else sent.text
        private = [place for one in row.private if one.strip() for place in places(one, row.text)]
        private += [(mark.start, mark.end) for mark in row.marks]
        checked.append(
            Checked(
                row,
                tuple(found),
                absent,
                sent,
                sent is None and _foreign(row.text),
                tuple(stands(one.text, left) for one in found),
                tuple(any_token(one.text, left) for one in found),
                covered(row.text, private),
                (0, 0) if sent is None else words_outside(row.text, private, sent.spans),
            )
        )
    return checked


def _try(clean: Clean, text: str) -> Sent | None:
    try:
        return clean(text)
    except PrivacyError:
        return None


def _foreign(text: str) -> bool:
    try:
        check_language(plain(text))
    except PrivacyError:
        return True
    return False


def cosines(checked: Sequence[Checked], embedder: Embedder, batch: int = 32) -> list[float]:
    """Cosine of each row that leaves to its original; 1 where nothing was replaced. Long texts count by their start."""
    pairs = [(one.row.text, one.sent.text) for one in checked if one.sent is not None]
    changed = [pair for pair in pairs if pair[0] != pair[1]]
    found: list[float] = []
    for start in range(0, len(changed), batch):
        flat = [text for pair in changed[start : start + batch] for text in pair]
        vectors = numpy.asarray(embedder.encode(flat, normalize_embeddings=True), float)
        found += [float(value) for value in (vectors[::2] * vectors[1::2]).sum(axis=1)]
    return [1.0] * (len(pairs) - len(changed)) + found


def summarise(
    checked: Sequence[Checked],
    *,
    seed: int,
    settings: Mapping[str, object],
    similarities: Sequence[float] = (),
) -> Report:
    """The metrics, all shares in [0, 1] unless said otherwise.

    | metric | definition |
    |---|---|
    | `leak_units` | units that still stand in what would leave, of all units; a refused row leaks nothing |
    | `leak_units/<kind>`, `/<casing>`, `/<script>`, `/<style>` | the same of a subgroup |
    | `leak_units/sent` | the same of the units of the rows that would leave |
    | `leak_rows` | rows with a leaked unit, of the rows with a unit; `leak_rows/mean`: the mean of the rows' shares |
    | `leak_any_token` | units of which at least one word still stands (function words and single letters aside) |
    | `deleted_chars` | original characters inside replaced spans, of all, in the rows that would leave |
    | `deleted_chars/with_refused` | the same of all rows; a refused one is deleted whole |
    | `private_chars` | original characters inside private strings, of all: what has to be deleted |
    | `deleted_words/non_private` | words replaced, of those that no private string touches, in the same rows |
    | `restore_exact` | rows whose restored text is the original, of those that would leave |
    | `refused` | rows that the gateway does not let out: `/language` for their language, `/fault` for anything else |
    | `similarity` | mean cosine of the sanitized to the original text, of the rows that would leave |
    | `latency_ms` | median milliseconds to sanitize a row; `/gateway`: with the second scan; `/p95`: 95th percentile |
    | `units`, `units_absent` | counts: distinct private strings that occur in their row's text, and that do not |

    `failures` are the rows refused for a fault. Intervals are 95 % percentile bootstraps over rows, because the units
    of one row are not independent.
    """
    table = shares(checked)
    metrics: dict[str, float] = {name: ratio(pairs) for name, pairs in table.items()}
    intervals = ratio_intervals(table, seed=seed)
    sent = [one.sent for one in checked if one.sent is not None]
    milliseconds = [1000 * one.seconds for one in sent]
    if similarities:
        metrics["similarity"] = mean(similarities)
        intervals |= ratio_intervals({"similarity": [(value, 1.0) for value in similarities]}, seed=seed)
    metrics["latency_ms"] = _median(milliseconds)
    metrics["latency_ms/p95"] = float(numpy.percentile(milliseconds, 95)) if milliseconds else float("nan")
    metrics["latency_ms/gateway"] = _median([1000 * one.gateway_seconds for one in sent])
    metrics["units"] = sum(len(one.units) for one in checked)
    metrics["units_absent"] = sum(one.absent for one in checked)
    first = [name for name in metrics if "/" not in name]
    ordered = {name: metrics[name] for name in [*first, *(name for name in metrics if name not in first)]}
    faults = sum(one.sent is None and not one.foreign for one in checked)
    return Report("leak", len(checked), ordered, intervals, faults, settings)


def shares(checked: Sequence[Checked]) -> dict[str, list[tuple[float, float]]]:
    """Every metric that is a share, as numerator and denominator of each row."""
    sent = [one.sent for one in checked]
    lengths = [len(one.row.text) for one in checked]
    gone = [0 if one.sent is None else covered(one.row.text, one.sent.spans) for one in checked]
    table: dict[str, list[tuple[float, float]]] = {
        "leak_units": [(sum(one.leaked), len(one.units)) for one in checked],
        "leak_rows": [(any(one.leaked), bool(one.units)) for one in checked],
        "leak_any_token": [(sum(one.touched), len(one.units)) for one in checked],
        "deleted_chars": [(g, n if s else 0) for g, n, s in zip(gone, lengths, sent, strict=True)],
        "restore_exact": [(s is not None and s.exact, s is not None) for s in sent],
        "refused": [(s is None, 1) for s in sent],
        "refused/language": [(one.foreign, 1) for one in checked],
        "refused/fault": [(one.sent is None and not one.foreign, 1) for one in checked],
        "deleted_words/non_private": [(one.words[1], one.words[0]) for one in checked],
        "deleted_chars/with_refused": [
            (g if s else n, n) for g, n, s in zip(gone, lengths, sent, strict=True)
        ],
        "private_chars": [(one.private_chars, n) for one, n in zip(checked, lengths, strict=True)],
        "leak_rows/mean": [(sum(one.leaked) / max(1, len(one.units)), bool(one.units)) for one in checked],
        "leak_units/sent": [(sum(one.leaked), len(one.units) if one.sent else 0) for one in checked],
    }  # fmt: skip
    for group in groups(checked):
        table[f"leak_units/{group}"] = [
            (
                sum(leaked for unit, leaked in zip(one.units, one.leaked, strict=True) if group in _groups(one, unit)),
                sum(group in _groups(one, unit) for unit in one.units),
            )
            for one in checked
        ]
    return table


def groups(checked: Sequence[Checked]) -> list[str]:
    """The subgroups that occur: kinds by name, then casings, scripts and styles."""
    found = {group: None for one in checked for unit in one.units for group in _groups(one, unit)}
    kinds = {kind for one in checked for unit in one.units for kind in unit.kinds}
    rest = sorted(found.keys() - kinds, key=lambda one: (one not in CASINGS, one))
    return [*sorted(kinds), *rest]


def ratio_intervals(
    table: Mapping[str, Sequence[tuple[float, float]]], *, seed: int = 0, samples: int = 2000
) -> dict[str, tuple[float, float]]:
    """The 95 % percentile bootstrap interval of each ratio of sums, whole rows drawn with replacement.

    All ratios see the same draws. A ratio without a denominator has no interval.
    """
    named = {name: pairs for name, pairs in table.items() if sum(below for _, below in pairs) > 0}
    if not named:
        return {}
    data = numpy.asarray(list(named.values()), float)  # ratios × rows × 2
    rows = data.shape[1]
    flat = data.transpose(1, 0, 2).reshape(rows, -1)
    generator: Any = numpy.random.default_rng(seed)
    drawn = numpy.empty((samples, flat.shape[1]))
    for sample in range(samples):
        picked = generator.integers(0, rows, rows)
        drawn[sample] = numpy.bincount(picked, minlength=rows) @ flat
    above, below = drawn[:, ::2], drawn[:, 1::2]
    # A draw without a single unit of a rare kind says nothing about that kind.
    ratios = numpy.divide(above, below, out=numpy.full_like(above, numpy.nan), where=below > 0)
    low, high = numpy.nanpercentile(ratios, [2.5, 97.5], axis=0)
    return {name: (float(low[place]), float(high[place])) for place, name in enumerate(named)}


def ratio(pairs: Sequence[tuple[float, float]]) -> float:
    """Sum of the numerators over that of the denominators; NaN without any."""
    below = sum(one for _, one in pairs)
    return sum(one for one, _ in pairs) / below if below else float("nan")


def _groups(one: Checked, unit: Unit) -> tuple[str, ...]:
    return (*unit.groups, one.row.style) if one.row.style else unit.groups


def _median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else float("nan")
