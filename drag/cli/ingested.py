"""What became of documents: a table for a person, or JSON. And an option that takes several paths."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from drag.cli.console import errors, output

if TYPE_CHECKING:
    from drag.ingest import IngestReport

_SHOWN = 20  # unread files that are named; the others stand in the pack (`drag pack failures`)


class SeveralDocuments(click.Command):
    """A command whose `--documents` takes all that follows it up to the next option, as a shell's `*.md` writes it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See `click.Command.parse_args`."""
        spread: list[str] = []
        taking = False
        for place, one in enumerate(args):
            if one == "--":
                spread += args[place:]
                break
            if one.startswith("-") and one != "-":
                taking = one == "--documents"
                spread.append(one)
            elif taking and spread[-1] != "--documents":
                spread += ["--documents", one]
            else:
                spread.append(one)
        return super().parse_args(ctx, spread)


def as_record(report: IngestReport) -> dict[str, Any]:
    """The report as JSON shows it."""
    return {
        "added": len(report.added),
        "changed": len(report.changed),
        "unchanged": report.unchanged,
        "removed": len(report.removed),
        "unread": [asdict(one) for one in report.unread],
        "failures": [asdict(one) for one in report.failures],
        "evidence": report.pieces,
        "ids": {"added": report.added, "changed": report.changed, "removed": report.removed},
    }


def show(report: IngestReport) -> None:
    """The report as a table on standard output, and what could not be read or extracted on standard error."""
    from rich.table import Table

    table = Table("documents", "", header_style="bold")
    table.columns[1].justify = "right"
    for name, count in (
        ("added", len(report.added)),
        ("changed", len(report.changed)),
        ("unchanged", report.unchanged),
        ("removed", len(report.removed)),
        ("unread", len(report.unread)),
        ("evidence written", report.pieces),
    ):
        table.add_row(name, f"{count:,}", style=None if count else "dim")
    output.print(table, soft_wrap=False)
    for one in report.unread[:_SHOWN]:
        errors.print(f"unread: {one.path}: {one.reason}", style="yellow", markup=False)
    if len(report.unread) > _SHOWN:
        errors.print(f"and {len(report.unread) - _SHOWN:,} more: drag pack failures PACK", style="yellow")
    for one in report.failures:
        errors.print(f"failed: {one.item_id} ({one.stage}): {one.error}", style="yellow", markup=False)
    if report.changed:
        errors.print("Single words of what changed stay in the file until drag pack vacuum PACK.", style="dim")


def incomplete(report: IngestReport | None) -> bool:
    """Whether something could not be read or extracted: then the exit code is 1."""
    return report is not None and bool(report.unread or report.failures)
