"""The sanitizer as a policy says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from privacy.context import impersonal
from privacy.detect import Detector, Span
from privacy.introduced import introduced
from privacy.patterns import pattern_detector
from privacy.policy import Policy, policy
from privacy.presidio import PresidioDetector
from privacy.quasi import quasi_detector
from privacy.sanitize import Sanitizer


def open_sanitizer(
    how: Policy | str = "balanced",
    *,
    spacy_path: Path,
    deny: Iterable[str] = (),
    allow: Iterable[str] = (),
    extra: Sequence[Detector] = (),
) -> Sanitizer:
    """A sanitizer over the spaCy pipeline in the folder `spacy_path`; `extra` detectors can only add finds.

    With the policy `off` it has no detectors, so that a gateway refuses to send: for local use only. Raises
    `PrivacyError` for an unknown policy; a missing pipeline is found when the first text is looked at, or by `load()`.
    """
    chosen = policy(how)
    if not chosen.hide:
        return Sanitizer((), (), (), chosen)
    detectors: list[Detector] = [pattern_detector, introduced]
    if chosen.dates:
        detectors.append(_personal_only if chosen.public else quasi_detector)
    detectors += [PresidioDetector(spacy_path, policy=chosen), *extra]
    return Sanitizer(detectors, deny, allow, chosen)


def _personal_only(text: str) -> list[Span]:
    # "a 54-year-old man" in an exam and the date of a battle say nothing about the one who asks.
    found = quasi_detector(text)
    return [] if found and impersonal(text) else found
