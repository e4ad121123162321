"""Where a piece of evidence stands: the document and the place that its source names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from drag.types import Evidence

_SOURCE: Final = re.compile(r"document:(?P<document>.+)#(?P<start>\d+)-(?P<end>\d+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Stretch:
    """[start, end) in characters of a document's text."""

    document: str
    start: int
    end: int


def stretch(evidence: Evidence) -> Stretch | None:
    """The stretch of a document that the evidence is, or None where no document was read for it."""
    found = _SOURCE.fullmatch(evidence.source)
    return Stretch(found["document"], int(found["start"]), int(found["end"])) if found else None
