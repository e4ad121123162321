"""Triples that a text may state, held to an ontology: a head, and every relation whose tail and signs fit.

Nothing is written: names are found, and relations by the words around them (`graphs.lexicon`). What is found is
meant to be judged (by a model), not to be believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from graphs.lexicon import Kind, signs
from graphs.names import Names
from graphs.ontology import Ontology, Relation
from graphs.spacy_tree import SUBJECTS, Tree


@dataclass(frozen=True, slots=True)
class Candidate:
    """A triple that may be stated. `sign` says how its words speak for it: 2 by its own words, 1 by those near it, 0
    not at all. `[start, end)` is its tail in the text."""

    head: str
    relation: Relation
    tail: str
    sign: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    text: str
    label: str


_MONTH: Final = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DATE: Final = re.compile(rf"\b(?:\d{{1,2}} {_MONTH},? \d{{4}}|{_MONTH} \d{{1,2}}, \d{{4}}|{_MONTH} \d{{4}}|[12]\d{{3}})\b")
_MONEY: Final = re.compile(r"[$€£₹]\s?\d[\d.,]*(?: (?:million|billion|thousand|crore|lakh))?")
_JOIN: Final = "of the|of|and the|and|&|in the|in|for the|for|the|on the|on|to the|to|with|from|at|de la|de|del|la|le|les|el|der|den|die|das|von|van|du|da|di|a|is|n't|'n'|vs\\.?|feat\\."
_CAP: Final = r"[A-ZÀ-ÖØ-Þ][\w.’'ʼ©­\-!?]*"
_RUN: Final = re.compile(rf"(?:{_CAP}|\d[\w-]*)(?:(?: |: | & )(?:(?:{_JOIN}) )*(?:{_CAP}|\d+(?:st|nd|rd|th)?\b|\(\w+\)))*")
_TIGHT: Final = re.compile(rf"{_CAP}(?: (?:(?:de la|de|del|der|den|von|van|du|da|di|bin|al|la|le) )*{_CAP})*")
_OPENERS: Final = frozenset(
    "The A An In On At For From With By It Its It's He She They His Her Their This That These Those When While After "
    "Before As Both Among During Although However Also Following Having Shortly Later Since Upon To Of And But Or "
    "Co-written Co-produced Written Directed Produced Narrated Released Originally Statistics Redirect Principal There "
    "I We You Who Which Where Most Many Some Several All One Two Three Other Music Each Not Based Set Starring".split()
)
_CUT: Final = re.compile(r"[.;:!?]\s|\n")
_LIST: Final = re.compile(r"\s*(?:,|and|&|;|, and|as well as|,? along with|or)\s*(?:the |then |actor |actress )?", re.IGNORECASE)
_NEAR: Final = 90


def candidates(doc: object, ontology: Ontology, title: str = "") -> list[Candidate]:
    """Every candidate of a parsed text (spaCy's `Doc`), in text order, one for each relation and tail.

    The head is the one thing that the text is about; empty where it names none.
    """
    tree = Tree(doc)
    if not tree.words:
        return []
    names = Names(tree, title)
    head = subject(tree, names, title)
    if not head:
        return []
    found = _Found(tree, names, head)
    listed = {one.name: one for one in ontology.relations}
    seen: dict[tuple[str, str], Candidate] = {}
    for relation in listed.values():
        for one in found.of(relation):
            key = relation.name, bare(one.tail)
            if key not in seen or seen[key].sign < one.sign:
                seen[key] = one
    return sorted(seen.values(), key=lambda one: (one.start, one.end))


def bare(text: str) -> str:
    """Letters and digits of `text`, in lower case."""
    return re.sub(r"[\W_]+", "", text).casefold()


def subject(tree: Tree, names: Names, title: str = "") -> str:
    """The name of what a text is about: its title, what it opens with, or the name it speaks of most like a topic.

    A name with a possessive or the subject of the first sentence comes first; an empty string where there is none.
    """
    text = tree.text
    if title:
        return title
    redirect = re.match(r"Redirect(?:s)?(?: to)?:? (.+)", text)
    if redirect:
        return redirect.group(1).strip(" .")
    quoted = re.match(r"""["“]([^"“”]{2,80})["”]\s*(?:\(|,|is|was|are|were|featur|has|had|by)""", text)
    if quoted:
        return quoted.group(1).strip(" ,")
    return _opening(text) or _nickname(text) or _owner(text) or _main(tree, names)


_VERB: Final = r"(?:is|was|are|were|has|had|represents?|starred|stars|won|made|played|plays|began|became|features?|tells|follows|premiered|received|served)"


def _opening(text: str) -> str:
    """`Puss Gets the Boot was …`, `Une chambre en ville is …`: everything before the first verb, if it is a name."""
    found = re.match(rf"(?:The )?(?P<name>[A-Z0-9À-Þ](?:[^.,;()\"]|(?<= ),){{1,80}}?)(?: \([^)]*\)| ?, [^,]{{3,60}},)? {_VERB}\b", text)
    if not found:
        return ""
    name = found["name"]
    words = name.split()
    starts = words[0] not in _OPENERS or (len(words) > 1 and (words[1][:1].isupper() or text.startswith('"')))
    if not starts and not text.startswith("The "):
        return ""
    first = text.split()[0]
    plain = [word for word in words if word[:1].islower()]
    if first == "The" and not any(word[:1].isupper() for word in words):
        return ""
    if len(words) == 1 and first == "The":
        return ""
    team = re.search(r"\b(?:team|season|championships?|tournament|club|cup)$", name)
    if (len(plain) > max(2, len(words) - 2) and not team) or re.search(r"\b(?:video|song|album|story|film|movie|novel|series|artists?)\b", name):
        return ""
    if re.fullmatch(r"\d+|[A-Z][a-z]+", name) and re.search(rf"\b[A-Z][\w-]+ {re.escape(name)}(?:'s)?\b", text):
        return ""
    return name


def _nickname(text: str) -> str:
    """`Michael Francis "Mick" Foley`: Mick Foley."""
    found = re.match(r"""[A-Z][\w.-]+(?: [A-Z][\w.-]+)* ["“](\w+)["”] ([A-Z][\w-]+)""", text)
    return f"{found.group(1)} {found.group(2)}" if found else ""


def _owner(text: str) -> str:
    """`in the early years of Julie & Julia's culinary career`: a name that owns something."""
    best = ""
    for found in re.finditer(rf"({_RUN.pattern})['’]s? ", text):
        name = found.group(1).rstrip("'’s") if found.group(1).endswith(("'s", "’s")) else found.group(1)
        words = [word for word in name.split()]
        while words and words[0] in _OPENERS:
            words = words[1:]
        if len(words) > 1 and len(" ".join(words)) > len(best):
            best = best or " ".join(words)
    return best


def _main(tree: Tree, names: Names) -> str:
    spans = [(first, after, label) for first, after, label in names.spans if label in {"PERSON", "WORK_OF_ART", "ORG", "PRODUCT", "EVENT", "FAC", "GPE"}]
    if not spans:
        return ""
    ranked = sorted(spans, key=lambda one: (-_topical(tree, one[0], one[1]), one[0]))
    first, after, _ = ranked[0]
    return _trim(tree.text[tree.starts[first] : tree.ends[after - 1]])


def _topical(tree: Tree, first: int, after: int) -> int:
    """How like a topic a name stands: the subject of a main verb first, then other subjects, then objects."""
    for place in range(first, after):
        if first <= tree.head[place] < after:
            continue
        dep, head = tree.dep[place], tree.head[place]
        if dep in SUBJECTS:
            return 3 if tree.dep[head] == "ROOT" else 2
        if dep in {"dobj", "poss"}:
            return 1
    return 0


def _trim(name: str) -> str:
    """Without an article before it and a possessive after it."""
    return re.sub(r"^(?:the|an?) ", "", re.sub(r"['’]s?$", "", name.strip(" ,;:\"“”")), flags=re.IGNORECASE)


class _Found:
    def __init__(self, tree: Tree, names: Names, head: str) -> None:
        self.text = tree.text
        self.head = head
        at = tree.text.find(head)
        self._head = (at, at + len(head)) if at >= 0 else (-1, -1)
        self._named = [
            self._span(tree.starts[first], tree.ends[after - 1], label) for first, after, label in names.spans
        ]
        self._dates = [_Span(m.start(), m.end(), m.group(), "DATE") for m in _DATE.finditer(self.text)]
        self._people = self._proper(_TIGHT)
        self._long = self._proper(_RUN)
        self._blocks = sorted(
            [one for one in (*self._named, *self._people) if one.label not in {"NORP", "DATE", "CARDINAL", "ORDINAL", "LANGUAGE"}],
            key=lambda one: one.start,
        )

    def _span(self, start: int, end: int, label: str) -> _Span:
        text = self.text[start:end]
        cut = _trim(text)
        at = text.find(cut)
        return _Span(start + max(0, at), start + max(0, at) + len(cut), cut, label)

    def _proper(self, pattern: re.Pattern[str]) -> list[_Span]:
        """Runs of capitals with the recogniser's label where it has one inside, its own where it covers all."""
        found: list[_Span] = []
        for match in pattern.finditer(self.text):
            start, end = match.span()
            while (word := self.text[start:end].split(" ", 1)[0]) in _OPENERS and len(word) < end - start:
                start += len(word) + 1
            piece = self.text[start:end]
            if piece in _OPENERS or not piece or not re.search(r"[A-ZÀ-Þ]", piece):
                continue
            inside = {one.label for one in self._named if one.start < end and start < one.end}
            label = next((kind for kind in ("PERSON", "ORG", "WORK_OF_ART", "GPE", "NORP") if kind in inside), "")
            if pattern is _TIGHT and inside == {"NORP"}:
                label = "NORP"
            found.append(self._span(start, end, label))
        return found

    def of(self, relation: Relation) -> Iterator[Candidate]:
        """Candidates of one relation."""
        sign = signs(relation)
        for span in self._spans(sign.kind, sign.words):
            if self._overlaps_head(span, sign.kind) or bare(span.text) == bare(self.head) or not bare(span.text):
                continue
            level = 0
            if sign.own is not None:
                level = 2 if sign.own.match(span.text) else 0
                if sign.before is None and not level:
                    continue
            if sign.bare:
                level = 2
            elif sign.before is not None and sign.before.search(self._before(span)):
                level = 2 if level or sign.own is None else 1
            elif sign.after is not None and sign.after.match(self.text[span.end :].lstrip(" ,'’s)\"")):
                level = max(level, 1)
            yield Candidate(self.head, relation, span.text, level, span.start, span.end)

    def _overlaps_head(self, span: _Span, kind: Kind) -> bool:
        return kind not in {"word", "any"} and span.start < self._head[1] and self._head[0] < span.end

    def _spans(self, kind: Kind, words: re.Pattern[str] | None) -> Sequence[_Span]:
        if kind == "word":
            spans = [] if words is None else [_Span(m.start(), m.end(), m.group(), "") for m in words.finditer(self.text)]
            return spans
        if kind == "date":
            return self._dates
        if kind == "money":
            return [_Span(m.start(), m.end(), m.group(), "") for m in _MONEY.finditer(self.text)]
        if kind == "person":
            return [one for one in self._people if one.label not in {"GPE", "NORP", "DATE"} and not any(c.isdigit() for c in one.text)]
        if kind == "place":
            return [one for one in self._named if one.label in {"GPE", "LOC", "FAC"}]
        if kind in {"title", "award"}:
            quoted = [one for one in self._named if one.label in {"WORK_OF_ART"}]
            return _longest([*quoted, *self._long])
        if kind == "organisation":
            orgs = [one for one in self._named if one.label in {"ORG", "GPE", "FAC", "PERSON", "NORP", "PRODUCT"}]
            return _longest([*orgs, *(one for one in self._people)])
        return [*(one for one in self._named if one.label not in {"DATE", "CARDINAL", "ORDINAL", "NORP"})]

    def _before(self, span: _Span) -> str:
        """The words that lead to a name: back to the last other name, but over the names of its own list."""
        end = span.start
        stop = max(0, end - _NEAR)
        for one in reversed(self._blocks):
            if one.end > end or (one.start < span.end and span.start < one.end):
                continue
            if _LIST.fullmatch(self.text[one.end : end]) and one.start > self._head[1]:
                end = one.start
                stop = max(0, end - _NEAR)
                continue
            stop = max(stop, one.end)
            break
        piece = self.text[stop:end]
        cut = list(_CUT.finditer(piece))
        piece = piece[cut[-1].end() :] if cut else piece
        left, by, _ = piece.rpartition(" by ")
        return (left + by).strip() if by else piece.strip()


def _longest(spans: Sequence[_Span]) -> list[_Span]:
    """Spans of which none lies in another."""
    kept: list[_Span] = []
    for one in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
        if not any(one.start < other.end and other.start < one.end for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda span: span.start)
