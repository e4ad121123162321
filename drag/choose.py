"""Which option of a question a model holds to be right: by likelihood, and by several rules.

| rule | weight of an option o, higher is better |
|---|---|
| `mean` | log P(o, given the prompt) per token |
| `total` | log P(o, given the prompt) |
| `characters` | log P(o, given the prompt) per character |
| `pmi` | log P(o, given the prompt) − log P(o, given "Answer:"): DC-PMI (Holtzman et al., EMNLP 2021) |
| `calibrated` | log P(o, given the prompt) − log of the mean P(o, given the prompt with an empty question): contextual calibration (Zhao et al., ICML 2021) |
| `letters` | log of the mean share of its letter, over rotations that bring each option to each letter once |
| `none` | 0: the student is not asked; the match with the evidence decides alone (`drag.match`), as a control |

The empty question of `calibrated` comes without evidence: with it, what the evidence says would be taken away too.
"""  # noqa: E501 - a table row

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drag import choose_prompts, prompts
from drag.errors import ConfigError, DragError
from drag.profiles import Profile, Rule
from drag.prompts import Style
from drag.protocols import LanguageModel, ScoringModel
from drag.types import Likelihood, Prompt, Question, Usage


@dataclass(frozen=True, slots=True)
class Reading:
    """One prompt and the continuations that are weighed after it."""

    prompt: Prompt
    continuations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The place of the chosen option, from 0, and what the options got: shares in [0, 1] that sum to 1.

    `place` is None where a model that cannot score named no option.
    """

    place: int | None
    shares: tuple[float, ...]
    usage: Usage


def readings(
    question: Question, evidence: Sequence[str], facts: Sequence[str], style: Style, profile: Profile
) -> list[Reading]:
    """All that a scoring model has to read for the profile's rule. Raises `ConfigError` for a rule that cannot be."""
    if profile.rule == "none":
        return []
    if profile.rule == "letters":
        return _lettered(question, evidence, facts, style)
    main = prompts.answer(question, evidence, facts, style, 1, scored=True, show_options=profile.show_options)
    found = [Reading(main, question.choices)]
    if profile.rule == "pmi":
        found.append(Reading(choose_prompts.prior(), question.choices))
    if profile.rule == "calibrated":
        for text in choose_prompts.EMPTY:
            empty = Question(question.id, text, question.choices)
            prompt = prompts.answer(empty, (), (), style, 1, scored=True, show_options=profile.show_options)
            found.append(Reading(prompt, question.choices))
    return found


def _lettered(question: Question, evidence: Sequence[str], facts: Sequence[str], style: Style) -> list[Reading]:
    count = len(question.choices)
    if count > len(choose_prompts.LETTERS):
        raise ConfigError(f"{count} choices have no letters: another rule is needed")
    found: list[Reading] = []
    for shift in range(count):
        options = (*question.choices[shift:], *question.choices[:shift])
        prompt = choose_prompts.by_letter(question.text, options, evidence, facts, style)
        found.append(Reading(prompt, tuple(choose_prompts.LETTERS[:count])))
    return found


def weigh(rule: Rule, choices: Sequence[str], found: Sequence[Sequence[Likelihood]]) -> list[float]:
    """The weight of each option from the likelihoods of `readings`, in their order."""
    if rule == "none":
        return [0.0] * len(choices)
    main = found[0]
    if rule == "mean":
        return [one.mean for one in main]
    if rule == "characters":
        return [one.total / max(1, len(text)) for one, text in zip(main, choices, strict=True)]
    if rule == "letters":
        # Rotation s shows option i at letter (i - s); each rotation's letters are shares of one.
        count = len(choices)
        by_rotation = [_shares([one.total for one in letters]) for letters in found]
        means = [sum(by_rotation[s][(i - s) % count] for s in range(count)) / count for i in range(count)]
        return [math.log(max(mean, 1e-300)) for mean in means]
    if rule == "total":
        return [one.total for one in main]
    others = found[1:]
    priors = [_log_mean([other[place].total for other in others]) for place in range(len(choices))]
    return [one.total - prior for one, prior in zip(main, priors, strict=True)]


def choose(
    model: ScoringModel,
    question: Question,
    evidence: Sequence[str],
    facts: Sequence[str],
    *,
    style: Style,
    profile: Profile,
) -> Choice:
    """Weigh the options; the first of the best is chosen. Raises `ModelError` or `ConfigError`.

    The usage counts the tokens of every prompt once, without the marks of the chat template, and of its continuations.
    """
    started = time.perf_counter()
    read = readings(question, evidence, facts, style, profile)
    weights = weigh(profile.rule, question.choices, [model.score(one.prompt, one.continuations) for one in read])
    return chosen(weights, usage_of(model, read, time.perf_counter() - started))


def usage_of(model: LanguageModel, read: Sequence[Reading], seconds: float) -> Usage:
    """The tokens of every prompt once, without the marks of the chat template, and of its continuations."""
    return Usage(
        sum(model.count_tokens(message.content) for one in read for message in one.prompt.messages),
        sum(model.count_tokens(text) for one in read for text in one.continuations),
        seconds,
    )


def choose_by_reply(
    model: LanguageModel, question: Question, evidence: Sequence[str], facts: Sequence[str], style: Style
) -> Choice:
    """Let a model that cannot score say the letter. Raises `ModelError` if it fails."""
    prompt = choose_prompts.by_letter(question.text, question.choices, evidence, facts, style)
    (reply,) = model.generate([prompt])
    if isinstance(reply, DragError):
        raise reply
    place = choose_prompts.parse_letter(reply.text, question.choices)
    return Choice(place, tuple(float(i == place) for i in range(len(question.choices))), reply.usage)


def chosen(weights: Sequence[float], usage: Usage) -> Choice:
    """The choice that the weights make; a tie goes to the first."""
    best = max(range(len(weights)), key=lambda place: (weights[place], -place))
    return Choice(best, tuple(_shares(weights)), usage)


class Remembering:
    """Likelihoods, each measured once: several rules read the same prompts."""

    def __init__(self, model: ScoringModel) -> None:
        self._model = model
        self._known: dict[Reading, list[Likelihood]] = {}

    def score(self, read: Sequence[Reading]) -> list[list[Likelihood]]:
        """The likelihoods of each reading, in its order."""
        for one in read:
            if one not in self._known:
                self._known[one] = self._model.score(one.prompt, one.continuations)
        return [self._known[one] for one in read]


def described(profile: Profile, style: Style) -> Mapping[str, str]:
    """The rule, and whether the options are shown, with nothing left to `auto`: for reports."""
    shown = profile.show_options
    if profile.rule == "letters":
        shown = True
    elif shown is None:
        shown = style == "instructed"
    return {"rule": profile.rule, "options": "shown" if shown else "hidden"}


def _shares(weights: Sequence[float]) -> list[float]:
    best = max(weights)
    powers = [math.exp(weight - best) for weight in weights]
    return [power / sum(powers) for power in powers]


def _log_mean(values: Sequence[float]) -> float:
    best = max(values)
    return best + math.log(sum(math.exp(value - best) for value in values) / len(values))
