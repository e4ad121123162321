"""What may be a name, and what can be seen of it: the raw material of the scorer.

A candidate is one run of tokens in one line; `group` puts the occurrences of the same words together, because the
sanitizer replaces all of them or none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from privacy.lexicon import Lexicon
from privacy.names import GIVEN, SURNAMES

# What spaCy finds and what we call it. Dates and quantities have rules of their own (`privacy.context`).
KINDS: Final = {
    "PERSON": "PERSON", "ORG": "ORGANIZATION", "GPE": "LOCATION", "LOC": "LOCATION", "FAC": "LOCATION",
    "NORP": "GROUP", "PRODUCT": "NAME", "EVENT": "NAME", "WORK_OF_ART": "NAME", "LAW": "NAME",
}  # fmt: skip
# Tags, not parts of speech: those would need one more component of the pipeline, for a tenth of the time.
PROPER: Final = frozenset({"NNP", "NNPS"})
_TRIM_BEFORE: Final = frozenset(
    {"the", "a", "an", "this", "that", "these", "those", "my", "our", "your", "his", "her", "their", "its", "and", "of",
     "in", "for", "at", "&", "to"}
)  # fmt: skip
_EDGE: Final = re.compile(r"^[^\w@#]+|[^\w]+$")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Tokens `first` to `last` (not included) of the text, at the characters `start` to `end`."""

    first: int
    last: int
    start: int
    end: int
    label: str
    second: str


@dataclass(slots=True)
class Group:
    """All occurrences of the same words, in any case. Its `repr` does not show the words."""

    key: str = field(repr=False)
    places: list[Candidate] = field(default_factory=list[Candidate])


def groups(doc: Any, other: Any, lexicon: Lexicon) -> list[Group]:
    """Candidates of `doc` with the entities of the recased `other` (the same object where nothing was recased)."""
    # Once: `doc.text` joins all tokens each time.
    text: str = doc.text
    found: dict[str, Group] = {}
    for one in _candidates(doc, text, other, lexicon):
        key = " ".join(text[one.start : one.end].casefold().split())
        found.setdefault(key, Group(key)).places.append(one)
    return list(found.values())


def _candidates(doc: Any, whole: str, other: Any, lexicon: Lexicon) -> Iterator[Candidate]:
    first = _entity_ids(doc)
    second = first if other is doc else _aligned(doc, other)
    named: Sequence[bool] = [
        bool(first[at][0]) or bool(second[at][0]) or _namelike(token, doc, at, lexicon) for at, token in enumerate(doc)
    ]
    at = 0
    count = len(doc)
    while at < count:
        if not named[at] or doc[at].is_space:
            at += 1
            continue
        end = at + 1
        while end < count and named[end] and not doc[end].is_space and _joined(first, second, doc, end):
            end += 1
        for begin, stop in _pieces(doc, at, end, lexicon):
            yield from _trimmed(doc, whole, begin, stop, (first[at][0], second[at][0]))
        at = end


def _joined(first: Sequence[tuple[str, int]], second: Sequence[tuple[str, int]], doc: Any, at: int) -> bool:
    # An entity of the first look is one thing; around it, one of the second look; then plain runs.
    if first[at - 1] != first[at]:
        return False
    if first[at][0]:
        return True
    if second[at - 1] != second[at]:
        return False
    return bool(second[at][0]) or (_plain_word(doc[at - 1]) and _plain_word(doc[at]))


def _pieces(doc: Any, first: int, last: int, lexicon: Lexicon) -> Iterator[tuple[int, int]]:
    """What of the run is a name: all of a short one; a long one is a list or a clause with names in it."""
    words = [at for at in range(first, last) if not doc[at].is_punct]
    if len(words) <= _LONGEST:
        yield first, last
        return
    begin = -1
    for at in range(first, last + 1):
        inside = at < last and (
            not _splits(doc[at])
            and (not doc[at].text.islower() or doc[at].lower_ in _LINKS or doc[at].lower_ not in lexicon)
        )
        if inside and begin < 0:
            begin = at
        elif not inside and begin >= 0:
            yield begin, at
            begin = -1


_LINKS: Final = frozenset({"of", "the", "and", "&", "de", "la", "van", "von", "der", "du", "del", "for", "at", "al"})
_LONGEST: Final = 14


def _splits(token: Any) -> bool:
    return token.is_punct and token.text not in {"-", "'", "&", "."}


def _plain_word(token: Any) -> bool:
    # Identifiers and numbers of program text stay on their own; "Ann Lee" is one name.
    return not token.text.islower() and token.text.replace("-", "").replace("'", "").replace(".", "").isalpha()


def _trimmed(doc: Any, whole: str, first: int, last: int, labels: tuple[str, str]) -> Iterator[Candidate]:
    while first < last and (doc[first].lower_ in _TRIM_BEFORE or not doc[first].text.strip("'\"*_#-()[]")):
        first += 1
    while last > first and (doc[last - 1].lower_ in {"'s", "'"} or doc[last - 1].is_punct):
        last -= 1
    if first >= last:
        return
    start, end = doc[first].idx, doc[last - 1].idx + len(doc[last - 1].text)
    piece = whole[start:end]
    left = _EDGE.match(piece)
    if left and piece[: left.end()].strip("@#") == "" and left.end() < len(piece):
        start += left.end()
    right = re.search(r"[^\w]+$", piece)
    if right and right.start() and not re.fullmatch(r"(?:\w\.)+", piece):
        end -= right.end() - right.start()
    text = whole[start:end]
    if start < end and sum(c.isalnum() for c in text) >= 2:
        yield Candidate(first, last, start, end, *labels)


def _entity_ids(doc: Any) -> list[tuple[str, int]]:
    out: list[tuple[str, int]] = [("", -1)] * len(doc)
    for index, entity in enumerate(doc.ents):
        if entity.label_ not in KINDS:
            continue
        number = index
        for at in range(entity.start, entity.end):
            # spaCy runs over line ends: a name ends there.
            if doc[at].is_space and "\n" in doc[at].text:
                number += 1000
                continue
            out[at] = (entity.label_, number)
    return out


def _aligned(doc: Any, other: Any) -> list[tuple[str, int]]:
    """The entities of `other` at the tokens of `doc`: the offsets are the same, the tokens may differ."""
    ids = _entity_ids(other)
    by_offset: dict[int, tuple[str, int]] = {token.idx: ids[at] for at, token in enumerate(other)}
    return [by_offset.get(token.idx, ("", -1)) for token in doc]


def _namelike(token: Any, doc: Any, at: int, lexicon: Lexicon) -> bool:
    text: str = token.text
    low: str = token.lower_
    if any(c.isdigit() for c in text):
        return any(c.isalpha() for c in text) or len(text) >= 3
    if len(text) == 1 or not any(c.isalpha() for c in text):
        return False
    if token.is_stop:
        return text == "US"
    if text.islower():
        return len(text) > 2 and (token.tag_ in PROPER or low in GIVEN or low not in lexicon)
    begins = at == 0 or doc[at - 1].text[-1] in '.!?:\n"*-•' or doc[at - 1].is_space
    return (
        not (text[0].isupper() and begins)
        or token.tag_ in PROPER
        or low in GIVEN
        or low in SURNAMES
        or low not in lexicon
    )
