"""Which mentions could be one thing, and why: aliases, titles, spellings, acronyms, people's short names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from graphs.relations import is_alias
from graphs.resolve_apart import Labels
from graphs.resolve_census import Census, Key
from graphs.resolve_names import (
    given_fits,
    has_title,
    initials,
    is_acronym,
    loose,
    singular,
    titled,
    without_company,
)
from graphs.resolve_rules import Rules
from graphs.triple import Triple, normal_form

Atom = tuple[Key, str]
"""A name and the label of the one that is meant; the label is empty for names that mean one thing."""

Reason = Literal["rule", "alias", "title", "spelling", "acronym", "person", "similar"]
REASONS: tuple[Reason, ...] = ("rule", "alias", "title", "spelling", "acronym", "person", "similar")
"""Why two names are one, the surest first: the order in which they are joined, and in which a doubt is settled."""


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """`one` is the shorter or less telling side where there is one; `evidence_ids` say so, where evidence does."""

    rank: int
    one: Atom
    other: Atom
    short: bool = False
    evidence_ids: tuple[str, ...] = ()
    score: float = 1.0

    @property
    def reason(self) -> Reason:
        return REASONS[self.rank]


def pair(reason: Reason, one: Atom, other: Atom, *, short: bool = False, said: Iterable[str] = ()) -> Pair:
    """A pair of this reason."""
    return Pair(REASONS.index(reason), one, other, short, tuple(sorted(set(said) - {""})))


def label_form(atom: Atom) -> Key:
    """The normal form under which an atom with a label is shown."""
    return normal_form(f"{atom[0]} ({atom[1]})")


class Mentions:
    """Which atom a mention (a name in a document) belongs to."""

    def __init__(self, census: Census, labels: Labels) -> None:
        self.census = census
        self._labels: Labels = dict(labels)
        self._split = {key for key, _ in labels}
        self._labelled = {label_form((key, label)): (key, label) for (key, _), label in labels.items()}

    def atom(self, key: Key, place: str) -> Atom:
        """The atom of a name in a document."""
        return key, self._labels.get((key, place), "")

    def single(self, key: Key) -> bool:
        """Whether the name means one thing wherever it stands, as far as documents' titles and dates tell."""
        return key not in self._split

    def named(self, key: Key) -> Atom:
        """The atom that a person means by a name: `Mercury (planet)` may be the label of a `Mercury`."""
        return self._labelled.get(key, (key, ""))

    def refer(self, key: Key, place: str, target: Key) -> Atom:
        """The name, as it is used in this document, is short for `target`."""
        if (key, place) not in self._labels:
            self._labels[key, place] = f">{target}"
        return self.atom(key, place)


def pairs(triples: Sequence[Triple], mentions: Mentions, rules: Rules) -> list[Pair]:
    """All pairs but those by embedding. A pure function of the set of triples: order and repetition do not count."""
    census = mentions.census
    found: set[Pair] = set()
    # First what a short name stands for in its document: the others look mentions up, and so have to come after it.
    # What a person decided about a name is not second-guessed.
    settled = frozenset(normal_form(name) for names in rules.same for name in names)
    found.update(_short_people(mentions, rules.parted, settled))
    found.update(_acronyms(mentions, rules.parted, settled))
    for names in rules.same:
        first, *rest = (mentions.named(normal_form(name)) for name in names)
        found.update(pair("rule", other, first) for other in rest)
    said: defaultdict[tuple[Atom, Atom], set[str]] = defaultdict(set)
    for triple in triples:
        if is_alias(triple.relation, triple.tail):
            place = census.place(triple.evidence_id)
            head, tail = census.key(triple.head), census.key(triple.tail)
            number = census.number(head) or census.number(tail)
            if head != tail and not number and census.generic(head) == census.generic(tail):
                said[mentions.atom(tail, place), mentions.atom(head, place)].add(triple.evidence_id)
    found.update(pair("alias", tail, head, said=ids) for (tail, head), ids in said.items())
    found.update(_titles(mentions))
    found.update(_spellings(mentions))
    found.update(_middle_names(mentions))
    return sorted(found)


def _titles(mentions: Mentions) -> Iterator[Pair]:
    """`Mercury (planet)` with the `Mercury` that is meant; `World Health Organization (WHO)` with both its parts."""
    census = mentions.census
    known: defaultdict[Key, set[tuple[str, Key]]] = defaultdict(set)
    for key in census.spellings:
        name, rest = titled(census.shown(key))
        if not rest:
            continue
        if is_acronym(rest) and loose(rest) in initials(loose(name)):
            for part in (census.key(name), census.key(rest)):
                if part in census.spellings and mentions.single(part):
                    yield pair("title", (part, ""), (key, ""), short=part == census.key(rest))
        elif census.key(name) in census.spellings:
            known[census.key(name)].add((rest, key))
    for key, found in known.items():
        if mentions.single(key):
            if len(found) == 1 and not census.common(key):
                yield pair("title", (key, ""), (next(iter(found))[1], ""))
        else:
            yield from (pair("title", (key, rest), (whole, "")) for rest, whole in found)


def _spellings(mentions: Mentions) -> Iterator[Pair]:
    """The same loose form; common nouns in singular and plural; companies with and without `Inc.`; `Dr.` and none."""
    census = mentions.census
    groups: defaultdict[str, set[Key]] = defaultdict(set)
    for key in census.spellings:
        if not mentions.single(key):
            continue
        form = census.form(key)
        groups[form].add(key)
        if census.number(key):
            continue
        if census.common(key):
            groups[singular(form)].add(key)
        elif census.sorts[key] in ("organisation", ""):
            groups[without_company(form)].add(key)
        if has_title(form) and census.sorts[key] in ("person", ""):
            given, surname, suffix = census.people.get(key, ((), "", ""))
            if given:
                groups[" ".join([*given, surname, suffix]).strip()].add(key)
    for form, keys in groups.items():
        first, *rest = sorted(keys, key=lambda key: (census.form(key) != form, key))
        for key in rest:
            # `Sons Ltd` is no spelling of `sons`.
            company = any(without_company(census.form(one)) != census.form(one) for one in (key, first))
            if census.agree(key, first) and not (company and census.common(key) != census.common(first)):
                yield pair("spelling", (key, ""), (first, ""))


def _acronyms(mentions: Mentions, parted: frozenset[tuple[str, str]], settled: frozenset[str]) -> Iterator[Pair]:
    """`WHO` with `World Health Organization`: the one in its document, or the only one anywhere.

    An acronym of two letters has to stand beside its long form in some document, or both have to be of one known
    type: too many names begin with the same two letters.
    """
    census = mentions.census
    long: defaultdict[str, list[Key]] = defaultdict(list)
    for key in census.keys:
        if not census.number(key) and not census.acronym(key):
            for letters in initials(census.form(key)):
                long[letters].append(key)
    for key in census.keys:
        letters = loose(key).replace(" ", "")
        if key in settled or not mentions.single(key) or not census.acronym(key) or letters not in long:
            continue
        fits = [one for one in long[letters] if census.agree(key, one) and tuple(sorted((key, one))) not in parted]
        here = census.places[key]
        # A kind (`magnetic resonance imaging`) has to stand beside its acronym; too much has the same initials.
        fits = [one for one in fits if not census.generic(one) or not here.isdisjoint(census.places[one])]
        beside = {place: [one for one in fits if one in census.within[place]] for place in sorted(here)}
        met = {found[0] for found in beside.values() if len(found) == 1}
        if len(met) == 1 and all(len(found) <= 1 for found in beside.values()):
            alone = next(iter(met))
        elif not met and len(fits) == 1:
            known = bool(census.sorts[key]) and census.sorts[key] == census.sorts[fits[0]]
            alone = fits[0] if len(letters) > 2 or known else None
        else:
            alone = None
        for place, found in beside.items():
            target = found[0] if len(found) == 1 else None if found else alone
            if target is not None:
                atom = mentions.refer(key, place, target)
                yield pair("acronym", atom, mentions.atom(target, place), short=True)


def _short_people(mentions: Mentions, parted: frozenset[tuple[str, str]], settled: frozenset[str]) -> Iterator[Pair]:
    """`Curie`, `Dr. Curie`, `M. Curie` with the one `Marie Curie` of the same document, where there is just one."""
    census = mentions.census
    people = census.people
    for place in sorted(census.within):
        here = census.within[place]
        full: defaultdict[str, list[Key]] = defaultdict(list)
        called: defaultdict[str, list[Key]] = defaultdict(list)
        for key in sorted(here):
            if key in people and people[key][0]:
                full[people[key][1]].append(key)
                called[people[key][0][0]].append(key)
        if not full:
            continue
        for key in sorted(here):
            if key in settled or not mentions.single(key) or census.common(key):
                continue
            if census.sorts[key] not in ("person", ""):
                continue
            given, surname, suffix = people.get(key) or ((), census.form(key), "")
            if given:
                fits = [one for one in full[surname] if _shortens((given, suffix), people[one])]
            else:
                fits = full.get(surname, [])
                if not fits and census.sorts[key] == "person":
                    fits = called.get(surname, [])
            fits = [one for one in fits if one != key and tuple(sorted((key, one))) not in parted]
            target = _widest(fits, census)
            if target is not None:
                bare = not given or any(len(name) == 1 for name in given)
                atom = mentions.refer(key, place, target)
                yield pair("person", atom, mentions.atom(target, place), short=bare)


def _shortens(short: tuple[tuple[str, ...], str], full: tuple[tuple[str, ...], str, str]) -> bool:
    (given, suffix), (whole, _, other) = short, full
    return given != whole and suffix in ("", other) and given_fits(given, whole)


def _widest(fits: Sequence[Key], census: Census) -> Key | None:
    """The one of `fits` that all others are short for, or None where they could be two people."""
    if not fits:
        return None
    people = census.people
    widest = max(fits, key=lambda key: (len(" ".join(people[key][0])), key))
    for one in fits:
        given, surname, suffix = people[one]
        same = surname == people[widest][1] and suffix in ("", people[widest][2])
        if one != widest and not (same and given_fits(given, people[widest][0])):
            return None
    return widest


def _middle_names(mentions: Mentions) -> Iterator[Pair]:
    """`Barack Obama` and `Barack Hussein Obama` wherever they stand, unless a second such name makes it doubtful."""
    census = mentions.census
    families: defaultdict[tuple[str, str], list[Key]] = defaultdict(list)
    for key, (given, surname, _) in census.people.items():
        if given and len(given[0]) > 1 and mentions.single(key):
            families[given[0], surname].append(key)
    for _, keys in sorted(families.items()):
        for key in sorted(keys):
            given, _, suffix = census.people[key]
            widest = _widest([one for one in keys if _shortens((given, suffix), census.people[one])], census)
            if widest is not None:
                yield pair("person", (key, ""), (widest, ""))
