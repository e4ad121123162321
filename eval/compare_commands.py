"""`drag eval compare`, as a command."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("reports", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--html", "page", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with the transfer drawn."
)
def compare(*, reports: tuple[Path, ...], page: Path | None) -> None:
    """Reports beside each other: which teacher's knowledge arrives at which student.

    REPORTS are files that `drag eval choice --json` or `drag eval open --json` wrote.
    """
    from eval import html
    from eval.compare import lines, read_report, show_lines
    from eval.compare import page as rendered

    found = lines([read_report(path) for path in reports])
    if page is not None:
        html.write(page, rendered(found))
    show_lines(found)
