"""How near each option of a question comes to what the evidence says, by meaning. The student is not asked.

Evidence often names an answer in other words than the option that means it: "agriculture" for "food production". The
likelihood of a text hardly feels that in a student of 135M weights; the cosine of two sentence embeddings does, and
the embedder is on the device anyway, for the search. So a profile can have both:

    weight(option) = log share by the rule + match · max over segments s of g(s) · cos(option, s)

A segment is a sentence of the evidence or a verbalised triple. In "Which gas …? Oxygen; nitrogen", what a teacher
stated as the answer, the question itself is none (every option is near it), and each candidate is one.

What was found for want of anything better has no say: g rises from 0 to 1 as the cosine between the question and the
piece, of triples the nearest of them, goes from `FAR` to `NEAR`.
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


FAR, NEAR = 0.3, 0.5
"""Cosines to the question: what the other questions of a subject bring lies below, other wordings far above
(docs/experiments.md)."""


def segments(question: str, given: Shown) -> dict[str, int | None]:
    """What of the evidence and the triples is compared with an option, each once, and the place of its piece; a triple
    has none.
    """
    found: dict[str, int | None] = {}
    for place, text in enumerate(given.texts):
        told = " ".join(text.split())
        asked = " ".join(question.split())
        if told.casefold().startswith(asked.casefold()):
            told = told[len(asked) :].strip()
        for sentence in sentences_of(told):
            for part in filter(None, _PARTS.split(sentence)):
                found.setdefault(part, place)
    return found | {fact: None for fact in given.facts if fact not in found}


def matches(question: Question, given: Shown, embedder: Embedder) -> list[float]:
    """For each option its best weighed cosine to a segment, in [-1, 1]; all 0 where nothing is to be compared."""
    said = segments(question.text, given)
    if not said:
        return [0.0] * len(question.choices)
    groups = [[question.text], question.choices, list(said), given.texts, given.facts]
    # A triple is compared with the options and with the question: each text is embedded once.
    texts = list(dict.fromkeys(text for group in groups for text in group))
    vectors = numpy.asarray(embedder.encode(texts, normalize_embeddings=True), numpy.float32)
    place_of = {text: place for place, text in enumerate(texts)}
    asked, options, others, *read = (vectors[[place_of[text] for text in group]] for group in groups)
    pieces, facts = (((one @ asked[0] - FAR) / (NEAR - FAR)).clip(0, 1) for one in read)
    counts = [facts.max() if place is None else pieces[place] for place in said.values()]
    return [float(best) for best in (options @ others.T * numpy.asarray(counts, numpy.float32)).max(axis=1)]


def matched(made: Choice, weight: float, found: Sequence[float]) -> Choice:
    """`made` with the cosines that were `found` for its options; `weight` is in nats a unit of cosine."""
    return chosen(
        [math.log(max(share, 1e-300)) + weight * one for share, one in zip(made.shares, found, strict=True)], made.usage
    )
