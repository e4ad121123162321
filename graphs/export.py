"""A graph for other programs: GraphML, CSV and JSON-LD (`graphs.export_cypher` has Cypher).

All take merged facts, so that every source goes along. What packs hold is untrusted text: it is escaped for the format.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast
from urllib.parse import quote

from graphs.merge import Merged
from graphs.triple import KnowledgeGraph

# XML 1.0 allows no other control characters, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What spreadsheets take for a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"^[+-]?\d[\d.,]*%?$")


def graph_of(facts: Iterable[Merged]) -> KnowledgeGraph:
    """The facts' triples as a graph."""
    return KnowledgeGraph(fact.triple for fact in facts)


def to_graphml(facts: Sequence[Merged], evidence: Mapping[str, str] | None = None) -> str:
    """GraphML, which networkx, Gephi, yEd and Cytoscape read.

    Nodes have `name` and `type`; edges `relation`, `evidence_ids` (joined by spaces), and `confidence` and `evidence`
    (its texts, one a line) where they are known. Parallel edges and direction survive. `networkx.read_graphml` gives
    all of it back, with `force_multigraph=True`. Characters that XML cannot hold are replaced by U+FFFD.
    """
    import networkx

    view: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
    graph = graph_of(facts)
    numbers = {name: f"n{number}" for number, name in enumerate(graph.entities)}
    for name, number in numbers.items():
        view.add_node(number, name=_xml(name), type=_xml(graph.types[name]))
    for place, fact in enumerate(facts):
        more: dict[str, Any] = {}
        if fact.triple.confidence is not None:
            more["confidence"] = fact.triple.confidence
        texts = [evidence[one] for one in fact.evidence_ids if evidence and one in evidence]
        if texts:
            more["evidence"] = _xml("\n".join(" ".join(text.split()) for text in texts))
        view.add_edge(
            numbers[fact.triple.head],
            numbers[fact.triple.tail],
            f"e{place}",
            relation=_xml(fact.triple.relation),
            evidence_ids=_xml(" ".join(fact.evidence_ids)),
            **more,
        )
    lines = cast("Iterable[str]", networkx.generate_graphml(view, named_key_ids=True))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + "\n".join(lines) + "\n"


def to_csv(facts: Iterable[Merged]) -> str:
    """Comma-separated values with a header: head, head_type, relation, tail, tail_type, evidence_ids, confidence.

    A cell that a spreadsheet would take for a formula gets an apostrophe before it, as OWASP advises; numbers do not.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("head", "head_type", "relation", "tail", "tail_type", "evidence_ids", "confidence"))
    for fact in facts:
        one = fact.triple
        sure = "" if one.confidence is None else f"{one.confidence:g}"
        cells = (one.head, one.head_type, one.relation, one.tail, one.tail_type, " ".join(fact.evidence_ids))
        writer.writerow((*(_cell(cell) for cell in cells), sure))
    return text.getvalue()


def to_jsonld(facts: Sequence[Merged], evidence: Mapping[str, str] | None = None) -> str:
    """JSON-LD 1.1: entities as nodes, each fact as an `rdf:Statement` with its sources, and as a plain property.

    Names are IRIs under `urn:drag:`; `@context` maps every term, so that nothing has to be fetched to read it.
    """
    graph = graph_of(facts)
    entities: dict[str, dict[str, Any]] = {}
    for name in graph.entities:
        node: dict[str, Any] = {"@id": _iri("entity", name), "name": name}
        if graph.types[name]:
            node["@type"] = _iri("type", graph.types[name])
        entities[name] = node
    statements: list[dict[str, Any]] = []
    for number, fact in enumerate(facts, 1):
        one = fact.triple
        tails = entities[one.head].setdefault(_iri("relation", one.relation), [])
        if {"@id": _iri("entity", one.tail)} not in tails:
            tails.append({"@id": _iri("entity", one.tail)})
        statement: dict[str, Any] = {
            "@id": f"urn:drag:statement:{number}",
            "@type": "Statement",
            "subject": _iri("entity", one.head),
            "predicate": _iri("relation", one.relation),
            "object": _iri("entity", one.tail),
            "label": one.relation,
        }
        if fact.evidence_ids:
            statement["source"] = [_iri("evidence", key) for key in fact.evidence_ids]
        if one.confidence is not None:
            statement["confidence"] = one.confidence
        statements.append(statement)
    used = dict.fromkeys(key for fact in facts for key in fact.evidence_ids if evidence and key in evidence)
    texts = [{"@id": _iri("evidence", key), "text": (evidence or {})[key]} for key in used]
    document = {"@context": _CONTEXT, "@graph": [*entities.values(), *statements, *texts]}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


_CONTEXT = {
    "@version": 1.1,
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "schema": "https://schema.org/",
    "name": "schema:name",
    "text": "schema:text",
    "label": "http://www.w3.org/2000/01/rdf-schema#label",
    "confidence": {"@id": "urn:drag:confidence", "@type": "http://www.w3.org/2001/XMLSchema#double"},
    "Statement": "rdf:Statement",
    "subject": {"@id": "rdf:subject", "@type": "@id"},
    "predicate": {"@id": "rdf:predicate", "@type": "@id"},
    "object": {"@id": "rdf:object", "@type": "@id"},
    "source": {"@id": "http://www.w3.org/ns/prov#wasDerivedFrom", "@type": "@id"},
}


def _iri(kind: str, name: str) -> str:
    return f"urn:drag:{kind}:{quote(name, safe='')}"


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.match(text) else text
