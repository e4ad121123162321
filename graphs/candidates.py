"""Triples that a text may state, held to an ontology: a head, and every relation whose tail and signs fit.

Nothing is written: names are found, and relations by the words around them (`graphs.lexicon`). What is found is
meant to be judged (by a model), not to be believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from graphs.lexicon import Signs, signs
from graphs.lexicon_words import COUNTRIES
from graphs.names import Names
from graphs.ontology import Ontology, Relation
from graphs.spacy_tree import Tree
from graphs.topic import OPENERS, Topic, is_group, trim

_MONTH: Final = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DATE: Final = re.compile(
    rf"\b(?:\d{{1,2}} {_MONTH},? \d{{4}}|{_MONTH} \d{{1,2}}, \d{{4}}|{_MONTH} \d{{4}}|[12]\d{{3}})\b"
)
_COUNT: Final = re.compile(r"^\d+ ")
_MONEY: Final = re.compile(r"[$€£₹]\s?\d[\d.,]*(?: (?:million|billion|thousand|crore|lakh))?")
_JOIN: Final = (
    "of the|of|and the|and|&|in the|in|for the|for|the|on the|on|to the|to|with|from|at|de la|de|del|la|le|les|el|"
    "der|den|die|das|von|van|du|da|di|a|is|n't|'n'|vs\\.?|feat\\."
)
_CAP: Final = r"[A-ZÀ-ÖØ-Þ](?:[\w’'ʼ©­!?-]|\.(?=\w)|(?<=\b\w)\.|(?<=\b[A-Z][rst])\.)*"
# Titles have small words inside; the names of people and places only particles.
_RUN: Final = re.compile(
    rf"(?:{_CAP}|\d[\w-]*)(?:(?: |: | & )(?:(?:{_JOIN}) )*(?:{_CAP}|\d+(?:st|nd|rd|th)?\b|\(\w+\)))*"
)
_TIGHT: Final = re.compile(rf"{_CAP}(?: (?:(?:de la|de|del|der|den|von|van|du|da|di|bin|al|la|le) )*{_CAP})*")
_CUT: Final = re.compile(r"[.;:!?]\s|\n")
_LATER: Final = re.compile(rf" (?:in|at|on|of) (?:the )?\d{{4}}$| in {_MONTH}.*$")
_TELLS: Final = re.compile(
    r"['’]s?\s|\s(?:club|side|team|band|group|album|single|label|singer|rapper|actor|actress|duo|novel|series)\s*$"
)
_OWNED: Final = re.compile(r"['’]s(?= \d)")
_LIST: Final = re.compile(r"\s*(?:,|and|&|;|, and|as well as|,? along with|or)\s*(?:the |then )?", re.IGNORECASE)
_NEAR: Final = 90
_NO_BLOCK: Final = frozenset({"NORP", "DATE", "CARDINAL", "ORDINAL", "LANGUAGE"})
_WRITTEN: Final = {"date": _DATE, "money": _MONEY, "country": COUNTRIES}
_NAMED: Final = {
    "place": frozenset({"GPE", "LOC", "FAC"}),
    "organisation": frozenset({"ORG", "GPE", "FAC", "PRODUCT"}),
}
_LABELS: Final = ("PERSON", "ORG", "WORK_OF_ART", "GPE", "NORP", "EVENT", "FAC")
_WORK: Final = frozenset({"film", "album", "work", "book", "song", "novel", "series", "game", "season", "competition"})
_HUMAN: Final = frozenset({"human", "person", "athlete"})
_ALBUM: Final = re.compile(r"(?:(?!track|song|single).)*\b(?:album|ep|compilation|mixtape|soundtrack)\b", re.IGNORECASE)
_PREDICATE: Final = re.compile(
    r"\b(?:is|was|are|were) (?:an?|the|one of)\b(?P<says>.{0,140}?)"
    r"(?:\b(?:by|directed|written|produced|from|recorded|released|starring|performed|that|which|who|for|about)\b|[.,;]|$)"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A triple that may be stated; `[start, end)` is its tail in the text.

    `sign` says how its words speak for it: 3 by its own and by those that lead to it, 2 by those that lead to it, 1
    only by its own or by those that follow, 0 not at all.
    """

    head: str
    relation: Relation
    tail: str
    sign: int
    start: int
    end: int


def candidates(tree: Tree, names: Names, ontology: Ontology, about: Topic) -> list[Candidate]:
    """Every candidate of a parsed sentence with `about` for its head, in text order, one for each relation and tail."""
    found = _Found(tree, names, about)
    best: dict[tuple[str, str], Candidate] = {}
    for relation in {one.name: one for one in ontology.relations}.values():
        if not about.sure and about.label in {"PERSON", "GPE", "ORG", "FAC"} and set(relation.head.split()) & _WORK:
            continue
        if relation.head in _HUMAN and is_group(about.name):
            continue
        for one in found.of(relation):
            key = relation.name, _bare(one.tail)
            if key not in best or best[key].sign < one.sign:
                best[key] = one
    return sorted(best.values(), key=lambda one: (one.start, one.end, one.relation.name))


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    text: str
    label: str = ""


class _Found:
    """What stands in one text: names of each kind, and the words around them."""

    def __init__(self, tree: Tree, names: Names, about: Topic) -> None:
        self.text = tree.text
        self.head = about.name
        at = tree.text.find(about.name)
        self._head = (at, at + len(about.name)) if at >= 0 else (-1, -1)
        self._named = [
            self._span(tree.starts[first], tree.ends[after - 1], label) for first, after, label in names.spans
        ]
        self._tight = self._runs(_TIGHT)
        self._long = self._runs(_RUN)
        self._blocks = sorted(
            (one for one in (*self._named, *self._tight) if one.label not in _NO_BLOCK), key=lambda one: one.start
        )
        says = _PREDICATE.search(tree.text, max(0, self._head[1]))
        self._says = (says.start("says"), says.end("says")) if says else (-1, -1)
        self._album = bool(says and _ALBUM.match(says["says"]))

    def of(self, relation: Relation) -> Iterator[Candidate]:
        """Candidates of one relation."""
        sign = signs(relation)
        if relation.head == "album" and relation.name == "tracklist" and not self._album:
            return
        for span in self._spans(sign):
            if _bare(span.text) in {"", _bare(self.head)} or (sign.unless is not None and sign.unless.match(span.text)):
                continue
            inside = span.start < self._head[1] and self._head[0] < span.end
            if inside and sign.kind not in {"word", "any"}:
                continue
            level = self._sign(sign, span)
            if sign.kind == "organisation":
                if COUNTRIES.fullmatch(span.text):
                    continue
                # The recogniser takes it for a person.
                if span.label == "PERSON" and level < 3:
                    level = max(0, level - 1)
            yield Candidate(self.head, relation, span.text, level, span.start, span.end)

    def _sign(self, sign: Signs, span: _Span) -> int:
        own = sign.own is not None and sign.own.match(span.text) is not None
        if sign.bare:
            return 2 if own or sign.own is None else 0
        if sign.before is not None and sign.before.search(self._before(span, sign.kind)):
            return 3 if own else 2 if sign.own is None else 1
        after = self.text[span.end :].lstrip(' ,)"')
        if sign.after is not None and sign.after.match(after):
            return 2 if own or sign.own is None else 1
        return int(own)

    def _spans(self, sign: Signs) -> Sequence[_Span]:
        """What in the text can be a tail of that kind."""
        kind = sign.kind
        if kind in _WRITTEN:
            return [_Span(*m.span(), m.group()) for m in _WRITTEN[kind].finditer(self.text)]
        if kind == "word":
            return self._words(sign)
        if kind in {"title", "award"}:
            return self._titles(kind)
        tight = [one for one in self._tight if one.label != "NORP"]
        if kind == "person":
            return [one for one in tight if one.label != "GPE" and not re.search(r"\d", one.text)]
        labels = _NAMED.get(kind)
        if labels is None:
            return _longest([one for one in (*self._named, *self._tight) if one.label not in _NO_BLOCK])
        named = [one for one in self._named if one.label in labels]
        return named if kind == "place" else _longest([*named, *tight])

    def _words(self, sign: Signs) -> list[_Span]:
        spans = [_Span(*m.span(), m.group()) for m in sign.words.finditer(self.text)] if sign.words else []
        if not sign.predicate:
            return spans
        first, last = self._says
        return [one for one in spans if first <= one.start < last and not one.text[:1].isupper()]

    def _titles(self, kind: str) -> list[_Span]:
        quoted = [one for one in self._named if one.label == "WORK_OF_ART"]
        spans = _longest([*quoted, *(one for one in self._long if one.label != "NORP")])
        if kind == "award":  # `the 2011 Grammy Award`
            return [self._span(one.end - len(_COUNT.sub("", one.text)), one.end, "") for one in spans]
        return [one for one in spans if not re.match(r"['’]s?\s", self.text[one.end :])]

    def _span(self, start: int, end: int, label: str) -> _Span:
        text = self.text[start:end]
        cut = trim(text)
        at = start + max(0, text.find(cut))
        return _Span(at, at + len(cut), cut, label)

    def _runs(self, pattern: re.Pattern[str]) -> list[_Span]:
        """Runs of capitals, each with the label of a name inside it."""
        found: list[_Span] = []
        for match in pattern.finditer(self.text):
            start, end = match.span()
            # A small word with a capital belongs to a title, unless its sentence begins there.
            opens = start == 0 or self.text[:start].rstrip(' "“')[-1:] in ".!?:"
            while (
                (word := self.text[start:end].split(" ", 1)[0]) in OPENERS
                and len(word) < end - start
                and (opens or pattern is _TIGHT)
            ):
                start += len(word) + 1
            end = start + len(_OWNED.split(self.text[start:end], maxsplit=1)[0])
            end = start + len(_LATER.sub("", self.text[start:end]))
            piece = self.text[start:end]
            if piece in OPENERS or not re.search(r"[A-ZÀ-Þ]", piece):
                continue
            inside = {one.label for one in self._named if one.start < end and start < one.end}
            if any(one.label == "DATE" and one.start <= start and end <= one.end for one in self._named):
                continue
            found.append(self._span(start, end, next((kind for kind in _LABELS if kind in inside), "")))
        return found

    def _before(self, span: _Span, kind: str) -> str:
        """The words that lead to a name: back to the last other name, but over the names of its own list."""
        end = span.start
        owner = re.match(r"['’]s?\s", self.text[self._head[1] :]) is not None
        stop = max(0, end - _NEAR, self._head[1] if self._head[0] < end and not owner else 0)
        if kind != "date" and not self.text[span.end :].startswith(" as "):
            for one in reversed(self._blocks):
                if one.end > end or (one.start < span.end and span.start < one.end):
                    continue
                if _LIST.fullmatch(self.text[one.end : end]) and one.start >= self._head[1]:
                    end = one.start
                    stop = max(stop if end > stop else 0, end - _NEAR)
                    continue
                # `Verne's 1870 novel X`, `the Liga MX club X`: a name that only tells more of the next one.
                if _TELLS.match(self.text[one.end : span.start]):
                    continue
                stop = max(stop, one.end)
                break
        elif kind != "date":
            stop = max([stop, *(one.end for one in self._blocks if one.end <= end)])
        piece = self.text[min(stop, end) : end]
        cut = list(_CUT.finditer(piece))
        piece = piece[cut[-1].end() :] if cut else piece
        left, by, _ = piece.rpartition(" by ")
        return (left + by).strip() if by else piece.strip()


def _longest(spans: Sequence[_Span]) -> list[_Span]:
    """Spans of which none lies in another, in text order."""
    kept: list[_Span] = []
    for one in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
        if not any(one.start < other.end and other.start < one.end for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda span: span.start)
