"""`drag pack`: what is in a pack, and is it whole."""

from __future__ import annotations

from pathlib import Path

import click

from drag.cli.console import errors, output, write_json

_pack = click.argument("path", metavar="PACK", type=click.Path(dir_okay=False, path_type=Path))
_json = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


@click.group()
def pack() -> None:
    """Look at a pack."""


@pack.command()
@_pack
@_json
def info(path: Path, as_json: bool) -> None:
    """Counts, models, settings, size and content digest of PACK."""
    from drag.pack import Pack

    with Pack(path) as opened:
        record = {"path": str(path), "bytes": path.stat().st_size, "digest": opened.digest(), **opened.counts()}
        meta = opened.meta()
    if as_json:
        write_json({**record, "made_with": meta})
        return
    for name, value in record.items():
        shown = f"{value:,}" if isinstance(value, int) else value
        output.print(f"{name.replace('_', ' '):>14}  {shown}", markup=False)
    for name, value in meta.items():
        output.print(f"{name:>14}  {value}", style="dim", markup=False)


@pack.command()
@_pack
@_json
def verify(path: Path, as_json: bool) -> None:
    """Check that PACK is whole: file, references, ranks, ids and vectors. Exit code 1 if it is not."""
    from drag.pack import Pack
    from drag.pack.verify import verify as check

    with Pack(path) as opened:
        problems = check(opened)
    if as_json:
        write_json({"path": str(path), "problems": problems})
    else:
        for problem in problems:
            errors.print(problem, style="red", markup=False)
        output.print(f"{path}: {'whole' if not problems else f'{len(problems)} problems'}", markup=False)
    if problems:
        click.get_current_context().exit(1)


@pack.command()
@_pack
@_json
def failures(path: Path, as_json: bool) -> None:
    """What the build of PACK could not do. The next build tries it again."""
    from drag.pack import Pack

    with Pack(path) as opened:
        found = opened.failures()
    if as_json:
        write_json([{"item_id": one.item_id, "stage": one.stage, "error": one.error} for one in found])
        return
    for one in found:
        output.print(f"{one.item_id}  {one.stage}  {one.error}", markup=False)
    if not found:
        output.print("nothing failed")
