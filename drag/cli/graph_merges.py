"""`drag graph merges | split | join`: which names are one thing, and having a say in it."""

from __future__ import annotations

from pathlib import Path

import click

from drag.cli.console import errors, write_json
from drag.cli.graph_options import graph_options, json_option, opened, read_rules_file, table
from drag.errors import ConfigError

_pack = click.argument("path", metavar="PACK", type=click.Path(dir_okay=False, path_type=Path))


@click.command()
@graph_options
@click.option("--store", is_flag=True, help="Keep what --rules says in the pack, in place of what it holds.")
@click.option(
    "--save", type=click.Path(dir_okay=False, path_type=Path), help="Write what the pack holds to this YAML file."
)
@json_option
@click.pass_obj
def merges(
    config: str | None,
    *,
    path: Path,
    rules_file: Path | None,
    similar: bool,
    store: bool,
    save: Path | None,
    as_json: bool,
) -> None:
    """Which names of PACK were merged into one entity, and why.

    `drag graph split` and `drag graph join` change it. Both are kept in the pack, and can be written to a YAML file and
    read from one:

    \b
        same:
          - [WHO, World Health Organization]
        different:
          - [Georgia, Georgia (country)]
    """
    from drag.resolve import decide, decided
    from graphs.resolve_rules import write_rules

    if store:
        rules = read_rules_file(rules_file)
        if rules is None:
            raise ConfigError("--store needs --rules FILE")
        decide(path, lambda _: rules)
    with opened(path, rules_file, similar, config) as one:
        found = one.resolution.joined
        if save is not None:
            try:
                save.write_text(write_rules(decided(one.pack)), "utf-8")
            except OSError as error:
                raise ConfigError(f"{save}: cannot be written: {error.strerror}") from error
    if as_json:
        write_json(
            [
                {
                    "name": entity.name,
                    "type": entity.type,
                    "names": list(entity.names),
                    "joins": [
                        {"name": j.name, "into": j.into, "reason": j.reason, "evidence_ids": list(j.evidence_ids)}
                        for j in entity.joins
                    ],
                }
                for entity in found
            ]
        )
        return
    table(
        ("entity", "name", "same as", "reason", "sources"),
        ((e.name, j.name, j.into, j.reason, " ".join(j.evidence_ids)) for e in found for j in e.joins),
    )
    errors.print(f"{len(found):,} of {len(one.resolution.entities):,} entities have several names", style="dim")


@click.command()
@_pack
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.pass_obj
def split(config: str | None, *, path: Path, names: tuple[str, ...]) -> None:
    """Take apart the entity NAME of PACK: none of its names is another's any more. With several NAMEs, only these."""
    from drag.resolve import decide
    from graphs import normal_form

    if len(names) == 1:
        with opened(path, None, False, config) as one:
            entity = one.resolution.entity(names[0])
        if entity is None:
            raise ConfigError(f"{path} holds no entity {names[0]!r}")
        spelled = {normal_form(name): name for name in reversed(entity.names)}
        names = tuple(spelled[key] for key in sorted(spelled))
        if len(names) < 2:
            raise ConfigError(f"{entity.name!r} has one name only: there is nothing to split")
    decide(path, lambda rules: rules.parting(*names))
    errors.print(f"kept apart: {', '.join(names)}", markup=False)


@click.command()
@_pack
@click.argument("names", metavar="NAME NAME...", nargs=-1, required=True)
def join(*, path: Path, names: tuple[str, ...]) -> None:
    """Make NAMEs of PACK one entity, shown by the first of them."""
    from drag.resolve import decide

    decide(path, lambda rules: rules.joining(*names))
    errors.print(f"one entity: {', '.join(names)}", markup=False)
