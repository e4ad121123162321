"""The student's turn: a question and a context to an answer with citations."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from drag import prompts
from drag.choose import Choice
from drag.confidence import (
    DEFAULT,
    EMPTY,
    Calibration,
    answerable_features,
    confidence_features,
    grounded_features,
    probability,
)
from drag.errors import DragError
from drag.profiles import Profile, profile_of
from drag.prompts import Style
from drag.protocols import Embedder, LanguageModel, OnText, ScoringModel
from drag.quote import quote
from drag.read_each import Fused, answer_each, choose_shown
from drag.settings import Ask
from drag.shown import shown
from drag.types import Answer, Citation, Context, Evidence, Question
from graphs import verbalise

SMALL = 1_000_000_000
"""Weights of fewer bytes than this are a small student: about a billion parameters at the usual quantisation."""

# Half of an answer's own words have to stand in the evidence before it is named as the source.
_SUPPORT = 0.5

_WORD = re.compile(r"\w+")


def style_of(model: LanguageModel, profile: Profile | None = None) -> Style:
    """How a model is prompted: as its profile says (with `profile_of`, also the settings), else `plain` if it is small.

    Without a `profile` its own is looked up. Raises `ConfigError` if the user's file of profiles cannot be read.
    """
    profile = profile_of(model) if profile is None else profile
    if profile.style != "auto":
        return profile.style
    size: int | None = getattr(model, "weights_bytes", None)
    return "plain" if size is not None and size < SMALL else "instructed"


def calibration_of(settings: Ask) -> Calibration:
    """The calibration that the settings name, with their threshold. Raises `ConfigError` if it cannot be read."""
    chosen = Calibration.load(settings.calibration) if settings.calibration else DEFAULT
    return chosen if settings.threshold is None else replace(chosen, threshold=settings.threshold)


def answer(
    student: LanguageModel,
    question: Question,
    context: Context,
    *,
    style: Style,
    max_tokens: int = 64,
    on_text: OnText | None = None,
    calibration: Calibration = DEFAULT,
    profile: Profile | None = None,
    every_signal: bool = False,
    embedder: Embedder | None = None,
) -> Answer:
    """Ask the student. Raises `ModelError` if it fails.

    How likely the answer is without the evidence is looked at only where the calibration gives that a weight, or with
    `every_signal`: it costs a second reading of the question.

    The student's `profile` says in which order it reads the evidence, whether together or each piece alone (then
    `on_text` gets the answer at once), whether whole or cut to what bears on the question, and whether it writes its
    answer or quotes it (at once, too). For the last three an `embedder` is of use.

    A question with choices is answered by one of them, by the rule of the profile, where the student can score; by
    default the one whose text is the most likely per token: small students pick letters at random. Any other is not
    put to the student at all when what was found for it is unlikely to carry an answer: it would make one up.
    """
    profile = profile or Profile()
    scoring = student if question.choices and isinstance(student, ScoringModel) else None
    read = [*(one.titled for one in context.evidence), *verbalise(context.graph)]
    answerable = None
    if context.cosine is not None and read and not question.choices:
        answerable = probability(calibration.answerable, answerable_features(question.text, read, [context.cosine]))
        if answerable < calibration.threshold:
            return Answer(question, prompts.ABSTENTION, (), True, answerable, context=context, answerable=answerable)
    given = shown(question.text, context, profile, embedder)
    if scoring is not None:
        made = choose_shown(scoring, question, given, style=style, profile=profile, embedder=embedder)
        return _chosen(question, context, made)
    said = None
    if profile.reply == "quoted" and isinstance(student, ScoringModel):
        said = quote(student, question, given, context.evidence, style=style, max_tokens=max_tokens, embedder=embedder)
    if said is not None:
        text, cited, abstained = said.text, [Citation(said.number, context.evidence[said.number - 1], "quote")], False
        logprob, usage = said.logprob, said.usage
        if on_text is not None:
            on_text(text)
    elif profile.reading == "each" and len(given.texts) > 1:
        fused = answer_each(student, question, given, style=style, max_tokens=max_tokens, embedder=embedder)
        text, cited, abstained = fused.text, _cited_alone(fused, question, context), fused.abstained
        logprob, usage = fused.logprob, fused.usage
        if on_text is not None:
            on_text(text)
    else:
        prompt = prompts.answer(question, given.texts, given.facts, style, max_tokens, numbers=given.numbers)
        (reply,) = student.generate([prompt], on_text=on_text)
        if isinstance(reply, DragError):
            raise reply
        text, numbers, abstained = prompts.parse_answer(reply.text, len(context.evidence))
        cited = [Citation(number, context.evidence[number - 1], "model") for number in numbers]
        if not cited and not abstained:
            cited = support(text, question.text, context.evidence)
        logprob, usage = reply.logprob, reply.usage
    confidence = None if logprob is None else math.exp(logprob)
    signals: dict[str, float] = {}
    if answerable is not None and logprob is not None and not abstained:
        grounded = probability(calibration.grounded, grounded_features(question.text, read, text))
        wanted = every_signal or calibration.confidence.get("gain", 0.0) != 0
        alone = _alone(student, question, text, style, max_tokens) if wanted else None
        signals = confidence_features(answerable, grounded, logprob, alone)
        confidence = probability(calibration.confidence, signals)
    return Answer(question, text, tuple(cited), abstained, confidence, usage, context, answerable, signals)


def _cited_alone(fused: Fused, question: Question, context: Context) -> list[Citation]:
    """The pieces that gave the answer, as far as its words stand in them: what was made up has no source."""
    return [
        replace(one, number=number)
        for number in fused.numbers
        for one in support(fused.text, question.text, [context.evidence[number - 1]])
    ]


def _alone(student: LanguageModel, question: Question, text: str, style: Style, max_tokens: int) -> float | None:
    """The mean log probability of `text` as the answer to the bare question; None where the student cannot score."""
    if not text or not isinstance(student, ScoringModel):
        return None
    (likelihood,) = student.score(prompts.answer(question, [], [], style, max_tokens), [text])
    return likelihood.mean


def _chosen(question: Question, context: Context, made: Choice) -> Answer:
    place = made.place or 0
    text = question.choices[place]
    # Among the given choices: what the student makes of those that were not chosen is part of its confidence.
    share = made.shares[place]
    return Answer(
        question, text, tuple(support(text, question.text, context.evidence)), False, share, made.usage, context
    )


def support(text: str, question: str, evidence: Sequence[Evidence]) -> list[Citation]:
    """The evidence in which the answer's own words stand: those it does not share with the question.

    Greedy cover: the piece that holds most of the words, then the one that holds most of the rest, as long as one
    adds a word. Nothing is cited where less than half of the words are found.
    """
    own = {word for word in _words(text) if word not in _words(question)} or _words(text)
    held = [own & _words(one.text) for one in evidence]
    covered: set[str] = set()
    cited: list[Citation] = []
    while held:
        best = max(range(len(held)), key=lambda place: (len(held[place] - covered), -place))
        if not held[best] - covered:
            break
        covered |= held[best]
        cited.append(Citation(best + 1, evidence[best], "overlap"))
    return sorted(cited, key=lambda one: one.number) if own and len(covered) >= _SUPPORT * len(own) else []


def _words(text: str) -> set[str]:
    return {word for word in _WORD.findall(text.casefold()) if word not in EMPTY}
