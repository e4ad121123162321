"""Writing facts down: what a phrase is called in a relation, what follows a preposition, and the triple itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from graphs.nodes import Node, Nodes, noun
from graphs.triple import Triple, normal_form

MODIFIER: Final = 0.85
RELATION_WORDS: Final = 6
PLACES: Final = frozenset({"GPE", "LOC", "FAC"})
_PHRASE_CHARACTERS: Final = 80
_WHERE: Final = frozenset({"in", "at", "near", "of", "from", "to", "outside", "around", "on"})
_PLACE_WORDS: Final = 6


class Writer:
    """What the facts of clauses and of nouns share. `used` holds every node that a triple was written of."""

    def __init__(self, nodes: Nodes, evidence_id: str) -> None:
        self.nodes = nodes
        self.used: dict[tuple[int, int], Node] = {}
        self._tree = nodes.tree
        self._id = evidence_id

    def label(self, place: int) -> str:
        number = self.nodes.span[place]
        return self.nodes.spans[number][2] if number >= 0 else ""

    def short(self, place: int) -> list[int]:
        """The last words of a noun phrase, for a relation: no article, nationality, number or owner."""
        tree = self._tree
        if self.nodes.resolved.get(place) is not None:
            return [place]
        node = self.nodes.node(place)
        if node is None:
            return [place]
        words = [
            one
            for one in range(node.first, place + 1)
            if tree.pos[one] not in {"DET", "PUNCT", "PART", "NUM"}
            and self.label(one) not in {"NORP", "DATE", "GPE", "PERSON"}
        ]
        return words[-3:] or [place]

    def prep(self, prep: int) -> Iterator[tuple[list[int], Node]]:
        """(preposition, thing) for each thing under a preposition; a place also for the places that it lies in."""
        tree = self._tree
        for kid in tree.kids[prep]:
            if tree.dep[kid] == "pobj":
                for one in tree.conjuncts(kid):
                    node = self.nodes.node(one)
                    if node is None or not noun(tree, one):
                        continue
                    yield [prep], node
                    if tree.lower[prep] in _WHERE and (
                        node.type in PLACES or (not node.type and tree.pos[one] == "PROPN")
                    ):
                        for larger in self.around(node):
                            yield [prep], larger
                    number = self.nodes.span[one]
                    if number < 0 and tree.pos[one] == "NOUN":
                        for apposed in (k for k in tree.kids[one] if tree.dep[k] == "appos"):
                            named = self.nodes.node(apposed)
                            if named is not None and self.nodes.span[apposed] >= 0:
                                yield [prep], named
            elif tree.dep[kid] in {"prep", "advmod"} and tree.kids[kid]:
                for tokens, tail in self.prep(kid):
                    yield [prep, *tokens], tail

    def around(self, node: Node) -> Iterator[Node]:
        """The places after a place and a comma: `Boise, Idaho, United States`."""
        tree = self._tree
        place = node.after
        size = len(tree.words)
        while place + 1 < size and (tree.words[place] == "," or tree.lower[place] == "of"):
            after = place + 1
            if tree.lower[after] == "the" and after + 1 < size:
                after += 1
            number = self.nodes.span[after]
            if number >= 0:
                if self.nodes.spans[number][2] not in PLACES or self.nodes.spans[number][0] != after:
                    return
                end = self.nodes.spans[number][1]
                label = self.nodes.spans[number][2]
            else:
                end, label = after, ""
            # `Khuzestan Province`, `Torbat- e Jam County`: the recogniser knows half of such a name, or none.
            while (
                end < size
                and end - after < _PLACE_WORDS
                and (
                    tree.pos[end] == "PROPN"
                    or (tree.words[end] in {"-", "–"} and end > after)
                    or tree.words[end - 1] == "-"
                )
            ):
                end += 1
            if end == after or tree.pos[after] != "PROPN":
                return
            found = Node(tree.say(range(after, end)), label or "GPE", after, end)
            if not self.nodes.is_topic(self.nodes.node(end - 1)):
                yield found
            place = end

    def modifiers(self, head: Node, place: int) -> Iterator[Triple]:
        """Nationality and year before a noun that says what something is: `a 2012 American film`."""
        tree = self._tree
        for one in range(tree.left[place], place):
            label = self.label(one)
            number = self.nodes.span[one]
            if number < 0 or one != self.nodes.spans[number][0]:
                continue
            if label in {"NORP", "GPE"} and tree.dep[one] in {"amod", "compound", "nmod"} and tree.head[one] == place:
                node = self.nodes.node(one)
                if node is not None:
                    word = "nationality" if head.type == "PERSON" else "country"
                    yield from self.plain(head, word, node, MODIFIER)
            elif label == "DATE":
                node = self.nodes.node(one)
                if node is not None and any(letter.isdigit() for letter in node.name):
                    yield from self.plain(head, "year", node, MODIFIER)

    def triple(self, head: Node, relation: Sequence[int], tail: Node, sure: float) -> Iterator[Triple]:
        tree = self._tree
        words = list(dict.fromkeys(relation))
        if len(words) > RELATION_WORDS:
            return
        said = tree.say(words)
        if tree.pos[words[0]] != "PROPN" and tree.words[words[0]][1:].islower():
            said = said[0].lower() + said[1:]
        yield from self.plain(head, said, tail, sure, min(words), max(words))

    def plain(  # noqa: PLR0917
        self, head: Node, relation: str, tail: Node, sure: float, first: int | None = None, last: int | None = None
    ) -> Iterator[Triple]:
        tree = self._tree
        if not relation.strip() or max(len(head.name), len(tail.name)) > _PHRASE_CHARACTERS:
            return
        if normal_form(head.name) == normal_form(tail.name) or not any(c.isalnum() for c in tail.name):
            return
        start = min(head.first, tail.first, tail.first if first is None else first)
        after = max(head.after, tail.after, tail.after if last is None else last + 1)
        # A name that was put in for a pronoun far away: the span stays where this is said.
        self.used[head.first, head.after] = head
        self.used[tail.first, tail.after] = tail
        yield Triple(
            head.name,
            relation,
            tail.name,
            self._id,
            head.type,
            tail.type,
            (tree.starts[start], tree.ends[after - 1]),
            round(sure, 3),
        )
