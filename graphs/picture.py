"""A graph as a picture for a document: one self-contained SVG (`graphs.html` is for looking around)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from graphs.errors import GraphError
from graphs.layout import arrange
from graphs.strokes import (
    ENTITY,
    RELATION,
    TITLE,
    css,
    curve,
    escaped,
    head_marker,
    measure,
    note,
    part,
    rect,
    typeset,
    widest,
    wrap,
)
from graphs.triple import KnowledgeGraph, normal_form
from graphs.walk import central

MARGIN = 26.0
MAX_ENTITIES = 120  # more could not be read, and the layout grows with the square of what it lays out


@dataclass(frozen=True)
class _Edge:
    """All the triples that say the same between the same two entities: one line in the picture."""

    head: int
    tail: int
    relation: str
    evidence_ids: tuple[str, ...]


def draw_svg(
    graph: KnowledgeGraph,
    *,
    title: str = "",
    highlight: Collection[str] = (),
    max_entities: int = 60,
    evidence: Mapping[str, str] | None = None,
) -> str:
    """The graph as one SVG, on its own card, which turns dark with the reader's colour scheme.

    Entities are pills, the darker the more triples they have; those of `highlight` (matched by normal form) and
    their relations stand out. Components stand side by side. Of a graph with more than `max_entities` entities the
    highlighted and the most central, as far as they hang together, are drawn, and the caption says so. `evidence`
    (id → text) is shown when the pointer rests on a relation or an entity. The same input gives the same picture.
    At most three relations for each of `max_entities` are drawn; the caption counts those too. Raises `GraphError`
    when `max_entities` is outside 1 to `MAX_ENTITIES`.
    """
    if not 1 <= max_entities <= MAX_ENTITIES:
        raise GraphError(f"a picture shows 1 to {MAX_ENTITIES} entities, not {max_entities}")
    marked = {normal_form(name) for name in highlight}
    names = central(graph, max_entities, keep=highlight)
    edges = _edges(graph, names, 3 * max_entities)
    node_lines = [wrap(name, ENTITY, 160, 3) for name in names]
    edge_lines = [wrap(edge.relation, RELATION, 120, 2) for edge in edges]
    sizes = [(widest(lines, ENTITY) + 24, len(lines) * ENTITY * 1.25 + 13) for lines in node_lines]
    sizes += [(widest(lines, RELATION) + 8, len(lines) * RELATION * 1.2 + 4) for lines in edge_lines]
    box = np.array(sizes, dtype=np.float64).reshape(-1, 2)
    at, extent = arrange(len(names), [(edge.head, edge.tail) for edge in edges], box)

    total = sum(1 for _ in _distinct(graph))
    caption = f"{part(len(names), len(graph.entities), 'entity', 'entities')} · "
    caption += part(len(edges), total, "relation", "relations")
    width = max(extent[0], measure(caption, RELATION), 240.0) + 2 * MARGIN
    heading = wrap(title, TITLE * 1.1, width - 2 * MARGIN, 3) if title.strip() else []
    top = MARGIN + len(heading) * TITLE * 1.3 + (8 if heading else 0)
    height = top + extent[1] + MARGIN + RELATION + 14
    at += np.array([(width - extent[0]) / 2, top])

    degree = [0] * len(names)
    said: list[list[str]] = [[] for _ in names]
    notes: list[str] = []
    for edge in edges:
        texts = [evidence[one] for one in edge.evidence_ids if evidence and one in evidence]
        notes.append(note(f"{names[edge.head]} → {edge.relation} → {names[edge.tail]}", texts))
        for end in {edge.head, edge.tail}:
            degree[end] += 1
            said[end] += texts
    lit = [normal_form(name) in marked for name in names]

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="kg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" aria-label="{escaped(title or caption)}">',
        f"<style>{css()}</style>",
        f"<defs>{head_marker('kg-arrow', 'kg-tip')}{head_marker('kg-arrow-lit', 'kg-tip kg-lit')}</defs>",
        f'<rect class="kg-card" x=".5" y=".5" width="{width - 1:.0f}" height="{height - 1:.0f}" rx="12"/>',
    ]
    for row, line in enumerate(heading):
        out.append(
            f'<text class="kg-title" x="{MARGIN}" y="{MARGIN + 12 + row * TITLE * 1.3:.1f}">{escaped(line)}</text>'
        )
    for number, edge in enumerate(edges):
        shine = lit[edge.head] or lit[edge.tail]
        arrow = "kg-arrow-lit" if shine else "kg-arrow"
        path = curve(at, box, edge.head, edge.tail, len(names) + number)
        out.append(
            f'<g class="kg-edge{" kg-lit" if shine else ""}" data-head="{edge.head}" data-tail="{edge.tail}">'
            f'<title>{escaped(notes[number])}</title><path class="kg-reach" d="{path}"/>'
            f'<path class="kg-line" d="{path}" marker-end="url(#{arrow})"/></g>'
        )
    # Labels come after all the lines, so that no line crosses out a word.
    for number, edge in enumerate(edges):
        place = len(names) + number
        out.append(
            f'<g class="kg-label" data-head="{edge.head}" data-tail="{edge.tail}">'
            f"<title>{escaped(notes[number])}</title>"
            f"{rect(at[place], box[place], 4)}{typeset(edge_lines[number], at[place], RELATION, 1.2)}</g>"
        )
    for number, name in enumerate(names):
        tier = 4 if lit[number] else sum(degree[number] > most for most in (1, 2, 4))
        out.append(
            f'<g class="kg-node kg-t{tier}" data-node="{number}"><title>{escaped(note(name, said[number]))}</title>'
            f"{rect(at[number], box[number], 15)}{typeset(node_lines[number], at[number], ENTITY, 1.25)}</g>"
        )
    out.append(f'<text class="kg-caption" x="{MARGIN}" y="{height - 16:.1f}">{escaped(caption)}</text>')
    return "\n".join([*out, "</svg>\n"])


def _distinct(graph: KnowledgeGraph) -> dict[tuple[str, str, str], list[str]]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for triple in graph:
        found.setdefault((triple.head, triple.relation, triple.tail), []).append(triple.evidence_id)
    return found


def _edges(graph: KnowledgeGraph, names: list[str], most: int) -> list[_Edge]:
    """The relations between `names`. Over `most`, parallel ones are left out first, then the last of the graph."""
    number = {name: index for index, name in enumerate(names)}
    edges: list[tuple[int, int, _Edge]] = []
    beside: Counter[tuple[int, int]] = Counter()
    for (head, relation, tail), ids in _distinct(graph).items():
        if head in number and tail in number:
            edge = _Edge(number[head], number[tail], relation, tuple(dict.fromkeys(ids)))
            pair = (min(edge.head, edge.tail), max(edge.head, edge.tail))
            edges.append((beside[pair], len(edges), edge))
            beside[pair] += 1
    kept = sorted(edges, key=lambda one: one[:2])[:most]
    return [edge for *_, edge in sorted(kept, key=lambda one: one[1])]
