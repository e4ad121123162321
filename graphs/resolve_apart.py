"""Namesakes: two things of one name that the evidence tells apart, by the titles of its documents or by dates."""

from __future__ import annotations

from graphs.resolve_census import Census, Key
from graphs.resolve_names import titled

YEARS = 2
"""Years by which two sources may differ about one birth or death; beyond that they speak of two people."""

SHARED = 2
"""Names that two documents have to share around a name before they speak of one person in spite of its dates."""

Labels = dict[tuple[Key, str], str]
"""(name, document) → what tells the one that is meant there apart; absent where nothing does."""


def namesakes(census: Census) -> Labels:
    """Labels for the mentions of names that several things have."""
    labels = _by_title(census)
    taken = {key for key, _ in labels}
    for key in sorted(census.years):
        if key not in taken and len(census.places[key]) > 1:
            labels |= _by_year(census, key)
    return labels


def _by_title(census: Census) -> Labels:
    """`Mercury` in the document `Mercury (planet)` is the planet, where there is another `Mercury (…)` as well."""
    known: dict[Key, set[str]] = {}
    for key in census.spellings:
        name, rest = titled(census.shown(key))
        if rest:
            known.setdefault(census.key(name), set()).add(rest)
    labels: Labels = {}
    for key in sorted(known):
        rests = known[key]
        if len(rests) < 2 or key not in census.spellings:
            continue
        for place in sorted(census.places[key]):
            here = {rest for _, name, rest in census.titles.get(place, ()) if census.key(name) == key and rest}
            if not here:
                spelled = (titled(census.shown(other)) for other in census.within[place])
                here = {rest for name, rest in spelled if rest and census.key(name) == key}
            if len(here) == 1:
                labels[key, place] = here.pop()
    return labels


def _by_year(census: Census, key: Key) -> Labels:
    """Documents that give one name births (or deaths) years apart, and share little else, speak of two people."""
    said = census.years[key]
    for what in ("born", "died"):
        years = {place: next(iter(found[what])) for place, found in said.items() if len(found.get(what, ())) == 1}
        groups = _groups(years)
        if len(groups) < 2:
            continue
        around = [_around(census, key, places) for _, places in groups]
        alike = any(len(one & other) >= SHARED for i, one in enumerate(around) for other in around[:i])
        if alike:
            continue
        labels = {(key, place): f"{what} {first}" for first, places in groups for place in places}
        for place in sorted(census.places[key]):
            if (key, place) not in labels:
                near = _around(census, key, [place])
                shared = sorted(((len(near & one), number) for number, one in enumerate(around)), reverse=True)
                if shared[0][0] > shared[1][0]:
                    labels[key, place] = f"{what} {groups[shared[0][1]][0]}"
        return labels
    return {}


def _groups(years: dict[str, int]) -> list[tuple[int, list[str]]]:
    """Documents by year, each group with its first year; years at most `YEARS` from the next are one group."""
    groups: list[tuple[int, list[str]]] = []
    last = 0
    for place, year in sorted(years.items(), key=lambda item: (item[1], item[0])):
        if groups and year - last <= YEARS:
            groups[-1][1].append(place)
        else:
            groups.append((year, [place]))
        last = year
    return groups


def _around(census: Census, key: Key, places: list[str]) -> set[Key]:
    """The proper names beside `key` in these documents: what is spelled with a capital, dates and peoples aside."""
    near = {other for place in places for other in census.neighbours[key][place]}
    return {
        other for other in near if not census.common(other) and not census.number(other) and not _broad(census, other)
    }


def _broad(census: Census, key: Key) -> bool:
    return census.sorts[key] in ("group", "language")
