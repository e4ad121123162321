"""Facts that stand in noun phrases: appositions, possession, and what a noun is in, of or by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from graphs.names import COUNTING
from graphs.nodes import Node
from graphs.spacy_tree import NOUNS, SUBJECTS
from graphs.triple import Triple
from graphs.writer import PLACES, Writer

_APPOSITION: Final = 0.7
_POSSESSION: Final = 0.7
_NOUN: Final = 0.5


class NounFacts:
    """The facts of a text's noun phrases; `said` are the nouns that a clause says something is."""

    def __init__(self, writer: Writer, said: frozenset[int]) -> None:
        self._writer = writer
        self._nodes = writer.nodes
        self._tree = writer.nodes.tree
        self._said = said

    def triples(self) -> Iterator[Triple]:
        """The facts, by kind and then in text order."""
        tree = self._tree
        nodes = self._nodes
        for place, dep in enumerate(tree.dep):
            if tree.pos[place] not in NOUNS:
                continue
            if dep == "appos":
                yield from self._apposition(place)
            elif dep == "poss":
                yield from self._possession(place)
            for prep in tree.kids[place]:
                if tree.dep[prep] != "prep" or place in self._said:
                    continue
                head = nodes.node(place)
                if head is None or prep < head.after:
                    continue
                for tokens, tail in self._writer.prep(prep):
                    if head.type or tail.type or dep in SUBJECTS:
                        yield from self._writer.triple(head, tokens, tail, _NOUN)
        for place in range(len(tree.words)):
            if tree.pos[place] == "PRON" and tree.dep[place] == "poss":
                yield from self._possession(place)
            # `French singer Camillo Felgen`, `his father Husayn`: a noun right before the name of who that is.
            if tree.pos[place] == "NOUN" and tree.dep[place] in {"compound", "nmod", "amod"} and nodes.span[place] < 0:
                yield from self._called(place)

    def _called(self, place: int) -> Iterator[Triple]:
        tree = self._tree
        named = tree.head[place]
        number = self._nodes.span[named]
        if number < 0 or self._nodes.spans[number][2] not in {"PERSON", "ORG", "WORK_OF_ART", "PRODUCT"}:
            return
        if place + 1 != self._nodes.spans[number][0]:
            return
        node = self._nodes.node(named)
        if node is None:
            return
        first = place
        while (
            first - 1 >= tree.left[named] and tree.pos[first - 1] in {"NOUN", "ADJ"} and self._nodes.span[first - 1] < 0
        ):
            first -= 1
        role = Node(tree.say(range(first, place + 1)), "", first, place + 1)
        yield from self._writer.plain(node, "is", role, _APPOSITION)
        for kid in tree.kids[named]:
            if tree.dep[kid] == "poss":
                owner = self._nodes.node(kid)
                if owner is not None:
                    yield from self._writer.plain(owner, role.name, node, _POSSESSION)
            elif self._writer.label(kid) in {"NORP"} and kid < place:
                nation = self._nodes.node(kid)
                if nation is not None:
                    word = "nationality" if node.type == "PERSON" else "country"
                    yield from self._writer.plain(node, word, nation, _APPOSITION)

    def _apposition(self, place: int) -> Iterator[Triple]:
        tree = self._tree
        nodes = self._nodes
        governor = tree.head[place]
        if tree.dep[governor] == "appos" and nodes.span[place] < 0 and nodes.span[governor] < 0:
            governor = tree.head[governor]
        first, second = nodes.node(governor), nodes.node(place)
        if first is None or second is None or first.type in {"DATE"} | COUNTING or second.type in {"DATE"} | COUNTING:
            return
        if first.type in PLACES and second.type in PLACES:
            yield from self._writer.plain(first, "in", second, _APPOSITION)
            return
        if nodes.span[governor] < 0 and nodes.span[place] >= 0:
            # `her elder sister, Maxine Elliott`
            owner = tree.first(governor, "poss")
            whose = nodes.node(owner) if owner is not None else None
            if whose is not None:
                role = tree.say(self._writer.short(governor))
                yield from self._writer.plain(whose, role, second, _POSSESSION)
            first, second = second, first
            place, governor = governor, place
        yield from self._writer.plain(first, "is", second, _APPOSITION)
        yield from self._writer.modifiers(first, place)
        for prep in (kid for kid in tree.kids[place] if tree.dep[kid] == "prep"):
            for tokens, tail in self._writer.prep(prep):
                yield from self._writer.triple(first, [*self._writer.short(place), *tokens], tail, _APPOSITION)

    def _possession(self, place: int) -> Iterator[Triple]:
        tree = self._tree
        owner, owned = self._nodes.node(place), tree.head[place]
        if owner is None or tree.dep[owned] == "attr":
            return
        node = self._nodes.node(owned)
        if node is None:
            return
        number = self._nodes.span[owned]
        if number >= 0 and self._nodes.spans[number][0] > place:
            # `Dillon Francis' debut album, Money Sucks` or `the band's Vault`
            before = [
                one
                for one in range(place + 1, self._nodes.spans[number][0])
                if tree.pos[one] in {"NOUN", "ADJ"} and self._writer.label(one) not in {"NORP", "DATE"}
            ]
            word = tree.say(before[-3:]) if before and tree.pos[before[-1]] == "NOUN" else "has"
            yield from self._writer.plain(owner, word, node, _POSSESSION)
        elif number < 0:
            phrase = [one for one in range(place + 1, owned + 1) if tree.pos[one] not in {"DET", "PART", "PUNCT"}]
            if not any(tree.dep[kid] == "appos" for kid in tree.kids[owned]):
                tail = Node(tree.say(phrase), "", phrase[0], owned + 1)
                yield from self._writer.plain(owner, "has", tail, _NOUN)
            for prep in (kid for kid in tree.kids[owned] if tree.dep[kid] == "prep"):
                for tokens, tail in self._writer.prep(prep):
                    yield from self._writer.triple(owner, [*self._writer.short(owned), *tokens], tail, _NOUN)
