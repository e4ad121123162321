"""graphs.export: what is written can be read back, and no text can break out of its place."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphs import Merged, Triple
from graphs.export import to_csv, to_graphml, to_jsonld
from graphs.export_cypher import to_cypher
from graphs.resolve import resolve

HOSTILE = (
    "'}) DETACH DELETE n; //", 'a "quoted" <b>&amp;</b>', "back\\slash' OR 1=1", "line\nbreak\tand `ticks`",
    "=cmd|' /C calc'!A0", "Zoë 东京 😀", "\u2028 separator", "-- comment */", "@SUM(A1)", "{curly: 'x'}",
)  # fmt: skip
EVIDENCE = {"e1": "He said: 'x'}) DELETE", "e2": "</data>]]> & more"}
FACTS = resolve(
    [
        Triple(one, f"relates <{place}> to", HOSTILE[place - 1], f"e{place % 3}", "PERSON" if place % 2 else "", "a`b")
        for place, one in enumerate(HOSTILE)
    ]
    + [Triple("Ada", "wrote", "notes", "e1", "", "", (0, 3), 0.25), Triple("Ada", "kept", "notes", "e2")]
).merged

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(str.strip)
one_fact = st.tuples(texts, texts, texts).map(lambda one: Merged(Triple(*one, evidence_id="e"), ("e",)))
some_facts = st.lists(one_fact, min_size=1, max_size=6)


def shape(facts: Sequence[Merged]) -> list[tuple[str, str, str]]:
    return sorted((fact.triple.head, fact.triple.relation, fact.triple.tail) for fact in facts)


# --- GraphML


def read_graphml(text: str) -> tuple[dict[str, dict[str, Any]], list[tuple[str, str, dict[str, Any]]]]:
    """Nodes by id and edges, each with its attributes."""
    library: Any = networkx
    view: Any = library.parse_graphml(text, force_multigraph=True)
    assert view.is_directed()
    assert view.is_multigraph()
    return dict(view.nodes(data=True)), list(view.edges(data=True))


def test_graphml_is_read_back_by_networkx() -> None:
    nodes, edges = read_graphml(to_graphml(FACTS, EVIDENCE))
    said = [(nodes[one]["name"], values["relation"], nodes[other]["name"]) for one, other, values in edges]
    assert sorted(said) == shape(FACTS)
    assert {values["name"]: values["type"] for values in nodes.values()} == {
        name: kind
        for fact in FACTS
        for name, kind in ((fact.triple.head, fact.triple.head_type), (fact.triple.tail, fact.triple.tail_type))
    }
    by_relation = {values["relation"]: values for _, _, values in edges}
    assert by_relation["wrote"] == {
        "relation": "wrote", "evidence_ids": "e1", "confidence": 0.25, "evidence": EVIDENCE["e1"],
    }  # fmt: skip
    assert "confidence" not in by_relation["kept"]


@settings(max_examples=60, deadline=None)
@given(some_facts)
def test_graphml_holds_any_text_that_xml_can(facts: list[Merged]) -> None:
    assert len(read_graphml(to_graphml(facts))[1]) == len(facts)


# --- Cypher: a small parser of what is written

_STRING = r"'(?:[^'\\\n\r]|\\.)*'"
_NODE = re.compile(rf"MERGE \(e:Entity \{{name: ({_STRING})\}}\) SET e\.type = ({_STRING})(?:, e:`\w+`)?;")
_EDGE = re.compile(
    rf"MATCH \(h:Entity \{{name: ({_STRING})\}}\), \(t:Entity \{{name: ({_STRING})\}}\) "
    rf"MERGE \(h\)-\[r:`\w+` \{{relation: ({_STRING})\}}\]->\(t\) "
    rf"SET r\.evidence_ids = \[((?:{_STRING})?(?:, {_STRING})*)\](?:, r\.confidence = ([\d.e+-]+))?;"
)
_TEXT = re.compile(rf"MERGE \(v:Evidence \{{id: ({_STRING})\}}\) SET v\.text = ({_STRING});")
_ESCAPE = re.compile(r"\\(u[0-9A-F]{4}|.)")
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def value(literal: str) -> str:
    def one(match: re.Match[str]) -> str:
        code = match.group(1)
        return chr(int(code[1:], 16)) if len(code) == 5 else _PLAIN.get(code, code)

    return _ESCAPE.sub(one, literal[1:-1])


def read_cypher(text: str) -> tuple[dict[str, str], list[tuple[str, str, str, list[str], str | None]], dict[str, str]]:
    lines = text.split("\n")
    assert lines[0] == "CREATE CONSTRAINT drag_entity IF NOT EXISTS FOR (e:Entity) REQUIRE e.name IS UNIQUE;"
    assert lines[-1] == ""
    nodes: dict[str, str] = {}
    edges: list[tuple[str, str, str, list[str], str | None]] = []
    evidence: dict[str, str] = {}
    for line in lines[1:-1]:
        if node := _NODE.fullmatch(line):
            nodes[value(node[1])] = value(node[2])
        elif edge := _EDGE.fullmatch(line):
            ids = [value(one) for one in re.findall(_STRING, edge[4])]
            edges.append((value(edge[1]), value(edge[3]), value(edge[2]), ids, edge[5]))
        else:
            said = _TEXT.fullmatch(line)
            assert said, line
            evidence[value(said[1])] = value(said[2])
    return nodes, edges, evidence


def test_cypher_is_read_back() -> None:
    nodes, edges, evidence = read_cypher(to_cypher(FACTS, EVIDENCE))
    assert sorted(edge[:3] for edge in edges) == shape(FACTS)
    assert {name for edge in edges for name in (edge[0], edge[2])} == set(nodes)
    assert evidence == EVIDENCE
    (wrote,) = (edge for edge in edges if edge[1] == "wrote")
    assert wrote[3:] == (["e1"], "0.25")


@settings(max_examples=120, deadline=None)
@given(some_facts)
def test_cypher_holds_any_text_in_its_place(facts: list[Merged]) -> None:
    _, edges, _ = read_cypher(to_cypher(facts))
    assert sorted(edge[:3] for edge in edges) == shape(facts)


# --- CSV


def test_csv_is_read_back_and_no_cell_is_a_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(FACTS), newline="")))
    bare = [(row["head"].lstrip("'"), row["relation"], row["tail"].lstrip("'")) for row in rows]
    assert sorted(bare) == sorted((head.lstrip("'"), said, tail.lstrip("'")) for head, said, tail in shape(FACTS))
    assert not any(cell.startswith(("=", "@", "+", "\t")) for row in rows for cell in row.values())
    (ada,) = (row for row in rows if row["relation"] == "wrote")
    assert (ada["evidence_ids"], ada["confidence"]) == ("e1", "0.25")


@pytest.mark.parametrize(
    ("cell", "written"), [("=1+1", "'=1+1"), ("-5", "-5"), ("+49 30 1", "'+49 30 1"), ("@x", "'@x"), ("3 %", "3 %")]
)
def test_a_cell_that_looks_like_a_formula_is_quoted(cell: str, written: str) -> None:
    (row,) = csv.DictReader(io.StringIO(to_csv([Merged(Triple(cell, "is", "x"), ())])))
    assert row["head"] == written


# --- JSON-LD


def test_jsonld_names_all_its_terms_and_is_read_back() -> None:
    document = json.loads(to_jsonld(FACTS, EVIDENCE))
    context, graph = document["@context"], document["@graph"]
    known = set(context) | {"@id", "@type"}
    for node in graph:
        assert all(key in known or key.startswith("urn:drag:relation:") for key in node)
        assert " " not in node["@id"]
    names = {node["@id"]: node["name"] for node in graph if "name" in node}
    said = [node for node in graph if node.get("@type") == "Statement"]
    assert sorted((names[one["subject"]], one["label"], names[one["object"]]) for one in said) == shape(FACTS)
    assert all(unquote(one["predicate"].rpartition(":")[2]) == one["label"] for one in said)
    ids = {node["@id"] for node in graph}
    assert {"urn:drag:evidence:e1", "urn:drag:evidence:e2"} <= ids
    ada = next(node for node in graph if node.get("name") == "Ada")
    assert ada["urn:drag:relation:wrote"] == [{"@id": "urn:drag:entity:notes"}]
