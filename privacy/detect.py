"""What a detector is, and how the finds of several become one list."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from privacy.errors import PrivacyError


@dataclass(frozen=True, slots=True)
class Span:
    """A private piece of a text: `text[start:end]`, never empty.

    `kind` is what it is, in capitals and underscores (`PERSON`, `EMAIL`); `score` is the detector's confidence in
    [0, 1], used only to decide the kind where finds overlap.
    """

    start: int
    end: int
    kind: str
    score: float = 1.0


Detector = Callable[[str], list[Span]]
"""Takes a normalised text and returns what it finds, in any order, overlapping or not. A detector can only add finds.

One that raises, or returns what is not a list of spans inside the text, blocks the request."""

# A placeholder that this package gave to a text before, with its hint (`<DATE_1984_1>`) or the letters of a question
# (`privacy.returned`): it looks like an identifier, and is nobody's. The kinds are those of our own detectors, so that
# nobody's name can be written as one.
_OURS = re.compile(
    r"<(?:PERSON|ORGANIZATION|LOCATION|GROUP|NAME|EMAIL|PHONE|URL|IP|MAC|CARD|IBAN|SSN|NUMBER|ID|DATE|AGE|ADDRESS|SECRET|"
    r"ENCODED|SPELLED|HANDLE|VEHICLE|CRYPTO|ROUTING|PRIVATE|TEXT|(?:US|UK)(?:_(?:BANK|DRIVER|LICENSE|NUMBER|PASSPORT|ITIN|"
    r"NHS)){1,3})(?:_(?:(?:19|20)[0-9]{2}|[0-9]{1,2}S|90UP))?_[XYZ]{0,3}[0-9]{1,6}[A-Z]{0,3}>"
    r"|<[A-Z]+(?:_[A-Z0-9]+)*_[A-Z]{6,}[0-9]+[A-Z]*>",
    re.ASCII,
)

_KIND = re.compile(r"[A-Z]+(?:_[A-Z]+)*")


def detect(detectors: Sequence[Detector], text: str) -> list[Span]:
    """Run every detector over the normalised `text`; raises `PrivacyError` for one that fails or returns nonsense."""
    spans: list[Span] = []
    for detector in detectors:
        fault = ""
        found: object = None
        try:
            found = detector(text)
        except Exception as error:  # noqa: BLE001  # any fault, known or not, has to block
            fault = type(error).__name__
        # Raised outside the handler: the detector's own error may quote the text, and must not hang on to ours.
        if fault:
            raise PrivacyError(f"a detector failed ({fault}): nothing was sent")
        spans += _checked(found, len(text))
    return _beside(spans, placeholders(text), text)


def placeholders(text: str) -> list[tuple[int, int]]:
    """Where `text` bears placeholders of this package: it was sanitized before."""
    return [match.span() for match in _OURS.finditer(text)] if "<" in text else []


def _beside(spans: list[Span], ours: Sequence[tuple[int, int]], text: str) -> list[Span]:
    """`spans` without what of them lies in `ours`: a placeholder is never replaced again."""
    for start, end in ours:
        kept: list[Span] = []
        for one in spans:
            if one.end <= start or end <= one.start:
                kept.append(one)
                continue
            for begin, stop in ((one.start, min(one.end, start)), (max(one.start, end), one.end)):
                if begin < stop and any(map(str.isalnum, text[begin:stop])):
                    kept.append(Span(begin, stop, one.kind, one.score))
        spans = kept
    return spans


def finds(
    pattern: re.Pattern[str], text: str, kind: str, score: float = 1.0, *, group: str | int = 0, end: str = ""
) -> list[Span]:
    """A span for each match of `pattern`, or of its `group`; characters of `end` at the end of it do not count."""
    spans: list[Span] = []
    for match in pattern.finditer(text):
        start, stop = match.start(group), match.end(group)
        stop = start + len(text[start:stop].rstrip(end)) if end else stop
        if start < stop:
            spans.append(Span(start, stop, kind, score))
    return spans


def merge(spans: Iterable[Span]) -> list[Span]:
    """Spans without overlaps, in order. Those that overlap become their union, with the kind of the surest one.

    Neighbours that only touch stay apart: they are two things.
    """
    merged: list[tuple[Span, Span]] = []
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if merged and span.start < merged[-1][0].end:
            whole, best = merged[-1]
            best = max(best, span, key=lambda one: (one.score, one.end - one.start))
            merged[-1] = (Span(whole.start, max(whole.end, span.end), best.kind, best.score), best)
        else:
            merged.append((span, span))
    return [whole for whole, _ in merged]


def _checked(found: object, length: int) -> list[Span]:
    if not isinstance(found, list):
        raise PrivacyError(f"a detector returned {type(found).__name__}, not a list of spans: nothing was sent")
    spans: list[Span] = []
    for one in cast("list[object]", found):
        if not isinstance(one, Span) or not _sane(one, length):
            raise PrivacyError("a detector returned a span that is malformed or outside the text: nothing was sent")
        spans.append(one)
    return spans


def _sane(span: Span, length: int) -> bool:
    # What is annotated is not what somebody's detector put there.
    start, end, kind, score = (cast("object", one) for one in (span.start, span.end, span.kind, span.score))
    return (
        type(start) is int
        and type(end) is int
        and 0 <= start < end <= length
        and isinstance(kind, str)
        and _KIND.fullmatch(kind) is not None
        and isinstance(score, (int, float))
        and math.isfinite(score)
        and 0 <= score <= 1
    )
