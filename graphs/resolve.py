"""Entity resolution: which names are one thing, the graph that follows from that, and why."""

from __future__ import annotations

import gc
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from graphs.merge import Merged, likeliest, spelling
from graphs.relations import meaning
from graphs.resolve_apart import namesakes
from graphs.resolve_census import Census, Key
from graphs.resolve_clusters import Clusters
from graphs.resolve_names import titled
from graphs.resolve_pairs import Atom, Mentions, Reason, pairs
from graphs.resolve_rules import Rules
from graphs.resolve_similar import SIMILAR, Encode, similar_pairs
from graphs.triple import KnowledgeGraph, Triple, normal_form


@dataclass(frozen=True, slots=True)
class Join:
    """One step of a merge: `name` was taken to be `into`, because of `reason`; `evidence_ids` say so, if any do."""

    name: str
    into: str
    reason: Reason
    evidence_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing: the name it is shown by, its type (empty where unknown), all its spellings, and why they are one."""

    name: str
    type: str
    names: tuple[str, ...]
    joins: tuple[Join, ...] = ()


@dataclass(frozen=True)
class Resolution:
    """The merged facts, sorted by head, relation and tail, and the entities they are about, sorted by name."""

    merged: tuple[Merged, ...]
    entities: tuple[Entity, ...]

    @cached_property
    def graph(self) -> KnowledgeGraph:
        """The merged facts as a graph that finds its entities under all their names."""
        aliases = {other: one.name for one in self.entities for other in one.names if other != one.name}
        return KnowledgeGraph((one.triple for one in self.merged), aliases)

    @property
    def joined(self) -> tuple[Entity, ...]:
        """The entities that several names were merged into."""
        return tuple(one for one in self.entities if one.joins)

    def entity(self, name: str) -> Entity | None:
        """The entity of that name, in any spelling; of several namesakes the one that is shown by it, if any."""
        found = self._by_name.get(normal_form(name), ())
        shown = [one for one in found if normal_form(one.name) == normal_form(name)]
        return (shown or found or [None])[0]

    @cached_property
    def _by_name(self) -> Mapping[Key, list[Entity]]:
        found: defaultdict[Key, list[Entity]] = defaultdict(list)
        for one in self.entities:
            for key in dict.fromkeys(normal_form(name) for name in (one.name, *one.names)):
                found[key].append(one)
        return found


def resolve(
    triples: Iterable[Triple],
    *,
    documents: Mapping[str, str] | None = None,
    titles: Mapping[str, str] | None = None,
    aliases: Iterable[Sequence[str]] = (),
    rules: Rules | None = None,
    encode: Encode | None = None,
    threshold: float = SIMILAR,
) -> Resolution:
    """Join the names that are one thing, and the relations that say the same between one pair, keeping every source.

    Names are joined, the surest reason first, by `rules` (what a person decided), `aliases` (lists of names) and
    relations such as `also known as`, titles of documents, spelling, acronyms, people's short names within one
    document, and, with `encode`, by a cosine of at least `threshold` within one type. `documents` (evidence id →
    document) says what counts as one neighbourhood, by default each piece of evidence; `titles` are of documents, by
    evidence id. Namesakes whose documents have different titles (`Mercury (planet)`) or dates stay apart and are told
    apart by name; no join contradicts types, dates or `rules`.

    The result depends on the set of triples alone, not on their order; so triples that come later give the same as all
    at once. `encode` takes names and returns their vectors, shape (n, dimension), of length 1. Raises `GraphError`
    when the aliases and the rules contradict each other.
    """
    rules = Rules(tuple(tuple(names) for names in aliases)) + (rules or Rules())
    with _collector_at_rest():
        return _resolve(triples, documents or {}, titles or {}, rules, encode=encode, threshold=threshold)


def _resolve(
    triples: Iterable[Triple],
    documents: Mapping[str, str],
    titles: Mapping[str, str],
    rules: Rules,
    *,
    encode: Encode | None,
    threshold: float,
) -> Resolution:
    triples = list({_order(one): one for one in triples}.values())
    triples.sort(key=_order)
    census = Census(triples, documents, titles, (name for names in rules.same for name in names))
    mentions = Mentions(census, namesakes(census))
    found = pairs(triples, mentions, rules)
    clusters = Clusters(census, mentions, rules.parted)
    for one in found:
        clusters.join(one)
    if encode is not None:
        for one in similar_pairs(mentions, encode, threshold):
            clusters.join(one)
    return _Writer(triples, mentions, clusters, rules).write()


@contextmanager
def _collector_at_rest() -> Generator[None]:
    """Nothing here makes cycles, and looking for them among millions of objects takes two fifths of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Writer:
    """Names for the clusters, and the facts between them."""

    def __init__(self, triples: Sequence[Triple], mentions: Mentions, clusters: Clusters, rules: Rules) -> None:
        self._triples = triples
        self._mentions = mentions
        self._census = mentions.census
        self._clusters = clusters
        self._chosen = {normal_form(name): place for names in rules.same for place, name in enumerate(names)}

    def write(self) -> Resolution:
        facts: defaultdict[tuple[Atom, str, Atom], list[tuple[Triple, bool]]] = defaultdict(list)
        members: defaultdict[Atom, set[Atom]] = defaultdict(set)
        spelled: defaultdict[Atom, set[str]] = defaultdict(set)
        types: defaultdict[Atom, Counter[str]] = defaultdict(Counter)
        forms: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for triple in self._triples:
            place = self._census.place(triple.evidence_id)
            ends: list[Atom] = []
            for name, kind in ((triple.head, triple.head_type), (triple.tail, triple.tail_type)):
                atom = self._mentions.atom(self._census.key(name), place)
                root = self._clusters.root(atom)
                members[root].add(atom)
                spelled[root].add(name)
                if kind:
                    types[root][kind] += 1
                ends.append(root)
            forms[self._census.key(triple.relation)][triple.relation] += 1
            if ends[0] != ends[1]:
                said = meaning(triple.relation)
                turned = said.inverse or (said.symmetric and ends[0] > ends[1])
                pair = (ends[1], said.key, ends[0]) if turned else (ends[0], said.key, ends[1])
                facts[pair].append((triple, turned))
        names = self._names(members)
        called = {key: spelling(found) for key, found in forms.items()}
        kinds = {root: likeliest(types[root]) if root in types else "" for root in members}
        merged = [
            self._fact(pair, said, names, called, kinds) for pair, said in sorted(facts.items(), key=lambda one: one[0])
        ]
        merged.sort(key=lambda one: (one.triple.head, one.triple.relation, one.triple.tail))
        entities = [
            Entity(
                names[root],
                kinds[root],
                tuple(sorted(spelled[root] | {self._census.shown(key) for key, _ in self._clusters.members(root)})),
                tuple(self._joins(root)),
            )
            for root in members
        ]
        return Resolution(tuple(merged), tuple(sorted(entities, key=lambda one: (one.name.casefold(), one.name))))

    def _fact(
        self,
        pair: tuple[Atom, str, Atom],
        said: list[tuple[Triple, bool]],
        names: Mapping[Atom, str],
        called: Mapping[str, str],
        kinds: Mapping[Atom, str],
    ) -> Merged:
        """One fact in the direction and the words that most sources use."""
        turned = sum(way for _, way in said) * 2 > len(said)
        head, tail = (pair[2], pair[0]) if turned else (pair[0], pair[2])
        words = Counter(called[self._census.key(one.relation)] for one, way in said if way == turned)
        types = (kinds[head], kinds[tail])
        return Merged.of(names[head], spelling(words), names[tail], (one for one, _ in said), types)

    def _names(self, members: Mapping[Atom, set[Atom]]) -> dict[Atom, str]:
        """One name for each cluster, no two with one normal form."""
        names: dict[Atom, str] = {}
        taken: set[Key] = set()
        for root in sorted(members):
            own = name = self._name(root)
            number = 1
            while normal_form(name) in taken:
                number += 1
                name = f"{own} ({number})"
            taken.add(normal_form(name))
            names[root] = name
        return names

    def _name(self, root: Atom) -> str:
        atoms = self._clusters.members(root)
        short = self._clusters.short(root)
        census = self._census

        told_apart = any(label and label[0] != ">" for _, label in atoms)

        def order(atom: Atom) -> tuple[bool, int, bool, bool, int, int, str]:
            key, label = atom
            count = sum(census.spellings[key].values())
            # `Mercury (planet)` is for telling it from another Mercury; where there is none, `Mercury` is enough.
            bare = (bool(label) and label[0] != ">") if told_apart else bool(titled(census.shown(key))[1])
            return (
                key not in self._chosen,
                self._chosen.get(key, 0),
                atom in short,
                bare,
                -count,
                len(key),
                key,
            )

        key, label = min(atoms, key=order)
        name = census.shown(key)
        return f"{name} ({label})" if label and label[0] != ">" else name

    def _joins(self, root: Atom) -> list[Join]:
        found: dict[tuple[str, str, Reason], set[str]] = {}
        for one in self._clusters.steps(root):
            step = (self._census.shown(one.one[0]), self._census.shown(one.other[0]), one.reason)
            if one.one[0] != one.other[0]:
                found.setdefault(step, set()).update(one.evidence_ids)
        return [Join(*step, tuple(sorted(ids))) for step, ids in sorted(found.items())]


def _order(triple: Triple) -> tuple[str, str, str, str, str, str, tuple[int, int], float]:
    """All that a triple holds: equality leaves out what this must not."""
    sure = -1.0 if triple.confidence is None else triple.confidence
    names = (triple.head, triple.relation, triple.tail, triple.evidence_id, triple.head_type, triple.tail_type)
    return (*names, triple.span or (-1, -1), sure)
