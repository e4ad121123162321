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
    """

    __slots__ = ("__dict__", "triples")

    def __init__(self, triples: Iterable[Triple] = ()) -> None:
        self.triples: tuple[Triple, ...] = tuple(dict.fromkeys(triples))

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
        """Normal form → the entities written that way, in graph order. One each, when the triples were merged."""
        found: dict[str, list[str]] = {}
        for entity in self.entities:
            found.setdefault(normal_form(entity), []).append(entity)
        return {key: tuple(entities) for key, entities in found.items()}

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
        """The graph for networkx: entities are nodes; each triple is an edge with `relation` and `evidence_id`."""
        import networkx

        network: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
        network.add_nodes_from(self.entities)
        for triple in self.triples:
            network.add_edge(triple.head, triple.tail, relation=triple.relation, evidence_id=triple.evidence_id)
        return network


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
