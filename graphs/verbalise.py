"""Triples as short text, for a small model to read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, assert_never

from graphs.triple import Triple, normal_form

Style = Literal["sentences", "arrows", "grouped"]

# Nouns that a property is called by: "X director Y" is no sentence, "The director of X is Y." is one.
_NOUNS = frozenset(
    ("director", "author", "writer", "screenwriter", "composer", "producer", "founder", "creator", "inventor", "owner",
     "publisher", "developer", "manufacturer", "performer", "singer", "artist", "editor", "architect", "designer",
     "spouse", "husband", "wife", "father", "mother", "child", "son", "daughter", "sibling", "brother", "sister",
     "parent", "partner", "relative", "capital", "currency", "population", "area", "height", "length", "weight", "age",
     "country", "location", "nationality", "citizenship", "occupation", "profession", "religion", "employer",
     "birthplace", "birthday", "genre", "language", "duration", "record label", "distributor", "cast member",
     "member", "leader", "president", "headquarters", "subsidiary", "parent company", "successor", "predecessor",
     "nickname", "alias", "name", "full name", "birth name", "stage name", "title", "type", "color", "colour", "symbol",
     "inception", "award", "award received", "alma mater", "mouth", "source", "elevation", "start time", "end time",
     "head coach", "league", "sport", "team", "position", "instrument", "release date", "publication date",
     "birth date", "death date", "birth place", "death place", "original language", "country of origin")
)  # fmt: skip
_PROPERTY = re.compile(r"^(?:date|place|country|time|year|cause|language|number|point|city|state|region|point) of \w+")
# Past participles that stand without "was" in a triple: "X born in Y", "X located in Y".
_PASSIVE = re.compile(
    r"^(?:\w+ed|born|written|built|made|known|found|given|held|led|sung|shot|drawn|taken|won|worn|spoken|driven|broken"
    r"|chosen|grown|thrown|understood|run|set|spun) (?:by|in|on|at|as|to|for|from|with|near|after|of|into|under)\b"
)
# Actives that `_PASSIVE` would take for participles: "lived in", "died on", "played for".
_ACTIVE = frozenset(
    ("lived", "died", "worked", "served", "played", "studied", "graduated", "moved", "arrived", "returned", "travelled",
     "traveled", "resigned", "retired", "starred", "appeared", "performed", "competed", "participated", "emigrated",
     "immigrated", "fled", "fled", "belonged", "referred", "led", "ran", "won", "lasted", "happened", "occurred",
     "ended", "started", "debuted", "premiered", "aired", "stayed", "resided", "remained", "flowed", "bordered",
     "collaborated", "contributed", "converted", "married", "joined", "ranked", "responded", "talked", "walked",
     "voted", "looked", "listened", "applied", "enrolled", "trained", "coached", "managed", "ruled", "reigned")
)  # fmt: skip


def verbalise(triples: Iterable[Triple], style: Style = "sentences") -> list[str]:
    """One line of text for each fact, or for each head; a list, so that a budget can cut it between lines.

    - `sentences`: `Insulin lowers blood sugar.`, `The date of birth of Ada Lovelace is 10 December 1815.`
    - `arrows`: `insulin → lowers → blood sugar`
    - `grouped`: `insulin: lowers blood sugar; is made by the pancreas`, one line for each head

    A relation that is a noun (`director`, `date of birth`) is read as a property of its head, and a bare participle
    (`born in`) gets its `was`. Keeps the order of the triples; a fact that was said before under another spelling is
    not repeated.
    """
    facts = _distinct(triples)
    match style:
        case "sentences":
            return [_sentence(fact) for fact in facts]
        case "arrows":
            return [f"{fact.head} → {fact.relation} → {fact.tail}" for fact in facts]
        case "grouped":
            return _grouped(facts)
        case _:
            assert_never(style)


# The end of a sentence: a mark after a word of two letters at least (no initial), before white space or, where texts
# were put together carelessly, right before a capital.
_END = re.compile(r"(?<=[^\W_]{2})[.!?][\"'”’)]*(?=\s|[A-Z]|$)|\n")


def sentence_around(text: str, span: tuple[int, int]) -> str:
    """The sentence of `text` in which `span` stands (from its first to its last, where it stands in several)."""
    start, end = span
    ends = [match.end() for match in _END.finditer(text)]
    first = max((place for place in ends if place <= start), default=0)
    last = min((place for place in ends if place >= end), default=len(text))
    return " ".join(text[first:last].split())


def _distinct(triples: Iterable[Triple]) -> list[Triple]:
    first: dict[tuple[str, str, str], Triple] = {}
    for triple in triples:
        key = (normal_form(triple.head), normal_form(triple.relation), normal_form(triple.tail))
        first.setdefault(key, triple)
    return list(first.values())


def _sentence(fact: Triple) -> str:
    shape, relation = _shape(fact.relation)
    if shape == "noun":
        text = f"The {relation} of {fact.head} is {fact.tail}"
    elif shape == "participle":
        text = f"{fact.head} was {relation} {fact.tail}"
    else:
        text = f"{fact.head} {relation} {fact.tail}"
    # `pH`, `iPhone` and `mRNA` keep their own capitals.
    if text.split(maxsplit=1)[0].islower():
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _grouped(facts: list[Triple]) -> list[str]:
    groups: dict[str, tuple[str, list[str]]] = {}
    for fact in facts:
        _, said = groups.setdefault(normal_form(fact.head), (fact.head, []))
        shape, relation = _shape(fact.relation)
        said.append(f"{relation} is {fact.tail}" if shape == "noun" else f"{relation} {fact.tail}")
    return [f"{head}: {'; '.join(said)}" for head, said in groups.values()]


@lru_cache(maxsize=8192)
def _shape(relation: str) -> tuple[Literal["noun", "participle", "verb"], str]:
    """What kind of words a relation is, and the words as a sentence has them."""
    words = " ".join(relation.replace("_", " ").split())
    plain = words.casefold()
    for opening in ("has the ", "has a ", "has an ", "has ", "the "):
        rest = plain.removeprefix(opening)
        if rest != plain and _is_noun(rest):
            return "noun", words[len(opening) :]
    if _is_noun(plain):
        return "noun", words
    if plain in ("born", "died") or (_PASSIVE.match(plain) and plain.split()[0] not in _ACTIVE):
        return ("verb" if plain == "died" else "participle"), words
    return "verb", words


def _is_noun(words: str) -> bool:
    return words in _NOUNS or bool(_PROPERTY.match(words))
