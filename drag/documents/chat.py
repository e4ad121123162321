"""Telling a chat from other text by its shape, and finding its turns.

Four shapes, each with many spellings of stamps:

    [12/03/2024, 09:15] Alice: text      a stamp in each line (WhatsApp, Signal, IRC with `<alice>`)
    Time: 2024-03-12 09:15               lines of stamps between lines of turns
    Alice — 12/03/2024 09:15             name and stamp above the text (Discord, Telegram)
    Alice: text                          turns alone, if there are several that take turns
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Literal

from drag.documents.dates import Order, parse_date

_STAMP = r"\d[\d./-]{5,9}[,T_\s]{1,3}\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[\s\u202f]?[AaPp]\.?[Mm]\b\.?)?"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?(?:[\s\u202f]?[AaPp][Mm]\b)?"
_LEAD = re.compile(
    rf"[\u200e\u200f\ufeff]*(?:[\[(](?P<boxed>[^\])\n]{{4,40}})[\])]|(?P<bare>{_STAMP}|{_CLOCK}))"
    r"[:\s]*(?:[-–—|]\s+)?[\u200e\u200f]*(?P<rest>\S.*|)\Z"
)
_NICK = re.compile(r"<\s*[@+%~&]?(?P<name>[^<>\n]{1,40})>\s*(?P<body>.*)\Z")
_TURN = re.compile(r"(?P<name>[^\s:<>|{}\[\]\"#*(][^:\n<>|{}\[\]\"]{0,39}?)\s?:(?:[^\S\n]+|\Z)(?P<body>.*)\Z")
_LABEL = re.compile(
    r"(?i)[\s\-=*#_~—]*(?:(?:date\s*/?\s*time|time|date|timestamp|when|sent|on|day changed(?: to)?|day)\b\s*[:：]?\s*)?"
    r"(?P<stamp>\[?[\w\d].{4,50}?)[\s\-=*#_~—:]*\Z"
)
_HEAD = re.compile(
    r"(?P<name>[^\s\[\]()][^\[\]()\n]{0,39}?)"
    r"(?:,?\s+[\[(](?P<boxed>[^\])\n]{6,40})[\])]:?|\s+[—–|-]\s+(?P<bare>\d.{5,30}))\s*\Z"
)
_ONLY_CLOCK = re.compile(rf"{_CLOCK}\Z")
_NUMBERS = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-]\d{2,4}")
_PARTICLES = frozenset(
    """
    de del der den di da dos du van von zu zur bin ibn al el la le y e of the und and
    """.split()  # noqa: SIM905  # a list of words reads better than one of quoted strings
)
# What stands before a colon in running text, notes, recipes and logs, and is nobody's name.
_NOBODY = frozenset(
    """
    note notes nb ps p.s pps edit update warning tip tips hint re fwd fw subject http https ftp file from to cc date
    time info error warn debug trace fatal notice critical todo fixme example examples answer question q a summary
    ingredients method steps step serves source sources url link author title abstract keywords name email phone
    address total price chapter section part figure table version copyright license description usage options returns
    args raises
    """.split()  # noqa: SIM905  # a list of words reads better than one of quoted strings
)
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")
_FRAME = " ~\u202a\u202c\u2068\u2069"  # what exports put around names that are not in the address book
_STAMP_STARTS = "[(0123456789\u200e\u200f\ufeff"
_SEEN = 40  # lines that are looked at to tell the shape


@dataclass(frozen=True, slots=True)
class Turn:
    """What one person said: [start, end) in the text, from the name on; `body` is where the words begin.

    `sender` is empty for a line of the system's. `date` is ISO 8601 or empty.
    """

    start: int
    end: int
    body: int
    sender: str
    date: str


@dataclass(frozen=True, slots=True)
class _Line:
    kind: Literal["stamped", "stamp", "head", "turn", "other", "blank"]
    start: int = 0
    body: int = 0
    sender: str = ""
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Chat:
    """The turns of a chat. `inline` says that stamps stand inside the lines, as an export writes them."""

    turns: tuple[Turn, ...]
    inline: bool


def find_chat(text: str) -> Chat | None:
    """The turns of a text that is a chat; None for any other text."""
    if ":" not in text[:4000] and "<" not in text[:4000]:
        return None
    head = [_read(line.rstrip()) for line in text[:8000].split("\n")[:-1]] if len(text) > 8000 else []
    if head and not _shape(head):
        return None
    lines = [_read(line.rstrip()) for line in text.split("\n")]
    shape = _shape(lines)
    if not shape:
        return None
    kept = _people(lines) if shape in ("stamp", "turn") else frozenset[str]()
    order = day_order([one.stamp for one in lines if one.stamp])
    turns: list[Turn] = []
    day = date = ""
    opened: _Line | None = None
    opened_at = position = 0
    for line, length in zip(lines, map(len, text.split("\n")), strict=True):
        begins = line.kind in (shape, "stamp")
        if line.kind == "turn":
            begins = line.sender in kept
        if begins:
            if opened:
                turns += _turn_of(text, opened_at, position, opened, date)
            if line.stamp:
                date = _dated(line.stamp, day, order)
                day = date[:10] or day
            opened = line if line.kind != "stamp" else None
            opened_at = position
        position += length + 1
    if opened:
        turns += _turn_of(text, opened_at, len(text), opened, date)
    return Chat(tuple(turns), shape in ("stamped", "head")) if turns else None


def day_order(stamps: Sequence[str]) -> Order:
    """Whether `3/4/2024` is a day of April or of March, as all stamps of one file tell together.

    A number above 12 settles it; else the order in which time goes forward; else the American order goes with `/` and
    a clock of twelve hours.
    """
    pairs = [found for found in map(_NUMBERS.search, stamps) if found]
    if any(int(one.group(1)) > 12 for one in pairs):
        return "day"
    if any(int(one.group(2)) > 12 for one in pairs):
        return "month"
    if not pairs:
        return "day"
    back = {order: _steps_back([parse_date(one, order) for one in stamps]) for order in ("day", "month")}
    if back["day"] != back["month"]:
        return "day" if back["day"] < back["month"] else "month"
    american = re.search(r"/.*\d\s?[ap]\.?m", stamps[0], re.IGNORECASE)
    return "month" if american else "day"


def _steps_back(dates: Sequence[str]) -> int:
    known = [one for one in dates if one]
    return sum(later < earlier for earlier, later in pairwise(known))


def _dated(stamp: str, day: str, order: Order) -> str:
    if _ONLY_CLOCK.match(stamp):
        return parse_date(f"{day} {stamp}") if day else ""
    return parse_date(stamp, order)


def _turn_of(text: str, at: int, end: int, line: _Line, date: str) -> Iterator[Turn]:
    """The turn that `line` at offset `at` began and that ends before `end`, if it has any words."""
    start, body = at + line.start, at + line.body
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > body:
        yield Turn(start, end, body, line.sender, date)


def _shape(lines: Sequence[_Line]) -> Literal["stamped", "stamp", "head", "turn", ""]:
    """How the text begins says what it is."""
    seen = list(islice((one for one in lines if one.kind != "blank"), _SEEN))
    # A line or two above the first message may name the chat.
    first = next((index for index, one in enumerate(seen) if one.kind != "other"), len(seen))
    if first > min(2, len(seen) - 1):
        return ""
    untitled, seen = not first, seen[first:]
    kinds = Counter(one.kind for one in seen)
    spoken = sum(bool(one.sender) for one in seen if one.kind == "stamped")
    if spoken and seen[0].kind in ("stamped", "stamp") and kinds["stamped"] >= 0.3 * len(seen):
        return "stamped"
    if seen[0].kind == "stamp" and len(seen) > 1 and seen[1].kind == "turn":
        return "stamp"
    if seen[0].kind == "head" and kinds["head"] >= 2:
        return "head"
    # Of those who speak again: what stands before a single colon may be anything.
    senders = [count for count in Counter(one.sender for one in seen if one.kind == "turn").values() if count > 1]
    takes_turns = len(senders) >= 2 and sum(senders) >= 4 and sum(senders) >= 0.5 * len(seen)
    return "turn" if takes_turns and untitled and seen[0].kind == "turn" else ""


def _read(line: str) -> _Line:
    """What one line is by itself."""
    if not line:
        return _Line("blank")
    if len(line) <= 90 and _DIGIT.search(line):
        label = _LABEL.match(line)
        if label and parse_date(label["stamp"]):
            return _Line("stamp", stamp=label["stamp"])
        head = _HEAD.match(line)
        if head and parse_date(head["boxed"] or head["bare"]) and _plain_name(head["name"]):
            return _Line("head", 0, len(line), head["name"].strip(" ,"), head["boxed"] or head["bare"])
    return (_stamped(line) if line[0] in _STAMP_STARTS else None) or _turn(line)


def _stamped(line: str) -> _Line | None:
    """A line that begins with a stamp; one without a sender is the system's."""
    lead = _LEAD.match(line)
    stamp = (lead["boxed"] or lead["bare"]).strip() if lead else ""
    if not lead or not (_ONLY_CLOCK.match(stamp) or parse_date(stamp)):
        return None
    at = lead.start("rest")
    found = _NICK.match(lead["rest"]) or _TURN.match(lead["rest"])
    if found and _plain_name(found["name"]):
        return _Line("stamped", at, at + found.start("body"), found["name"].strip(_FRAME), stamp)
    return _Line("stamped", at, at, "", stamp)


def _turn(line: str) -> _Line:
    turn = _TURN.match(line) if ":" in line[:42] else None
    # Where no stamp stands before it, a name has a letter: a telephone number alone is one in an export only.
    if turn and len(turn["name"].split()) <= 5 and _LETTER.search(turn["name"]) and _plain_name(turn["name"]):
        return _Line("turn", 0, turn.start("body"), turn["name"])
    return _Line("other")


def _plain_name(name: str) -> bool:
    low = name.strip().lower()
    if not low or low in _NOBODY or (low.endswith((".", ",", ";", "!", "?")) and not low.endswith("jr.")):
        return False
    return low[0].isalnum() or low[0] in "@~+\u202a\u2068" or not low[0].isascii()


def _title_like(name: str) -> bool:
    """Whether each word of a name begins like one; scripts without capitals pass."""
    return all(not word[0].islower() or word in _PARTICLES for word in name.split()) and not name[0].isdigit()


def _people(lines: Sequence[_Line]) -> frozenset[str]:
    """The senders among what stands before colons: names, and what does so again and again."""
    counts = Counter(one.sender for one in lines if one.kind == "turn")
    first = next((one.sender for one in lines if one.kind == "turn"), "")
    return frozenset(
        name
        for name, count in counts.items()
        if name == first or (_title_like(name) and len(name.split()) <= 4) or (count >= 2 and len(name.split()) <= 2)
    )
