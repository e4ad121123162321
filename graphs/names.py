"""The names in a parsed text: what the recogniser finds, what stands in quotation marks, and the document's title."""

from __future__ import annotations

import re
from typing import Final

from graphs.spacy_tree import SUBJECTS, Tree
from graphs.triple import normal_form, words

# Labels of spaCy that count or order and name nothing.
COUNTING: Final = frozenset({"CARDINAL", "ORDINAL", "PERCENT", "QUANTITY", "MONEY"})
POSSESSIVE: Final = frozenset({"'s", "’s", "'", "’"})
BEING: Final = frozenset({"is", "was", "are", "were", "'s", "be", "been", "being"})
_OPENING_QUOTES: Final = frozenset({'"', "“", "``", "«", "„"})
_CLOSING_QUOTES: Final = frozenset({'"', "”", "''", "»", "“"})
_QUOTED_WORDS: Final = 10
_NUMERAL: Final = re.compile(r"[IVX]+")
_NOBLE: Final = frozenset({
    "archduke", "baron", "baroness", "bishop", "count", "countess", "duchess", "duke", "earl", "emperor", "empress",
    "king", "lady", "lord", "marquess", "marquis", "pope", "prince", "princess", "queen", "saint", "sultan",
})  # fmt: skip


class Names:
    """Where names stand: `spans` holds (first token, token after the last, label), `span` the number of each token's
    name or -1. Names do not overlap; a quoted title and the document's own come before what the recogniser found.

    `opening` is the title that the text begins with and the verb that it is the subject of, where the parser had
    that wrong; None elsewhere.
    """

    def __init__(self, tree: Tree, title: str) -> None:
        self.tree = tree
        self.spans: list[tuple[int, int, str]] = []
        self.span: list[int] = [-1] * len(tree.words)
        self.opening: tuple[int, int] | None = None
        self._title = frozenset(words(normal_form(title)))
        self._quotes()
        if title:
            self._titles(title)
        for first, after, label in tree.entities:
            self._lay(*self._whole(first, after, label))
        if title:
            self._mend()

    def _lay(self, first: int, after: int, label: str) -> None:
        """A name that the text has; one that overlaps an earlier one gives way."""
        if any(self.span[place] >= 0 for place in range(first, after)):
            return
        self.spans.append((first, after, label))
        for place in range(first, after):
            self.span[place] = len(self.spans) - 1

    def _at(self, place: int) -> tuple[int, int]:
        first, after, _ = self.spans[self.span[place]]
        return first, after

    def _quotes(self) -> None:
        """Titles in quotation marks."""
        tree = self.tree
        opened = -1
        for place, word in enumerate(tree.words):
            if opened >= 0 and word in _CLOSING_QUOTES:
                inside = range(opened + 1, place)
                if 0 < len(inside) <= _QUOTED_WORDS and tree.words[opened + 1][:1].isupper() and self._titled(inside):
                    labels = {tree.entities[tree.entity[one]][2] for one in inside if tree.entity[one] >= 0}
                    label = next(iter(labels)) if len(labels) == 1 else "WORK_OF_ART"
                    self._lay(
                        opened + 1, place, label if label not in {"CARDINAL", "ORDINAL", "NORP"} else "WORK_OF_ART"
                    )
                opened = -1
            elif word in _OPENING_QUOTES:
                opened = place

    def _titled(self, inside: range) -> bool:
        tree = self.tree
        content = [one for one in inside if tree.words[one][0].isalpha() and len(tree.words[one]) > 3]
        if any(tree.words[one] in {".", "!", "?"} for one in list(inside)[:-1]):
            return False
        return 2 * sum(tree.words[one][0].isupper() for one in content) >= len(content)

    def _titles(self, bare: str) -> None:
        """Where the title itself stands in the text."""
        tree = self.tree
        if len(bare) < 3:
            return
        at = {start: place for place, start in enumerate(tree.starts)}
        to = {end: place for place, end in enumerate(tree.ends)}
        # Hyphens and apostrophes are spaced as it pleases whoever made the text.
        parts = r"\W{0,3}".join(re.escape(part) for part in re.findall(r"\w+", bare))
        parts += re.escape(bare[-1]) if bare[-1] in "!?." else ""
        pattern = re.compile(parts, re.IGNORECASE if " " in bare else 0)
        for match in pattern.finditer(tree.text):
            first, last = at.get(match.start()), to.get(match.end())
            if first is None or last is None:
                continue
            labels = [tree.entities[tree.entity[one]] for one in range(first, last + 1) if tree.entity[one] >= 0]
            # A longer name around it is another thing: `Peter Pan's Flight` in a text about Peter Pan.
            if any(one[1] > last + 1 and tree.lower[one[1] - 1] not in POSSESSIVE for one in labels):
                continue
            label = labels[0][2] if labels and labels[0][2] not in COUNTING | {"NORP", "DATE"} else ""
            self._lay(first, last + 1, label)

    def _whole(self, first: int, after: int, label: str) -> tuple[int, int, str]:
        """A name with what the recogniser left off: a first name (`Ai Weiwei`), and where a noble is from."""
        tree = self.tree
        if label != "PERSON":
            return first, after, label
        while (
            first > 0
            and tree.pos[first - 1] == "PROPN"
            and tree.dep[first - 1] == "compound"
            and first <= tree.head[first - 1] < after
            and tree.entity[first - 1] < 0
        ):
            first -= 1
        if after + 1 < len(tree.words) and tree.lower[after] == "of" and tree.pos[after + 1] == "PROPN":
            noble = after - first == 1 or tree.lower[first] in _NOBLE or _NUMERAL.fullmatch(tree.words[after - 1])
            number = tree.entity[after + 1]
            if noble and (number < 0 or tree.entities[number][0] == after + 1):
                after = after + 2 if number < 0 else tree.entities[number][1]
        return first, after, label

    def _mend(self) -> None:
        """Make the title that a text opens with the subject of the `is` that follows, where the parser lost it.

        Titles of works are sentences of their own (`Dance, Fools, Dance is a …`), or in another language.
        """
        tree = self.tree
        opening = next((one for one in range(min(3, len(tree.words))) if self.span[one] >= 0), None)
        if opening is None or self._title != frozenset(words(normal_form(tree.say(range(*self._at(opening)))))):
            return
        first, after = self._at(opening)
        depth = 0
        for place in range(after, min(after + 60, len(tree.words))):
            depth += (tree.words[place] == "(") - (tree.words[place] == ")")
            if depth > 0 or tree.words[place] == ".":
                if depth > 0:
                    continue
                return
            if tree.lower[place] in BEING and tree.pos[place] in {"AUX", "VERB"}:
                break
        else:
            return
        verb = place
        if tree.dep[verb] == "auxpass" or tree.dep[verb] == "aux":
            verb = tree.head[verb]
        own = next((kid for kid in tree.kids[verb] if tree.dep[kid] in SUBJECTS), None)
        if own is not None and first <= own < after:
            return
        if own is not None and own > place:
            return
        if own is not None:
            tree.dep[own] = "dep"
        last = after - 1
        if tree.head[last] != last and last in tree.kids[tree.head[last]]:
            tree.kids[tree.head[last]].remove(last)
        if tree.below(verb, last):
            # Wherever it hangs under the title (`King (credited as Jeff King) is`), or the two would hang in a circle.
            tree.kids[tree.head[verb]].remove(verb)
            tree.head[verb] = verb
            tree.dep[verb] = "ROOT"
            tree.roots.insert(0, verb)
        tree.head[last] = verb
        tree.dep[last] = "nsubjpass" if tree.has(verb, "auxpass") else "nsubj"
        tree.kids[verb] = sorted([*tree.kids[verb], last])
        tree.left[verb] = min(tree.left[verb], first)
        tree.left[last], tree.right[last] = first, last
        self.opening = (last, verb)
