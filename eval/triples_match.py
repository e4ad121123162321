"""How well triples fit gold triples: token by token for open sets, exactly for ontology sets."""

from __future__ import annotations

import calendar
import datetime
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Parts = tuple[str, str, str]
"""Head, relation, tail."""

# CaRB's: a form of `be` in the gold relation matches `be`, and a quotation may stand on either side of who said it.
_BEING: Final = frozenset({"be", "is", "am", "are", "was", "were", "been", "being"})
_SAYING: Final = ("said", "told", "added", "adds", "says")

_MONTHS: Final = {name.casefold(): number for number, name in enumerate(calendar.month_name) if name}
_DAY_FIRST: Final = re.compile(r"(\d{1,2})\s+([a-z]+)\s*,?\s+(\d{3,4})")
_MONTH_FIRST: Final = re.compile(r"([a-z]+)\s+(\d{1,2})\s*,\s*(\d{3,4})")
_YEAR: Final = re.compile(r"(?:0?[01]\s+(?:january\s+)?|0{1,2}\s+)?(\d{3,4})")
_MARKS: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums of one row, to be added up before they are divided (micro average).

    `right` of `said` is the precision, `found` of `gold` the recall.
    """

    right: float = 0.0
    said: int = 0
    found: float = 0.0
    gold: int = 0


def open_counts(gold: Sequence[Parts], said: Sequence[Parts]) -> Counts:
    """Token-level, multi-match precision, one-to-one recall.

    Each triple that was said gets the precision against the gold triple that it fits best, however many fit that
    one; for recall the pairs are made one to one, best recall first.
    """
    table = [[match(one, other) for other in said] for one in gold]
    right = sum(max((row[column][0] for row in table), default=0.0) for column in range(len(said)))
    return Counts(right, len(said), _one_to_one([[cell[1] for cell in row] for row in table]), len(gold))


def carb_counts(gold: Sequence[Parts], said: Sequence[Parts]) -> Counts:
    """The same cells as CaRB's published program adds them up: one-to-one precision, multi-match recall."""
    table = [[match(one, other) for other in said] for one in gold]
    found = sum(max((cell[1] for cell in row), default=0.0) for row in table)
    return Counts(_one_to_one([[cell[0] for cell in row] for row in table]), len(said), found, len(gold))


def strict_counts(gold: Sequence[Parts], said: Sequence[Parts]) -> Counts:
    """Exact after normalisation (see `normalised`), each triple once."""
    wanted = {normalised(one) for one in gold}
    given = {normalised(one) for one in said}
    right = len(wanted & given)
    return Counts(right, len(given), right, len(wanted))


def closed_counts(gold: Sequence[Parts], said: Sequence[Parts]) -> Counts:
    """As `strict_counts`, of what was said with a relation that a gold triple of the same text has.

    Text2KGBench scores so, because gold of distant supervision lacks facts that the text states.
    """
    wanted = {plain(one[1]) for one in gold}
    return strict_counts(gold, [one for one in said if plain(one[1]) in wanted])


def match(gold: Parts, said: Parts) -> tuple[float, float]:
    """(precision, recall) of the tokens of one triple against one gold triple, part by part; (0, 0) where the
    relations share no token.

    CaRB's lenient tuple match (Bhardwaj et al., 2019; `binary_linient_tuple_match` of its program).
    """
    straight = _match(gold, said)
    if any(word in gold[1] for word in _SAYING):
        return max(straight, _match(gold, (said[2], said[1], said[0])))
    return straight


def _match(gold: Parts, said: Parts) -> tuple[float, float]:
    wanted, given = gold[1].split(), said[1].split()
    sizes = [len(given), len(wanted)]
    common = _common(wanted, given)
    if "be" in given and any(word in _BEING for word in wanted):
        common += 1
    if common == 0:
        return 0.0, 0.0
    for place in (0, 2):
        wanted, given = gold[place].split(), said[place].split()
        sizes[0] += len(given)
        sizes[1] += len(wanted)
        common += _common(wanted, given)
    return (common / sizes[0] if sizes[0] else 0.0, common / sizes[1] if sizes[1] else 0.0)


def _common(wanted: Sequence[str], given: list[str]) -> int:
    """Tokens that both have, each as often as both; takes them out of `given`."""
    found = 0
    for word in wanted:
        if word in given:
            given.remove(word)
            found += 1
    return found


def _one_to_one(table: Sequence[Sequence[float]]) -> float:
    """The sum of the cells that are taken best first, each row and column once."""
    cells = sorted(((value, r, c) for r, row in enumerate(table) for c, value in enumerate(row)), key=lambda x: -x[0])
    rows: set[int] = set()
    columns: set[int] = set()
    total = 0.0
    for value, r, c in cells:
        if value > 0 and r not in rows and c not in columns:
            rows.add(r)
            columns.add(c)
            total += value
    return total


def normalised(parts: Parts) -> Parts:
    """A triple as exact scoring compares it: dates in one form, otherwise letters and digits only, without case.

    Wikidata writes a year as `01 January 1989` or `00  1989`, and both are the year here.
    """
    head, relation, tail = parts
    return date(head) or plain(head), plain(relation), date(tail) or plain(tail)


def plain(text: str) -> str:
    """Letters and digits of `text`, in lower case and without spaces: Text2KGBench's normalisation, less marks."""
    return _MARKS.sub("", unicodedata.normalize("NFKC", text)).casefold()


def date(text: str) -> str:
    """ISO 8601 of a day, or the year; empty where `text` is neither. The first of January counts as the year."""
    lower = " ".join(text.casefold().split())
    year = _YEAR.fullmatch(lower)
    if year:
        return year.group(1)
    found = _DAY_FIRST.fullmatch(lower)
    day, month, when = found.groups() if found else ("", "", "")
    if not found:
        found = _MONTH_FIRST.fullmatch(lower)
        month, day, when = found.groups() if found else ("", "", "")
    if month not in _MONTHS:
        return ""
    try:
        return datetime.date(int(when), _MONTHS[month], int(day)).isoformat()
    except ValueError:
        return ""
