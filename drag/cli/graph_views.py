"""`drag graph path | neighbours | central | communities | contradictions`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from drag.cli.console import errors, output, write_json
from drag.cli.graph_options import graph_options, json_option, limit_option, opened, table, triple_record


@click.command()
@graph_options
@click.argument("start", metavar="A")
@click.argument("end", metavar="B")
@click.option("--limit", type=click.IntRange(min=1), default=5, show_default=True, help="At most N paths.")
@click.option("--longer", type=click.IntRange(min=0), default=0, show_default=True, help="Also N steps longer ones.")
@json_option
@click.pass_obj
def path(
    config: str | None,
    *,
    path: Path,
    rules_file: Path | None,
    similar: bool,
    start: str,
    end: str,
    limit: int,
    longer: int,
    as_json: bool,
) -> None:
    """How A and B hang together in PACK: the shortest paths, with relations, directions and sources.

    Exit code 1 if nothing joins the two.
    """
    from graphs.paths import shortest_paths

    with opened(path, rules_file, similar, config) as one:
        found = shortest_paths(one.graph, start, end, limit=limit, longer=longer)
        sources = {fact.triple: fact.evidence_ids for fact in one.resolution.merged}
        used = {triple for way in found for step in way.steps for triple in step.triples}
        told = one.said(fact for fact in one.resolution.merged if fact.triple in used)
    if as_json:
        records: list[dict[str, Any]] = [
            {
                "entities": list(way.entities),
                "steps": [
                    [
                        {
                            **triple_record(triple),
                            "forward": step.forward(triple),
                            "evidence_ids": list(sources[triple]),
                        }
                        for triple in step.triples
                    ]
                    for step in way.steps
                ],
            }
            for way in found
        ]
        write_json(records)
    for way in [] if as_json else found:
        output.print(str(way), markup=False)
        for name, said in dict.fromkeys(line for step in way.steps for triple in step.triples for line in told[triple]):
            output.print(f"    {name}: {said}", style="dim", markup=False)
    if not found:
        errors.print("nothing joins the two", style="yellow")
        click.get_current_context().exit(1)


@click.command()
@graph_options
@click.argument("name", metavar="NAME")
@limit_option
@json_option
@click.pass_obj
def neighbours(
    config: str | None, *, path: Path, rules_file: Path | None, similar: bool, name: str, limit: int, as_json: bool
) -> None:
    """What stands next to NAME in PACK, with the triples between the two."""
    from graphs.analysis import neighbours as near

    with opened(path, rules_file, similar, config) as one:
        found = near(one.graph, name)[:limit]
        used = {triple for n in found for triple in n.triples}
        told = one.said(fact for fact in one.resolution.merged if fact.triple in used)
    if as_json:
        write_json([{"name": n.name, "type": n.type, "triples": [triple_record(t) for t in n.triples]} for n in found])
        return
    table(
        ("head", "relation", "tail", "source"),
        (
            (t.head, t.relation, t.tail, "\n".join(dict.fromkeys(name for name, _ in told[t])))
            for n in found
            for t in n.triples
        ),
    )


@click.command()
@graph_options
@limit_option
@click.option(
    "--by",
    type=click.Choice(["pagerank", "degree", "betweenness"]),
    default="pagerank",
    show_default=True,
    help="What counts as central.",
)
@click.option("--kinds", is_flag=True, help="Count what is named in lower case (film, member) among them too.")
@json_option
@click.pass_obj
def central(
    config: str | None,
    *,
    path: Path,
    rules_file: Path | None,
    similar: bool,
    limit: int,
    by: Any,
    kinds: bool,
    as_json: bool,
) -> None:
    """The most central entities of PACK: things with a name, unless it holds none or --kinds asks for all."""
    from graphs.analysis import most_central
    from graphs.walk import telling

    with opened(path, rules_file, similar, config) as one:
        everything = one.graph.entities
        named = set(everything if kinds else telling(everything))
        found = [each for each in most_central(one.graph, max(1, len(everything)), by) if each.name in named][:limit]
    if as_json:
        write_json([{"name": n.name, "type": n.type, "score": n.score, "triples": n.triples} for n in found])
        return
    table(("entity", "type", by, "triples"), ((n.name, n.type, f"{n.score:.4f}", str(n.triples)) for n in found))


@click.command()
@graph_options
@limit_option
@click.option("--method", type=click.Choice(["louvain", "leiden"]), default="louvain", show_default=True, help="How.")
@click.option("--resolution", type=float, default=1.0, show_default=True, help="Above 1: more and smaller ones.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the search.")
@json_option
@click.pass_obj
def communities(
    config: str | None,
    *,
    path: Path,
    rules_file: Path | None,
    similar: bool,
    limit: int,
    method: Any,
    resolution: float,
    seed: int,
    as_json: bool,
) -> None:
    """Groups of entities of PACK that hang together, the largest first, each with its most central facts."""
    from graphs.communities import communities as groups
    from graphs.walk import telling

    with opened(path, rules_file, similar, config) as one:
        quotes = one.quotes(triple.evidence_id for triple in one.graph)
        found = groups(one.graph, method=method, resolution=resolution, seed=seed, evidence=quotes)[:limit]
    if as_json:
        write_json(
            [
                {
                    "entities": list(one.entities),
                    "summary": list(one.summary),
                    "triples": [triple_record(triple) for triple in one.triples],
                }
                for one in found
            ]
        )
        return
    table(
        ("size", "about", "summary"),
        ((str(len(one.entities)), "\n".join(telling(one.entities)[:6]), "\n".join(one.summary)) for one in found),
    )


@click.command()
@graph_options
@limit_option
@json_option
@click.pass_obj
def contradictions(
    config: str | None, *, path: Path, rules_file: Path | None, similar: bool, limit: int, as_json: bool
) -> None:
    """Facts of PACK that cannot both be true: one head, a relation with one tail only, and two tails, with sources.

    What is marked as two of one name was told apart by the evidence already.
    """
    from graphs.contradictions import contradictions as at_odds

    with opened(path, rules_file, similar, config) as one:
        found = at_odds(one.resolution.merged)[:limit]
        told = one.said(fact for each in found for fact in each.facts)
    if as_json:
        write_json(
            [
                {
                    "head": each.head,
                    "relation": each.relation,
                    "namesakes": each.namesakes,
                    "inferred": each.inferred,
                    "facts": [
                        {**triple_record(fact.triple), "evidence_ids": list(fact.evidence_ids)} for fact in each.facts
                    ],
                }
                for each in found
            ]
        )
        return
    for each in found:
        note = " (two of one name)" if each.namesakes else " (by its use in this graph)" if each.inferred else ""
        output.print(f"{each.head} · {each.relation}{note}", style="bold", markup=False)
        for fact in each.facts:
            triple = fact.triple
            output.print(f"  {triple.head} → {triple.relation} → {triple.tail}", markup=False)
            for name, said in told[triple]:
                output.print(f"      {name}: {said}", style="dim", markup=False)
    if not found:
        errors.print("no contradictions found", style="dim")
