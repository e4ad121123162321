"""`drag eval prompts`: what a student's prompt is made of, one thing changed at a time, on the same questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Literal

from drag.errors import ConfigError
from drag.profiles import Profile
from drag.settings import Ask
from eval.choice_calibrate import better
from eval.metrics import bootstrap, mcnemar, mean
from eval.report import Report

DEFAULT = "default"

FORMS: Mapping[str, tuple[str, ...]] = {
    "order": ("best-first", "best-last"),
    "reading": ("together", "each"),
    "trim": ("off", "sentences"),
}
"""What a profile can hold."""

COUNTS = (1, 2, 3, 5)
BUDGETS = (80, 160, 320)
"""Pieces of evidence, and tokens that they may have together: settings, not part of a profile."""

Measure = Literal["contains", "accuracy"]


@dataclass(frozen=True, slots=True)
class Variant:
    """A prompt that differs from the student's own in `form` (fields of its profile), in its limits, or its facts.

    None is as the settings say.
    """

    name: str
    form: Mapping[str, str] = field(default_factory=dict[str, str])
    evidence: int | None = None
    tokens: int | None = None
    facts: bool | None = None

    def profile(self, usual: Profile) -> Profile:
        """The student's profile in this form."""
        return Profile.model_validate({**usual.model_dump(), **self.form})

    def limits(self, usual: Ask) -> Ask:
        """The settings under these limits."""
        changed = {"evidence": self.evidence, "evidence_tokens": self.tokens}
        return usual.model_copy(update={name: value for name, value in changed.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a question in one variant: whether it was right, and what that cost; None where it failed."""

    right: bool
    tokens: int
    seconds: float


def variants(usual: Profile, limits: Ask, *, facts: bool, full: bool) -> list[Variant]:
    """The student's own prompt first, then each that differs from it in one thing.

    With `full` every combination of the forms, too. `facts` says that there are triples to read. Named by what is
    different: `order=best-last`, `evidence=1`, `tokens=80`, `facts=off`, `order=best-last,reading=each`.
    """
    own = usual.model_dump()
    found = [Variant(DEFAULT)]
    forms = [dict(zip(FORMS, values, strict=True)) for values in product(*FORMS.values())]
    changed = [{name: value for name, value in form.items() if value != own[name]} for form in forms]
    changed.sort(key=len)
    found += [Variant(_named(form), form) for form in changed if form and (full or len(form) == 1)]
    found += [Variant(f"evidence={count}", evidence=count) for count in COUNTS if count != limits.evidence]
    found += [Variant(f"tokens={budget}", tokens=budget) for budget in BUDGETS if budget != limits.evidence_tokens]
    return [*found, Variant("facts=off", facts=False)] if facts else found


def picked(every: Sequence[Variant], names: Sequence[str]) -> list[Variant]:
    """The default and those named; all where none is. Raises `ConfigError` for a name that is not there."""
    known = [one.name for one in every]
    other = [name for name in names if name not in known]
    if other:
        raise ConfigError(f"there is no variant '{other[0]}' here; there are: {', '.join(known)}")
    return [one for one in every if not names or one.name in (DEFAULT, *names)]


def best_form(told: Mapping[str, Sequence[Told | None]], every: Sequence[Variant]) -> Variant:
    """The form that was right most often; the default unless another is better by more than one standard error.

    The error is that of the mean of the paired differences: the best of several looks better than it is.
    """
    usual = _rights(told[DEFAULT])
    forms = [one for one in every if one.form or one.name == DEFAULT]
    best = max(forms, key=lambda one: sum(_rights(told[one.name])))
    return best if better(usual, _rights(told[best.name])) else forms[0]


def summarise(
    told: Mapping[str, Sequence[Told | None]], *, measure: Measure, seed: int, settings: Mapping[str, object]
) -> Report:
    """The measures of each variant, by its name.

    - `contains` or `accuracy`: share of right answers; an answer that failed is wrong;
    - `gain` and `mcnemar_p`: against the default, paired;
    - `tokens` and `seconds`: prompt tokens and wall time of a question, mean over those that did not fail.

    `contains`, `accuracy` and `gain` have bootstrap intervals.
    """
    metrics: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    usual = _rights(told[DEFAULT])
    for name, each in told.items():
        rights = _rights(each)
        metrics[f"{measure}/{name}"] = mean(rights)
        intervals[f"{measure}/{name}"] = bootstrap(rights, seed=seed)
        if name != DEFAULT:
            gains = [float(new) - float(old) for old, new in zip(usual, rights, strict=True)]
            metrics[f"gain/{name}"] = mean(gains)
            intervals[f"gain/{name}"] = bootstrap(gains, seed=seed)
            metrics[f"mcnemar_p/{name}"] = mcnemar(usual, rights)
        done = [one for one in each if one is not None]
        metrics[f"tokens/{name}"] = mean([one.tokens for one in done])
        metrics[f"seconds/{name}"] = mean([one.seconds for one in done])
    failures = sum(any(one is None for one in row) for row in zip(*told.values(), strict=True))
    return Report("prompts", len(usual), metrics, intervals, failures, settings)


def _named(form: Mapping[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in form.items())


def _rights(told: Sequence[Told | None]) -> list[bool]:
    return [one is not None and one.right for one in told]
