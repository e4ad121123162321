"""What a search found, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from drag.dates import Period
from drag.errors import ConfigError
from drag.settings import Retrieve
from drag.types import Evidence

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

Stage = Literal["words", "dense", "question", "names", "graph", "dates", "people", "reranker"]
STAGES: tuple[Stage, ...] = (
    "words",
    "dense",
    "question",
    "names",
    "graph",
    "dates",
    "people",
    "reranker",
)


@dataclass(slots=True)
class Candidate:
    """A piece of evidence while it is being looked at.

    `signals` holds what each stage measured (BM25, cosine, shares), `parts` what that adds to the score, `why` says in
    words which name or date brought it.
    """

    id: str
    signals: dict[str, float] = field(default_factory=dict[str, float])
    parts: dict[str, float] = field(default_factory=dict[str, float])
    why: list[str] = field(default_factory=list[str])

    @property
    def score(self) -> float:
        """The sum of the parts."""
        return sum(self.parts.values())


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of evidence that was found: its place from 1, its score, and what each stage had to do with it."""

    evidence: Evidence
    rank: int
    score: float
    signals: Mapping[str, float]
    parts: Mapping[str, float]
    ranks: Mapping[str, int]
    """By stage: its place among what that stage judged, from 1."""
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """One search: what was understood of the question, and what was found, the best first."""

    question: str
    found: tuple[Found, ...]
    names: tuple[str, ...] = ()
    periods: tuple[Period, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict[str, float])
    """How long each part took: `embed`, and `search`, a part of which goes on beside it."""
    vector: NDArray[numpy.float32] | None = field(default=None, repr=False, compare=False)
    """The question's, of length 1; None where no stage needed it."""


def without_stages(settings: Retrieve, stages: Sequence[str]) -> Retrieve:
    """The settings with these stages switched off. Raises `ConfigError` for a stage that there is not."""
    unknown = [one for one in stages if one not in STAGES]
    if unknown:
        raise ConfigError(f"'{unknown[0]}' is not a stage of retrieval: {', '.join(STAGES)}")
    off = {one: "" if one == "reranker" else 0.0 for one in stages}
    return settings.model_copy(update=off)
