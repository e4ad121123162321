"""A graph as a picture: one self-contained SVG, or an HTML page around it. Nothing is fetched from anywhere."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np

from graphs.errors import GraphError
from graphs.triple import KnowledgeGraph, normal_form
from graphs.walk import central

if TYPE_CHECKING:
    import networkx
    from numpy.typing import NDArray

    Points = NDArray[np.float64]

ENTITY, RELATION, TITLE = 13.0, 11.0, 17.0  # sizes of type, in pixels
MARGIN = 26.0
MAX_ENTITIES = 120  # more could not be read, and the layout grows with the square of what it lays out
_ELLIPSIS = "…"

# Fill, line and ink of an entity by its tier (0 at the rim to 3 for a hub, 4 highlighted), on light and on dark.
_LIGHT = {
    "card": "#ffffff",
    "rim": "#d5dbe5",
    "ink": "#1c2430",
    "soft": "#5b6675",
    "line": "#97a3b4",
    "warm": "#d9822b",
}
_LIGHT_TIERS = (
    "#f3f6fb #b9c6da #263345",
    "#e0eafb #93b1e3 #1d2f52",
    "#bcd3fa #5e8fe0 #142a55",
    "#2f62c9 #2450a8 #ffffff",
    "#ffdfa8 #d9822b #4a2800",
)
_DARK = {"card": "#12171f", "rim": "#2b3442", "ink": "#e6ebf2", "soft": "#a2aebd", "line": "#5f6d80", "warm": "#f0a04b"}
_DARK_TIERS = (
    "#1c2430 #44526a #d7dfeb",
    "#1b2d4d #3f66a8 #dce8ff",
    "#23457f #5e8fe0 #eaf1ff",
    "#4a80ea #86aefa #ffffff",
    "#7a4a10 #f0a04b #fff1da",
)


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
    node_lines = [_wrap(name, ENTITY, 160, 3) for name in names]
    edge_lines = [_wrap(edge.relation, RELATION, 120, 2) for edge in edges]
    sizes = [(_width(lines, ENTITY) + 24, len(lines) * ENTITY * 1.25 + 13) for lines in node_lines]
    sizes += [(_width(lines, RELATION) + 8, len(lines) * RELATION * 1.2 + 4) for lines in edge_lines]
    box = np.array(sizes, dtype=np.float64).reshape(-1, 2)
    at, extent = _arrange(len(names), [(edge.head, edge.tail) for edge in edges], box)

    total = sum(1 for _ in _distinct(graph))
    caption = f"{_part(len(names), len(graph.entities), 'entity', 'entities')} · "
    caption += _part(len(edges), total, "relation", "relations")
    width = max(extent[0], _measure(caption, RELATION), 240.0) + 2 * MARGIN
    heading = _wrap(title, TITLE * 1.1, width - 2 * MARGIN, 3) if title.strip() else []
    top = MARGIN + len(heading) * TITLE * 1.3 + (8 if heading else 0)
    height = top + extent[1] + MARGIN + RELATION + 14
    at += np.array([(width - extent[0]) / 2, top])

    degree = [0] * len(names)
    said: list[list[str]] = [[] for _ in names]
    notes: list[str] = []
    for edge in edges:
        texts = [evidence[one] for one in edge.evidence_ids if evidence and one in evidence]
        notes.append(_note(f"{names[edge.head]} → {edge.relation} → {names[edge.tail]}", texts))
        for end in {edge.head, edge.tail}:
            degree[end] += 1
            said[end] += texts
    lit = [normal_form(name) in marked for name in names]

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="kg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" aria-label="{_text(title or caption)}">',
        f"<style>{_css()}</style>",
        f"<defs>{_head_marker('kg-arrow', 'kg-tip')}{_head_marker('kg-arrow-lit', 'kg-tip kg-lit')}</defs>",
        f'<rect class="kg-card" x=".5" y=".5" width="{width - 1:.0f}" height="{height - 1:.0f}" rx="12"/>',
    ]
    for row, line in enumerate(heading):
        out.append(
            f'<text class="kg-title" x="{MARGIN}" y="{MARGIN + 12 + row * TITLE * 1.3:.1f}">{_text(line)}</text>'
        )
    for number, edge in enumerate(edges):
        shine = lit[edge.head] or lit[edge.tail]
        arrow = "kg-arrow-lit" if shine else "kg-arrow"
        path = _path(at, box, edge.head, edge.tail, len(names) + number)
        out.append(
            f'<g class="kg-edge{" kg-lit" if shine else ""}" data-head="{edge.head}" data-tail="{edge.tail}">'
            f'<title>{_text(notes[number])}</title><path class="kg-reach" d="{path}"/>'
            f'<path class="kg-line" d="{path}" marker-end="url(#{arrow})"/></g>'
        )
    # Labels come after all the lines, so that no line crosses out a word.
    for number, edge in enumerate(edges):
        place = len(names) + number
        out.append(
            f'<g class="kg-label" data-head="{edge.head}" data-tail="{edge.tail}"><title>{_text(notes[number])}</title>'
            f"{_rect(at[place], box[place], 4)}{_lines(edge_lines[number], at[place], RELATION, 1.2)}</g>"
        )
    for number, name in enumerate(names):
        tier = 4 if lit[number] else sum(degree[number] > most for most in (1, 2, 4))
        out.append(
            f'<g class="kg-node kg-t{tier}" data-node="{number}"><title>{_text(_note(name, said[number]))}</title>'
            f"{_rect(at[number], box[number], 15)}{_lines(node_lines[number], at[number], ENTITY, 1.25)}</g>"
        )
    out.append(f'<text class="kg-caption" x="{MARGIN}" y="{height - 16:.1f}">{_text(caption)}</text>')
    return "\n".join([*out, "</svg>\n"])


def draw_html(
    graph: KnowledgeGraph,
    *,
    title: str = "",
    highlight: Collection[str] = (),
    max_entities: int = 60,
    evidence: Mapping[str, str] | None = None,
) -> str:
    """The picture of `draw_svg` as one page: drag moves it, the wheel zooms, a double click goes back.

    Pointing at an entity or a relation dims what is not joined to it. The page loads nothing and sends nothing (its
    content security policy says so too).
    """
    svg = draw_svg(graph, title=title, highlight=highlight, max_entities=max_entities, evidence=evidence)
    before, _, after = _PAGE.partition("{svg}")
    return before.replace("{title}", _text(title or "Knowledge graph")) + svg + after


# --- what is drawn -----------------------------------------------------------------------------------------------


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


# --- where it stands ---------------------------------------------------------------------------------------------


def _arrange(nodes: int, ends: list[tuple[int, int]], box: Points) -> tuple[Points, tuple[float, float]]:
    """Centres of all boxes (entities first, then relation labels), and the extent of the whole, from (0, 0)."""
    import networkx

    at = np.zeros_like(box)
    view: networkx.Graph[int] = networkx.Graph()
    view.add_nodes_from(range(nodes))
    crowd = [sum(node in pair for pair in ends) for node in range(nodes)]
    for number, (head, tail) in enumerate(ends):
        # The length that lets the label stand between its entities, between the needs of a level and a steep line.
        level = (box[head, 0] + box[tail, 0]) / 2 + box[nodes + number, 0] + 30
        steep = (box[head, 1] + box[tail, 1]) / 2 + box[nodes + number, 1] + 60
        length = float(0.5 * level + 0.5 * steep) * max(1.0, max(crowd[head], crowd[tail]) / 8) ** 0.5
        if head != tail:
            known = view.get_edge_data(head, tail, {"weight": 0.0})["weight"]
            view.add_edge(head, tail, weight=max(length, known))
    blocks: list[tuple[list[int], Points]] = []
    for members in networkx.connected_components(view):
        component = sorted(members)
        labels = [nodes + number for number, (head, _) in enumerate(ends) if head in members]
        everything = [*component, *labels]
        place = {member: index for index, member in enumerate(component)}
        joined = np.array([(place[ends[one - nodes][0]], place[ends[one - nodes][1]]) for one in labels], np.int64)
        spots = _component(view.subgraph(component), component, joined.reshape(-1, 2), box[everything])
        low = (spots - box[everything] / 2).min(axis=0)
        at[everything] = spots - low
        blocks.append((everything, (spots + box[everything] / 2).max(axis=0) - low))
    # Shelves: the tallest first, as wide as makes the whole about three to two.
    blocks.sort(key=lambda block: (-block[1][1], block[0]))
    gap = 34.0
    area = sum(float((size[0] + gap) * (size[1] + gap)) for _, size in blocks)
    shelf = max([math.sqrt(area * 1.7), *(float(size[0]) for _, size in blocks)])
    x = y = tall = right = 0.0
    for members, size in blocks:
        if x and x + size[0] > shelf:
            x, y, tall = 0.0, y + tall + gap, 0.0
        tall = max(tall, float(size[1]))
        at[members] += np.array([x, y + (tall - size[1]) / 2])
        x += float(size[0]) + gap
        right = max(right, x - gap)
    return at, (right, y + tall)


def _component(view: networkx.Graph[int], members: list[int], ends: NDArray[np.int64], box: Points) -> Points:
    """Kamada-Kawai (1989) for the entities, labels on the middles of their lines, then all boxes pushed apart."""
    import networkx

    count = len(members)
    at = np.zeros_like(box)
    if count > 1:
        ordered: networkx.Graph[int] = networkx.Graph()  # a subgraph view has the order of a set
        ordered.add_nodes_from(members)
        ordered.add_weighted_edges_from(sorted(view.edges(data="weight")))
        # Far apart counts for less than its length, or a long chain would stretch the picture.
        far: dict[int, dict[int, float]] = {
            one: {other: length**0.8 for other, length in lengths.items()}
            for one, lengths in networkx.all_pairs_dijkstra_path_length(ordered)
        }
        spread = networkx.kamada_kawai_layout(ordered, dist=far)
        spots = np.array([spread[member] for member in members])
        wanted = np.array([view.edges[edge]["weight"] for edge in ordered.edges])
        have = [spread[one] - spread[other] for one, other in ordered.edges]
        spots *= wanted.sum() / max(float(np.linalg.norm(have, axis=1).sum()), 1e-9)
        at[:count] = _level(spots)
        if len(ends) and (at[ends[:, 1], 0] - at[ends[:, 0], 0]).sum() < 0:
            at[:count] *= -1  # heads rather to the left, as we read
    home = at[:count].copy()
    if not len(ends):
        return at
    bow = _bow(ends, at)
    steps = max(60, min(240, 30_000 // len(at)))
    for step in range(steps):
        cool = 1 - step / steps
        middle = (at[ends[:, 0]] + at[ends[:, 1]]) / 2 + bow
        if step == 0:
            at[count:] = middle
        at[count:] += 0.35 * cool * (middle - at[count:])
        at[:count] += 0.03 * max(0.0, cool - 0.3) * (home - at[:count])
        if step % 2 == 0:
            at += max(cool, 0.4) * _clear_lines(at, ends, box)
        at += 0.5 * _apart(at, box, 9.0)
    for _ in range(400):
        push = _apart(at, box, 7.0)
        if not push.any():
            break
        at = (at + 0.55 * push) * 1.004
    return at


def _level(spots: Points) -> Points:
    """Turned so that the long side lies level, as words do, and drawn out a little that way."""
    spots = spots - spots.mean(axis=0)
    _, axes = np.linalg.eigh(spots.T @ spots)
    long = axes[:, 1] * (1 if axes[0, 1] >= 0 else -1)
    turned = np.stack([spots @ long, spots @ np.array([-long[1], long[0]])], axis=1)
    return turned * np.array([1.15, 0.9])


def _bow(ends: NDArray[np.int64], at: Points) -> Points:
    """How far each label starts beside its line: parallel lines to both sides of it, a loop above its entity."""
    bow = np.zeros((len(ends), 2))
    together: dict[tuple[int, int], list[int]] = {}
    for number, (head, tail) in enumerate(ends.tolist()):
        together.setdefault((min(head, tail), max(head, tail)), []).append(number)
    for (one, other), numbers in together.items():
        line = at[other] - at[one]
        side = np.array([0.0, -1.0]) if one == other else np.array([-line[1], line[0]]) / (np.hypot(*line) or 1.0)
        for index, number in enumerate(numbers):
            far = 52.0 + 26 * index if one == other else 34 * (index - (len(numbers) - 1) / 2)
            bow[number] = side * far
    return bow


def _apart(at: Points, box: Points, gap: float) -> Points:
    """For every box the sum of the ways that part it from those it overlaps, each the shorter way out."""
    apart = at[:, None] - at[None]
    need = (box[:, None] + box[None]) / 2 + gap
    inside = need - np.abs(apart)
    np.fill_diagonal(inside[..., 0], 0)
    over = (inside > 1e-3).all(axis=2)
    level = over & (inside[..., 0] <= inside[..., 1])
    first = np.triu(np.ones(over.shape), 1) - np.tril(np.ones(over.shape), -1)
    way = np.where(apart == 0, -first[..., None], np.sign(apart))
    push = np.where(np.stack([level, over & ~level], axis=2), way * inside / 2, 0.0)
    return push.sum(axis=1)


def _clear_lines(at: Points, ends: NDArray[np.int64], box: Points) -> Points:
    """For every box the way off the lines that run beneath it though they are not its own."""
    count = len(at) - len(ends)
    t = np.linspace(0.12, 0.88, 8)[None, :, None]
    a, b = at[ends[:, 0], None], at[ends[:, 1], None]
    control = 2 * at[count:, None] - (a + b) / 2
    points = (1 - t) ** 2 * a + 2 * t * (1 - t) * control + t**2 * b
    apart = at[:, None, None] - points[None]
    over: NDArray[np.bool_] = np.all(np.abs(apart) < box[:, None, None] / 2 + 5, axis=3)
    number = np.arange(len(ends))
    over[ends[:, 0], number] = over[ends[:, 1], number] = over[count + number, number] = False
    # Square to the line is the shortest way off it.
    chord = at[ends[:, 1]] - at[ends[:, 0]]
    square = np.stack([-chord[:, 1], chord[:, 0]], axis=1) / np.maximum(np.hypot(*chord.T), 1e-9)[:, None]
    beside = ((apart * over[..., None]).sum(axis=2) / np.maximum(over.sum(axis=2), 1)[..., None] * square).sum(axis=2)
    deep = (box[:, None] / 2 * np.abs(square)).sum(axis=2) + 5 - np.abs(beside)
    push = np.where(np.any(over, axis=2), np.sign(beside) * deep, 0.0)[..., None].clip(-30, 30) * square
    way = push.sum(axis=1)
    way[count:] -= 0.5 * push.sum(axis=0)  # the line gives way too: its label takes it along
    return 0.5 * way.clip(-30, 30)


# --- strokes and words -------------------------------------------------------------------------------------------


def _path(at: Points, box: Points, head: int, tail: int, label: int) -> str:
    """A curve from the rim of `head` through its label to the rim of `tail`."""
    a, b, via = at[head], at[tail], at[label]
    if head == tail:
        x, y, reach = float(a[0]), float(a[1] - box[head, 1] / 2), float(via[1] - a[1] + box[head, 1] / 2) * 4 / 3
        return (
            f"M{x - 14:.1f} {y:.1f}C{x - 46:.1f} {y + reach:.1f} {x + 46:.1f} {y + reach:.1f} {x + 14:.1f} {y - 3:.1f}"
        )
    control = 2 * via - (a + b) / 2

    def point(t: float) -> Points:
        return (1 - t) ** 2 * a + 2 * t * (1 - t) * control + t**2 * b

    def rim(centre: int, gap: float, near: float) -> float:
        """The last t in which the curve, from the end `near`, is inside the box: by halving, as it leaves but once."""
        inside, outside = near, 0.5
        for _ in range(24):
            t = (inside + outside) / 2
            within = bool((np.abs(point(t) - at[centre]) <= box[centre] / 2 + gap).all())
            inside, outside = (t, outside) if within else (inside, t)
        return inside

    s, t = rim(head, 0.0, 0.0), rim(tail, 3.0, 1.0)
    # The piece of a quadratic Bezier curve from s to t has its blossom at (s, t) for control point.
    bend = (1 - s) * (1 - t) * a + (s * (1 - t) + t * (1 - s)) * control + s * t * b
    start, end = point(s), point(t)
    return f"M{start[0]:.1f} {start[1]:.1f}Q{bend[0]:.1f} {bend[1]:.1f} {end[0]:.1f} {end[1]:.1f}"


def _rect(at: Points, size: Points, round_: float) -> str:
    x, y = at - size / 2
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}" rx="{round_:.0f}"/>'


def _lines(lines: list[str], at: Points, size: float, leading: float) -> str:
    first = float(at[1]) - (len(lines) - 1) * size * leading / 2 + size * 0.36
    spans = (
        f'<tspan x="{at[0]:.1f}" y="{first + row * size * leading:.1f}">{_text(line)}</tspan>'
        for row, line in enumerate(lines)
    )
    return f"<text>{''.join(spans)}</text>"


def _head_marker(name: str, css: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path class="{css}" d="M0 .6 8 4 0 7.4 1.8 4z"/></marker>'
    )


_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("", text), {'"': "&quot;"})


def _note(what: str, texts: Iterable[str]) -> str:
    short = [text if len(text) <= 400 else f"{text[:399].rstrip()}{_ELLIPSIS}" for text in dict.fromkeys(texts)]
    more = [f"and {len(short) - 4} more"] if len(short) > 4 else []
    return "\n\n".join([what, *short[:4], *more])


def _part(some: int, all_: int, one: str, many: str) -> str:
    return f"{some:,} of {all_:,} {many}" if some != all_ else f"{some:,} {one if some == 1 else many}"


def _measure(text: str, size: float) -> float:
    """The width of `text` in pixels, estimated on the wide side (DejaVu Sans), whatever sans-serif is there."""

    def em(letter: str) -> float:
        if unicodedata.combining(letter):
            return 0.0
        if unicodedata.east_asian_width(letter) in "WF":
            return 1.05
        if letter in "iljtfrI.,:;'!|()[] -":
            return 0.4
        if letter in "mwMW@%—…":
            return 0.98
        return 0.72 if letter.isupper() else 0.63

    return size * sum(em(letter) for letter in text)


def _width(lines: list[str], size: float) -> float:
    return max(_measure(line, size) for line in lines)


def _wrap(text: str, size: float, width: float, most: int) -> list[str]:
    """At most `most` lines of about the same length, none wider than `width`; what is left out ends in an ellipsis."""
    words = " ".join(_NOT_XML.sub("", text).split()).split(" ")
    needed = min(most, max(1, math.ceil(_measure(" ".join(words), size) / width)))
    lines: list[str] = []
    for tight in (0.6, 0.75, 0.9, 1.0):
        # Tighter lines first: two of equal length look better than a long one with a leftover word.
        lines = _fill(words, lambda line: _measure(line, size) <= width * tight)  # noqa: B023
        if len(lines) <= needed:
            return lines
    if len(lines) > most:
        last = lines[most - 1]
        while _measure(last + _ELLIPSIS, size) > width:
            last = last[:-1]
        lines = [*lines[: most - 1], last.rstrip() + _ELLIPSIS]
    return lines


def _fill(words: list[str], fits: Callable[[str], bool]) -> list[str]:
    lines = [""]
    for word in words:
        if lines[-1] and fits(f"{lines[-1]} {word}"):
            lines[-1] += f" {word}"
            continue
        lines.append("")
        for letter in word:  # a word that is too long for a line is broken where it must be
            if lines[-1] and not fits(lines[-1] + letter):
                lines.append("")
            lines[-1] += letter
    return lines[1:] or [""]


def _css() -> str:
    family = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif'
    fixed = (
        f".kg{{font-family:{family}}}.kg text{{font-size:{ENTITY:.0f}px}}"
        f".kg .kg-title{{font-size:{TITLE:.0f}px;font-weight:600}}"
        f".kg .kg-caption,.kg .kg-label text{{font-size:{RELATION:.0f}px}}"
        ".kg-node text,.kg-label text{text-anchor:middle}"
        ".kg-line,.kg-reach{fill:none;stroke-width:1.4}.kg-reach{stroke:#000;stroke-opacity:0;stroke-width:12}"
        ".kg-node rect{stroke-width:1.3}.kg-t3 text,.kg-t4 text{font-weight:600}.kg-label rect{opacity:.92}"
    )
    return (
        f"{fixed}{_colours(_LIGHT, _LIGHT_TIERS)}@media (prefers-color-scheme:dark){{{_colours(_DARK, _DARK_TIERS)}}}"
    )


def _colours(of: Mapping[str, str], tiers: tuple[str, ...]) -> str:
    rules = [
        f".kg-card{{fill:{of['card']};stroke:{of['rim']}}}.kg-title{{fill:{of['ink']}}}",
        f".kg-caption,.kg-label text{{fill:{of['soft']}}}.kg-label rect{{fill:{of['card']}}}",
        f".kg-line{{stroke:{of['line']}}}.kg-tip{{fill:{of['line']}}}",
        f".kg-lit .kg-line{{stroke:{of['warm']}}}.kg-tip.kg-lit{{fill:{of['warm']}}}",
    ]
    for number, tier in enumerate(tiers):
        fill, line, ink = tier.split()
        rules.append(f".kg-t{number} rect{{fill:{fill};stroke:{line}}}.kg-t{number} text{{fill:{ink}}}")
    return "".join(rules)


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none';style-src 'unsafe-inline';script-src 'unsafe-inline'">
<title>{title}</title>
<style>
html,body{margin:0;height:100%;overflow:hidden;background:#fff}
.kg{display:block;width:100vw;height:100vh;cursor:grab;touch-action:none;user-select:none}
.kg.kg-held{cursor:grabbing}.kg .kg-card{stroke:none}
.kg-node,.kg-edge,.kg-label{transition:opacity .15s}.kg-far{opacity:.13}
@media (prefers-color-scheme:dark){html,body{background:#12171f}}
</style>
</head>
<body>
{svg}<script>
const svg = document.querySelector(".kg"), home = svg.viewBox.baseVal;
const first = [home.x, home.y, home.width, home.height];
let held = null;
const scale = () => 1 / svg.getScreenCTM().a;
const place = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
const look = (x, y, width, height) => svg.setAttribute("viewBox", [x, y, width, height].join(" "));
svg.addEventListener("wheel", (event) => {
  event.preventDefault();
  const box = svg.viewBox.baseVal, at = place(event), wanted = Math.exp(event.deltaY * 0.0015);
  const by = Math.min(Math.max(wanted, first[2] / 20 / box.width), first[2] * 4 / box.width);
  look(at.x - (at.x - box.x) * by, at.y - (at.y - box.y) * by, box.width * by, box.height * by);
}, {passive: false});
svg.addEventListener("pointerdown", (event) => { held = event; svg.setPointerCapture(event.pointerId); });
svg.addEventListener("pointermove", (event) => {
  if (!held) return;
  const box = svg.viewBox.baseVal, by = scale();
  look(box.x - (event.clientX - held.clientX) * by, box.y - (event.clientY - held.clientY) * by, box.width, box.height);
  held = event;
  svg.classList.add("kg-held");
});
for (const end of ["pointerup", "pointercancel"])
  svg.addEventListener(end, () => { held = null; svg.classList.remove("kg-held"); });
svg.addEventListener("dblclick", () => look(...first));
const parts = [...svg.querySelectorAll(".kg-node,.kg-edge,.kg-label")];
svg.addEventListener("pointerover", (event) => {
  if (held) return;
  const at = event.target.closest(".kg-node,.kg-edge,.kg-label"), near = new Set();
  const joins = (part) => !at || part === at || (at.dataset.node !== undefined
    ? part.dataset.head === at.dataset.node || part.dataset.tail === at.dataset.node
    : part.dataset.head === at.dataset.head && part.dataset.tail === at.dataset.tail);
  const node = (part) => part.dataset.node;
  if (at && node(at) !== undefined) near.add(node(at));
  for (const part of parts)
    if (node(part) === undefined && joins(part)) near.add(part.dataset.head).add(part.dataset.tail);
  for (const part of parts)
    part.classList.toggle("kg-far", Boolean(at) && (node(part) === undefined ? !joins(part) : !near.has(node(part))));
});
</script>
</body>
</html>
"""
