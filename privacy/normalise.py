"""A plain copy of a text to detect in, with the way back to the original's offsets.

Private words hide behind full-width letters, invisible characters and letters of other scripts that look Latin.
Detectors see them as a reader does; what is replaced is the original.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# Cyrillic and Greek letters that print like a Latin one. One to one, so that offsets do not move.
_LOOKALIKES = str.maketrans(
    "АВЕКМНОРСТУХІЈЅаеорсухіјѕԁһԛԝ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορτυχ",
    "ABEKMHOPCTYXIJSaeopcyxijsdhqw" + "ABEZHIKMNOPTYXaiknoptux",
)
_PUNCTUATION = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "ʹ": "'", "‐": "-", "−": "-", "‒": "-", "–": "-", "—": "-"})
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Normal:
    """The normalised `text`; its character `i` comes from `starts[i]:ends[i]` of the original."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The original's offsets of the non-empty piece `text[start:end]`."""
        return self.starts[start], self.ends[end - 1]


def normalise(text: str) -> Normal:
    """NFKC, without invisible characters, look-alike letters and typographic quotes and dashes made plain."""
    if text.isascii():
        return Normal(text, range(len(text)), range(1, len(text) + 1))
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    position = 0
    while position < len(text):
        # A letter and the marks on it are composed together.
        end = position + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        plain = "".join(c for c in unicodedata.normalize("NFKC", text[position:end]) if not _invisible(c))
        out.append(plain)
        starts += [position] * len(plain)
        ends += [end] * len(plain)
        position = end
    return Normal(_WORD.sub(_latinise, "".join(out).translate(_PUNCTUATION)), starts, ends)


def plain(text: str) -> str:
    """The normalised text alone."""
    return normalise(text).text


def _invisible(character: str) -> bool:
    # Cf: zero-width space and joiners, soft hyphen, direction marks, tags. The others are variation selectors and
    # the grapheme joiner, which Unicode counts as marks.
    return (
        unicodedata.category(character) == "Cf"
        or character in "\u034f\u115f\u1160\u3164\uffa0"
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
    )


def _latinise(match: re.Match[str]) -> str:
    # Only words that mix scripts, or that could be read as Latin letter by letter: Russian and Greek stay as they are.
    word = match.group()
    mapped = word.translate(_LOOKALIKES)
    return mapped if _LATIN.search(word) or mapped.isascii() else word
