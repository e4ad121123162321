"""Extraction held to an ontology, in two steps: names and signs propose triples, a language model judges each.

A judgement is one likelihood, of a Yes after the text and the fact: a small model is better at saying whether a fact
is stated than at writing it down, and nothing that it says can bring in a name that the text does not have.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from drag.errors import DragError, ReplyError
from drag.protocols import ScoringModel
from drag.types import Evidence, Message, Prompt
from graphs import Triple
from graphs.candidates import Candidate
from graphs.held import proposed, triple_of
from graphs.ontology import Ontology, tail_type

# The least probability of a Yes, by how the words speak for a candidate (`Candidate.sign`); without any sign nothing
# is asked, for that would be ten questions for one right triple. Tuned (docs/experiments-graphs.md).
LEAST: Final[dict[int, float]] = {3: 0.5, 2: 0.7, 1: 0.9}

JUDGE: Final = "judge-triple@1"
"""Name and version of the prompt."""

_YES: Final = "Yes"
_TASK: Final = (
    "You check facts against a text. Say Yes if the text states the fact of what it is about. Say No if it does not, "
    "if it says it of something else, or if it states another relation."
)
# Made-up names, so that nothing of them can be known by heart.
_TEXT: Final = "Silver Harbour is a 1987 drama film directed by Arden Vale, based on a novel by Oskar Prine."
_EXAMPLES: Final = (("director", "human", "Arden Vale", "Yes"), ("director", "human", "Oskar Prine", "No"))


class JudgedExtractor:
    """An `Extractor` that proposes triples by the words of a text and keeps those that `model` takes for stated.

    `nlp` is a spaCy pipeline with a parser and an entity recogniser, for English. A piece of which nothing is kept
    gives a `ReplyError`: an empty list would look as if there were nothing in it.
    """

    def __init__(self, model: ScoringModel, ontology: Ontology, nlp: Any) -> None:
        self._model = model
        self._ontology = ontology
        self._nlp = nlp

    def extract(self, evidence: Sequence[Evidence]) -> list[list[Triple] | DragError]:
        """See `Extractor.extract`."""
        return [self._one(one) for one in evidence]

    def _one(self, evidence: Evidence) -> list[Triple] | DragError:
        try:
            found = list(self._judged(evidence))
        except DragError as error:
            return error
        return found or ReplyError("nothing in the text fits the ontology and is held to be stated")

    def _judged(self, evidence: Evidence) -> Iterator[Triple]:
        for one in proposed(self._nlp(evidence.text), self._ontology, evidence.title):
            if one.sign not in LEAST:
                continue
            (likelihood,) = self._model.score(judgement(evidence, one), [_YES])
            sure = math.exp(min(0.0, likelihood.total))
            if sure >= LEAST[one.sign]:
                yield triple_of(one, evidence.id, round(sure, 3))


def judgement(evidence: Evidence, candidate: Candidate) -> Prompt:
    """Ask whether a text states a fact. All facts of a text share the prompt up to their own words."""
    fact = _fact(candidate.relation.name, tail_type(candidate.relation), candidate.tail)
    asked = [Message("system", _TASK)]
    for relation, kind, tail, answer in _EXAMPLES:
        asked += [
            Message("user", _asked(_TEXT, "Silver Harbour", _fact(relation, kind, tail))),
            Message("assistant", answer),
        ]
    asked.append(Message("user", _asked(evidence.titled, candidate.head, fact)))
    return Prompt(JUDGE, tuple(asked), max_tokens=1)


def _asked(text: str, head: str, fact: str) -> str:
    return f"Text: {text}\nAbout: {head}\nFact: {fact}"


def _fact(relation: str, kind: str, tail: str) -> str:
    return f"{relation}{f' ({kind})' if kind else ''}: {tail}"
