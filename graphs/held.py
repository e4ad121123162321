"""A text read sentence by sentence for what an ontology allows: what each is about, and the triples it may state."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from graphs.candidates import Candidate, candidates
from graphs.names import Names
from graphs.ontology import Ontology, tail_type
from graphs.spacy_tree import Tree
from graphs.topic import Topic, topic
from graphs.triple import Triple

LED: Final = 2
"""The least `Candidate.sign` of a candidate that the words before it speak for."""
PROPOSED: Final = 0.5
"""The confidence of a proposal that no model has judged: about that share was right on development texts."""

_ENDS: Final = re.compile(r"[^\s.]{3}[.!?][\"”’)]*\s+$")


def proposed(doc: Any, ontology: Ontology, title: str = "") -> list[Candidate]:
    """Every candidate of a parsed text (spaCy's `Doc`), in text order.

    The facts of a sentence are about the thing that it names as its own; one that names none (`The film was …`) goes
    on about the last that did, at first about the document's `title`. Without either it has no candidates.
    """
    found: list[Candidate] = []
    going_on = Topic(title) if title else None
    for start, sentence in _sentences(doc):
        tree = Tree(sentence)
        names = Names(tree, "")
        own = topic(tree, names)
        if own is not None and own.sure and not (going_on and going_on.name.endswith(f" {own.name}")):
            going_on = own
        about = going_on or own
        if about is not None:
            found += [
                replace(one, start=one.start + start, end=one.end + start)
                for one in candidates(tree, names, ontology, about)
            ]
    return list({(one.head, one.relation.name, one.tail): one for one in reversed(found)}.values())[::-1]


def proposals(doc: Any, ontology: Ontology, evidence_id: str, title: str = "") -> list[Triple]:
    """The candidates that the words before them speak for, as triples: for when no model is there to judge them."""
    return [triple_of(one, evidence_id, PROPOSED) for one in proposed(doc, ontology, title) if one.sign >= LED]


def triple_of(one: Candidate, evidence_id: str, confidence: float) -> Triple:
    """A candidate as the triple that it is taken for."""
    kind = tail_type(one.relation)
    return Triple(
        one.head, one.relation.name, one.tail, evidence_id, one.relation.head, kind, (one.start, one.end), confidence
    )


def _sentences(doc: Any) -> Iterator[tuple[int, Any]]:
    """(offset, sentence) of a text; what the parser takes for two without a mark between them is one."""
    first = 0
    for sentence in doc.sents:
        last = sentence.end
        if last == len(doc) or _ENDS.search(doc[first:last].text_with_ws):
            span = doc[first:last]
            if span.text.strip():
                yield span.start_char, span.as_doc()
            first = last
