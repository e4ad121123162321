"""graphs.picture: what is drawn, where it stands, and that it is safe to open."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import combinations
from xml.etree import ElementTree

import pytest

from graphs import GraphError, KnowledgeGraph, Triple
from graphs.picture import draw_svg

SVG = "{http://www.w3.org/2000/svg}"
Box = tuple[float, float, float, float]


def graph(*facts: str) -> KnowledgeGraph:
    parts = (fact.split("|") for fact in facts)
    return KnowledgeGraph(Triple(head, said, tail, "".join(rest)) for head, said, tail, *rest in parts)


CURIE = graph(
    "Marie Curie|discovered|polonium|e1",
    "Marie Curie|discovered|radium|e1",
    "Marie Curie|was married to|Pierre Curie|e2",
    "Pierre Curie|shared the Nobel Prize with|Marie Curie|e2",
    "polonium|is named after|Poland|e3",
    "Mount Everest|lies on the border of|Nepal|e4",
)
HUB = graph(*(f"hub|has as its leaf|leaf {i}" for i in range(24)))
MESH = graph(*(f"the entity {i}|is joined with|the entity {i * step % 25}" for i in range(25) for step in (2, 7)))


def groups(svg: str, kind: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(svg)  # noqa: S314  our own text
    return [group for group in root.iter(f"{SVG}g") if kind in group.get("class", "").split()]


def box(group: ElementTree.Element) -> Box:
    rect = group.find(f"{SVG}rect")
    assert rect is not None
    x, y, width, height = (float(rect.get(key, "nan")) for key in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def label(group: ElementTree.Element) -> str:
    return " ".join(span.text or "" for span in group.iter(f"{SVG}tspan"))


def note(group: ElementTree.Element) -> str:
    return group.findtext(f"{SVG}title") or ""


def test_every_entity_and_relation_is_drawn_once() -> None:
    svg = draw_svg(CURIE, title="Curie")
    assert [label(one) for one in groups(svg, "kg-node")] == list(CURIE.entities)
    assert [label(one) for one in groups(svg, "kg-label")] == [one.relation for one in CURIE]
    assert len(groups(svg, "kg-edge")) == len(CURIE)
    assert "7 entities · 6 relations" in svg


def test_the_same_triple_from_two_sources_is_one_line() -> None:
    twice = KnowledgeGraph([Triple("a", "is", "b", "e1"), Triple("a", "is", "b", "e2")])
    (edge,) = groups(draw_svg(twice, evidence={"e1": "First.", "e2": "Second."}), "kg-edge")
    assert note(edge) == "a → is → b\n\nFirst.\n\nSecond."


@pytest.mark.parametrize("some", [CURIE, HUB, MESH], ids=["curie", "hub", "mesh"])
def test_labels_do_not_overlap_and_stay_on_the_card(some: KnowledgeGraph) -> None:
    svg = draw_svg(some, title="A title")
    boxes = [box(one) for one in groups(svg, "kg-node") + groups(svg, "kg-label")]
    for one, other in combinations(boxes, 2):
        across = min(one[2], other[2]) - max(one[0], other[0])
        down = min(one[3], other[3]) - max(one[1], other[1])
        assert across <= 0.5 or down <= 0.5, (one, other)
    root = ElementTree.fromstring(svg)  # noqa: S314
    width, height = float(root.get("width", "nan")), float(root.get("height", "nan"))
    assert all(x > 0 and y > 40 and right < width and bottom < height - 20 for x, y, right, bottom in boxes)


def test_lines_begin_and_end_at_the_rims_of_their_entities() -> None:
    svg = draw_svg(CURIE)
    boxes = [box(one) for one in groups(svg, "kg-node")]
    for edge in groups(svg, "kg-edge"):
        path = edge.findall(f"{SVG}path")[-1].get("d", "")
        x0, y0, *_, x1, y1 = (float(number) for number in re.findall(r"-?\d+\.\d", path))
        for x, y, end in ((x0, y0, "data-head"), (x1, y1, "data-tail")):
            left, top, right, bottom = boxes[int(edge.get(end, "-1"))]
            outside = max(left - x, x - right, top - y, y - bottom)
            assert -0.3 <= outside <= 3.3


def test_parallel_relations_take_different_ways() -> None:
    both = graph("a|r1|b", "a|r2|b", "b|r3|a")
    paths = {one.findall(f"{SVG}path")[-1].get("d") for one in groups(draw_svg(both), "kg-edge")}
    assert len(paths) == 3


def test_a_loop_and_a_lonely_graph_are_drawn() -> None:
    (edge,) = groups(draw_svg(graph("a|is|a")), "kg-edge")
    assert "C" in edge.findall(f"{SVG}path")[-1].get("d", "")
    assert "0 entities" in draw_svg(KnowledgeGraph())


def test_components_stand_side_by_side() -> None:
    svg = draw_svg(graph("a|r|b", "c|r|d", "e|r|f"))
    a, b, c, d, e, f = (box(one) for one in groups(svg, "kg-node"))
    spans = [
        (*one[:2], *other[2:]) if one[0] < other[0] else (*other[:2], *one[2:])
        for one, other in ((a, b), (c, d), (e, f))
    ]
    for one, other in combinations(spans, 2):
        assert one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]


def test_text_is_escaped() -> None:
    hostile = graph('<script>alert("x")</script>|&amp; <b>|]]> \x00\x1b end|e')
    svg = draw_svg(hostile, title='<i>"t"</i> & more', evidence={"e": "</title><script>1</script>\ufffe"})
    root = ElementTree.fromstring(svg)  # noqa: S314
    assert not [one for one in root.iter() if one.tag in {f"{SVG}script", f"{SVG}b", f"{SVG}i"}]
    node, other = groups(svg, "kg-node")
    assert "".join(label(node).split()) == '<script>alert("x")</script>'
    assert label(other) == "]]> end"


def test_long_names_are_wrapped_and_then_shortened_with_the_whole_name_in_the_note() -> None:
    long = "a name that " + "goes on and on " * 12 + "to its end"
    node = groups(draw_svg(graph(f"{long}|is|{'x' * 100}")), "kg-node")
    assert all(len(list(one.iter(f"{SVG}tspan"))) == 3 for one in node)
    assert label(node[0]).endswith("…")
    assert note(node[0]) == long
    assert all(one[2] - one[0] < 200 for one in map(box, node))


def test_evidence_is_in_the_notes() -> None:
    svg = draw_svg(CURIE, evidence={"e1": "She found two elements.", "e3": "y" * 900})
    assert note(groups(svg, "kg-edge")[0]) == "Marie Curie → discovered → polonium\n\nShe found two elements."
    assert note(groups(svg, "kg-node")[0]) == "Marie Curie\n\nShe found two elements."
    assert max(len(note(one)) for one in groups(svg, "kg-edge")) < 500


def test_highlighted_entities_and_their_relations_stand_out() -> None:
    svg = draw_svg(CURIE, highlight=["the NEPAL", "nobody"])
    lit = [label(one) for one in groups(svg, "kg-t4")]
    assert lit == ["Nepal"]
    assert [one.get("data-tail") for one in groups(svg, "kg-lit")] == [str(CURIE.entities.index("Nepal"))]


def test_too_large_a_graph_is_cut_and_the_caption_says_so() -> None:
    large = graph(*(f"hub|has|leaf {i}" for i in range(50)), "far|is|away")
    svg = draw_svg(large, max_entities=10, highlight=["away"])
    names = [label(one) for one in groups(svg, "kg-node")]
    assert len(names) == 10
    assert {"hub", "away", "far"} <= set(names)
    assert "10 of 53 entities · 8 of 51 relations" in svg


def test_too_many_relations_are_cut_from_the_parallel_ones() -> None:
    crowd = graph(*(f"a|r{i}|b" for i in range(30)), "b|to|c")
    labels = [label(one) for one in groups(draw_svg(crowd, max_entities=3), "kg-label")]
    assert labels == [*(f"r{i}" for i in range(8)), "to"]


@pytest.mark.parametrize("most", [0, -1, 121])
def test_a_picture_has_a_size(most: int) -> None:
    with pytest.raises(GraphError):
        draw_svg(CURIE, max_entities=most)


def test_the_same_graph_gives_the_same_picture_in_another_process() -> None:
    code = (
        "import sys; from graphs import KnowledgeGraph, Triple; from graphs.picture import draw_svg\n"
        "facts = [line.split('|') for line in sys.stdin.read().splitlines()]\n"
        "sys.stdout.write(draw_svg(KnowledgeGraph(Triple(*fact) for fact in facts), max_entities=5))"
    )
    facts = "\n".join("|".join((one.head, one.relation, one.tail, one.evidence_id)) for one in CURIE)
    other = subprocess.run(
        [sys.executable, "-c", code],
        input=facts,
        capture_output=True,
        check=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONHASHSEED": "7", "PYTHONIOENCODING": "utf-8"},
    )
    assert other.stdout == draw_svg(CURIE, max_entities=5)


def test_nothing_is_fetched() -> None:
    outside = draw_svg(CURIE, title="Curie").replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|//[a-z]|@import|<link|src=|href=|<img|<image", outside)
