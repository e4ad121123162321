"""Triples and mentions from English text by spaCy's parser: nothing writes, so nothing is made up."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from graphs.facts import Facts
from graphs.held import proposals
from graphs.names import COUNTING
from graphs.nodes import Node, Nodes
from graphs.ontology import Ontology
from graphs.open import statements
from graphs.pronouns import resolve
from graphs.spacy_tree import Tree
from graphs.triple import Triple

Style = Literal["open", "graph"]

# Documents that were joined from pieces miss the space between two sentences; a parser then sees one word.
_JOINED: Final = re.compile(r"(?:(?<=[^\W_]{2})|(?<=[0-9)\]\"”’%]))[.!?](?=[\"“]?[A-Z][a-z]|[\"“][A-Z]|[A-Z] )")


@dataclass(frozen=True, slots=True)
class Mention:
    """A thing that a text names: `type` is spaCy's label (`PERSON`, `DATE`, …) or empty, `[start, end)` characters."""

    name: str
    type: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What one text says: its triples, with spans in that text, and what it mentions, in text order."""

    triples: tuple[Triple, ...] = ()
    mentions: tuple[Mention, ...] = ()


class SpacyReader:
    """Reads texts with the spaCy pipeline `nlp` (English, with a parser; its entity recogniser gives the types).

    `style` decides how much stands in a head or tail. `graph`: names and short noun phrases, pronouns and `the film`
    replaced where it is safe, one fact an edge: what a pack keeps. `open`: whole noun phrases in the text's own words,
    as open information extraction is judged. With an `ontology` the triples are those of its relations that the words
    of a text speak for (`graphs.candidates`), and no others. `batch` texts are parsed together.
    """

    def __init__(self, nlp: Any, *, style: Style = "graph", batch: int = 128, ontology: Ontology | None = None) -> None:
        self._nlp = nlp
        self._style: Style = style
        self._batch = batch
        self._ontology = ontology
        # Nothing here reads lemmas, and they cost a fifth of the parse.
        self._off = [name for name in ("lemmatizer",) if name in nlp.pipe_names]

    def read(self, texts: Iterable[tuple[str, str] | tuple[str, str, str]]) -> Iterator[Reading]:
        """A reading for each (text, evidence id) or (text, evidence id, title), in order, as they come.

        The title of the document that a text is from says who `he` or `the film` is.
        """
        pairs = ((_spaced(one[0]), one) for one in texts)
        stream = ((text, (added, one)) for (text, added), one in pairs)
        docs = self._nlp.pipe(stream, as_tuples=True, batch_size=self._batch, disable=self._off)
        for doc, (added, one) in docs:
            yield _moved(self._reading(doc, one[1], one[2] if len(one) > 2 else ""), added)

    def _reading(self, doc: Any, evidence_id: str, title: str) -> Reading:
        tree = Tree(doc)
        if self._style == "open":
            return Reading(tuple(statements(tree, evidence_id)))
        nodes = Nodes(tree, title)
        resolve(nodes)
        facts = Facts(nodes, evidence_id)
        triples = tuple(facts.triples())
        if self._ontology is not None:
            triples = tuple(proposals(doc, self._ontology, evidence_id, title))
        return Reading(triples, _mentions(nodes, facts.used))


def _mentions(nodes: Nodes, used: dict[tuple[int, int], Node]) -> tuple[Mention, ...]:
    """Every name, and every head and tail of a triple."""
    tree = nodes.tree
    places = dict(used)
    for _, after, label in nodes.spans:
        node = nodes.node(after - 1) if label not in COUNTING else None
        if node is not None:
            places.setdefault((node.first, node.after), node)
    return tuple(
        Mention(node.name, node.type, tree.starts[first], tree.ends[after - 1])
        for (first, after), node in sorted(places.items(), key=lambda item: item[0])
    )


def _spaced(text: str) -> tuple[str, list[int]]:
    """The text with a space after each sentence that runs into the next, and where those spaces now stand."""
    added: list[int] = []
    pieces: list[str] = []
    done = 0
    for match in _JOINED.finditer(text):
        pieces.append(text[done : match.end()])
        done = match.end()
        added.append(done + len(added))
    return (" ".join([*pieces, text[done:]]), added) if added else (text, added)


def _moved(reading: Reading, added: Sequence[int]) -> Reading:
    """The reading with its places in the text as it was given."""
    if not added:
        return reading

    def back(place: int) -> int:
        return place - bisect_left(added, place)

    return Reading(
        tuple(
            replace(one, span=(back(one.span[0]), back(one.span[1]))) if one.span else one for one in reading.triples
        ),
        tuple(replace(one, start=back(one.start), end=back(one.end)) for one in reading.mentions),
    )
