"""Names, organisations and places by spaCy and a scorer, numbers of several countries by Presidio. No network."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from privacy.candidates import KINDS, Candidate, Group, groups
from privacy.context import impersonal
from privacy.cues import TITLES
from privacy.detect import Span, placeholders
from privacy.errors import PrivacyError
from privacy.features import seen
from privacy.lexicon import Lexicon
from privacy.names import GIVEN
from privacy.policy import POLICIES, Policy
from privacy.public import is_public
from privacy.quasi import numbers_beside
from privacy.recognizers import Recognizers
from privacy.scorer import Score, score
from privacy.topics import Topics
from privacy.views import recased

# Longer texts are read in pieces: spaCy's memory grows with the length.
_PIECE: Final = 20_000
_YEAR: Final = re.compile(r"(?:1[5-9]|20)\d\d")
# The least score of a name in a text that bears placeholders already.
_AGAIN: Final = 0.3
_VAGUE: Final = frozenset({"DATE", "ID", "NAME", "URL"})
# Words of prompts that the small models take for organisations.
_NO_NAMES: Final = frozenset(
    {"ai", "api", "csv", "faq", "html", "id", "json", "llm", "q&a", "slm", "sql", "ssn", "url"}
)


@dataclass(frozen=True, slots=True)
class _Loaded:
    nlp: Any
    lexicon: Lexicon
    topics: Topics
    recognizers: Recognizers


class PresidioDetector:
    """Presidio's recognizers and scored names over the spaCy pipeline in the folder `spacy_path`.

    Nothing is loaded before the first call (some CPU seconds then; `load()` does it earlier), nothing is ever
    downloaded. Calls from several threads take turns: spaCy promises nothing about parallel use. `policy` says how
    much is hidden; `threshold` is the least score of a find of Presidio's own patterns, on its scale in [0, 1].

    Raises `PrivacyError` where the extra or the folder is missing.
    """

    def __init__(self, spacy_path: Path, *, policy: Policy = POLICIES["balanced"], threshold: float = 0.4) -> None:
        self.spacy_path = spacy_path
        self.policy = policy
        self.threshold = threshold
        self.score: Score = score
        """What decides how likely a name is private: by default with the weights that are shipped."""
        self._loaded: _Loaded | None = None
        self._lock = threading.Lock()

    def load(self) -> None:
        """Load the pipeline now."""
        self._ready()

    def __call__(self, text: str) -> list[Span]:
        """Finds in normalised `text`; offsets are characters."""
        loaded = self._ready()
        asks = impersonal(text)
        with self._lock:
            names = [span for start, piece in _pieces(text) for span in self._names(loaded, piece, start, asks)]
            numbers = loaded.recognizers(text, self.threshold)
        places = [span for span in names if span.kind in {"LOCATION", "PERSON", "ORGANIZATION"}]
        beside = [] if asks else numbers_beside(text, places)
        return [*names, *numbers, *beside]

    def scores(self, text: str) -> list[tuple[Span, float]]:
        """Every candidate of normalised `text` with its score, whatever the policy: for looking at the curve."""
        loaded = self._ready()
        with self._lock:
            return [
                (Span(place.start + start, place.end + start, _kind(group, place, piece), value), value)
                for start, piece in _pieces(text)
                for group, value in self._scored(loaded, piece)
                for place in group.places
            ]

    def everyday(self, word: str) -> bool:
        """Whether `word`, in lower case, is an everyday word of English and no common given name."""
        return word in self._ready().lexicon and word not in GIVEN

    def _names(self, loaded: _Loaded, text: str, shift: int, asks: bool) -> list[Span]:
        least = self.policy.impersonal if asks else self.policy.threshold
        # What was let through once stays unless it is clear: the words around it are others now.
        least = max(least, _AGAIN) if placeholders(text) else least
        spans: list[Span] = []
        for group, value in self._scored(loaded, text):
            if value < least or group.key in _NO_NAMES:
                continue
            if asks and self.policy.public and (is_public(group.key) or not any(map(str.isalpha, group.key))):
                continue
            for place in group.places:
                kind = _kind(group, place, text)
                start = place.start
                title = TITLES.search(text, max(0, start - 12), start) if kind == "PERSON" else None
                start = title.start() if title else start
                # A pattern that found the same knows better what it is.
                spans.append(Span(start + shift, place.end + shift, kind, 0.3 if kind in _VAGUE else 0.85))
        return spans

    def parts(self) -> tuple[Any, Lexicon, Topics]:
        """The pipeline, the everyday words and the topics that names are seen with: for fitting."""
        loaded = self._ready()
        return loaded.nlp, loaded.lexicon, loaded.topics

    def _scored(self, loaded: _Loaded, text: str) -> list[tuple[Group, float]]:
        doc, other = looks(loaded.nlp, text, loaded.lexicon)
        found = groups(doc, other, loaded.lexicon)
        numbers = seen(doc, found, loaded.lexicon, loaded.topics)
        return [(one, self.score(values)) for one, values in zip(found, numbers, strict=True)]

    def _ready(self) -> _Loaded:
        with self._lock:
            if self._loaded is None:
                self._loaded = _load(self.spacy_path)
            return self._loaded


def looks(nlp: Any, text: str, lexicon: Lexicon) -> tuple[Any, Any]:
    """`text` and the same `recased` as spaCy reads them: the same object where nothing was recased.

    The second is looked at for its entities only, so nothing else is run on it.
    """
    doc = nlp(text)
    second = recased(text, lexicon)
    if second == text:
        return doc, doc
    return doc, nlp.get_pipe("ner")(nlp.make_doc(second))


def _kind(group: Group, place: Candidate, text: str) -> str:
    for one in (place, *group.places):
        kind = KINDS.get(one.label) or KINDS.get(one.second)
        if kind:
            return kind
    shown = text[place.start : place.end]
    if "://" in shown or shown.startswith("www."):
        return "URL"
    if _YEAR.fullmatch(shown):
        return "DATE"
    return "ID" if any(c.isdigit() for c in shown) else "NAME"


def _pieces(text: str) -> Sequence[tuple[int, str]]:
    """(offset, piece), cut at the end of a line or else between words."""
    out: list[tuple[int, str]] = []
    start = 0
    while len(text) - start > _PIECE:
        window = text[start : start + _PIECE]
        cut = max(window.rfind("\n", _PIECE // 2), window.rfind(". ", _PIECE // 2))
        if cut < 0:
            space = re.search(r"\s\S*$", window)
            cut = space.start() if space else _PIECE - 1
        out.append((start, text[start : start + cut + 1]))
        start += cut + 1
    return [*out, (start, text[start:])]


def _load(path: Path) -> _Loaded:
    if not (path / "meta.json").is_file():
        raise PrivacyError("the spaCy pipeline for the privacy gateway is missing: fetch it with `drag models pull`")
    try:
        import spacy
    except ImportError as error:
        raise PrivacyError("the privacy gateway needs Presidio and spaCy: pip install 'drag-slm[remote]'") from error

    # The lemmatizer is loaded for its word list, and not run.
    nlp = spacy.load(path, exclude=["parser", "senter", "attribute_ruler"], disable=["lemmatizer"])
    _multiply_with_numpy(nlp)
    return _Loaded(nlp, Lexicon(nlp), Topics(nlp), Recognizers())


def _multiply_with_numpy(nlp: Any) -> None:
    """thinc multiplies with BLIS by default; for one short text numpy's own matrices take a tenth less of the whole."""
    from thinc.backends import numpy_ops

    plain: Any = cast("Any", numpy_ops).NumpyOps(use_blis=False)
    for _, pipe in nlp.pipeline:
        for node in pipe.model.walk() if hasattr(pipe, "model") else ():
            node.ops = plain
