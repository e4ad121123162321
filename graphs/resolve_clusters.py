"""Joining pairs into clusters, none of which contradicts a type, a date, a title or what a person decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from graphs.resolve_apart import YEARS
from graphs.resolve_census import Census, Key
from graphs.resolve_pairs import Atom, Mentions, Pair, label_form


@dataclass(slots=True)
class _Cluster:
    atoms: set[Atom]
    labels: dict[Key, str]
    sorts: set[str]
    years: dict[str, set[int]]
    steps: list[Pair] = field(default_factory=list[Pair])
    short: set[Atom] = field(default_factory=set[Atom])


class Clusters:
    """Disjoint sets of atoms. What is joined depends on the order of the pairs, which is their own."""

    def __init__(self, census: Census, mentions: Mentions, parted: frozenset[tuple[str, str]]) -> None:
        self._census = census
        self._mentions = mentions
        self._parent: dict[Atom, Atom] = {}
        self._clusters: dict[Atom, _Cluster] = {}
        self._apart: dict[Key, set[Key]] = {}
        for one, other in parted:
            self._apart.setdefault(one, set()).add(other)
            self._apart.setdefault(other, set()).add(one)

    def root(self, atom: Atom) -> Atom:
        """The atom that stands for the cluster of `atom`: its first in alphabetical order."""
        while (parent := self._parent.get(atom, atom)) != atom:
            self._parent[atom] = self._parent.get(parent, parent)
            atom = parent
        return atom

    def members(self, root: Atom) -> Iterable[Atom]:
        """The atoms of a cluster."""
        return self._clusters[root].atoms if root in self._clusters else (root,)

    def steps(self, root: Atom) -> list[Pair]:
        """The pairs that made the cluster."""
        return self._clusters[root].steps if root in self._clusters else []

    def short(self, root: Atom) -> set[Atom]:
        """Atoms that are short for others of the cluster: it is not named after them."""
        return self._clusters[root].short if root in self._clusters else set()

    def join(self, pair: Pair) -> bool:
        """Make the clusters of the two one, unless that would contradict something."""
        one, other = self.root(pair.one), self.root(pair.other)
        if one == other:
            if pair.short:
                self._of(one).short.add(pair.one)
            return True
        a, b = self._of(one), self._of(other)
        if not self._may(a, b, pair):
            # What is short for nothing is the plain name again.
            key, label = pair.one
            if label.startswith(">") and self.root((key, "")) != one:
                self._unite(one, self.root((key, "")))
            return False
        root = self._unite(one, other)
        self._of(root).steps.append(pair)
        if pair.short:
            self._of(root).short.add(pair.one)
        return True

    def _of(self, root: Atom) -> _Cluster:
        known = self._clusters.get(root)
        if known is None:
            key, label = root
            sort = self._census.sorts.get(key, "")
            years: dict[str, set[int]] = {}
            for place, said in self._census.years[key].items() if key in self._census.years else ():
                if self._mentions.atom(key, place) == root:
                    for what, found in said.items():
                        years.setdefault(what, set()).update(found)
            labels = {key: label} if label and label[0] != ">" else {}
            known = self._clusters[root] = _Cluster({root}, labels, {sort} - {""}, years)
        return known

    def _may(self, a: _Cluster, b: _Cluster, pair: Pair) -> bool:
        if self._apart:
            others = {other for name in _names(a) for other in self._apart.get(name, ())}
            if not others.isdisjoint(_names(b)):
                return False
        if pair.reason == "rule":
            return True
        if any(key in b.labels and b.labels[key] != label for key, label in a.labels.items()):
            return False
        if pair.reason == "alias":
            return True
        if len(a.sorts | b.sorts) > 1 and a.sorts != b.sorts and not (a.sorts | b.sorts) <= {"place", "group"}:
            return False
        return all(
            min(abs(x - y) for x in years for y in b.years[what]) <= YEARS
            for what, years in a.years.items()
            if what in b.years
        )

    def _unite(self, one: Atom, other: Atom) -> Atom:
        root, gone = min(one, other), max(one, other)
        a, b = self._of(root), self._of(gone)
        self._parent[gone] = root
        if len(a.atoms) < len(b.atoms):
            a, b = b, a  # the larger takes the smaller in, whatever it is called
        a.atoms |= b.atoms
        a.labels |= b.labels
        a.sorts |= b.sorts
        for what, years in b.years.items():
            a.years.setdefault(what, set()).update(years)
        a.steps += b.steps
        a.short |= b.short
        self._clusters[root] = a
        self._clusters.pop(gone, None)
        return root


def _names(cluster: _Cluster) -> set[Key]:
    """What a person may call the atoms of a cluster: their names, and with their labels."""
    labelled = {label_form(atom) for atom in cluster.atoms if atom[1] and atom[1][0] != ">"}
    return labelled | {key for key, _ in cluster.atoms}
