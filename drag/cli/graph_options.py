"""What the commands under `drag graph` share: a default command, the pack and its graph, a plain table."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from drag.cli.console import output as console
from drag.errors import ConfigError

if TYPE_CHECKING:
    from drag.pack import Pack
    from graphs import KnowledgeGraph, Merged, Triple
    from graphs.resolve import Resolution
    from graphs.resolve_rules import Rules

Command = TypeVar("Command", bound=Callable[..., Any])


class DefaultGroup(click.Group):
    """A group whose first argument may be no command's name: then it is the default command's."""

    default = "show"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [self.default, *args]
        return super().parse_args(ctx, args)


@dataclass(frozen=True)
class Opened:
    """A pack with its graph resolved."""

    pack: Pack
    resolution: Resolution

    @property
    def graph(self) -> KnowledgeGraph:
        """The resolved graph."""
        return self.resolution.graph

    def quotes(self, keys: Iterable[str]) -> dict[str, str]:
        """Evidence id to its text."""
        return {one.id: one.text for one in self.pack.evidence(list(dict.fromkeys(keys)))}

    def said(self, facts: Iterable[Merged]) -> dict[Triple, list[tuple[str, str]]]:
        """By fact, for a person to read: what its sources are called, and the sentence in which each says it."""
        from graphs.verbalise import sentence_around

        facts = list(facts)
        pieces = {
            one.id: one for one in self.pack.evidence(list(dict.fromkeys(k for f in facts for k in f.evidence_ids)))
        }
        told: dict[Triple, list[tuple[str, str]]] = {}
        for fact in facts:
            spans = {source.evidence_id: source.span for source in fact.sources}
            lines = told.setdefault(fact.triple, [])
            for key in fact.evidence_ids:
                if key in pieces:
                    piece, span = pieces[key], spans.get(key)
                    name = ", ".join(part for part in (piece.title or key, piece.place) if part)
                    text = " ".join(piece.text.split())
                    lines.append((name, sentence_around(piece.text, span) if span else text))
        return told


def graph_options(command: Command) -> Command:
    """PACK, --rules and --similar."""
    options = (
        click.argument("path", metavar="PACK", type=click.Path(dir_okay=False, path_type=Path)),
        click.option(
            "--rules",
            "rules_file",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Merges to confirm or forbid: a YAML file, on top of what the pack holds.",
        ),
        click.option("--similar", is_flag=True, help="Merge names that the pack's embedder finds near in meaning too."),
    )
    for option in reversed(options):
        command = option(command)
    return command


json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON.")
limit_option = click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most N rows."
)


@contextmanager
def opened(path: Path, rules_file: Path | None, similar: bool, config: str | None) -> Generator[Opened]:
    """Open the pack and resolve its graph. Raises `PackError`, `GraphError` and `ConfigError`."""
    from drag.pack import Pack
    from drag.resolve import resolve_pack

    with Pack(path) as pack:
        encode = _encoder(pack, path, config) if similar else None
        yield Opened(pack, resolve_pack(pack, rules=read_rules_file(rules_file), encode=encode))


def read_rules_file(path: Path | None) -> Rules | None:
    """The rules of a YAML file; None without one. Raises `GraphError` naming the file, or `ConfigError`."""
    from graphs.errors import GraphError
    from graphs.resolve_rules import read_rules

    if path is None:
        return None
    try:
        return read_rules(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text") from error
    except GraphError as error:
        raise GraphError(f"{path}: {error}") from error


def _encoder(pack: Pack, path: Path, config: str | None) -> Callable[[Sequence[str]], Any]:
    from drag.cli.progress import fetching
    from drag.models.embed import load_embedder
    from drag.settings import Settings

    name = pack.meta().get("embedder")
    if not isinstance(name, str):
        raise ConfigError(f"{path} does not say which embedder made its vectors")
    with fetching(Settings.load(config)) as how:
        embedder = load_embedder(name, how)
    return lambda names: embedder.encode(list(names), normalize_embeddings=True)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a plain table. Cells are text: nothing in them is markup."""
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*header, header_style="bold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    console.print(drawn, soft_wrap=False)


def triple_record(triple: Triple) -> dict[str, Any]:
    """A triple as JSON."""
    return {
        "head": triple.head,
        "relation": triple.relation,
        "tail": triple.tail,
        "head_type": triple.head_type,
        "tail_type": triple.tail_type,
        "evidence_id": triple.evidence_id,
        "span": list(triple.span) if triple.span else None,
        "confidence": triple.confidence,
    }
