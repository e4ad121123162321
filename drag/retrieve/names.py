"""The names in a text that documents of the pack are called by, and where they lead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from drag.lexical import STOP, joined_key, plain
from drag.pack import Pack
from graphs.triple import spans

LONGEST = 10
"""Words of a name, at most."""

MOST = 400
"""Words of a text in which names are looked for, at most: a text may be somebody's whole document."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name that stands in a text, and the documents that are called so, each as the ids of its first pieces."""

    text: str
    key: str
    documents: tuple[tuple[str, ...], ...]


def names_in(pack: Pack, texts: Iterable[str]) -> list[list[Name]]:
    """For each text the names of documents that stand in it, in its order; one look into the pack for all of them.

    A name begins and ends with a capital or a figure. Where names overlap the longest is taken.
    """
    phrases = [list(_phrases(text)) for text in texts]
    known = pack.evidence_about([one.key for each in phrases for one in each])
    return [_longest([one for one in each if one.key in known], known) for each in phrases]


@dataclass(frozen=True, slots=True)
class _Phrase:
    first: int
    after: int
    text: str
    key: str


def _phrases(text: str) -> Iterator[_Phrase]:
    words = list(spans(text))[:MOST]
    telling = [_begins_name(one.group()) for one in words]
    keys = [plain(one.group()) for one in words]
    for first, begins in enumerate(telling):
        if not begins:
            continue
        for last in range(first, min(first + LONGEST, len(words))):
            if not telling[last]:
                continue
            phrase = text[words[first].start() : words[last].end()]
            if "\n" in phrase:
                break
            key = joined_key(keys[first : last + 1])
            # A lone word says little: not one that every text has, no number, no initial.
            if last > first or (len(key) > 2 and key not in STOP and not key.isdecimal()):
                yield _Phrase(first, last + 1, phrase, key)


def _begins_name(word: str) -> bool:
    return word[0].isupper() or not word[0].islower()


def _longest(phrases: list[_Phrase], known: dict[str, list[list[str]]]) -> list[Name]:
    taken: set[int] = set()
    kept: list[_Phrase] = []
    for one in sorted(phrases, key=lambda one: (one.first - one.after, one.first)):
        places = range(one.first, one.after)
        if taken.isdisjoint(places):
            taken.update(places)
            kept.append(one)
    kept.sort(key=lambda one: one.first)
    return [Name(one.text, one.key, tuple(tuple(pieces) for pieces in known[one.key])) for one in kept]
