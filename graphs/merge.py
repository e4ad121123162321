"""Making one graph of many triples: tidying what a model wrote, and joining what says the same."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from graphs.triple import Triple, normal_form

MAX_RELATION_WORDS = 6
MAX_CHARACTERS = 120

_BULLET = re.compile(r"^[-–—•*]\s+")
_PAIRS = {
    **{mark: mark for mark in "\"'`*_"},
    **{"“": "”", "‘": "’", "„": "“", "«": "»", "‹": "›", "(": ")", "[": "]", "{": "}", "<": ">"},
}
# The full stop of `Washington, D.C.`, `J. R. R.` and `Acme Inc.` belongs to the name.
_ABBREVIATED = re.compile(r"(?:(?:\b\w\.\s?){2,}|\b(?:Inc|Corp|Co|Ltd|Bros|Jr|Sr|etc)\.)$")


@dataclass(frozen=True, slots=True)
class Source:
    """Where one piece of evidence says a fact: `span` as `[start, end)` in characters, `confidence` in [0, 1]."""

    evidence_id: str
    span: tuple[int, int] | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Merged:
    """One fact, and the evidence that says it.

    `evidence_ids` is sorted, without repetition, and empty when no source was named; `triple.evidence_id` is its
    first, or empty, and `triple.span` and `triple.confidence` are those of that first. `sources` holds one for each
    of `evidence_ids`, in their order: of several places in one piece of evidence the surest, then the first.
    """

    triple: Triple
    evidence_ids: tuple[str, ...]
    sources: tuple[Source, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, head: str, relation: str, tail: str, said: Iterable[Triple], types: tuple[str, str]) -> Merged:
        """The fact that all triples of `said` say, under one spelling, with its sources and the types of its ends."""
        best: dict[str, Source] = {}
        surest: float | None = None
        for one in said:
            if one.confidence is not None:
                surest = max(surest or 0.0, one.confidence)
            source = Source(one.evidence_id, one.span, one.confidence)
            known = best.get(one.evidence_id)
            if known is None or _surer(source) < _surer(known):
                best[one.evidence_id] = source
        sources = tuple(best[key] for key in sorted(best) if key)
        first = sources[0] if sources else Source("", None, surest)
        triple = Triple(head, relation, tail, first.evidence_id, *types, first.span, first.confidence)
        return cls(triple, tuple(one.evidence_id for one in sources), sources)


def merge(triples: Iterable[Triple]) -> list[Merged]:
    """Join the triples whose head, relation and tail are the same under `normal_form`.

    Every entity and every relation gets one spelling, chosen over the whole input: the most frequent, then the
    shortest, then the first in alphabetical order. Direction and parallel relations survive; a triple whose head is
    its tail says nothing and is dropped. The result depends on what the input holds, not on its order, and is
    sorted by head, relation and tail.
    """
    entities: defaultdict[str, Counter[str]] = defaultdict(Counter)
    relations: defaultdict[str, Counter[str]] = defaultdict(Counter)
    types: defaultdict[str, Counter[str]] = defaultdict(Counter)
    facts: defaultdict[tuple[str, str, str], list[Triple]] = defaultdict(list)
    for triple in triples:
        head, relation, tail = normal_form(triple.head), normal_form(triple.relation), normal_form(triple.tail)
        entities[head][triple.head] += 1
        entities[tail][triple.tail] += 1
        types[head][triple.head_type] += 1
        types[tail][triple.tail_type] += 1
        relations[relation][triple.relation] += 1
        if head != tail:
            facts[head, relation, tail].append(triple)
    shown = {key: spelling(forms) for key, forms in entities.items()}
    called = {key: spelling(forms) for key, forms in relations.items()}
    kinds = {key: likeliest(found) for key, found in types.items()}
    return [
        Merged.of(shown[head], called[relation], shown[tail], said, (kinds[head], kinds[tail]))
        for (head, relation, tail), said in sorted(facts.items(), key=lambda item: item[0])
    ]


def spelling(forms: Counter[str]) -> str:
    """One spelling of a name: the most frequent, then the shortest, then the first in alphabetical order."""
    return min(forms, key=lambda form: (-forms[form], len(form), form))


def likeliest(types: Counter[str]) -> str:
    """The most frequent type that is not empty, then the first in alphabetical order; empty where there is none."""
    return min((kind for kind in types if kind), key=lambda kind: (-types[kind], kind), default="")


def clean(triple: Triple) -> Triple | None:
    """The triple as it should be kept, or None when it is of no use.

    Each part loses outer space, wrapping quotes, brackets and Markdown, list bullets and closing punctuation; runs
    of space become one; a relation in `snake_case` becomes words. Refused: an empty part, a part over
    `MAX_CHARACTERS` characters, a relation over `MAX_RELATION_WORDS` words, and a head that is its own tail.
    """
    head, tail = _tidy(triple.head), _tidy(triple.tail)
    relation = _tidy(triple.relation.replace("_", " "))
    if not all(any(letter.isalnum() for letter in part) for part in (head, relation, tail)):
        return None
    if max(len(head), len(relation), len(tail)) > MAX_CHARACTERS or len(relation.split()) > MAX_RELATION_WORDS:
        return None
    if normal_form(head) == normal_form(tail):
        return None
    return replace(triple, head=head, relation=relation, tail=tail)


def _surer(source: Source) -> tuple[float, tuple[int, int]]:
    return (-(source.confidence if source.confidence is not None else -1.0), source.span or (10**9, 10**9))


def _tidy(part: str) -> str:
    visible = (letter for letter in part if letter.isspace() or unicodedata.category(letter) != "Cc")
    text = " ".join("".join(visible).split())
    while True:
        bare = _unwrapped(_BULLET.sub("", text))
        if not _ABBREVIATED.search(bare):
            bare = bare.rstrip(".,;: ")
        if bare == text:
            return text
        text = bare


def _unwrapped(text: str) -> str:
    """`text` without the quotes or brackets around the whole of it: `(a)` becomes `a`, `(a) or (b)` stays."""
    if len(text) < 2 or _PAIRS.get(text[0]) != text[-1]:
        return text
    if text[0] == text[-1]:
        inner = text.strip(text[0])  # `**bold**` as a whole
        return text if text[0] in inner else inner.strip()
    inner = text[1:-1]
    return text if text[0] in inner or text[-1] in inner else inner.strip()
