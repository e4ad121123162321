"""A graph as one HTML file to look at: it opens offline, loads nothing and sends nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Any

from graphs.errors import GraphError
from graphs.export import graph_of
from graphs.layout_force import positions
from graphs.merge import Merged, Source
from graphs.triple import KnowledgeGraph, Triple, normal_form
from graphs.walk import central

# spaCy's labels in words.
_LABELS = {
    "PERSON": "person", "ORG": "organisation", "GPE": "country or city", "LOC": "place", "FAC": "building",
    "NORP": "people", "WORK_OF_ART": "work", "DATE": "date", "TIME": "time", "EVENT": "event", "PRODUCT": "product",
    "LANGUAGE": "language", "LAW": "law", "MONEY": "money", "QUANTITY": "quantity", "CARDINAL": "number",
    "ORDINAL": "ordinal", "PERCENT": "percentage",
}  # fmt: skip

_SCRIPTS = ("1-state.js", "2-canvas.js", "2-labels.js", "3-panel.js", "4-start.js")


@dataclass(frozen=True, slots=True)
class Quote:
    """A piece of evidence as the viewer shows it. `source` is what the filter goes by; `name` is how it is shown."""

    text: str
    source: str = ""
    name: str = ""
    place: str = ""
    date: str = ""


def draw_html(
    facts: Sequence[Merged] | KnowledgeGraph,
    *,
    title: str = "",
    question: str = "",
    highlight: Collection[str] = (),
    chosen: Iterable[Triple] = (),
    evidence: Mapping[str, Quote] | None = None,
    aliases: Mapping[str, str] | None = None,
    max_entities: int = 5000,
) -> str:
    """The viewer with these facts inside: search, filters by type and source, evidence on a click, light and dark.

    `highlight` are the entities that `question` names (by normal form) and `chosen` the triples that bear on it; both
    stand out, and the first view shows them. `evidence` gives each id its text. `aliases` (name → entity) are found by
    the search too. Of a graph with more than `max_entities` the highlighted and the most central are shown, and the
    page says so. The same input gives the same page, byte for byte. Everything inside is data to the page: its content
    security policy allows no script but its own, by digest. Raises `GraphError` for `max_entities` below 1.
    """
    if max_entities < 1:
        raise GraphError("a page shows at least one entity")
    if isinstance(facts, KnowledgeGraph):
        facts = [Merged(one, (one.evidence_id,) if one.evidence_id else (), _source(one)) for one in facts]
    graph = graph_of(facts)
    near = [name for triple in chosen for name in (triple.head, triple.tail)]
    kept = set(central(graph, max_entities, keep=[*highlight, *near]))
    left = len(graph.entities) - len(kept)
    if left:
        facts = [fact for fact in facts if {fact.triple.head, fact.triple.tail} <= kept]
        graph = graph_of(facts)
    data = _data(facts, graph, highlight, chosen, evidence=evidence or {}, aliases=aliases or {})
    data |= {"title": title or "Knowledge graph", "question": question, "left": left}
    return _page(data, title or "Knowledge graph")


def _source(one: Triple) -> tuple[Source, ...]:
    return (Source(one.evidence_id, one.span, one.confidence),) if one.evidence_id else ()


def _data(
    facts: Sequence[Merged],
    graph: KnowledgeGraph,
    highlight: Collection[str],
    chosen: Iterable[Triple],
    *,
    evidence: Mapping[str, Quote],
    aliases: Mapping[str, str],
) -> dict[str, Any]:
    at, community = positions(graph)
    also: dict[str, list[str]] = {}
    for other, name in aliases.items():
        if other != name:
            also.setdefault(name, []).append(other)
    number = {name: place for place, name in enumerate(graph.entities)}
    nodes = [
        [name, graph.types[name], *(round(value, 1) for value in at[name]), community[name], sorted(also.get(name, []))]
        for name in graph.entities
    ]
    bearing = {(one.head, one.relation, one.tail) for one in chosen}
    quotes: dict[str, int] = {}
    links: list[list[Any]] = []
    sources: Counter[str] = Counter()
    for fact in facts:
        one = fact.triple
        where: list[list[int]] = []
        places = {source.evidence_id: source for source in fact.sources}
        for key in fact.evidence_ids:
            if key in evidence:
                span = places[key].span if key in places else None
                start, end = span or (-1, -1)
                where.append([quotes.setdefault(key, len(quotes)), start, end])
        for source in {evidence[key].source for key in fact.evidence_ids if key in evidence}:
            sources[source] += 1
        lit = (one.head, one.relation, one.tail) in bearing
        links.append([number[one.head], number[one.tail], one.relation, where, one.confidence, lit])
    names = {evidence[key].source: evidence[key].name or evidence[key].source for key in quotes}
    types = Counter(graph.types.values())
    groups = Counter(community.values())
    marked = {normal_form(name) for name in highlight}
    return {
        "nodes": nodes,
        "links": links,
        "evidence": [_quote(evidence[key]) for key in quotes],
        "labels": {kind: _LABELS.get(kind, kind.replace("_", " ")) for kind in types if kind},
        "types": sorted(types.items(), key=lambda item: (item[0] == "", -item[1], item[0])),
        "sources": [[key, names[key], count] for key, count in sorted(sources.items(), key=lambda x: (-x[1], x[0]))],
        "communities": [key for key, _ in sorted(groups.items(), key=lambda item: (-item[1], item[0]))],
        "lit": [number[name] for name in graph.entities if normal_form(name) in marked],
    }


def _quote(one: Quote) -> dict[str, str]:
    return {
        "text": one.text,
        "source": one.source,
        "name": one.name or one.source,
        "place": one.place,
        "date": one.date,
    }


def _page(data: Mapping[str, Any], title: str) -> str:
    folder = files("graphs").joinpath("viewer")
    style = folder.joinpath("viewer.css").read_text("utf-8")
    d3 = folder.joinpath("d3.min.js").read_text("utf-8")
    viewer = "\n".join(folder.joinpath(name).read_text("utf-8") for name in _SCRIPTS)
    parts = {
        "title": escape(title),
        "style": style,
        "style_hash": _digest(style),
        "script_hashes": f"{_digest(d3)} {_digest(viewer)}",
        "data": as_script(data),
        "d3": d3,
        "viewer": viewer,
    }
    page = folder.joinpath("page.html").read_text("utf-8")
    out: list[str] = []
    # One pass over the template: what is put in is never looked at for further places.
    while True:
        before, mark, rest = page.partition("{")
        out.append(before)
        if not mark:
            return "".join(out)
        name, _, page = rest.partition("}")
        out.append(parts[name])


def as_script(value: object) -> str:
    """JSON that can stand in a `<script>` element: nothing in it can end the element or begin a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text.encode("utf-8", "replace").decode("utf-8")


def _digest(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
