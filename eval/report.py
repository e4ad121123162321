"""What every evaluation gives back, and how it is shown."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from drag.cli.console import output
from drag.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Report:
    """One evaluation. `intervals` holds the 95 % interval of a metric, by its name."""

    task: str
    n: int
    metrics: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    failures: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def record(self) -> dict[str, Any]:
        """The JSON object; a number that could not be computed is null."""
        return {
            "task": self.task,
            "n": self.n,
            "metrics": {name: _number(value) for name, value in self.metrics.items()},
            "intervals": {name: [_number(low), _number(high)] for name, (low, high) in self.intervals.items()},
            "failures": self.failures,
            "settings": dict(self.settings),
        }

    @property
    def measured(self) -> bool:
        """Whether there is anything behind the numbers."""
        return self.n > self.failures


def show(report: Report, file: Path | None) -> None:
    """Print the table; write the JSON to `file`, or instead of the table to standard output where it is `-`."""
    text = json.dumps(report.record(), ensure_ascii=False, indent=2) + "\n"
    if file is not None and str(file) == "-":
        sys.stdout.write(text)
        return
    if file is not None:
        try:
            file.write_text(text, "utf-8")
        except OSError as error:
            raise ConfigError(f"cannot write {file}: {error.strerror}") from error
    table = Table(title=f"{report.task}: n = {report.n}, failures = {report.failures}", title_justify="left")
    table.add_column("metric")
    table.add_column("value", justify="right")
    table.add_column("95 % interval", justify="right")
    for name, value in report.metrics.items():
        low, high = report.intervals.get(name, (math.nan, math.nan))
        interval = "" if math.isnan(low) else f"{low:.3f} to {high:.3f}"
        table.add_row(name, f"{value:.3f}", interval)
    output.print(table)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
