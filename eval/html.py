"""A report as one HTML page that needs nothing else: its numbers, its plots and how it was made."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from drag.errors import ConfigError
from eval.leak import Checked, groups
from eval.leak_data import CASINGS
from eval.plots import Bar, Point, bars, scatter
from eval.report import Report

HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title><style>
:root {{ color-scheme: light dark }}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse }} td, th {{ padding: .2rem .8rem .2rem 0; text-align: left }}
td.n {{ text-align: right; font-variant-numeric: tabular-nums }} tr {{ border-bottom: 1px solid #8884 }}
svg {{ max-width: 100%; height: auto; margin: 1rem 0 }} pre {{ white-space: pre-wrap }}
.private {{ border-left: 4px solid #c0392b; padding-left: 1rem }}
</style></head><body>
"""
"""What every page begins with; `title` goes in, escaped."""
_FIRST = {
    "leak_units": "private strings that still stand in what would leave",
    "leak_rows": "rows with such a string",
    "leak_any_token": "private strings of which a word still stands",
    "deleted_chars": "characters replaced",
    "restore_exact": "rows restored exactly",
    "refused": "rows that are not let out",
}


def page(
    report: Report,
    checked: Sequence[Checked],
    *,
    curve: Mapping[str, Mapping[str, float]] | None = None,
    limit: float | None = None,
    reveal: bool = False,
) -> str:
    """The page of a leak report. Private strings stand in it only with `reveal`."""
    title = f"DRAG leak report: {report.n} rows"
    parts = [HEAD.format(title=html.escape(title)), f"<h1>{html.escape(title)}</h1>", _summary(report)]
    kinds = sorted({kind for one in checked for unit in one.units for kind in unit.kinds})
    styles = sorted({one.row.style for one in checked if one.row.style})
    forms = [one for one in groups(checked) if one not in kinds and one not in styles]
    for name, members in (
        ("Leak by kind", kinds),
        ("Leak by style of writing", styles),
        ("Leak by casing", [one for one in forms if one in CASINGS or one == "none"]),
        ("Leak by script", [one for one in forms if one not in CASINGS and one != "none"]),
    ):
        if members:
            parts += [f"<h2>{name}</h2>", bars(name, _bars(report, checked, members), line=limit)]
    if curve:
        points = [Point(name, at["deleted_chars"], at["leak_units"]) for name, at in curve.items()]
        parts += [
            "<h2>Leak against deletion</h2>",
            scatter("Leak against deletion", points, x="characters replaced", y="private strings that leak"),
        ]
    parts += ["<h2>All metrics</h2>", table(report), "<h2>Settings</h2>", settings_of(report)]
    if reveal:
        parts.append(_leaks(checked))
    return "\n".join([*parts, "</body></html>\n"])


def write(path: Path, text: str) -> None:
    """Write the page. Raises `ConfigError` where that fails."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from error


def _bars(report: Report, checked: Sequence[Checked], members: Sequence[str]) -> list[Bar]:
    counts = {
        name: sum(name in (*unit.groups, one.row.style) for one in checked for unit in one.units) for name in members
    }
    return [
        Bar(
            name,
            report.metrics.get(f"leak_units/{name}", math.nan),
            report.intervals.get(f"leak_units/{name}"),
            f"of {counts[name]}",
        )
        for name in members
    ]


def _summary(report: Report) -> str:
    shown = [
        f"<tr><td>{html.escape(words)}</td><td class=n>{_percent(report.metrics[name])}</td>"
        f"<td class=n>{_range(report, name)}</td></tr>"
        for name, words in _FIRST.items()
        if name in report.metrics
    ]
    return f"<table>{''.join(shown)}</table>"


def table(report: Report) -> str:
    """Every metric with its interval."""
    shown = [
        f"<tr><td><code>{html.escape(name)}</code></td><td class=n>{value:.4g}</td>"
        f"<td class=n>{_range(report, name, percent=False)}</td></tr>"
        for name, value in report.metrics.items()
    ]
    return f"<table><tr><th>metric</th><th>value</th><th>95 % interval</th></tr>{''.join(shown)}</table>"


def settings_of(report: Report) -> str:
    """How the report was made."""
    return f"<pre>{html.escape(json.dumps(dict(report.settings), ensure_ascii=False, indent=2, default=str))}</pre>"


def _leaks(checked: Sequence[Checked]) -> str:
    shown = [
        f"<tr><td>{html.escape(one.row.id)}</td><td>{html.escape(unit.text)}</td>"
        f"<td>{html.escape(', '.join(unit.kinds))}</td></tr>"
        for one in checked
        for unit, leaked in zip(one.units, one.leaked, strict=True)
        if leaked
    ]
    return (
        "<section class=private><h2>Private: what leaked</h2><p>Shown because of --show. Do not pass this page on.</p>"
        f"<table><tr><th>row</th><th>string</th><th>kind</th></tr>{''.join(shown)}</table></section>"
    )


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %" if math.isfinite(value) else "–"


def _range(report: Report, name: str, *, percent: bool = True) -> str:
    low, high = report.intervals.get(name, (math.nan, math.nan))
    if not math.isfinite(low):
        return ""
    return f"{_percent(low)} to {_percent(high)}" if percent else f"{low:.4g} to {high:.4g}"
