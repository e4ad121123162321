"""Names, organisations and places by spaCy, numbers of several countries by Presidio's recognizers. No network."""

from __future__ import annotations

import copy
import re
import threading
from pathlib import Path
from typing import Any, Final

from privacy.detect import Span
from privacy.errors import PrivacyError

# What spaCy finds and what we call it. Dates, quantities, nationalities, laws and works are not private by themselves.
_LABELS: Final = {
    "PERSON": "PERSON",
    "PER": "PERSON",
    "ORG": "ORGANIZATION",
    "GPE": "LOCATION",
    "LOC": "LOCATION",
    "FAC": "LOCATION",
}
_IGNORED: Final = (
    "CARDINAL", "DATE", "EVENT", "LANGUAGE", "LAW", "MISC", "MONEY", "NORP", "ORDINAL", "PERCENT", "PRODUCT",
    "QUANTITY", "TIME", "WORK_OF_ART",
)  # fmt: skip
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
_NAMED: Final = frozenset(_LABELS.values())
# Words of prompts that the small models take for organisations.
_NO_NAMES: Final = frozenset(
    {"ai", "api", "csv", "faq", "html", "id", "json", "llm", "q&a", "slm", "sql", "ssn", "url"}
)
_EDGES: Final = " \t\r\f\v.,;:!?\"'`()[]{}<>|*#=/\\-_"


class PresidioDetector:
    """Presidio's recognizers over a spaCy pipeline in the folder `spacy_path`.

    Nothing is loaded before the first call (over 4 CPU seconds then; `load()` does it earlier), nothing is ever
    downloaded. Calls from several threads take turns: spaCy promises nothing about parallel use. `threshold` is the
    least score of a find, on Presidio's scale in [0, 1]; every spaCy find has 0.85.

    Raises `PrivacyError` where the extra or the folder is missing.
    """

    def __init__(self, spacy_path: Path, *, threshold: float = 0.4) -> None:
        self.spacy_path = spacy_path
        self.threshold = threshold
        self._analyzer: Any = None
        self._lock = threading.Lock()

    def load(self) -> None:
        """Load the pipeline now."""
        with self._lock:
            if self._analyzer is None:
                self._analyzer = _analyzer(self.spacy_path)

    def __call__(self, text: str) -> list[Span]:
        """Finds in normalised `text`; offsets are characters."""
        self.load()
        with self._lock:
            results = self._analyzer.analyze(text, "en", score_threshold=self.threshold)
        spans: list[Span] = []
        for result in results:
            kind: str = _KINDS.get(str(result.entity_type), str(result.entity_type))
            if kind in _NAMED:
                spans += _names(text, result.start, result.end, kind, result.score)
            else:
                spans.append(Span(result.start, result.end, kind, result.score))
        return spans


def _names(text: str, start: int, end: int, kind: str, score: float) -> list[Span]:
    # spaCy runs over line ends and takes quotes, list marks and the possessive with it.
    spans: list[Span] = []
    for line in re.finditer(r"[^\n]+", text[start:end]):
        piece = line.group()
        first = start + line.start() + len(piece) - len(piece.lstrip(_EDGES))
        last = start + line.start() + len(piece.rstrip(_EDGES))
        if text[max(first, last - 2) : last].lower() == "'s":
            last -= 2
        name = text[first:last]
        if sum(c.isalpha() for c in name) >= 2 and name.lower() not in _NO_NAMES:
            spans.append(Span(first, last, kind, score))
    return spans


def _analyzer(path: Path) -> Any:
    if not (path / "meta.json").is_file():
        raise PrivacyError("the spaCy pipeline for the privacy gateway is missing: fetch it with `drag models pull`")
    try:
        import spacy
        from presidio_analyzer import AnalyzerEngine, PatternRecognizer, RecognizerRegistry
        from presidio_analyzer import predefined_recognizers as known
        from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine
    except ImportError as error:
        raise PrivacyError("the privacy gateway needs Presidio and spaCy: pip install 'drag-slm[remote]'") from error

    config = NerModelConfiguration(model_to_presidio_entity_mapping=dict(_LABELS), labels_to_ignore=list(_IGNORED))
    nlp = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": str(path)}], ner_model_configuration=config)
    # Loaded here and not by `nlp.load()`, which would fetch a model that it does not find and look for a GPU.
    nlp.nlp = {"en": spacy.load(path, exclude=["parser"])}
    # EmailRecognizer is left out on purpose: it asks `tldextract`, whose first call fetches a list from the network.
    # UrlRecognizer as well: it takes every site for private. `privacy.patterns` has both, with user names only.
    recognizers = [
        known.SpacyRecognizer(supported_entities=sorted(_NAMED)),
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
    for recognizer in recognizers:
        if isinstance(recognizer, PatternRecognizer):
            _make_strict(recognizer)
    return AnalyzerEngine(registry=RecognizerRegistry(recognizers), nlp_engine=nlp, supported_languages=["en"])


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
