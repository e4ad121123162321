"""The things of a parsed text: what each noun is called, what it is, and whether it is what the document is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from graphs.names import COUNTING, POSSESSIVE, Names
from graphs.spacy_tree import NOUNS, SUBJECTS, Tree
from graphs.triple import normal_form, words

_AFTER_TITLE: Final = re.compile(r"\s*\([^()]*\)\s*$")
_MODIFIERS: Final = frozenset({
    "advmod", "amod", "case", "compound", "nmod", "npadvmod", "nummod", "poss", "punct", "quantmod",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Node:
    """A head or tail: what it is called, its type (empty: not known), and its tokens, `[first, after)`."""

    name: str
    type: str
    first: int
    after: int


class Nodes(Names):
    """Names for the nouns of one text. `title` is that of the document, empty where there is none.

    `topic` is what the document is about, called as its title without what stands in brackets after it; None where
    the first sentence does not speak of it. `kinds` are the nouns that the first sentence says it is (`film`).
    """

    def __init__(self, tree: Tree, title: str = "") -> None:
        bare = _AFTER_TITLE.sub("", title).strip()
        super().__init__(tree, bare)
        self.resolved: dict[int, Node] = {}
        self.topic: Node | None = None
        self.kinds: frozenset[str] = frozenset()
        self.lead: int | None = None
        if bare:
            self._find_topic(bare)

    def node(self, place: int) -> Node | None:
        """What the noun at token `place` is called; None for a pronoun that nothing stands for."""
        tree = self.tree
        known = self.resolved.get(place)
        if known is not None:
            return known
        number = self.span[place]
        if number >= 0:
            first, after, label = self.spans[number]
            if label not in COUNTING:
                return self._named(first, after, label)
        if tree.pos[place] == "PRON" or tree.tag[place] in {"WDT", "WP", "EX", "DT"}:
            return None
        return self._phrase(place)

    def is_topic(self, node: Node | None) -> bool:
        """Whether `node` is what the document is about."""
        return node is not None and self.topic is not None and node.name == self.topic.name

    def _named(self, first: int, after: int, label: str) -> Node:
        tree = self.tree
        while after - first > 1 and (tree.lower[first] in {"the", "a", "an"} or tree.pos[first] == "PUNCT"):
            first += 1
        while after - first > 1 and (tree.lower[after - 1] in POSSESSIVE or tree.words[after - 1] in {",", "-", "–"}):
            after -= 1
        if self.topic is not None and label not in {"DATE", "TIME", "NORP"} and self._same(first, after):
            return Node(self.topic.name, self.topic.type or label, first, after)
        return Node(tree.say(range(first, after)), label, first, after)

    def _same(self, first: int, after: int) -> bool:
        """Whether a name is a shorter or longer form of the title: `Costello`, `Dillon Hart Francis`."""
        topic = self.topic
        said = words(normal_form(self.tree.say(range(first, after))))
        if topic is None or not said:
            return False
        if normal_form(" ".join(said)) == normal_form(topic.name):
            return True
        full = words(normal_form(topic.name))
        if topic.type == "PERSON":
            # One of its names alone, or the full name with a middle one.
            return (len(said) == 1 and said[0] in full and len(said[0]) > 2) or (
                len(full) > 1 and len(said) > len(full) and said[0] == full[0] and said[-1] == full[-1]
            )
        return False

    def _phrase(self, place: int) -> Node | None:
        tree = self.tree
        first = place
        for kid in reversed(tree.kids[place]):
            if kid > place:
                continue
            if tree.right[kid] != first - 1 or tree.dep[kid] not in _MODIFIERS:
                break
            if tree.dep[kid] == "poss" and tree.pos[kid] == "PRON":
                break
            first = tree.left[kid]
        while first < place and (tree.pos[first] in {"PUNCT", "DET", "ADV"} or tree.tag[first] == "PDT"):
            first += 1
        after = place + 1
        if tree.pos[place] == "PROPN" or place == self.lead:
            for kid in tree.kids[place]:
                # `Duke of Wellington` is one name.
                if kid == after and tree.dep[kid] == "prep" and tree.lower[kid] == "of":
                    last = tree.right[kid]
                    if all(tree.pos[one] in {"PROPN", "DET", "ADP"} for one in range(kid, last + 1)):
                        after = last + 1
        label = ""
        if tree.pos[place] in {"NUM"} or (self.span[place] >= 0 and self.spans[self.span[place]][2] in COUNTING):
            number = self.span[place]
            if number >= 0:
                first, after = min(first, self.spans[number][0]), max(after, self.spans[number][1])
                label = self.spans[number][2]
        if tree.tag[place] == "EX" or not any(letter.isalnum() for letter in tree.words[place]):
            return None
        return Node(tree.say(range(first, after)), label, first, after)

    def _find_topic(self, bare: str) -> None:
        tree = self.tree
        if not tree.roots:
            return
        for root in [self.opening[1]] if self.opening else tree.roots[:1]:
            verbs = [root, *(one for one in range(tree.left[root], root) if tree.dep[one] in {"ccomp", "conj"})]
            for verb in verbs:
                subject = next((kid for kid in tree.kids[verb] if tree.dep[kid] in SUBJECTS), None)
                if subject is None:
                    continue
                near = range(tree.left[subject], max(tree.right[subject], subject) + 1)
                said = {word for place in near for word in words(tree.lower[place])}
                if not self._title & {word for word in said if len(word) > 1}:
                    continue
                self.lead = subject
                label = self._label(subject, verb, near)
                self.topic = Node(bare, label, tree.left[subject], subject + 1)
                self.resolved[subject] = Node(bare, label, *self._lead_span(subject))
                for place in tree.conjuncts(verb):
                    attr = tree.first(place, "attr")
                    if attr is not None:
                        self.kinds |= {tree.lower[one] for one in tree.conjuncts(attr)}
                return

    def _lead_span(self, subject: int) -> tuple[int, int]:
        number = self.span[subject]
        if number >= 0:
            return self.spans[number][0], self.spans[number][1]
        phrase = self._phrase(subject)
        return (phrase.first, phrase.after) if phrase else (subject, subject + 1)

    def _label(self, subject: int, verb: int, near: range) -> str:
        tree = self.tree
        lower = {tree.lower[place] for place in near}
        attr = tree.first(verb, "attr")
        if "born" in lower or "née" in lower or "aka" in lower:
            return "PERSON"
        if attr is not None and any(
            tree.dep[kid] == "relcl" and any(tree.lower[one] == "who" for one in tree.kids[kid])
            for kid in tree.kids[attr]
        ):
            return "PERSON"
        number = self.span[subject]
        if number >= 0 and self.spans[number][2]:
            return self.spans[number][2]
        return next(
            (
                self.spans[self.span[p]][2]
                for p in near
                if self.span[p] >= 0 and self.spans[self.span[p]][2] not in COUNTING | {"DATE", "NORP"}
            ),
            "",
        )


def noun(tree: Tree, place: int) -> bool:
    """Whether a token can stand for a thing."""
    return tree.pos[place] in NOUNS | {"PRON", "NUM", "X", "ADJ", "SYM"}
