"""`drag pack merge` and `drag pack diff`: several packs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drag.cli.console import output, write_json

if TYPE_CHECKING:
    from drag.pack.difference import Difference

_json = click.option("--json", "as_json", is_flag=True, help="Write JSON.")
_file = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("packs", nargs=-1, required=True, metavar="PACK PACK...", type=_file)
@click.option("-o", "--output", "into", required=True, type=_file, help="The new pack.")
@click.option(
    "--prefer",
    type=click.Choice(["first", "second", "newer"]),
    help="Which one stays where two packs differ in a document or question.  [default: none, that is an error]",
)
@_json
def merge(packs: tuple[Path, ...], into: Path, prefer: Any, as_json: bool) -> None:
    """Make one pack of several, with all their documents and questions. Nothing is embedded or extracted again."""
    from drag.pack.join import join

    if len(packs) < 2:
        raise click.UsageError("give two packs or more")
    report = join(packs, into, prefer)
    if as_json:
        write_json({"pack": str(into), "documents": report.documents, "questions": report.questions,
                    "replaced": report.replaced})  # fmt: skip
        return
    text = f"{into}: {report.documents:,} documents and {report.questions:,} questions added to those of {packs[0]}"
    output.print(f"{text}, {report.replaced:,} replaced", markup=False)


@click.command()
@click.argument("first", metavar="FIRST", type=_file)
@click.argument("second", metavar="SECOND", type=_file)
@click.option("--limit", type=click.IntRange(min=0), default=5, show_default=True, help="Examples of each, at most.")
@_json
def diff(first: Path, second: Path, limit: int, as_json: bool) -> None:
    """Compare two packs by their documents, questions, evidence and triples.

    Exit code 0 if they have the same, 1 if not. `drag pack info` shows a digest over everything.
    """
    from drag.pack import Pack
    from drag.pack.difference import compare

    with Pack(first) as before, Pack(second) as after:
        found = compare(before, after)
    if as_json:
        write_json({"first": str(first), "second": str(second), **{what: _record(one) for what, one in found.items()}})
    else:
        _show(found, limit)
    if any(found.values()):
        click.get_current_context().exit(1)


def _record(one: Difference) -> dict[str, list[str]]:
    pairs = {"added": one.added, "removed": one.removed, "changed": one.changed}
    return {name: [key for key, _ in found] for name, found in pairs.items()}


def _show(found: dict[str, Difference], limit: int) -> None:
    from rich.table import Table

    table = Table("", "added", "removed", "changed", header_style="bold")
    for what, one in found.items():
        counts = [len(one.added), len(one.removed), len(one.changed)]
        table.add_row(what, *(f"{count:,}" for count in counts), style=None if any(counts) else "dim")
    output.print(table, soft_wrap=False)
    for what, one in found.items():
        for sign, style, pairs in (("+", "green", one.added), ("-", "red", one.removed), ("~", "yellow", one.changed)):
            for key, text in pairs[:limit]:
                shown = text if len(text) <= 100 else text[:99] + "…"
                output.print(f"{sign} {what} {key}  {shown}", style=style, markup=False)
            if len(pairs) > limit > 0:
                output.print(f"{sign} and {len(pairs) - limit:,} more", style="dim")
