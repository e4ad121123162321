"""Presidio's recognizers of numbers, run directly: no engine, no second look by a language model, no network."""

from __future__ import annotations

import copy
import re
from typing import Any, Final

from privacy.detect import Span
from privacy.errors import PrivacyError

# The same thing has the same kind here, whoever found it.
_KINDS: Final = {
    "CREDIT_CARD": "CARD",
    "EMAIL_ADDRESS": "EMAIL",
    "IBAN_CODE": "IBAN",
    "IP_ADDRESS": "IP",
    "MAC_ADDRESS": "MAC",
    "PHONE_NUMBER": "PHONE",
    "US_SSN": "SSN",
}
# What Presidio's context enhancement adds, and how far it looks back: here in characters, there five words.
_CONTEXT_BONUS: Final = 0.35
_CONTEXT_LEAST: Final = 0.4
_CONTEXT_VIEW: Final = 50
_FOUR: Final = re.compile(r"\d(?:\D*\d){3}")
# The shortest telephone number has seven digits; its recognizer tries eight regions, and is slow.
_SEVEN: Final = re.compile(r"\d(?:[^\d\n]{0,3}\d){6}")


class Recognizers:
    """The recognizers of presidio-analyzer that need no entities. Raises `PrivacyError` where it is not installed."""

    def __init__(self) -> None:
        try:
            from presidio_analyzer import PatternRecognizer
            from presidio_analyzer import predefined_recognizers as known
        except ImportError as error:
            raise PrivacyError("the privacy gateway needs Presidio: pip install 'drag-slm[remote]'") from error
        # EmailRecognizer is left out on purpose: it asks `tldextract`, whose first call fetches a list from the net.
        # UrlRecognizer as well: it takes every site for private. `privacy.patterns` has both, with user names only.
        self._recognizers: list[Any] = [
            known.CreditCardRecognizer(),
            known.CryptoRecognizer(),
            known.IbanRecognizer(),
            known.IpRecognizer(),
            known.MacAddressRecognizer(),
            known.PhoneRecognizer(),
            known.UsBankRecognizer(),
            known.UsItinRecognizer(),
            known.UsLicenseRecognizer(),
            known.UsPassportRecognizer(),
            known.UsSsnRecognizer(),
            known.NhsRecognizer(),
        ]
        for recognizer in self._recognizers:
            if isinstance(recognizer, PatternRecognizer):
                _make_strict(recognizer)

    def __call__(self, text: str, threshold: float) -> list[Span]:
        """Finds with at least `threshold` in normalised `text`."""
        # Each of them looks for digits, four at least; the shortest are internet addresses.
        if not _FOUR.search(text):
            return []
        spans: list[Span] = []
        for recognizer in self._recognizers:
            if recognizer.supported_entities == ["PHONE_NUMBER"] and not _SEVEN.search(text):
                continue
            for found in recognizer.analyze(text, recognizer.supported_entities, None):
                score = found.score
                before = text[max(0, found.start - _CONTEXT_VIEW) : found.start].lower()
                if score < threshold and any(word in before for word in recognizer.context or ()):
                    score = max(score + _CONTEXT_BONUS, _CONTEXT_LEAST)
                if score >= threshold:
                    kind = _KINDS.get(str(found.entity_type), str(found.entity_type))
                    spans.append(Span(found.start, found.end, kind, min(1.0, score)))
        return spans


class _StrictRegex:
    """A compiled pattern whose time-out is a fault. Presidio logs one and goes on without the pattern: a leak."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled

    def finditer(self, text: str, timeout: float) -> list[Any]:
        late = False
        found: list[Any] = []
        try:
            found = list(self._compiled.finditer(text, timeout=timeout))
        except TimeoutError:
            late = True
        if late:
            raise PrivacyError("a pattern took too long")
        return found


def _make_strict(recognizer: Any) -> None:
    import regex

    flags = recognizer.global_regex_flags
    patterns = [copy.copy(one) for one in recognizer.patterns]
    for one in patterns:
        one.compiled_regex = _StrictRegex(regex.compile(one.regex, flags=flags))
        one.compiled_with_flags = flags
    recognizer.patterns = patterns
