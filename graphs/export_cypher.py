"""A graph as Cypher statements, for Neo4j, Memgraph, Kuzu and others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from graphs.export import graph_of
from graphs.merge import Merged

_LABEL = re.compile(r"[^\w]+")
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def to_cypher(facts: Sequence[Merged], evidence: Mapping[str, str] | None = None) -> str:
    """One statement a line: `MERGE` for each entity, then for each fact.

    Entities are `(:Entity:<Type> {name, type})`, facts `[:RELATION {relation, evidence_ids, …}]` with the relation's
    words in capitals as type and as they are in `relation`; `evidence` gives each source its text, as
    `(:Evidence {id, text})`.
    Run twice it changes nothing more. Every value is a quoted string with its escapes, every name of a label or type
    stands in backticks, so that no text can end its place and begin a statement.
    """
    graph = graph_of(facts)
    lines = ["CREATE CONSTRAINT drag_entity IF NOT EXISTS FOR (e:Entity) REQUIRE e.name IS UNIQUE;"]
    for name in graph.entities:
        kind = graph.types[name]
        label = f":{_name(kind)}" if kind else ""
        lines.append(
            f"MERGE (e:Entity {{name: {_text(name)}}}) SET e.type = {_text(kind)}{', e' + label if label else ''};"
        )
    for fact in facts:
        one = fact.triple
        ids = ", ".join(_text(key) for key in fact.evidence_ids)
        sure = "" if one.confidence is None else f", r.confidence = {one.confidence!r}"
        lines.append(
            f"MATCH (h:Entity {{name: {_text(one.head)}}}), (t:Entity {{name: {_text(one.tail)}}}) "
            f"MERGE (h)-[r:{_name(one.relation.upper())} {{relation: {_text(one.relation)}}}]->(t) "
            f"SET r.evidence_ids = [{ids}]{sure};"
        )
    for key in dict.fromkeys(key for fact in facts for key in fact.evidence_ids if evidence and key in evidence):
        lines.append(f"MERGE (v:Evidence {{id: {_text(key)}}}) SET v.text = {_text((evidence or {})[key])};")
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    """A string literal. What is not printable ASCII or a letter is written as an escape where Cypher has one."""
    out: list[str] = []
    for letter in value:
        if letter in _ESCAPES:
            out.append(_ESCAPES[letter])
        elif ord(letter) < 32 or ord(letter) in (0x7F, 0x85, 0x2028, 0x2029) or 0xD800 <= ord(letter) < 0xE000:
            out.append(f"\\u{ord(letter):04X}")
        else:
            out.append(letter)
    return "'" + "".join(out) + "'"


def _name(words: str) -> str:
    """A label or relationship type in backticks: letters, digits and underscores of `words`, which cannot end it."""
    return "`" + (_LABEL.sub("_", words).strip("_") or "RELATED_TO") + "`"
