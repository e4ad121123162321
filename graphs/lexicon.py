"""How English says the relations of common ontologies: the words before and after a tail, and what a tail can be.

A small table of Wikidata's most used relations (films, music, sport, people, organisations, places). A relation that
is not in it is known by the words of its own name (see `signs`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from graphs.lexicon_table import SAME, TABLE, UNLESS, Kind
from graphs.lexicon_words import FILMS
from graphs.ontology import Relation, tail_type


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for a relation.

    `before` is looked for in the words that lead to the tail, `after` in those that follow it, `own` in the tail
    itself. `words` are the common nouns that a tail of kind `word` is one of. A relation whose tail needs no words
    around it (a sport, an instrument) has `bare`; one that stands in what the head is said to be (`is a silent film`)
    has `predicate`. No tail is what `unless` matches.
    """

    kind: Kind
    before: re.Pattern[str] | None = None
    after: re.Pattern[str] | None = None
    own: re.Pattern[str] | None = None
    words: re.Pattern[str] | None = None
    bare: bool = False
    predicate: bool = False
    unless: re.Pattern[str] | None = None


def _re(text: str) -> re.Pattern[str] | None:
    return re.compile(rf"\b(?:{text})", re.IGNORECASE) if text else None


_KINDS: Final[tuple[tuple[Kind, str], ...]] = (
    ("date", "date year time"),
    ("money", "money budget amount price"),
    ("award", "award prize medal"),
    ("person", "human person people athlete composer actor writer politician character sportsperson producer director"),
    ("country", "country nation"),
    ("place", "city place location town region state venue river mountain continent village"),
    ("organisation", "company organization organisation club team league university school party label band agency"),
    ("title", "film album work book novel song musical series game software play"),
)


@lru_cache(maxsize=1024)
def signs(relation: Relation) -> Signs:
    """What speaks for `relation`: its line of the table, or what its own name and the type of its tail say."""
    name = " ".join(relation.name.casefold().split())
    name = SAME.get(name, name)
    row = TABLE.get(name)
    if row is not None:
        kind, words = row.kind, row.words
        if name == "genre" and "film" in f"{relation.head} {relation.tail}":
            words = FILMS
        return Signs(
            kind,
            _re(row.before),
            _re(row.after),
            _re(row.own),
            _re(f"(?:{words})\\b") if words else None,
            row.bare,
            name == "genre",
            UNLESS.get(kind if kind == "person" else name),
        )
    stems = [re.escape(word[: max(4, len(word) - 3)]) for word in re.findall(r"[a-z]{3,}", name) if word not in _SMALL]
    return Signs(kind_of(relation), _re("|".join(stems)), _re("|".join(stems)))


_SMALL: Final = frozenset({"the", "has", "was", "and", "for", "with", "from", "into", "date", "place"})


def kind_of(relation: Relation) -> Kind:
    """What the type of a relation's tail says about its letters; `any` where it says nothing."""
    words = set(re.findall(r"[a-z]+", tail_type(relation).casefold()))
    for kind, listed in _KINDS:
        if words & set(listed.split()):
            return kind
    return "any"
