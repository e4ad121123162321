"""Triples, and the graph that they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from graphs.errors import GraphError

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True, slots=True)
class Triple:
    """A directed fact: `head` stands in `relation` to `tail`, as the evidence with `evidence_id` says."""

    head: str
    relation: str
    tail: str
    evidence_id: str = ""

    def __post_init__(self) -> None:
        for part in ("head", "relation", "tail"):
            if not getattr(self, part).strip():
                raise GraphError(f"a triple needs a {part}")


class KnowledgeGraph:
    """An ordered set of triples. The triples are the truth; `network` is derived from them.

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
    def network(self) -> networkx.MultiDiGraph[str]:
        """The graph for networkx: entities are nodes; each triple is an edge with `relation` and `evidence_id`."""
        import networkx

        network: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
        network.add_nodes_from(self.entities)
        for triple in self.triples:
            network.add_edge(triple.head, triple.tail, relation=triple.relation, evidence_id=triple.evidence_id)
        return network


_ARTICLE = re.compile(r"^(?:the|a|an)\s+", re.IGNORECASE)
_EDGE = re.compile(r"^[\W_]+|[\W_]+$")


def normal_form(name: str) -> str:
    """The key under which names are the same: case, an opening article, outer punctuation and spacing aside."""
    plain = _EDGE.sub("", _ARTICLE.sub("", " ".join(name.split())))
    return plain.casefold() or name.strip().casefold()
