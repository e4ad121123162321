"""Words as the full-text index knows them, and titles as they are found again in a text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

from graphs.triple import words

INDEX_VERSION = 2
"""Raised whenever `index_text` gives something else for the same text: packs then index their evidence anew."""

_WORD = re.compile(r"\w+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<{0}>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?"
    r"|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_DATES = tuple(
    re.compile(shape)
    for shape in (
        r"(?<!\d)(?P<year>(?:1[0-9]|20)\d\d)(?P<s>[-/.]?)(?P<month>0[1-9]|1[0-2])(?P=s)(?P<day>0[1-9]|[12]\d|3[01])(?!\d)",
        rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH.format('name')}(?:,? (?P<year>\d{{4}}))?(?!\d)",
        rf"\b{_MONTH.format('name')} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,? (?P<year>\d{{4}})(?!\d))?",
    )
)
# Words that say nothing of what a question is about. Those that a question is put with are in it as well.
STOP = frozenset(
    """
    a about above after again all also am an and any are as at be because been before being below between both but by
    came can come could did do does doing down during each either else ever every few for from further had has have
    having he her here hers herself him himself his how i if in into is it its itself just me more most my myself no nor
    not of off on once one only or other our ours out over own s same shall she should so some such t than that the
    their theirs them themselves then there these they this those through to too under until up us very was we were
    what when where whether which while who whom whose why will with would you your yours
    """.split()  # noqa: SIM905  # a list of words reads better than one of quoted strings
)


def index_text(text: str) -> str:
    """What of `text` goes into the full-text index.

    A word in CamelCase stands there whole and in its parts; a date also as one word that is the same however it is
    written (`5 October 1987`, `1987-10-05`, `19871005`). The tokenizer of the index does the rest: case, accents,
    English endings; hyphens and underscores part words, numbers are words.
    """
    marks = " ".join(dict.fromkeys(_date_marks(text)))
    parted = camel_parted(text)
    return f"{parted} {marks}" if marks else parted


def camel_parted(text: str) -> str:
    """`text` with the parts of each word in CamelCase behind that word."""
    return _WORD.sub(_parted, text)


def match_query(question: str) -> str:
    """An FTS5 expression for `question`, or an empty string if there is no word in it.

    Any of its words may stand in a text; words that every text has are left out, unless there are no others. Two words
    side by side count once more where a text has them side by side too (`standout character`), but for names: what
    they are worth the words alone say.
    """
    found = dict.fromkeys(_WORD.findall(index_text(question).casefold()))
    telling = [word for word in found if word not in STOP]
    return " OR ".join(f'"{word}"' for word in [*(telling or found), *dict.fromkeys(_pairs(question))])


def _pairs(question: str) -> Iterator[str]:
    for first, second in pairwise(_WORD.finditer(question)):
        between = question[first.end() : second.start()]
        pair = first.group(), second.group()
        if (between.isspace() or between == "-") and all(word[0].islower() and word not in STOP for word in pair):
            yield " ".join(pair).casefold()


def title_keys(title: str) -> tuple[str, ...]:
    """The keys under which a title is found: as it stands, and without the bracket that tells namesakes apart.

    `The Rack (1915 film)` has the keys `rack 1915 film` and `rack`.
    """
    bare = re.sub(r"\s*[(\[][^()\[\]]*[)\]]\s*$", "", title)
    return tuple(key for key in dict.fromkeys((name_key(title), name_key(bare))) if key)


def name_key(name: str) -> str:
    """The words of a name, without case, accents, punctuation or an opening article; empty if it has none."""
    return joined_key(words(plain(name)))


def joined_key(parts: Sequence[str]) -> str:
    """The same from words that are `plain` already."""
    return " ".join(parts[1:] if len(parts) > 1 and parts[0] in {"the", "a", "an"} else parts)


def plain(text: str) -> str:
    """`text` without case and accents."""
    if text.isascii():
        return text.lower()
    parted = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFKC", "".join(mark for mark in parted if not unicodedata.combining(mark)))


def _parted(match: re.Match[str]) -> str:
    word = match.group()
    parts = _CAMEL.sub(" ", word)
    return word if parts == word else f"{word} {parts}"


def _date_marks(text: str) -> Iterator[str]:
    # `d1987x10x05` for a date with its year, `d10x05` for each date: a question may name either.
    if not any(mark.isdigit() for mark in text):
        return
    for shape in _DATES:
        for found in shape.finditer(text.replace("_", " ")):
            part = found.groupdict()
            month = int(part["month"]) if part.get("month") else _MONTHS.index(part["name"][:3].lower()) + 1
            day = f"{month:02}x{int(part['day']):02}"
            if not 1 <= int(part["day"]) <= 31:
                continue
            yield f"d{day}"
            if part["year"]:
                yield f"d{part['year']}x{day}"
