"""The second hop: from the pieces that were found first, along the names in them, to what those names are about.

A walk of one step from evidence over entities to evidence, from a few seeds: it costs the same in a pack of a million
pieces. Directed: a name leads to the document about it. The undirected walk of HippoRAG (personalised PageRank over
all that mentions it) finds less on development data (docs/experiments-search.md), for it comes back to the seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drag.pack import Pack
from drag.retrieve.names import Name, names_in
from drag.types import Evidence


@dataclass(frozen=True, slots=True)
class Link:
    """A document that is named in a piece of evidence: the ids of its first pieces, and how strongly it is meant."""

    pieces: tuple[str, ...]
    strength: float
    name: str
    source: str
    """The id of the piece that names it."""


def links(pack: Pack, seeds: Sequence[Evidence], scores: Mapping[str, float], known: Sequence[Name]) -> list[Link]:
    """Where the names in `seeds` lead, each document once, by its strongest link.

    The strength, in (0, 1], is the seed's score as a share of the best seed's, divided among namesakes. What the
    question names itself (`known`) and the seeds' own documents are left out.
    """
    best = max((scores[one.id] for one in seeds), default=0.0)
    if best <= 0:
        return []
    there = {pieces for name in known for pieces in name.documents}
    strongest: dict[tuple[str, ...], Link] = {}
    for seed, names in zip(seeds, names_in(pack, [one.text for one in seeds]), strict=True):
        for name in names:
            for pieces in name.documents:
                if not pieces or pieces in there or seed.id in pieces:
                    continue
                strength = max(0.0, scores[seed.id]) / best / len(name.documents)
                if pieces not in strongest or strength > strongest[pieces].strength:
                    strongest[pieces] = Link(pieces, strength, name.text, seed.id)
    return sorted(strongest.values(), key=lambda one: -one.strength)


def document_of(evidence: Evidence) -> str:
    """The id of the document that evidence is from; its own id where it is from none."""
    if not evidence.source.startswith("document:"):
        return evidence.id
    return evidence.source.removeprefix("document:").rpartition("#")[0] or evidence.id
