"""Reports beside each other: what arrives at which student from which teacher."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from rich.table import Table

from drag.cli.console import output
from drag.errors import ConfigError
from eval.arms_html import MEASURES, READERS
from eval.html import HEAD
from eval.plots import Bar, bars
from eval.report import Report


@dataclass(frozen=True, slots=True)
class Line:
    """One arm of one report against the student alone and the teacher; shares in [0, 1], NaN where not measured."""

    data: str
    student: str
    teacher: str
    arm: str
    n: int
    alone: float
    accuracy: float
    taught: float
    gain: float
    p: float
    transfer: float
    transfer_interval: tuple[float, float]


def read_report(path: Path) -> Report:
    """A report that `--json` wrote. Raises `ConfigError` if it is none of choice or open questions."""
    try:
        value: object = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: not a report in JSON") from error
    record = cast("dict[str, Any]", value if isinstance(value, dict) else {})
    try:
        task, n = str(record["task"]), int(record["n"])
        parts = cast("list[dict[str, Any]]", [dict(record[name]) for name in ("metrics", "intervals", "settings")])
        measured, between, settings = parts
        metrics = {name: _number(one) for name, one in measured.items()}
        intervals = {name: (_number(low), _number(high)) for name, (low, high) in between.items()}
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{path}: not a report of drag eval") from error
    if task not in MEASURES:
        raise ConfigError(f"{path} is a report of {task}; reports of {' and '.join(MEASURES)} can be compared")
    return Report(task, n, metrics, intervals, int(record.get("failures", 0)), settings)


def lines(reports: Sequence[Report]) -> list[Line]:
    """A line for each arm that reads evidence, and for the control, in the order of the reports."""
    found: list[Line] = []
    for report in reports:
        measure = MEASURES[report.task][0]

        def at(name: str, report: Report = report) -> float:
            return report.metrics.get(name, math.nan)

        for arm in (*READERS, "blind+graph", "concluding+graph", "shuffled"):
            if f"{measure}/{arm}" in report.metrics:
                found.append(
                    Line(
                        str(report.settings.get("data", "")),
                        _name(report.settings.get("student")),
                        _name(report.settings.get("teacher")),
                        arm,
                        report.n,
                        at(f"{measure}/alone"),
                        at(f"{measure}/{arm}"),
                        at(f"{measure}/teacher"),
                        at(f"gain/{arm}"),
                        at(f"mcnemar_p/{arm}"),
                        at(f"transfer/{arm}"),
                        report.intervals.get(f"transfer/{arm}", (math.nan, math.nan)),
                    )
                )
    return found


_HEADS = ("data", "student", "teacher", "arm", "n", "alone", "arm's", "teacher's", "gain", "p", "transfer")


def show_lines(found: Sequence[Line]) -> None:
    """Print them as a table."""
    table = Table(title="transfer, by student and teacher", title_justify="left")
    for place, head in enumerate(_HEADS):
        table.add_column(head, justify="right" if place > 3 else "left", overflow="fold")
    for one in found:
        table.add_row(*_cells(one))
    output.print(table)


def page(found: Sequence[Line]) -> str:
    """The same as an HTML page, with the transfer drawn."""
    title = "DRAG: transfer by student and teacher"
    rows = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in _cells(one))}</tr>" for one in found)
    head = "".join(f"<th>{html.escape(name)}</th>" for name in _HEADS)
    # A bar begins at 0: a transfer below it has no length.
    drawn = [
        Bar(f"{one.student} ← {one.teacher}: {one.arm}", max(0.0, one.transfer), one.transfer_interval, f"n = {one.n}")
        for one in found
        if math.isfinite(one.transfer)
    ]
    plot = bars(title, drawn, line=1.0, left=380) if drawn else "<p>No report has a teacher that is better.</p>"
    name = html.escape(title)
    return f"{HEAD.format(title=name)}<h1>{name}</h1>{plot}<table><tr>{head}</tr>{rows}</table></body></html>\n"


def _cells(one: Line) -> list[str]:
    low, high = one.transfer_interval
    interval = f" ({low:.2f} to {high:.2f})" if math.isfinite(low) else ""
    shares = [_share(value) for value in (one.alone, one.accuracy, one.taught)]
    gain = f"{100 * one.gain:+.1f}" if math.isfinite(one.gain) else "–"
    p = f"{one.p:.2g}" if math.isfinite(one.p) else "–"
    transfer = f"{one.transfer:.2f}{interval}" if math.isfinite(one.transfer) else "–"
    return [one.data, one.student, one.teacher, one.arm, str(one.n), *shares, gain, p, transfer]


def _share(value: float) -> str:
    return f"{100 * value:.1f} %" if math.isfinite(value) else "–"


def _name(asker: object) -> str:
    if isinstance(asker, Mapping):
        return str(cast("Mapping[str, Any]", asker).get("name", "–"))
    return str(asker) if asker else "–"


def _number(value: object) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"not a number: {value!r}")
    return float(value)
