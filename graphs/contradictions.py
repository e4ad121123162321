"""Facts that cannot both be true: one head, a relation that has one tail only, and two tails."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from graphs.merge import Merged
from graphs.relations import meaning
from graphs.resolve_names import date, loose, titled, year
from graphs.triple import normal_form

INFERRED_HEADS = 20
"""Heads that a relation needs before its own use says that it has one tail each."""

INFERRED_SHARE = 0.97
"""The share of heads with one tail from which a relation counts as functional."""

FUNCTIONAL = frozenset(
    meaning(one).key
    for one in (
        "born", "born on", "died", "died on", "place of birth", "place of death", "birth name",
        "date of birth", "date of death", "cause of death", "place of burial", "buried in",
        "founded in", "founded on", "established in", "inception", "date founded", "released in", "released on",
        "release date",
        "publication date", "published in", "capital", "population", "area", "height", "length", "elevation", "weight",
        "atomic number", "boiling point", "melting point", "currency", "age", "maiden name",
        "opened in", "opened on", "completed in", "start date", "end date", "year", "duration",
    )
) | {"father", "mother", "capital"}  # fmt: skip
"""Relations, by `graphs.relations.meaning`, of which a head has one tail."""

_GUESSED = re.compile(r" \((?:born|died) \d{4}\)$")  # as graphs.resolve_apart labels namesakes
_DATED = frozenset(
    meaning(one).key
    for one in ("founded in", "established in", "released in", "published in", "opened in", "completed in")
)  # with a place for a tail they are no dates, and there may be many

_PARENTS = {"father", "mother"}  # their meaning is `child of`, of which there are two


@dataclass(frozen=True, slots=True)
class Contradiction:
    """`facts` have one head and one relation and different tails, each with its sources.

    `namesakes` is true where the heads were told apart as two things of one name: that would explain it.
    `inferred` is true where the relation counts as functional by its use in this graph, not by the list.
    """

    head: str
    relation: str
    facts: tuple[Merged, ...]
    namesakes: bool = False
    inferred: bool = False


def contradictions(merged: Iterable[Merged]) -> list[Contradiction]:
    """What contradicts itself, sorted by head and relation.

    Tails that can both be true do not count: dates of which one is part of the other (`1950`, `12 May 1950`) and names
    that hold the other (`Paris`, `Paris, France`). Places of birth and death count only as far as they are not known
    to lie in one another by the graph's own facts.
    """
    facts = list(merged)
    groups: dict[tuple[str, str], list[Merged]] = {}
    heads: dict[str, dict[str, set[str]]] = {}
    inside: dict[str, set[str]] = {}
    for fact in facts:
        head, key, tail = _ends(fact)
        groups.setdefault((normal_form(titled(head)[0]), key), []).append(fact)
        heads.setdefault(key, {}).setdefault(normal_form(head), set()).add(_value(tail))
        if key in ("locat in", "part of", "capital of", "headquarter in"):
            inside.setdefault(normal_form(head), set()).add(normal_form(tail))
    inferred = {
        key
        for key, found in heads.items()
        if key not in FUNCTIONAL
        and len(found) >= INFERRED_HEADS
        and sum(len(tails) == 1 for tails in found.values()) >= INFERRED_SHARE * len(found)
    }
    found: list[Contradiction] = []
    for (_, key), group in sorted(groups.items()):
        if key not in FUNCTIONAL and key not in inferred:
            continue
        at_odds = [one for one in group if any(_conflict(one, other, inside) for other in group)]
        names = {_ends(one)[0] for one in at_odds}
        # Told apart by the titles of their documents, they are known to be two; by dates, that is a guess.
        guessed = all(_GUESSED.search(name) for name in names)
        if at_odds and (len(names) == 1 or guessed) and not all(_kind(name) for name in names):
            at_odds.sort(key=lambda one: (-len(one.evidence_ids), one.triple.head, one.triple.tail))
            head = titled(min(names))[0] if len(names) > 1 else min(names)
            relation = at_odds[0].triple.relation
            found.append(Contradiction(head, relation, tuple(at_odds), len(names) > 1, key in inferred))
    return found


def _ends(fact: Merged) -> tuple[str, str, str]:
    """Head, meaning and tail, read forwards; a father and a mother are two relations though both are parents."""
    triple = fact.triple
    said = meaning(triple.relation)
    word = normal_form(triple.relation).removeprefix("is ").removesuffix(" of").strip()
    if word in _PARENTS:
        head, tail = (
            (triple.tail, triple.head) if triple.relation.strip().endswith(" of") else (triple.head, triple.tail)
        )
        return head, word, tail
    key = said.key
    if key in ("bear", "bear in", "die", "die in") and (year(triple.tail) is not None or date(triple.tail)):
        key = f"{key.split()[0]} on"  # "born in 1950" says when, not where
    if key == "capital of":
        # A country has one capital; that a city is one of two countries is no contradiction.
        key, turned = "capital", not said.inverse
        return (triple.tail, key, triple.head) if turned else (triple.head, key, triple.tail)
    return (triple.tail, key, triple.head) if said.inverse else (triple.head, key, triple.tail)


def _value(tail: str) -> str:
    return loose(tail) or normal_form(tail)


def _conflict(one: Merged, other: Merged, inside: dict[str, set[str]]) -> bool:  # noqa: PLR0911 - one rule a line
    a, b = _ends(one)[2], _ends(other)[2]
    left, right = _value(a), _value(b)
    if left == right:
        return False
    if (year(a) is None) != (year(b) is None):
        return False
    if year(a) is None and (_ends(one)[1] in _DATED or set(one.evidence_ids) & set(other.evidence_ids)):
        # "born in Grimma, Saxony" is read as two facts of one text.
        return False
    if year(a) is not None and year(b) is not None:
        if year(a) != year(b):
            return True
        first, second = date(a.casefold()), date(b.casefold())
        return bool(first and second and first != second)
    shorter, longer = sorted((set(left.split()), set(right.split())), key=len)
    if shorter <= longer:
        return False
    return not (_reaches(inside, normal_form(a), normal_form(b)) or _reaches(inside, normal_form(b), normal_form(a)))


def _kind(name: str) -> bool:
    """Whether a head is a kind (`film`), of which there are many."""
    return name.rsplit(maxsplit=1)[-1].islower() and name[:1].islower()


def _reaches(inside: dict[str, set[str]], start: str, end: str) -> bool:
    seen, frontier = {start}, [start]
    while frontier:
        for other in inside.get(frontier.pop(), ()):
            if other == end:
                return True
            if other not in seen:
                seen.add(other)
                frontier.append(other)
    return False
