"""Finding dates in stamps, metadata and file names. Everything becomes ISO 8601: `2024-03-12`, `…T09:15`, `…T09:15:30`.

Only whole stamps are read, never a date in running text, which may be anybody's. Time zones are dropped: the wall
clock of whoever wrote it is what a person remembers; numbers of seconds since 1970 are read as UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from itertools import takewhile
from typing import Literal

Order = Literal["day", "month"]

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero janv ene",
            "feb february februar février febrero févr",
            "mar march märz mars marzo mär",
            "apr april avril abril avr abr",
            "may mai mayo",
            "jun june juni juin junio",
            "jul july juli juillet julio juil",
            "aug august août agosto ago",
            "sep sept september septembre septiembre",
            "oct october oktober octobre octubre okt",
            "nov november novembre noviembre",
            "dec december dezember décembre diciembre dez déc dic",
        ),
        1,
    )
    for name in names.split()
}
_TIME = (
    r"(?:(?P<hour>\d{1,2})(?P<colon>[:.h]?)(?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d{1,9})?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?|(?P<hour12>\d{1,2})\s*(?P<half12>[AaPp]\.?[Mm]\.?))"
)
_ZONE = r"(?:\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})|\s+[A-Z]{3,4})?"
_DAY_NAME = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\.?,?\s+)?"
_GAP = r"(?:[\sT_,\u202f–—@-]|\bat\b|\bum\b|\bà\b)+"
_SHAPES = tuple(
    re.compile(rf"{_DAY_NAME}{day}(?:{_GAP}{_TIME}{_ZONE})?", re.IGNORECASE)
    for day in (
        r"(?P<year>\d{4})(?P<sep>[-/._])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})",
        r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})",
        r"(?P<first>\d{1,2})(?P<sep>[-/.])(?P<second_number>\d{1,2})(?P=sep)(?P<year>\d{4}|\d{2})",
        r"(?P<day>\d{1,2})(?:st|nd|rd|th)?\.?[\s-](?:of\s)?(?P<name>[^\W\d_]{3,10})\.?,?[\s-](?P<year>\d{4})",
        r"(?P<name>[^\W\d_]{3,10})\.?\s(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s(?P<year>\d{4})",
        r"(?P<year>\d{4})年\s?(?P<month>\d{1,2})月\s?(?P<day>\d{1,2})日",
    )
)
_DIGIT = re.compile(r"\d")
_COMPACT = re.compile(r"((?:19|20)\d{6})(\d{2})(\d{2})(\d{2})?")
_C_TIME = re.compile(
    r"(?:[A-Z][a-z]{2} )?([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d{1,2}:\d{2}(?::\d{2})?) (?:[A-Z]{3,4} )?(\d{4})"
)
_IN_NAME = (
    re.compile(
        r"(?<!\d)((?:19|20)\d{2})[-_. ]?(0[1-9]|1[0-2])[-_. ]?(0[1-9]|[12]\d|3[01])"
        r"(?:(?:[-_ T]|(?: at ))([01]\d|2[0-3])[-_.:h]?([0-5]\d)(?:[-_.:]?([0-5]\d))?)?(?!\d)"
    ),
    re.compile(r"(?<!\d)(?P<d>0?[1-9]|[12]\d|3[01])[._](?P<m>0?[1-9]|1[0-2])[._](?P<y>(?:19|20)\d{2})(?!\d)"),
)


def parse_date(stamp: str, order: Order = "day") -> str:
    """The date of a stamp that holds nothing but a date (and a time); empty if it is none.

    `order` decides `3/4/2024` where neither number is above 12: `day` first or `month` first.
    """
    stamp = stamp.strip().strip("[]()*").strip()
    if not 6 <= len(stamp) <= 64 or not _DIGIT.search(stamp):
        return ""
    for shape in _SHAPES:
        found = shape.fullmatch(stamp)
        if found:
            return _from_match(found, order)
    compact = _COMPACT.fullmatch(stamp)
    if compact:
        clock = ":".join(part for part in compact.groups()[1:] if part)
        return parse_date(f"{compact.group(1)} {clock}")
    ctime = _C_TIME.fullmatch(stamp)
    if ctime:
        return parse_date(f"{ctime.group(2)} {ctime.group(1)} {ctime.group(4)} {ctime.group(3)}")
    return ""


def _from_match(found: re.Match[str], order: Order) -> str:
    part = found.groupdict()
    year = int(part["year"])
    if part.get("first"):
        one, two = int(part["first"]), int(part["second_number"])
        day, month = (one, two) if (order == "day" or one > 12) and two <= 12 else (two, one)
        year += 2000 if year < 100 else 0
    else:
        day = int(part["day"])
        month = int(part["month"]) if part.get("month") else _MONTHS.get(part["name"].lower(), 0)
    hour = part["hour"] or part["hour12"]
    half = (part["half"] or part["half12"] or "").lower()
    if hour is None:
        return iso(year, month, day)
    clock = int(hour)
    if half:
        if not 1 <= clock <= 12:
            return ""
        clock = clock % 12 + (12 if half.startswith("p") else 0)
    return iso(year, month, day, clock, part["minute"] or 0, part["second"])


def iso(year: int, month: int, day: int, *clock: int | str | None) -> str:
    """ISO 8601 to the day, minute or second, as far as `clock` (hour, minute, second) goes before its first None.

    Empty for a day or a time that does not exist, and for a year before 1000.
    """
    numbers = [int(one) for one in takewhile(lambda one: one is not None, clock) if one is not None]
    hour, minute, second = (*numbers, 0, 0, 0)[:3]
    try:
        moment = datetime(year, month, day, hour, minute, second)
    except ValueError:
        return ""
    if year < 1000:
        return ""
    # The first 10, 16 or 19 characters: the day, the minute, the second.
    return moment.isoformat()[: (10, 16, 16, 19)[len(numbers)]]


def loose_date(value: object) -> str:
    """The date of a metadata value: a stamp, a mail's date, seconds or milliseconds since 1970; empty if it is none."""
    if isinstance(value, datetime):
        return iso(value.year, value.month, value.day, value.hour, value.minute, value.second)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        return _since_1970(value)
    return _stamp_of_text(value.strip()) if isinstance(value, str) else ""


def _stamp_of_text(text: str) -> str:
    found = parse_date(text)
    if found:
        return found
    if re.fullmatch(r"\d{9,10}(\.\d+)?|\d{13}", text):
        return _since_1970(float(text))
    try:
        return loose_date(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""


def _since_1970(number: float) -> str:
    # A bare year is a number too, and so are True and a serial number: only what falls between 1980 and 2100 is a time.
    seconds = number / 1000 if number > 1e11 else number
    if not 315_532_800 <= seconds < 4_102_444_800:
        return ""
    moment = datetime.fromtimestamp(seconds, UTC)
    return loose_date(moment)


def date_in_name(name: str) -> str:
    """The date in a file's name: `2024-03-12 notes`, `IMG_20240312_091500`, `12.03.2024`; empty if there is none."""
    found = _IN_NAME[0].search(name)
    if found:
        year, month, day, hour, minute, second = found.groups()
        return iso(int(year), int(month), int(day), hour, minute, second)
    found = _IN_NAME[1].search(name)
    return iso(int(found["y"]), int(found["m"]), int(found["d"])) if found else ""
