"""What `drag ask --explain` shows: how each piece of evidence was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drag.cli.console import errors

if TYPE_CHECKING:
    from drag.dates import Period
    from drag.retrieve import Search

_SHOWN = 10


def as_record(search: Search) -> dict[str, Any]:
    """A search as JSON shows it: for each piece its signals, what they add to its score, and its place by each."""
    return {
        "names": list(search.names),
        "periods": [_period(one) for one in search.periods],
        "seconds": {name: round(value, 4) for name, value in search.seconds.items()},
        "found": [
            {
                "rank": one.rank,
                "evidence_id": one.evidence.id,
                "title": one.evidence.title,
                "score": round(one.score, 4),
                "signals": {name: round(value, 4) for name, value in one.signals.items()},
                "parts": {name: round(value, 4) for name, value in one.parts.items()},
                "ranks": dict(one.ranks),
                "why": list(one.why),
            }
            for one in search.found
        ],
    }


def show(search: Search) -> None:
    """A table on standard error: the answer itself goes to standard output."""
    from rich.markup import escape
    from rich.table import Table

    stages = [name for name in _order(search) if any(name in one.parts for one in search.found[:_SHOWN])]
    table = Table(title="found: score = sum of the parts (place by that stage)", title_justify="left")
    for name in ("", "score", *stages):
        table.add_column(name, justify="right")
    table.add_column("evidence")
    for one in search.found[:_SHOWN]:
        parts = [f"{one.parts[name]:.2f} ({one.ranks[name]})" if name in one.parts else "" for name in stages]
        text = one.evidence.titled if len(one.evidence.titled) <= 60 else one.evidence.titled[:59] + "…"
        lines = [" ".join(text.split()), *(f"← {reason}" for reason in one.why)]
        table.add_row(str(one.rank), f"{one.score:.2f}", *parts, escape("\n".join(lines)))
    errors.print(table)
    if search.names:
        errors.print(f"names in the question: {', '.join(search.names)}", markup=False, style="dim")
    if search.periods:
        errors.print(f"times in the question: {', '.join(map(_period, search.periods))}", markup=False, style="dim")
    spent = ", ".join(f"{name} {1000 * value:.0f} ms" for name, value in search.seconds.items())
    errors.print(spent, style="dim", markup=False)


def _order(search: Search) -> list[str]:
    from drag.retrieve import STAGES

    return [name for name in STAGES if any(name in one.parts for one in search.found)]


def _period(one: Period) -> str:
    return one.first if one.first == one.last else f"{one.first} to {one.last}"
