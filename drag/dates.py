"""Time expressions in a question: `on 8 April`, `in March 2026`, `between May and July`, `last week`, `on Friday`."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

_NAMES: Sequence[str] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_DAYS: Sequence[str] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_YEAR = r"(?:1[0-9]|20)\d\d"
_ORDINAL = r"(?:st|nd|rd|th)?"
_POINT = (
    rf"(?:(?<!\d)(?P<iso>{_YEAR}[-/.]?(?:0[1-9]|1[0-2])[-/.]?(?:0[1-9]|[12]\d|3[01]))(?!\d)"
    rf"|\b(?P<day1>\d{{1,2}}){_ORDINAL}(?:\s+of)?\s+(?P<month1>{_MONTH})(?:,?\s+(?P<year1>{_YEAR}))?\b"
    rf"|\b(?P<month2>{_MONTH})\s+(?P<day2>\d{{1,2}}){_ORDINAL}(?!\d)(?:,?\s+(?P<year2>{_YEAR})\b)?"
    rf"|\b(?P<month3>{_MONTH}),?\s+(?:of\s+)?(?P<year3>{_YEAR})\b"
    rf"|(?P<word>(?:early|mid|late|in|of|during|since|until|till|before|after|by|between|and|from|to|through|last|this)"
    rf"[\s-]+)(?P<month4>{_MONTH})(?!\s*\w*\d)"
    rf"|(?P<word5>\b(?:in|of|during|since|until|till|before|after|by|between|and|from|to|through)\s+)"
    rf"(?P<year5>{_YEAR})\b(?![-/.]\d))"
)
_FINDER = re.compile(_POINT)
_RELATIVE = re.compile(
    r"\b(?P<day>today|yesterday|the day before yesterday|tomorrow)\b|"
    r"\b(?P<which>last|this|next|past)\s+(?P<unit>week|month|year|weekend)\b|"
    r"\b(?P<count>\d+|a|two|three|four|five|six)\s+(?P<units>day|week|month|year)s?\s+ago\b",
    re.IGNORECASE,
)
_WEEKDAY = re.compile(rf"\b(?:on|last|this|next|every)\s+(?:the\s+)?({'|'.join(_DAYS)})s?\b", re.IGNORECASE)
_CLOCK = re.compile(r"\b(?:at|around|about)\s+(\d{1,2})(?::(\d{2}))?\s*([ap])\.?m\b", re.IGNORECASE)
_BEFORE = re.compile(r"\b(?:before|until|till|prior to|earlier than|by)\s*(?:the\s+)?$", re.IGNORECASE)
_AFTER = re.compile(r"\b(?:after|since|following|later than)\s*(?:the\s+)?$", re.IGNORECASE)
_JOIN = re.compile(r"\s*(?:and|to|until|till|through|[-–—])\s*(?:the\s+)?$", re.IGNORECASE)
_RANGE = re.compile(r"\b(?:between|from)\s*(?:the\s+)?$", re.IGNORECASE)
_NUMBERS = {"a": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
FIRST, LAST = "0000-01-01", "9999-12-31"


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of days, both ends included, in ISO 8601; without a year (`04-01` to `04-30`) it is one of any year.

    `weekday` (0 is Monday) and `hour` (0 to 23) narrow it where the question names them.
    """

    first: str
    last: str
    weekday: int | None = None
    hour: int | None = None

    @property
    def wide(self) -> bool:
        """Whether it is a year or more, or without an end, as `before May`."""
        return self.first == FIRST or self.last == LAST or (self.first[-5:], self.last[-5:]) == ("01-01", "12-31")

    def covers(self, stamp: str) -> float:
        """How well a date (ISO 8601, to the day or finer; empty: unknown) fits, in [0, 1].

        An hour that does not fit costs half; so does a stretch that is open to one side or a year long, which tells
        little, and a weekday alone costs three quarters: it is more often what was talked about than when.
        """
        if len(stamp) < 10:
            return 0.0
        day = stamp[:10] if len(self.first) == 10 else stamp[5:10]
        inside = self.first <= day <= self.last if self.first <= self.last else day >= self.first or day <= self.last
        if not inside or (self.weekday is not None and _weekday(stamp) != self.weekday):
            return 0.0
        part = 0.5 if self.wide else 1.0
        if self.wide and self.weekday is not None:
            part = 0.25
        if self.hour is not None and stamp[11:13] != f"{self.hour:02}":
            part *= 0.5
        return part


def periods(question: str, today: date | None = None) -> list[Period]:
    """The stretches of time that a question names, in its order; none if it names none.

    `today` is what `yesterday` and `last week` are counted from; the day on which it is called, if none is given.
    """
    points = list(_points(question))
    found: list[Period] = []
    place = 0
    while place < len(points):
        start, end, one = points[place]
        before = question[:start]
        joined = place + 1 < len(points) and _JOIN.match(question[end : points[place + 1][0]]) is not None
        if joined and _RANGE.search(before):
            found.append(_joined(one, points[place + 1][2]))
            place += 2
            continue
        if _BEFORE.search(before) and len(one.first) == 10:
            found.append(Period(FIRST, one.last))
        elif _AFTER.search(before) and len(one.first) == 10:
            found.append(Period(one.first, LAST))
        else:
            found.append(one)
        place += 1
    found += _relative(question, today or date.today())
    weekdays = [_DAYS.index(match.group(1).lower()) for match in _WEEKDAY.finditer(question)]
    if len(weekdays) == 1:
        found = [Period(one.first, one.last, weekdays[0], one.hour) for one in found if one.first != one.last] or found
        found = found or [Period("01-01", "12-31", weekdays[0])]
    hour = _hour(question)
    return [Period(one.first, one.last, one.weekday, hour) for one in found] if hour is not None else found


def _points(question: str) -> Iterator[tuple[int, int, Period]]:
    for match in _FINDER.finditer(question):
        part = match.groupdict()
        start = match.end("word") if part["word"] else match.end("word5") if part["word5"] else match.start()
        period = _point(part)
        if period is not None:
            yield start, match.end(), period


def _point(part: dict[str, str | None]) -> Period | None:
    if part["iso"]:
        digits = re.sub(r"\D", "", part["iso"])
        return _day(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    for number in ("1", "2"):
        name, day = part[f"month{number}"], part[f"day{number}"]
        if name and day:
            year = part[f"year{number}"]
            return _day(int(year) if year else None, _month(name), int(day))
    if part["month3"] and part["year3"]:
        return _days(int(part["year3"]), _month(part["month3"]))
    if part["month4"]:
        return _days(None, _month(part["month4"]))
    return Period(f"{part['year5']}-01-01", f"{part['year5']}-12-31") if part["year5"] else None


def _month(name: str) -> int:
    return next(number for number, one in enumerate(_NAMES, 1) if one.startswith(name[:3].lower()))


def _day(year: int | None, month: int, day: int) -> Period | None:
    if not 1 <= day <= calendar.monthrange(year or 2000, month)[1]:
        return None
    stamp = f"{month:02}-{day:02}"
    return Period(stamp, stamp) if year is None else Period(f"{year:04}-{stamp}", f"{year:04}-{stamp}")


def _days(year: int | None, month: int) -> Period:
    last = calendar.monthrange(year or 2000, month)[1]
    lead = "" if year is None else f"{year:04}-"
    return Period(f"{lead}{month:02}-01", f"{lead}{month:02}-{last:02}")


def _joined(first: Period, last: Period) -> Period:
    """From the one to the other; a year that only the second names is the first one's too."""
    if len(first.first) < len(last.last):
        return Period(f"{last.last[:5]}{first.first}", last.last)
    if len(first.first) > len(last.last):
        return Period(first.first, f"{first.first[:5]}{last.last}")
    return Period(first.first, last.last)


def _relative(question: str, today: date) -> Iterator[Period]:
    for match in _RELATIVE.finditer(question):
        part = match.groupdict()
        if part["day"]:
            back = {"today": 0, "yesterday": 1, "the day before yesterday": 2, "tomorrow": -1}[part["day"].lower()]
            yield _between(today - timedelta(back), today - timedelta(back))
        elif part["unit"]:
            step = {"last": -1, "past": -1, "this": 0, "next": 1}[part["which"].lower()]
            yield _unit(today, part["unit"].lower(), step)
        else:
            count = _NUMBERS.get(part["count"].lower()) or int(part["count"])
            days = {"day": 1, "week": 7, "month": 30, "year": 365}[part["units"].lower()]
            try:
                middle = today - timedelta(count * days)
            except OverflowError:
                continue
            slack = 0 if days == 1 else days // 2
            yield _between(middle - timedelta(slack), middle + timedelta(slack))


def _unit(today: date, unit: str, step: int) -> Period:
    if unit == "year":
        return Period(f"{today.year + step:04}-01-01", f"{today.year + step:04}-12-31")
    if unit == "month":
        months = today.year * 12 + today.month - 1 + step
        return _days(months // 12, months % 12 + 1)
    monday = today - timedelta(today.weekday()) + timedelta(7 * step)
    return _between(monday + timedelta(5 if unit == "weekend" else 0), monday + timedelta(6))


def _between(first: date, last: date) -> Period:
    return Period(first.isoformat(), last.isoformat())


def _weekday(stamp: str) -> int | None:
    try:
        return date.fromisoformat(stamp[:10]).weekday()
    except ValueError:
        return None


def _hour(question: str) -> int | None:
    match = _CLOCK.search(question)
    if not match or not 1 <= int(match.group(1)) <= 12:
        return None
    return int(match.group(1)) % 12 + (12 if match.group(3).lower() == "p" else 0)
