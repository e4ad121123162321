"""`drag eval choice --calibrate`: which rule a model chooses best by, on development data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from drag.choose import Remembering, chosen, described, readings, weigh
from drag.errors import ConfigError, DragError
from drag.match import WEIGHT, matched, matches
from drag.profiles import RULES, Options, Profile, Rule, shipped
from drag.prompts import Style
from drag.protocols import Embedder, LanguageModel, ScoringModel
from drag.shown import Shown, shown
from drag.types import Context, Question, Usage
from eval.metrics import bootstrap, mcnemar, mean
from eval.report import Report
from eval.run_file import RunFile, digest

_SHOWN: tuple[Options, ...] = ("hidden", "shown")


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The profile that was chosen, and the accuracies behind it."""

    profile: Profile
    report: Report


def candidates(*, matching: bool = False, among: Sequence[Rule] = ()) -> list[Profile]:
    """Every rule (or those `among` them), with the options hidden and shown; letters need them shown. All again with a
    match, if wanted.
    """
    return [
        Profile(rule=rule, options=options, match=match)
        for match in (0.0, *([WEIGHT] if matching else []))
        for rule in among or RULES
        for options in _SHOWN
        if rule != "none" and (rule != "letters" or options == "shown")
    ]


def calibrate(
    model: LanguageModel,
    questions: Iterable[Question],
    read: Mapping[str, Sequence[Context]],
    *,
    style: Style,
    seed: int,
    settings: Mapping[str, object],
    kept: RunFile,
    embedder: Embedder | None = None,
    among: Sequence[Rule] = (),
) -> Calibrated:
    """Measure every candidate; `read` holds what is read for each question, by condition (`alone`, with evidence).
    With an `embedder` and some evidence each is measured with a match to it, too (see `drag.match`). `among` leaves the
    other rules out, but for the one that the registry has. What stands in `kept` is not asked again.

    What the registry has for the model stays unless another is better by more than one standard error of the paired
    difference: the best of so many candidates looks better than it is. An answer that fails is wrong. Raises
    `ConfigError` where the model cannot score.
    """
    if not isinstance(model, ScoringModel):
        raise ConfigError(f"{model.name} cannot weigh choices: there is nothing to calibrate")
    before = shipped(model.name)
    default = described(before, style)
    rules: list[Rule] = [one for one in RULES if not among or one in among or one == default["rule"]]
    right: dict[Profile, list[bool]] = {one: [] for one in candidates(matching=embedder is not None, among=rules)}
    asking = _Asking(model, style, embedder, kept)
    asked = failures = 0
    for place, question in enumerate(questions):
        asked += 1
        for condition, contexts in read.items():
            told = asking.told(question, condition, contexts[place], list(right))
            failures += any(one is None for one in told.values())
            for profile, one in told.items():
                right[profile].append(bool(one))
    alike = [one for one in right if dict(described(one, style)) == dict(default)]
    usual = min(alike, key=lambda one: abs(one.match - before.match))
    best = max(right, key=lambda one: sum(right[one]))
    if not better(right[usual], right[best]):
        best = usual
    metrics: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    for profile, told in right.items():
        name = f"{profile.rule}/{profile.options}{'/match' if profile.match else ''}"
        metrics[f"accuracy/{name}"] = mean(told)
        intervals[f"accuracy/{name}"] = bootstrap(told, seed=seed)
        if profile != usual:
            metrics[f"mcnemar_p/{name}"] = mcnemar(right[usual], told)
    made_with = {
        **settings,
        "default": {**default, "match": usual.match},
        "chosen": best.model_dump(include={"rule", "options", "match"}),
        "conditions": list(read),
    }
    return Calibrated(best, Report("choice-calibration", asked, metrics, intervals, failures, made_with))


@dataclass(frozen=True, slots=True)
class _Asking:
    """Who is asked and how; what stands in `kept` is not asked again."""

    model: ScoringModel
    style: Style
    embedder: Embedder | None
    kept: RunFile

    def told(
        self, question: Question, condition: str, context: Context, profiles: Sequence[Profile]
    ) -> dict[Profile, bool | None]:
        """Whether each candidate chooses the right option; None where it fails."""
        given = shown(question.text, context, Profile())
        near = matches(question, given, self.embedder) if self.embedder else []
        evidence = [one.id for one in context.evidence]
        asked = [self.model.identity, self.style, question.text, question.choices, question.gold, evidence]
        # A match follows from the embedder; rounded, for how texts are batched changes the last digits.
        close = [round(one, 4) for one in near]
        keys = {one: digest([*asked, one.model_dump(mode="json"), close if one.match else []]) for one in profiles}
        told: dict[Profile, bool | None] = {}
        for one in profiles:
            record = self.kept.get(question.id, f"calibrate/{condition}", keys[one]) or {}
            right = record.get("right")
            told[one] = right if isinstance(right, bool) else None
        new = self._asked(question, given, near, [one for one in profiles if told[one] is None])
        for one, right in new.items():
            if right is not None:
                self.kept.put(question.id, f"calibrate/{condition}", keys[one], {"right": right})
        return told | new

    def _asked(
        self, question: Question, given: Shown, near: Sequence[float], profiles: Sequence[Profile]
    ) -> dict[Profile, bool | None]:
        remembering = Remembering(self.model)
        told: dict[Profile, bool | None] = {}
        for profile in profiles:
            try:
                found = remembering.score(readings(question, given.texts, given.facts, self.style, profile))
            except DragError:
                told[profile] = None
                continue
            made = chosen(weigh(profile.rule, question.choices, found), Usage())
            if profile.match:
                made = matched(made, profile.match, near)
            told[profile] = question.choices[made.place or 0] in question.gold
        return told


def better(usual: Sequence[bool], other: Sequence[bool]) -> bool:
    """Whether `other` is better by more than one standard error of the mean of the paired differences."""
    gains = [float(new) - float(old) for old, new in zip(usual, other, strict=True)]
    gain = mean(gains)
    if len(gains) < 2:
        return False
    variance = sum((one - gain) ** 2 for one in gains) / (len(gains) - 1)
    return gain > (variance / len(gains)) ** 0.5
