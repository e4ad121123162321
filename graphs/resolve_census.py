"""What the triples say about each name: its spellings, types, documents, neighbours and dates."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from graphs.merge import likeliest, spelling
from graphs.relations import meaning
from graphs.resolve_names import is_acronym, looks_personal, loose, person_parts, titled, year
from graphs.triple import Triple, normal_form

Key = str
"""The normal form of a name."""

_SORTS = {
    "per": "person", "human": "person", "people": "person", "gpe": "place", "loc": "place", "location": "place",
    "fac": "place", "city": "place", "country": "place", "org": "organisation", "organization": "organisation",
    "company": "organisation", "norp": "group",
}  # fmt: skip
_NUMBERS = frozenset(("date", "time", "money", "quantity", "cardinal", "ordinal", "percent", "number", "year"))
# Relations whose head is a person, by `graphs.relations.meaning`.
_PERSONAL = frozenset(
    meaning(one).key
    for one in ("born", "born in", "born on", "died", "died in", "died on", "married", "child of", "sibling",
                "occupation", "study at", "citizen of", "directed", "wrote", "composed", "starred in", "acted in",
                "discovered", "invented", "painted", "sang", "played for")
)  # fmt: skip
_DATED = {
    **{meaning(one).key: "born" for one in ("born", "born in", "born on")},
    **{meaning(one).key: "died" for one in ("died", "died in", "died on")},
}


class Census:
    """Counted over all triples once. A document is the neighbourhood in which a short name has one meaning: what
    `documents` says of an evidence id, or the evidence itself."""

    def __init__(
        self, triples: Sequence[Triple], documents: Mapping[str, str], titles: Mapping[str, str], more: Iterable[str]
    ) -> None:
        """`titles` are of documents, by evidence id; `more` are names that take part though no triple has them."""
        self.documents = documents
        self.spellings: defaultdict[Key, Counter[str]] = defaultdict(Counter)
        self.within: defaultdict[str, set[Key]] = defaultdict(set)
        self.places: defaultdict[Key, set[str]] = defaultdict(set)
        self.titles: defaultdict[str, set[tuple[str, str, str]]] = defaultdict(set)
        self.neighbours: defaultdict[Key, defaultdict[str, set[Key]]] = defaultdict(lambda: defaultdict(set))
        self.years: defaultdict[Key, defaultdict[str, dict[str, set[int]]]] = defaultdict(lambda: defaultdict(dict))
        self._types: defaultdict[Key, Counter[str]] = defaultdict(Counter)
        self._personal: set[Key] = set()
        self._keys: dict[str, Key] = {}
        self._shown: dict[Key, str] = {}  # filled once all is counted
        for triple in triples:
            self._count(triple)
        for evidence_id, title in titles.items():
            name, rest = titled(title)
            place = self.place(evidence_id)
            if normal_form(name) and place in self.within:
                self.titles[place].add((title, name, rest))
        for place, found in self.titles.items():
            for title, _, _ in found:
                self._mention(title, place, 0)
        for name in more:
            self._mention(name, None, 0)

    def place(self, evidence_id: str) -> str:
        """The document of a piece of evidence."""
        return self.documents.get(evidence_id, evidence_id)

    def key(self, name: str) -> Key:
        """`normal_form`, remembered."""
        known = self._keys.get(name)
        if known is None:
            known = self._keys[name] = normal_form(name)
        return known

    @property
    def keys(self) -> list[Key]:
        """All names, in alphabetical order."""
        return sorted(self.spellings)

    def _mention(self, name: str, place: str | None, count: int = 1) -> Key:
        key = self.key(name)
        self.spellings[key][name] += count
        if place is not None:
            self.within[place].add(key)
            self.places[key].add(place)
        return key

    def _count(self, triple: Triple) -> None:
        place = self.place(triple.evidence_id)
        head, tail = self._mention(triple.head, place), self._mention(triple.tail, place)
        if triple.head_type:
            self._types[head][triple.head_type] += 1
        if triple.tail_type:
            self._types[tail][triple.tail_type] += 1
        said = meaning(triple.relation)
        if said.key in _PERSONAL:
            self._personal.add(tail if said.inverse else head)
            if said.symmetric or said.key == "child of":
                self._personal |= {head, tail}
        what = _DATED.get(said.key)
        when = year(triple.tail) if what else None
        if what and when is not None:
            self.years[head][place].setdefault(what, set()).add(when)
        if head != tail:
            self.neighbours[head][place].add(tail)
            self.neighbours[tail][place].add(head)

    def type(self, key: Key) -> str:
        """The type that most mentions have, as it was given."""
        return likeliest(self._types[key]) if key in self._types else ""

    @cached_property
    def sorts(self) -> dict[Key, str]:
        """Each name's type in one wording (`PERSON`, `PER` and `human` are `person`); a guess for untyped people."""
        found: dict[Key, str] = {}
        for key in self.spellings:
            kind = self.type(key).casefold()
            sort = _SORTS.get(kind, kind)
            if not sort and key in self._personal and looks_personal(self.shown(key), self.form(key)):
                sort = "person"
            found[key] = sort
        return found

    def shown(self, key: Key) -> str:
        """The most frequent spelling, then the shortest, then the first in alphabetical order."""
        known = self._shown.get(key)
        if known is None:
            forms = self.spellings[key]
            known = self._shown[key] = next(iter(forms)) if len(forms) == 1 else spelling(forms)
        return known

    def form(self, key: Key) -> str:
        """The loose form of its shown spelling; the key itself where nothing is left of that."""
        return loose(key) or key

    def acronym(self, key: Key) -> bool:
        """Whether some spelling of it is an acronym's."""
        return any(is_acronym(one) for one in self.spellings[key])

    def common(self, key: Key) -> bool:
        """Whether it is spelled without a capital: a common noun."""
        return self.shown(key)[:1].islower()

    def generic(self, key: Key) -> bool:
        """Whether it names a kind rather than a thing: its last word has no capital (`film`, `Roman settlement`)."""
        last = self.shown(key).split()[-1]
        return last.islower() and not any(letter.isdigit() for letter in last)

    def number(self, key: Key) -> bool:
        """Whether it is a date, an amount or another number, which nothing but its own value is like."""
        return self.sorts[key] in _NUMBERS or key.replace(" ", "")[:1].isdigit()

    def agree(self, one: Key, other: Key) -> bool:
        """Whether two names may be of one thing by their types; an unknown type agrees with all."""
        a, b = self.sorts[one], self.sorts[other]
        return a == b or not a or not b or {a, b} == {"place", "group"}

    @cached_property
    def people(self) -> dict[Key, tuple[tuple[str, ...], str, str]]:
        """Given names, surname and suffix of everything that is a person."""
        return {key: person_parts(self.form(key)) for key, sort in self.sorts.items() if sort == "person"}
