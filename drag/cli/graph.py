"""`drag graph`: the knowledge graph of a pack, as a table, as a picture, or for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drag.cli.console import errors, write_json
from drag.cli.graph_merges import join, merges, split
from drag.cli.graph_options import DefaultGroup, Opened, graph_options, json_option, opened, table, triple_record
from drag.cli.graph_views import central, communities, contradictions, neighbours, path
from drag.errors import ConfigError

if TYPE_CHECKING:
    from graphs import Merged, Triple

_HOPS = 2  # from what a free question names: its own facts, and the facts about what these name
_LIT = 40  # of these, the triples that stand out in the viewer
_FORMATS = (".html", ".svg", ".graphml", ".cypher", ".jsonld", ".csv")


@click.group(cls=DefaultGroup)
def graph() -> None:
    """Look at the knowledge graph of a pack.

    `drag graph PACK` prints its triples; `drag graph PACK -o FILE` draws them or writes them for another program. Names
    that are one thing are one entity in all of this; `drag graph merges PACK` says which and why.
    """


@graph.command()
@graph_options
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file: .html (to look at), .svg, .graphml, .cypher, .jsonld or .csv.",
)
@click.option(
    "--question",
    "questions",
    multiple=True,
    metavar="TEXT_OR_ID",
    help="Only what bears on this question: one of the pack by id or text, or any other by what it names. Repeatable. "
    "In an .html the rest stays, and this stands out.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="At most N entities in a picture, or N triples in the table.  "
    "[default: 60 entities in an .svg, 5000 in an .html; all triples]",
)
@json_option
@click.pass_obj
def show(
    config: str | None,
    *,
    path: Path,
    rules_file: Path | None,
    similar: bool,
    output: Path | None,
    questions: tuple[str, ...],
    limit: int | None,
    as_json: bool,
) -> None:
    """Print the triples of PACK, draw them, or write them for another program. This is what `drag graph PACK` does.

    An .html is one file to look at in a browser, without a network: search, filters by type and source, the evidence
    behind each fact. An .svg is a picture for a document. The others are for Gephi and networkx (.graphml), Neo4j
    (.cypher), the semantic web (.jsonld) and spreadsheets (.csv).
    """
    suffix = output.suffix.lower() if output else ""
    if output and suffix not in _FORMATS:
        raise ConfigError(f"{output}: a graph is written as {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]}")
    with opened(path, rules_file, similar, config) as one:
        about = _about(one, questions)
        text = _written(one, about, suffix, limit, path.stem) if output else ""
    facts = about.facts
    if output is None:
        shown = facts[:limit]
        if as_json:
            write_json([{**triple_record(fact.triple), "evidence_ids": list(fact.evidence_ids)} for fact in shown])
            return
        table(("head", "relation", "tail"), ((f.triple.head, f.triple.relation, f.triple.tail) for f in shown))
        if len(shown) < len(facts):
            errors.print(f"{len(shown):,} of {len(facts):,} triples", style="dim")
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{output}: cannot be written: {error.strerror}") from error
    names = {name for fact in facts for name in (fact.triple.head, fact.triple.tail)}
    errors.print(f"{output}: {len(names):,} entities, {len(facts):,} triples", markup=False)


@dataclass(frozen=True, slots=True)
class _About:
    """The facts that bear on the questions (all, when there are none), the entities that these name, and their text."""

    facts: Sequence[Merged]
    named: Sequence[str]
    text: str


def _about(one: Opened, questions: Sequence[str]) -> _About:
    from graphs import find_entities, neighbourhood
    from graphs.walk import telling

    merged = one.resolution.merged
    if not questions:
        return _About(merged, (), "")
    known = {key: question for question in one.pack.questions() for key in (question.text, question.id)}
    texts: list[str] = []
    kept: set[str] = set()
    near: set[Triple] = set()
    for asked in questions:
        question = known.get(asked)
        texts.append(question.text if question else asked)
        named = find_entities(one.graph, texts[-1])
        if question:
            kept.update(one.pack.evidence_of_questions([question.id]).get(question.id, []))
        elif named:
            near.update(neighbourhood(one.graph, telling(named), _HOPS))
        else:
            raise ConfigError(f"nothing in the graph is named in {asked!r}, and no question of the pack is that")
    facts = [fact for fact in merged if fact.triple in near or not kept.isdisjoint(fact.evidence_ids)]
    held = {name for fact in facts for name in (fact.triple.head, fact.triple.tail)}
    return _About(
        facts, [name for name in telling(find_entities(one.graph, "\n".join(texts))) if name in held], " · ".join(texts)
    )


def _written(one: Opened, about: _About, suffix: str, limit: int | None, stem: str) -> str:
    """The text of the file."""
    facts = about.facts
    if suffix == ".html":
        return _viewer(one, about, limit or 5000, stem)
    quotes = one.quotes(key for fact in facts for key in fact.evidence_ids)
    if suffix == ".svg":
        from graphs import KnowledgeGraph, Triple
        from graphs.picture import draw_svg

        said = [
            Triple(fact.triple.head, fact.triple.relation, fact.triple.tail, key)
            for fact in facts
            for key in (fact.evidence_ids or ("",))
        ]
        return draw_svg(
            KnowledgeGraph(said),
            title=about.text or stem,
            highlight=about.named,
            max_entities=limit or 60,
            evidence=quotes,
        )
    from graphs.export import to_csv, to_graphml, to_jsonld
    from graphs.export_cypher import to_cypher

    if suffix == ".csv":
        return to_csv(facts)
    return {".graphml": to_graphml, ".jsonld": to_jsonld, ".cypher": to_cypher}[suffix](facts, quotes)


def _viewer(one: Opened, about: _About, limit: int, stem: str) -> str:
    from drag.resolve import document_of
    from graphs.html import Quote, draw_html

    merged = one.resolution.merged
    keys = dict.fromkeys(key for fact in merged for key in fact.evidence_ids)
    quotes: dict[str, Quote] = {}
    for piece in one.pack.evidence(list(keys)):
        source = document_of(piece) or piece.source
        quotes[piece.id] = Quote(piece.text, source, piece.title or source, piece.place, piece.date)
    return draw_html(
        merged,
        title=stem,
        question=about.text,
        highlight=about.named,
        chosen=_best(one, about) if about.text else (),
        evidence=quotes,
        aliases=one.graph.aliases,
        max_entities=limit,
    )


def _best(one: Opened, about: _About) -> Sequence[Triple]:
    """Of many facts around a question those that share most words with it and stand nearest to what it names."""
    from graphs import KnowledgeGraph
    from graphs.select import select
    from graphs.triple import words

    near = KnowledgeGraph(fact.triple for fact in about.facts)
    asked = {word.casefold() for word in words(about.text)}
    scores = {
        triple: float(
            len(asked & {word.casefold() for word in words(f"{triple.head} {triple.relation} {triple.tail}")})
        )
        for triple in near
    }
    return select(near, about.named, scores, _LIT, lambda _: 1).triples


for _command in (path, neighbours, central, communities, contradictions, merges, split, join):
    graph.add_command(_command)
