"""What of a context stands in a student's prompt, and in which order: as the student's profile says."""

from __future__ import annotations

from dataclasses import dataclass

from drag.profiles import Profile
from drag.protocols import Embedder
from drag.trim import trimmed
from drag.types import Context
from graphs import verbalise


@dataclass(frozen=True, slots=True)
class Shown:
    """The texts of the evidence in the order of the prompt, and the verbalised triples.

    `numbers` holds the place of each text in the context, from 1: that is how the prompt numbers it, so that a
    citation means the same piece in whatever order they stand.
    """

    texts: tuple[str, ...]
    numbers: tuple[int, ...]
    facts: tuple[str, ...]

    def alone(self) -> list[Shown]:
        """Each text by itself, with the facts: the best first."""
        pairs = sorted(zip(self.numbers, self.texts, strict=True))
        return [Shown((text,), (number,), self.facts) for number, text in pairs]


def shown(question: str, context: Context, profile: Profile, embedder: Embedder | None = None) -> Shown:
    """What a student with this `profile` reads of a `context`; an `embedder` helps to cut it to what bears on it."""
    evidence = context.evidence
    texts = trimmed(question, evidence, embedder) if profile.trim == "sentences" else [one.titled for one in evidence]
    pairs = list(enumerate(texts, 1))
    if profile.order == "best-last":
        pairs.reverse()
    return Shown(
        tuple(text for _, text in pairs), tuple(number for number, _ in pairs), tuple(verbalise(context.graph))
    )
