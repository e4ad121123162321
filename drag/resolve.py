"""The graph of a pack with its entities resolved, and what a person decided about them, which the pack keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drag.pack import Pack, PackWriter
from graphs.resolve import Resolution, resolve
from graphs.resolve_rules import Rules

if TYPE_CHECKING:
    from drag.types import Evidence

DECISIONS = "merges"
"""The key of the pack's meta table that holds the rules."""


def decided(pack: Pack) -> Rules:
    """The merges that a person confirmed or forbade, as the pack holds them. Raises `GraphError` if they are broken."""
    return Rules.of(pack.meta().get(DECISIONS))


def decide(path: Path, change: Callable[[Rules], Rules]) -> Rules:
    """Change what the pack at `path` holds of that, and give it back.

    Raises `PackError` where there is no pack or it is being written, `GraphError` for rules that contradict each other.
    """
    with Pack(path):  # a writer would make the file
        pass
    with PackWriter(path) as writer:
        rules = change(Rules.of(writer.meta(DECISIONS)))
        writer.set_meta(**{DECISIONS: rules.record()})
    return rules


def resolve_pack(
    pack: Pack,
    *,
    rules: Rules | None = None,
    encode: Callable[[Sequence[str]], Any] | None = None,
    evidence_ids: Sequence[str] | None = None,
) -> Resolution:
    """Resolve the triples of the pack, or of some of its evidence, by its own rules and by `rules` on top of them.

    What is one document is one neighbourhood for short names, and so is what a question keeps of its own evidence.
    The triples of the pack are never changed: this is worked out from all of them each time, so that it does not matter
    in which order they came.
    """
    places: dict[str, str] = {}
    for question, kept in sorted(pack.evidence_of_questions([one.id for one in pack.questions()]).items()):
        for key in kept:
            places.setdefault(key, f"question {question}")
    titles: dict[str, str] = {}
    pieces = pack.evidence_rows() if evidence_ids is None else pack.evidence(evidence_ids)
    for piece in pieces:
        if piece.title:
            titles[piece.id] = piece.title
        document = document_of(piece)
        if document and piece.id not in places:
            places[piece.id] = document
    return resolve(
        pack.facts(evidence_ids),
        documents=places,
        titles=titles,
        rules=decided(pack) + (rules or Rules()),
        encode=encode,
    )


def document_of(piece: Evidence) -> str:
    """The id of the document that a piece of evidence was cut from; empty for a teacher's."""
    kind, _, rest = piece.source.partition(":")
    return rest.partition("#")[0] if kind == "document" else ""
