"""`drag graph`: the triples of a pack, as a table or as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drag.cli.console import errors
from drag.cli.console import output as console
from drag.errors import ConfigError

if TYPE_CHECKING:
    from drag.pack import Pack
    from graphs import KnowledgeGraph

_HOPS = 2  # from what a free question names: its own facts, and the facts about what these name


@click.command()
@click.argument("path", metavar="PACK", type=click.Path(dir_okay=False, path_type=Path))
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Draw to this .svg or .html.")
@click.option(
    "--question",
    "questions",
    multiple=True,
    metavar="TEXT_OR_ID",
    help="Only what bears on this question: one of the pack by id or text, or any other by what it names. Repeatable.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="At most N entities in a picture, or N triples in the table.  [default: 60 entities, all triples]",
)
def graph(path: Path, *, output: Path | None, questions: tuple[str, ...], limit: int | None) -> None:
    """Show the knowledge graph of PACK.

    Without -o it is printed as a table. With -o it is drawn: an .svg for a document, or an .html page to move about
    in, with the evidence behind each relation under the pointer.
    """
    from drag.pack import Pack

    suffix = output.suffix.lower() if output else ""
    if output and suffix not in (".svg", ".html"):
        raise ConfigError(f"{output}: a graph is drawn as .svg or .html")
    with Pack(path) as pack:
        shown, named, title = _about(pack, questions)
        evidence = {one.id: one.text for one in pack.evidence()} if output else {}
    if output is None:
        _print_table(shown, limit)
        return

    from graphs.page import draw_html
    from graphs.picture import draw_svg

    draw = draw_svg if suffix == ".svg" else draw_html
    picture = draw(shown, title=title or path.stem, highlight=named, max_entities=limit or 60, evidence=evidence)
    try:
        output.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{output}: cannot be written: {error.strerror}") from error
    errors.print(f"{output}: {len(shown.entities):,} entities, {len(shown):,} triples", markup=False)


def _about(pack: Pack, questions: Sequence[str]) -> tuple[KnowledgeGraph, list[str], str]:
    """The triples that bear on the questions (all, when there are none), the entities they name, and a title."""
    from graphs import KnowledgeGraph, find_entities, merge, neighbourhood

    # The build merges within a question; over several, the same entity may still be spelled in two ways.
    whole = KnowledgeGraph(one.triple for one in merge(pack.graph()))
    if not questions:
        return whole, [], ""
    known = {key: one for one in pack.questions() for key in (one.text, one.id)}
    texts: list[str] = []
    kept: dict[str, None] = {}
    near: set[tuple[str, str, str]] = set()
    for question in questions:
        one = known.get(question)
        texts.append(one.text if one else question)
        named = find_entities(whole, texts[-1])
        if one:
            ids = pack.evidence_of_questions([one.id]).get(one.id, [])
            kept.update(dict.fromkeys(ids))
        elif named:
            near |= {(t.head, t.relation, t.tail) for t in neighbourhood(whole, named, _HOPS)}
        else:
            raise ConfigError(f"nothing in the graph is named in {question!r}, and no question of the pack is that")
    own = merge(pack.graph(list(kept))) if kept else []
    found = [one.triple for one in own] + [t for t in whole if (t.head, t.relation, t.tail) in near]
    shown = KnowledgeGraph(one.triple for one in merge(found))
    return shown, find_entities(shown, "\n".join(texts)), " · ".join(texts)


def _print_table(graph: KnowledgeGraph, limit: int | None) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("head", "relation", "tail", header_style="bold")
    for triple in graph.triples[:limit]:
        table.add_row(Text(triple.head), Text(triple.relation, style="cyan"), Text(triple.tail))
    console.print(table, soft_wrap=False)
    if limit is not None and limit < len(graph):
        errors.print(f"{limit:,} of {len(graph):,} triples", style="dim")
