"""An answer quoted from the evidence: the sentence, in a chat the message, that the student would begin to say.

    weight(s) = log P(opening of s | prompt) + NEAR · cosine(question, s)

A student that was trained to quote (the adapter `reader`) decides by its first words what it says; the rest is copied.
Left alone it prefers what stands last in its prompt. The embedder of the search has no such habit, but does not know
who is asked about; together they were right most often (docs/experiments.md, "A student that is trained to read").
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from drag import prompts
from drag.choose import Reading, usage_of
from drag.prompts import Style
from drag.protocols import Embedder, ScoringModel
from drag.rank import SimilarityRanker
from drag.shown import Shown
from drag.trim import chat_lines, sentences_of
from drag.types import Evidence, Question, Usage

NEAR = 10.0
"""Nats a unit of cosine, as `match` weighs the options of a question (see `drag.match`)."""

OPENING = 70
"""Characters of a sentence, in whole words, whose likelihood is looked at."""

MOST = 12
"""Sentences that the student weighs; of more, the nearest to the question."""

# An emoji is several tokens, none of which is a character: forcing them costs a request each.
_SYMBOL = re.compile("[^\\x00-\\u2fff]")


@dataclass(frozen=True, slots=True)
class Quoted:
    """A sentence of the evidence, the number of its piece from 1, and what it cost to choose it.

    `logprob` is the mean of the natural-log probabilities of its opening's tokens.
    """

    text: str
    number: int
    logprob: float
    usage: Usage


def sentences_shown(given: Shown, evidence: Sequence[Evidence]) -> dict[str, int]:
    """What can be quoted, each text once, and the number of its piece: the sentences without titles, of a chat the
    messages with who wrote them.
    """
    found: dict[str, int] = {}
    for text, number in zip(given.texts, given.numbers, strict=True):
        untitled = text.removeprefix(f"{evidence[number - 1].title}: ")
        for one in chat_lines(untitled) or sentences_of(untitled):
            if one.strip():
                found.setdefault(one.strip(), number)
    return found


def opening(text: str) -> str:
    """The first words of a sentence: at most `OPENING` characters, and none behind an emoji; never nothing."""
    before = _SYMBOL.split(text, maxsplit=1)[0].strip()
    if len(before) > OPENING:
        before = before[:OPENING].rpartition(" ")[0]
    return before or text


def quote(
    student: ScoringModel,
    question: Question,
    given: Shown,
    evidence: Sequence[Evidence],
    *,
    style: Style,
    max_tokens: int,
    embedder: Embedder | None = None,
) -> Quoted | None:
    """The sentence of what is `given` that the student would say, weighed with the `embedder` where there is one.

    None where there is nothing to quote. Raises `ModelError` if the student fails.
    """
    started = time.perf_counter()
    numbers = sentences_shown(given, evidence)
    texts = list(numbers)
    if not texts:
        return None
    cosines = [0.0] * len(texts)
    if embedder is not None:
        cosines = [cosine or 0.0 for cosine in SimilarityRanker(embedder).score(question.text, texts)]
    order = sorted(range(len(texts)), key=lambda place: -cosines[place])[:MOST]
    prompt = prompts.answer(question, given.texts, given.facts, style, max_tokens, numbers=given.numbers)
    read = Reading(prompt, tuple(opening(texts[place]) for place in order))
    likelihoods = student.score(prompt, read.continuations)
    weights = [one.total + NEAR * cosines[place] for place, one in zip(order, likelihoods, strict=True)]
    best = max(range(len(order)), key=lambda one: (weights[one], -one))
    text = texts[order[best]]
    usage = usage_of(student, [read], time.perf_counter() - started)
    return Quoted(text, numbers[text], likelihoods[best].mean, usage)
