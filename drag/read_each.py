"""Each piece of evidence read alone, and the answers fused: what one piece says cannot be taken for another's.

With everything in one prompt a small student takes all of it to be about the question. Read apart, the pieces are
mixed by how near they are to it, as REPLUG does (Shi et al., NAACL 2024, equation 2):

    P(answer | question) = Σ w_i · P(answer | piece i, question),    w = softmax(s),    s_i = cosine_i / TEMPERATURE

REPLUG mixes token by token; here whole options are mixed, or whole candidates: what the student says to each piece.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from drag import prompts
from drag.choose import Choice, Reading, Remembering, choose, chosen, readings, usage_of, weigh
from drag.errors import DragError
from drag.lexical import plain
from drag.match import matched, matches
from drag.profiles import Profile, Style
from drag.protocols import Embedder, LanguageModel, ScoringModel
from drag.rank import SimilarityRanker
from drag.shown import Shown
from drag.types import Question, Reply, Usage
from graphs.triple import words

TEMPERATURE = 0.1
"""Cosines of pieces that a search found lie within some 0.2 of each other: as they are, all would weigh the same."""


@dataclass(frozen=True, slots=True)
class Fused:
    """An answer made from several: its text, the numbers of the pieces that gave it, and its log probability.

    `logprob` is the mean of its tokens' natural-log probabilities after the piece that gave it, None where the model
    does not tell. It `abstained` where every piece did.
    """

    text: str
    numbers: tuple[int, ...]
    abstained: bool
    logprob: float | None
    usage: Usage


def piece_weights(question: str, given: Shown, embedder: Embedder | None = None) -> list[float]:
    """What each piece weighs, the best first, shares that sum to 1: by cosine, else 1 / rank."""
    ordered = given.alone()
    if embedder is None:
        scores = [-math.log(one.numbers[0]) for one in ordered]
    else:
        cosines = SimilarityRanker(embedder).score(question, [one.texts[0] for one in ordered])
        scores = [(cosine or 0.0) / TEMPERATURE for cosine in cosines]
    powers = [math.exp(score - max(scores)) for score in scores]
    return [power / sum(powers) for power in powers]


def readings_of_each(question: Question, given: Shown, style: Style, profile: Profile) -> list[list[Reading]]:
    """What a scoring model reads for each piece, the best first."""
    return [readings(question, one.texts, one.facts, style, profile) for one in given.alone()]


def choose_shown(
    model: ScoringModel,
    question: Question,
    given: Shown,
    *,
    style: Style,
    profile: Profile,
    embedder: Embedder | None = None,
) -> Choice:
    """Weigh the options after all that is shown, or after each piece, as the profile says. Raises as `choose_each`.

    With an `embedder` and a profile that matches, also by what they mean beside the evidence (see `drag.match`).
    """
    if profile.reading == "each" and len(given.texts) > 1:
        made = choose_each(model, question, given, style=style, profile=profile, embedder=embedder)
    else:
        made = choose(model, question, given.texts, given.facts, style=style, profile=profile)
    if embedder is not None and profile.match:
        made = matched(made, profile.match, matches(question, given, embedder))
    return made


def choose_each(
    model: ScoringModel,
    question: Question,
    given: Shown,
    *,
    style: Style,
    profile: Profile,
    embedder: Embedder | None = None,
) -> Choice:
    """Weigh the options after each piece alone, and mix their shares. Raises `ModelError` or `ConfigError`.

    What a rule reads without the evidence (the priors of `pmi` and `calibrated`) is read once.
    """
    started = time.perf_counter()
    remembering = Remembering(model)
    mixed = [0.0] * len(question.choices)
    each = readings_of_each(question, given, style, profile)
    for weight, read in zip(piece_weights(question.text, given, embedder), each, strict=True):
        weights = weigh(profile.rule, question.choices, remembering.score(read))
        shares = chosen(weights, Usage()).shares
        mixed = [old + weight * share for old, share in zip(mixed, shares, strict=True)]
    distinct = list(dict.fromkeys(one for read in each for one in read))
    usage = usage_of(model, distinct, time.perf_counter() - started)
    return chosen([math.log(max(share, 1e-300)) for share in mixed], usage)


def answer_each(
    model: LanguageModel,
    question: Question,
    given: Shown,
    *,
    style: Style,
    max_tokens: int,
    embedder: Embedder | None = None,
) -> Fused:
    """Ask after each piece alone, and fuse what is said. Raises `ModelError` if no piece could be read.

    Candidates that say the same, word for word, are one; what abstains is none. A model that can score weighs every
    candidate after every piece, by the geometric mean of its tokens' probabilities: longer answers are not worse.
    With any other the candidate wins to which the pieces of most weight came.
    """
    started = time.perf_counter()
    alone = given.alone()
    count = max(given.numbers)
    asked = [prompts.answer(question, one.texts, one.facts, style, max_tokens, numbers=one.numbers) for one in alone]
    told = model.generate(asked)
    replies = [reply for reply in told if isinstance(reply, Reply)]
    if not replies:
        raise next(reply for reply in told if isinstance(reply, DragError))
    usage = sum((reply.usage for reply in replies), Usage())
    said: dict[str, list[tuple[int, Reply, str]]] = {}
    for place, reply in enumerate(told):
        if isinstance(reply, Reply):
            text, _, abstained = prompts.parse_answer(reply.text, count)
            key = " ".join(words(plain(text)))
            if key and not abstained:
                said.setdefault(key, []).append((place, reply, text))
    if not said:
        return Fused(prompts.ABSTENTION, (), True, None, _timed(usage, started))
    weights = piece_weights(question.text, given, embedder)
    candidates = [each[0][2] for each in said.values()]
    if len(candidates) == 1 or not isinstance(model, ScoringModel):
        scores = [sum(weights[place] for place, _, _ in each) for each in said.values()]
    else:
        read = [Reading(prompt, tuple(candidates)) for prompt in asked]
        likely = [model.score(one.prompt, one.continuations) for one in read]
        usage += usage_of(model, read, 0.0)
        scores = [
            sum(weight * math.exp(after[place].mean) for weight, after in zip(weights, likely, strict=True))
            for place in range(len(candidates))
        ]
    best = max(range(len(candidates)), key=lambda place: (scores[place], -place))
    sources = list(said.values())[best]
    return Fused(
        candidates[best],
        tuple(alone[place].numbers[0] for place, _, _ in sources),
        False,
        sources[0][1].logprob,
        _timed(usage, started),
    )


def _timed(usage: Usage, started: float) -> Usage:
    """The same with the seconds since `started`: replies that were decoded together each count the whole time."""
    return Usage(usage.prompt_tokens, usage.completion_tokens, time.perf_counter() - started, usage.cost)
