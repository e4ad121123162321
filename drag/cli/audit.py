"""`drag audit`: what an audit log says."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from drag.cli.console import output, write_json


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def audit(path: Path, *, as_json: bool) -> None:
    """Sum up the audit log FILE: requests by decision, model and policy, and what was replaced in those that were sent.

    The log is kept where `[privacy] audit` or `--audit` says. It holds kinds, counts and keyed digests, never text.
    """
    from rich.table import Table

    from privacy.audit import read, summarise

    summary = summarise(*read(path))
    if as_json:
        write_json({"path": str(path), **asdict(summary)})
        return
    table = Table("", "", "count", header_style="bold", title=f"{summary.entries:,} requests", title_justify="left")
    table.columns[2].justify = "right"
    sections = {
        "decision": summary.decisions,
        "model (sent)": summary.models,
        "policy (sent)": summary.policies,
        "replaced (sent)": summary.kinds,
    }
    for title, counts in sections.items():
        for number, (name, count) in enumerate(counts.items()):
            table.add_row(title if number == 0 else "", name, f"{count:,}")
        table.add_section()
    table.add_row("bytes (sent)", "", f"{summary.bytes_sent:,}")
    if summary.unreadable:
        table.add_row("unreadable lines", "", f"{summary.unreadable:,}", style="yellow")
    output.print(table, soft_wrap=False)
    if summary.entries:
        output.print(f"{summary.first} to {summary.last}", style="dim", markup=False)
