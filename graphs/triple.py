"""Triples, and the graph that they are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from graphs.errors import GraphError

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True, slots=True)
class Triple:
    """A directed fact: `head` stands in `relation` to `tail`, as the evidence with `evidence_id` says.

    `head_type` and `tail_type` name what kind of thing each is (spaCy's labels, or an ontology's), empty where that
    is not known. `span` is the place in the evidence's text that says it, `[start, end)` in characters. `confidence`
    is the extractor's own, in [0, 1], None where it has none. These four describe the fact and are no part of what
    makes two triples equal.

    Raises `GraphError` when head, relation or tail is blank.
    """

    head: str
    relation: str
    tail: str
    evidence_id: str = ""
    head_type: str = field(default="", compare=False)
    tail_type: str = field(default="", compare=False)
    span: tuple[int, int] | None = field(default=None, compare=False)
    confidence: float | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        for part in ("head", "relation", "tail"):
            if not getattr(self, part).strip():
                raise GraphError(f"a triple needs a {part}")


class KnowledgeGraph:
    """An ordered set of triples. The triples are the truth; everything else here is derived from them, once.

    Immutable: two graphs are equal when their triples are, in order. Parallel edges and directions survive.
    `aliases` are further names of its entities (name → entity), by which they are found; those of entities that the
    graph does not hold are left out.
    """

    __slots__ = ("__dict__", "aliases", "triples")

    def __init__(self, triples: Iterable[Triple] = (), aliases: Mapping[str, str] | None = None) -> None:
        self.triples: tuple[Triple, ...] = tuple(dict.fromkeys(triples))
        held = {name for triple in self.triples for name in (triple.head, triple.tail)} if aliases else set[str]()
        self.aliases: Mapping[str, str] = {other: name for other, name in (aliases or {}).items() if name in held}

    def __iter__(self) -> Iterator[Triple]:
        return iter(self.triples)

    def __len__(self) -> int:
        return len(self.triples)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KnowledgeGraph) and self.triples == other.triples

    def __hash__(self) -> int:
        return hash(self.triples)

    def __repr__(self) -> str:
        return f"KnowledgeGraph({len(self.triples)} triples, {len(self.entities)} entities)"

    @cached_property
    def entities(self) -> tuple[str, ...]:
        """Heads and tails, each once, in the order in which they first occur."""
        return tuple(dict.fromkeys(name for triple in self.triples for name in (triple.head, triple.tail)))

    @cached_property
    def names(self) -> Mapping[str, tuple[str, ...]]:
        """Normal form → the entities written that way, in graph order; then those that have it for another name.

        One each, when the triples were merged and no two entities share a name.
        """
        found: dict[str, dict[str, None]] = {}
        for entity in self.entities:
            found.setdefault(normal_form(entity), {})[entity] = None
        for alias, entity in self.aliases.items():
            found.setdefault(normal_form(alias), {})[entity] = None
        return {key: tuple(entities) for key, entities in found.items()}

    @cached_property
    def spellings(self) -> Mapping[str, tuple[str, ...]]:
        """Normal form → the ways in which it is written in the graph, names and aliases."""
        found: dict[str, dict[str, None]] = {}
        for name in (*self.entities, *self.aliases):
            found.setdefault(normal_form(name), {})[name] = None
        return {key: tuple(names) for key, names in found.items()}

    @cached_property
    def phrases(self) -> Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]:
        """First word → (all words, normal form) of the entities that begin with it: what finds them in a text."""
        found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for key in self.names:
            parts = tuple(words(key))
            if parts:
                found.setdefault(parts[0], []).append((parts, key))
        return {first: tuple(phrases) for first, phrases in found.items()}

    @cached_property
    def network(self) -> networkx.MultiDiGraph[str]:
        """The graph for networkx: entities are nodes with a `type`; each triple is an edge with `relation` and
        `evidence_id`, and with `start`, `end` and `confidence` where they are known."""
        import networkx

        network: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
        network.add_nodes_from((name, {"type": self.types[name]}) for name in self.entities)
        for triple in self.triples:
            more: dict[str, float] = {}
            if triple.span is not None:
                more |= {"start": triple.span[0], "end": triple.span[1]}
            if triple.confidence is not None:
                more["confidence"] = triple.confidence
            network.add_edge(triple.head, triple.tail, relation=triple.relation, evidence_id=triple.evidence_id, **more)
        return network

    @cached_property
    def types(self) -> Mapping[str, str]:
        """Each entity's type: the most frequent that its triples give, then the first by alphabet; empty if none."""
        counts: dict[str, dict[str, int]] = {name: {} for name in self.entities}
        for triple in self.triples:
            for name, kind in ((triple.head, triple.head_type), (triple.tail, triple.tail_type)):
                if kind:
                    counts[name][kind] = counts[name].get(kind, 0) + 1
        return {name: min(found, key=lambda kind: (-found[kind], kind), default="") for name, found in counts.items()}


_ARTICLE = re.compile(r"^(?:the|a|an)\s+")
# Quotes, brackets and sentence marks only: `C++`, `F#`, `5%`, `$5`, `-40` and `.NET` keep what tells them apart.
_OPENING = re.compile(r"""^(?:["'`´‘’‚“”„«»‹›()\[\]{}*_,;:!?…\s]+|[-–—•]\s+)""")
_CLOSING = re.compile(r"""["'`´‘’‚“”„«»‹›()\[\]{}*_.,;:!?…\s–—-]+$""")


def normal_form(name: str) -> str:
    """The key under which names are the same: case, compatibility forms (Unicode NFKC), an opening article, outer
    quotes, brackets and sentence marks, and spacing aside.

    Never empty for a name that is not blank, and a fixed point: `normal_form(normal_form(x)) == normal_form(x)`.
    """
    form = name
    while True:
        if form.isascii():  # which the compatibility forms leave as it is
            plain = " ".join(form.casefold().split())
        else:
            plain = " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", form).casefold()).split())
        bare = _ARTICLE.sub("", _CLOSING.sub("", _OPENING.sub("", plain))) or plain
        if bare == form:
            return bare
        form = bare


# Han and kana stand without spaces between words, so each character counts as one. The signs tell C from C++.
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|[+#%&°$€£]")


def words(text: str) -> list[str]:
    """The words of `text` as entities are matched against them; hyphens, dots and other punctuation part words."""
    return [match.group() for match in spans(text)]


def spans(text: str) -> Iterator[re.Match[str]]:
    """The same as `words`, with their places."""
    return _WORD.finditer(text)
