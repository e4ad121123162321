"""Forms of a name: what is left without accents and plurals, its initials, the parts of a person's name."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sep sept", "october oct", "november nov", "december dec"), 1
    )
    for name in names.split()
}  # fmt: skip
_DAY_FIRST = re.compile(r"^(?:on )?(\d{1,2})(?:st|nd|rd|th)?(?: of)? ([a-z]+)\.?,? (\d{3,4})$")
_MONTH_FIRST = re.compile(r"^(?:on )?([a-z]+)\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{3,4})$")
_ISO = re.compile(r"^(\d{4})-(\d{2})-(\d{2})$")
_YEAR = re.compile(r"(?<!\d)(1\d{3}|20\d{2})(?!\d)")

_MARKS = re.compile(r"[.'’`´]")
_GAPS = re.compile(r"[-–—_/,]+")
_COMPANY = re.compile(
    r"[ ,]+(?:inc|incorporated|corp|corporation|co|company|ltd|limited|llc|plc|gmbh|ag|sa|nv|bv|spa|oy|ab|as)\.?$"
)
_SMALL = frozenset(
    ("of", "the", "and", "for", "in", "on", "at", "de", "la", "le", "du", "des", "und", "für", "&", "to")
)
_PARTICLES = frozenset(
    ("van", "von", "de", "da", "di", "del", "della", "der", "den", "ten", "ter", "la", "le", "bin", "ibn", "al", "el")
)
_SUFFIXES = frozenset(("jr", "sr", "ii", "iii", "iv"))
_TITLES = frozenset(
    ("mr", "mrs", "ms", "miss", "dr", "prof", "professor", "sir", "lady", "lord", "dame", "president", "king", "queen",
     "prince", "princess", "pope", "saint", "st", "captain", "general", "colonel", "judge", "senator", "emperor")
)  # fmt: skip
# Words that no person's name holds: a surname is looked for in people only.
_NOT_PEOPLE = frozenset(
    ("university", "college", "school", "institute", "company", "city", "street", "county", "state", "states",
     "kingdom", "republic", "river", "lake", "mount", "island", "islands", "church", "museum", "bank", "party", "war",
     "league", "club", "prize", "award", "film", "album", "song", "band", "team", "act", "house", "office", "union",
     "association", "society", "department", "ministry", "court", "council", "committee", "festival", "records",
     "north", "south", "east", "west", "new", "national", "international", "royal")
)  # fmt: skip
_TITLED = re.compile(r"^(.+?)\s*\(([^()]+)\)$")


@lru_cache(maxsize=262144)
def loose(name: str) -> str:
    """`name` without accents, dots, hyphens and thousands' commas, a date in one way: for comparing, not for showing.

    Empty when nothing is left. `U.S.` and `US`, `São Paulo` and `Sao Paulo`, `blood-sugar` and `blood sugar`,
    `12 May 1950` and `May 12, 1950` meet; `C++` and `C` do not.
    """
    plain = unicodedata.normalize("NFKD", name).casefold()
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    dated = date(plain)
    if dated:
        return dated
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", plain)
    return " ".join(_GAPS.sub(" ", _MARKS.sub("", plain)).split())


def date(text: str) -> str:
    """The day that `text` is, in ISO 8601, or empty where it is not a day in one of the common English ways."""
    plain = " ".join(text.casefold().split())
    if _ISO.match(plain):
        return plain
    if match := _DAY_FIRST.match(plain):
        day, month, year = match.groups()
    elif match := _MONTH_FIRST.match(plain):
        month, day, year = match.groups()
    else:
        return ""
    return f"{int(year):04}-{_MONTHS[month]:02}-{int(day):02}" if month in _MONTHS and 0 < int(day) < 32 else ""


def year(text: str) -> int | None:
    """The one year (1000 to 2099) that `text` names, or None."""
    found = set(_YEAR.findall(text))
    return int(found.pop()) if len(found) == 1 else None


def singular(form: str) -> str:
    """A loose form with its last word in the singular, by English rules; only for names that are common nouns."""
    if len(form) < 5 or form.endswith(("ss", "us", "is")) or not form.endswith("s"):
        return form
    if form.endswith("ies"):
        return form[:-3] + "y"
    if form.endswith(("ches", "shes", "sses", "xes", "zes")):
        return form[:-2]
    return form[:-1]


def without_company(form: str) -> str:
    """A name without `Inc.`, `Ltd` and the like at its end."""
    return _COMPANY.sub("", form) or form


def is_acronym(spelling: str) -> bool:
    """Whether a spelling may stand for longer names by their initials: 2 to 7 capitals, dots aside (`WHO`, `U.S.`)."""
    bare = spelling.replace(".", "")
    return 2 <= len(bare) <= 7 and bare.isalpha() and bare.isupper()


def initials(form: str) -> set[str]:
    """What a loose form of several words may be shortened to: initials with and without the small words.

    Only names of two words and more have any; `world health organization` has `who`.
    """
    words = form.split()
    big = [word for word in words if word not in _SMALL]
    if len(big) < 2:
        return set()
    return {"".join(word[0] for word in big), "".join(word[0] for word in words)}


def titled(title: str) -> tuple[str, str]:
    """A title such as `Mercury (planet)` as name and what tells it apart; the second is empty where it has none."""
    match = _TITLED.match(title.strip())
    return (match.group(1), match.group(2)) if match else (title.strip(), "")


def person_parts(form: str) -> tuple[tuple[str, ...], str, str]:
    """Given names, surname (with its particles) and suffix of a loose form; titles such as `dr` are left out."""
    words = form.split()
    while len(words) > 1 and words[0] in _TITLES:
        words.pop(0)
    suffix = words.pop() if len(words) > 2 and words[-1] in _SUFFIXES else ""
    start = len(words) - 1
    while start > 1 and words[start - 1] in _PARTICLES:
        start -= 1
    return tuple(words[:start]), " ".join(words[start:]), suffix


def has_title(form: str) -> bool:
    """Whether a loose form begins with a person's title (`dr`, `president`)."""
    first, _, rest = form.partition(" ")
    return bool(rest) and first in _TITLES


def looks_personal(spelling: str, form: str) -> bool:
    """Whether a spelling could be a person's full name: two to five capitalised words, none that people do not have."""
    words = spelling.split()
    return (
        2 <= len(words) <= 5
        and not any(letter.isdigit() for letter in spelling)
        and all(word[:1].isupper() or word.casefold() in _PARTICLES for word in words)
        and words[-1][:1].isupper()
        and not _NOT_PEOPLE.intersection(form.split())
    )


def given_fits(short: tuple[str, ...], full: tuple[str, ...]) -> bool:
    """Whether the given names of `short` could be those of `full`: in order, middle names left out, initials allowed.

    The first given name has to be there: `barack` and `b` fit `barack hussein`, `hussein` does not.
    """
    if not short or not full or not _fits(short[0], full[0]):
        return False
    place = 1
    for one in short[1:]:
        while place < len(full) and not _fits(one, full[place]):
            place += 1
        if place == len(full):
            return False
        place += 1
    return True


def _fits(short: str, full: str) -> bool:
    return short == full or (len(short) == 1 and full.startswith(short))
