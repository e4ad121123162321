"""The prompts of extraction, free and held to an ontology, beside the parsers of their replies."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from drag import prompts
from drag.errors import ReplyError
from drag.types import Evidence, Message, Prompt
from graphs import GraphError, Triple
from graphs.merge import clean
from graphs.ontology import Ontology, tail_type

RECORDS: Final = "extract-records@1"
"""Name and version of the prompt."""

_MOST_RECORDS: Final = 2
_MOST_FACTS: Final = 5
_MOST_VALUES: Final = 10
_LETTERS: Final = re.compile(r"[\W_]+")
_WORDS: Final = re.compile(r"\w+")
_ARTICLE: Final = re.compile(r"^(?:the|a|an|this|that|its|his|her|their)\s+", re.IGNORECASE)
# What the examples speak of: names that nobody has, so that a model which repeats one is found out.
_THING: Final = "Silver Harbour"
_NAMES: Final = ("Arden Vale", "Mira Lund", "Oskar Prine")


def records(evidence: Evidence, ontology: Ontology) -> Prompt:
    """Ask for the facts of a text as records: a thing, and its fields with their values.

    A field is a relation of the ontology. Small models fill in a form better than they list triples, and it takes a
    third of the tokens. All texts of an ontology share the prompt up to their own words, which a local engine
    therefore reads once.
    """
    value = {"type": "string", "minLength": 1, "maxLength": 80}
    values = {"type": "array", "items": value, "minItems": 1, "maxItems": _MOST_VALUES}
    return Prompt(
        RECORDS,
        (Message("system", _task(ontology)), *_examples(ontology), Message("user", f"Text: {evidence.titled}")),
        schema={
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "name": value,
                    # One object a field, so that the fields come in the order of the text: a grammar of one object
                    # would fix theirs, and a model that is past a field fills in a later one instead.
                    "facts": {
                        "type": "array",
                        "items": {"anyOf": [_only(relation, values) for relation in ontology.names]},
                        "maxItems": _MOST_FACTS,
                    },
                },
                "required": ["name", "facts"],
                "additionalProperties": False,
            },
            "minItems": 1,
            "maxItems": _MOST_RECORDS,
        },
        max_tokens=160,
    )


def parse_records(reply: str, evidence: Evidence, ontology: Ontology) -> list[Triple]:
    """The triples of a reply whose relation the ontology has and whose head and tail stand in the evidence.

    A head has to be a name: `The film` is a thing only together with its text. An empty list is a reply that states
    nothing usable. Raises `ReplyError` where the reply holds no record at all.
    """
    found = [cast("Mapping[str, Any]", one) for one in prompts.items(reply) if isinstance(one, Mapping)]
    if not found:
        raise ReplyError("the reply holds no record", reply=reply)
    text = _bare(evidence.titled)
    triples: list[Triple] = []
    for record in found:
        head = record.get("name")
        if not isinstance(head, str) or not _is_name(head) or not _bare(head) or _bare(head) not in text:
            continue
        for relation, tail in _fields(record):
            if not isinstance(tail, str) or not _bare(tail) or _bare(tail) not in text:
                continue
            if not ontology.allows(relation, tail):
                continue
            try:
                triple = clean(Triple(head, relation, tail, evidence.id))
            except GraphError:
                continue
            if triple is not None and triple not in triples:
                one = ontology.find(relation)[0]
                triples.append(Triple(triple.head, relation, triple.tail, evidence.id, one.head, tail_type(one)))
    return triples


def _only(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: schema}, "required": [name], "additionalProperties": False}


def _fields(record: Mapping[str, Any]) -> list[tuple[str, object]]:
    """(field, value) pairs of a record, however the model has laid it out."""
    facts: object = record.get("facts")
    listed = cast("list[object]", facts) if isinstance(facts, list) else [facts, record]
    tables = [cast("Mapping[str, Any]", one) for one in listed if isinstance(one, Mapping)]
    pairs: list[tuple[str, object]] = []
    for name, value in (pair for table in tables for pair in table.items()):
        values = cast("list[object]", value) if isinstance(value, list) else [value]
        pairs += [(name, one) for one in values]
    return pairs


def _task(ontology: Ontology) -> str:
    fields: dict[str, list[str]] = {}
    for name in ontology.names:
        one = ontology.find(name)[0]
        # Without the types of the tails: small models write `award` where they read `nominated for (award)`. What
        # has another type than its relation wants is refused afterwards.
        fields.setdefault(one.head or "thing", []).append(name)
    listed = "\n".join(f"{head}: {', '.join(names)}" for head, names in fields.items())
    return (
        "You turn a text into records for a knowledge base. A record has the name of a thing and those of its fields "
        f"that the text states. Fields by the type of the thing:\n{listed}\n"
        "The name is that of the thing the text is about. Copy names and values from the text, word for word, each "
        "fact once. Leave out every field that the text does not state. Reply as JSON."
    )


def _examples(ontology: Ontology) -> list[Message]:
    """Two made-up texts with their records: some fields with several values, and no field at all."""
    heads = [one.head for one in ontology.relations]
    head = max(dict.fromkeys(heads), key=heads.count)
    own = [one for one in ontology.relations if one.head == head]
    facts: list[dict[str, Any]] = []
    says = [f"{_THING} is a {head or 'thing'}."]
    dated = next((one for one in own if tail_type(one) == "date"), None)
    first = next(one for one in own if one is not dated) if len(own) > 1 else own[0]
    if first is not dated:
        facts.append({first.name: list(_NAMES[:2])})
        says.append(f"Its {first.name} is {_NAMES[0]} and {_NAMES[1]}.")
    if dated is not None:
        facts.append({dated.name: ["1987"]})
        says.append(f"Its {dated.name} is 1987.")
    record = {"name": _THING, "facts": facts}
    return [
        Message("user", f"Text: {' '.join(says)}"),
        Message("assistant", json.dumps([record])),
        Message("user", f"Text: {_NAMES[2]} is well liked by everybody who was there."),
        Message("assistant", json.dumps([{"name": _NAMES[2], "facts": []}])),
    ]


def _is_name(head: str) -> bool:
    """Whether something in it is written as names are: a capital or a digit, after an article."""
    bare = _ARTICLE.sub("", head.strip())
    return any(letter.isupper() or letter.isdigit() or not letter.isascii() for letter in bare)


def _bare(text: str) -> str:
    """Letters and digits only: texts that were taken apart into words space their marks as they please."""
    return _LETTERS.sub("", text).casefold()


def extract(evidence: Evidence, count: int = 4) -> Prompt:
    """Ask for the facts of one piece of evidence as triples, at most `count`.

    The example says two things and has two triples: after one with a single triple a small model stops at one.
    """
    part = {"type": "string", "minLength": 1, "maxLength": 60}
    example = {
        "triples": [
            {"head": "Marie Curie", "relation": "was born in", "tail": "Warsaw"},
            {"head": "Marie Curie", "relation": "discovered", "tail": "polonium"},
        ]
    }
    return Prompt(
        "extract@2",
        (
            Message(
                "system",
                "You turn a text into knowledge-graph triples. The head and the tail are names or short noun phrases "
                "from the text, the relation is a verb phrase of one to four words that leads from head to tail.",
            ),
            Message("user", "Text: Marie Curie, who was born in Warsaw, discovered polonium."),
            Message("assistant", json.dumps(example)),
            Message("user", f"Text: {evidence.text}"),
        ),
        schema={
            "type": "object",
            "properties": {
                "triples": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"head": part, "relation": {**part, "maxLength": 40}, "tail": part},
                        "required": ["head", "relation", "tail"],
                        "additionalProperties": False,
                    },
                    "minItems": 1,
                    "maxItems": count,
                }
            },
            "required": ["triples"],
            "additionalProperties": False,
        },
        max_tokens=48 * count + 16,
    )


def parse_extract(reply: str, evidence: Evidence) -> list[Triple]:
    """The well-formed triples of a reply, tidied, whose head and tail stand in the evidence.

    Raises `ReplyError` if there is none. A small model also writes down names of its prompt's example, or what it
    remembers: a triple that says what its evidence does not say must not cite it.
    """
    triples: list[Triple] = []
    words = set(_WORDS.findall(evidence.text.casefold()))
    for item in prompts.items(reply, "triples"):
        if not isinstance(item, Mapping):
            continue
        parts = cast("Mapping[str, Any]", item)
        head, relation, tail = (_part(parts.get(key)) for key in ("head", "relation", "tail"))
        try:
            triple = clean(Triple(head, relation, tail, evidence.id))
        except GraphError:
            continue
        if triple is not None and triple not in triples and all(_stands(part, words) for part in (head, tail)):
            triples.append(triple)
    if not triples:
        raise ReplyError("the reply holds no usable triple", reply=reply)
    return triples


def _stands(part: str, words: set[str]) -> bool:
    """Whether most words of a head or tail stand in the evidence (a plural or a tense may differ)."""
    own = _WORDS.findall(part.casefold())
    return 2 * sum(word in words for word in own) > len(own)


def _part(value: object) -> str:
    return prompts.storable(str(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
