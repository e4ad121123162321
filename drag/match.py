"""How near each option of a question comes to what the evidence says, by meaning. The student is not asked.

Evidence often names an answer in other words than the option that means it: "agriculture" for "food production". The
likelihood of a text hardly feels that in a student of 135M weights; the cosine of two sentence embeddings does, and
the embedder is on the device anyway, for the search. So a profile can have both:

    weight(option) = log share by the rule + match · max over segments s of cos(option, s)

A segment is a sentence of the evidence or a verbalised triple. In "Which gas …? Oxygen; nitrogen", what a teacher
stated as the answer, the question itself is none (every option is near it), and each candidate is one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy

from drag.choose import Choice, chosen
from drag.protocols import Embedder
from drag.shown import Shown
from drag.trim import sentences_of
from drag.types import Question

WEIGHT = 10.0
"""In nats a unit of cosine: what `--calibrate` tries. From 8 to 16 it chose alike on development data."""

_PARTS = re.compile(r";\s+")


def segments(question: str, given: Shown) -> list[str]:
    """What of the evidence and the triples is compared with an option, each once."""
    found: dict[str, None] = {}
    for text in given.texts:
        told = " ".join(text.split())
        asked = " ".join(question.split())
        if told.casefold().startswith(asked.casefold()):
            told = told[len(asked) :].strip()
        for sentence in sentences_of(told):
            found |= dict.fromkeys(part for part in _PARTS.split(sentence) if part)
    return list(found | dict.fromkeys(given.facts))


def matches(question: Question, given: Shown, embedder: Embedder) -> list[float]:
    """For each option its best cosine to a segment, in [-1, 1]; all 0 where there is nothing to compare with."""
    said = segments(question.text, given)
    if not said:
        return [0.0] * len(question.choices)
    vectors = numpy.asarray(embedder.encode([*question.choices, *said], normalize_embeddings=True), numpy.float32)
    options, others = vectors[: len(question.choices)], vectors[len(question.choices) :]
    return [float(best) for best in (options @ others.T).max(axis=1)]


def matched(made: Choice, weight: float, found: Sequence[float]) -> Choice:
    """`made` with the cosines that were `found` for its options; `weight` is in nats a unit of cosine."""
    return chosen(
        [math.log(max(share, 1e-300)) + weight * one for share, one in zip(made.shares, found, strict=True)], made.usage
    )
