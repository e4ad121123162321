"""`drag pack`: what is in a pack, is it whole, and what is to be done with it."""

from __future__ import annotations

from pathlib import Path

import click

from drag.cli import packed, packs
from drag.cli.console import errors, output, write_json
from drag.errors import ConfigError

_pack = click.argument("path", metavar="PACK", type=click.Path(dir_okay=False, path_type=Path))
_json = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


@click.group()
def pack() -> None:
    """Look at a pack, and change what it holds."""


for _command in (packed.add, packed.remove, packed.listed, packed.vacuum, packs.merge, packs.diff):
    pack.add_command(_command)


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
@click.option("--privacy", is_flag=True, help="Look for private words instead: every text of it, cached replies too.")
@click.option("--kinds", metavar="A,B", help="With --privacy: these kinds only, such as EMAIL,PHONE.")
@click.option("--policy", type=click.Choice(["strict", "balanced"]), help="With --privacy.  [default: balanced]")
@click.option("--show", is_flag=True, help="With --privacy: print the words themselves.")
@_json
@click.pass_obj
def verify(
    config: str | None,
    *,
    path: Path,
    privacy: bool,
    kinds: str | None,
    policy: str | None,
    show: bool,
    as_json: bool,
) -> None:
    """Check that PACK is whole: file, references, ranks, ids and vectors. Exit code 1 if it is not.

    With --privacy the sanitizer reads it instead. Exit code 1 if it finds something; names in a teacher's evidence may
    be public ones, which --kinds leaves out.
    """
    from drag.pack import Pack
    from drag.pack.verify import verify as check

    if privacy:
        _verify_privacy(config, path, kinds, policy, show=show, as_json=as_json)
        return
    if kinds or policy or show:
        raise ConfigError("--kinds, --policy and --show go with --privacy")
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


def _verify_privacy(
    config: str | None, path: Path, kinds: str | None, policy: str | None, *, show: bool, as_json: bool
) -> None:
    from drag.cli.progress import fetching
    from drag.models.gateway import open_sanitizer
    from drag.pack import Pack
    from drag.pack.privacy import scan
    from drag.settings import Settings

    settings = Settings.load(config).override("privacy", policy=policy)
    wanted = frozenset(kind.strip().upper() for kind in kinds.split(",")) if kinds else None
    with Pack(path) as opened, fetching(settings) as how:
        found = list(scan(opened, open_sanitizer(settings, how), wanted))
    if as_json:
        rows = [
            {"table": one.table, "row": one.row, "kinds": one.kinds} | ({"strings": one.strings} if show else {})
            for one in found
        ]
        write_json({"path": str(path), "found": rows})
    else:
        for one in found:
            counts = ", ".join(f"{kind} × {count}" for kind, count in one.kinds.items())
            output.print(f"{one.table} {one.row}: {counts}", markup=False)
            for kind, word in one.strings if show else ():
                output.print(f"    {kind}: {word}", style="red", markup=False)
        output.print(f"{path}: {f'private words in {len(found)} rows' if found else 'nothing private'}", markup=False)
    if found:
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
