"""The signals of the first look: words, vectors, the pack's questions, names, dates, people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import numpy
from numpy.typing import NDArray

from drag.dates import Period
from drag.index.frequency import Frequencies
from drag.lexical import camel_parted, match_query
from drag.pack import Pack
from drag.retrieve.names import Name
from drag.settings import Retrieve
from drag.types import Evidence

LIKE_QUESTION, SAME_QUESTION = 0.7, 0.85
"""Cosines from which a question of the pack counts as asking about the same thing, and as being the same."""

LOOKED_AT = 2
"""Of a large pack so many times the candidates are looked at for the words of the question that are too frequent."""

DATED = 128
"""Pieces that a stretch of time brings, at most: a longer one only judges what others bring."""

_SPEAKER = re.compile(
    r"^[^\S\n]*(?:\[[^\]\n]{4,40}\]\s*|\([^)\n]{4,40}\)\s*)?([^\W\d_][^:\n<>]{0,39}?)\s?:\s", re.MULTILINE
)
Weights = Mapping[str, float]
"""Words, quoted as in an FTS5 expression, and what each is worth."""

_NAME = re.compile(r"\b[^\W\d_]\w+")
_ENDING = re.compile(r"(?<=\w{3})(?:e?s|e?d|ing|ly)$")


def words(pack: Pack, frequencies: Frequencies, question: str, wanted: Retrieve) -> tuple[dict[str, float], Weights]:
    """BM25 of the question, by evidence, and the weights of its words where these are for some of them only.

    A large pack is searched for the rare words of the question (see `drag.index.frequency`). It then brings
    `LOOKED_AT` times the candidates, for `also_said` to choose from by all the words.
    """
    match = match_query(question)
    rare, left_out = frequencies.affordable(match)
    if not left_out:
        return dict(pack.search_match(rare, wanted.candidates, title=wanted.title)), {}
    found = dict(pack.search_match(rare, LOOKED_AT * wanted.candidates, title=wanted.title))
    return found, {word: frequencies.weight(word) for word in match.split(" OR ") if frequencies.weight(word)}


def also_said(evidence: Sequence[Evidence], weights: Weights, most: int) -> dict[str, float]:
    """What BM25 over all words comes to, nearly: the weights of those that a text has; of the `most` best pieces."""
    forms = [(_stem(word), _any_form(word), weight) for word, weight in weights.items()]
    found: dict[str, float] = {}
    for one in evidence:
        text = one.titled.casefold()
        # To look for a string is much cheaper than to match a pattern, and most words are in most texts not.
        said = sum(weight for stem, form, weight in forms if stem in text and form.search(text))
        if said > 0:
            found[one.id] = said
    best = sorted(found, key=lambda key: (-found[key], key))[:most]
    return {key: found[key] for key in best}


def shares(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores as shares of the best one."""
    best = max(scores.values(), default=0.0)
    return {key: score / best for key, score in scores.items()} if best > 0 else {}


class Questions:
    """The questions of a pack: one that asks the same brings the evidence that it was built with."""

    def __init__(self, pack: Pack) -> None:
        self._ids, self._vectors = pack.vectors("question")
        self._kept = pack.evidence_of_questions(self._ids)

    def like(self, vector: NDArray[numpy.float32]) -> dict[str, float]:
        """Cosine to the question of the pack whose evidence it is, less a little for each place behind its best."""
        if not self._ids:
            return {}
        cosines = self._vectors @ vector
        found: dict[str, float] = {}
        for i in numpy.argsort(-cosines, kind="stable")[:3]:
            if cosines[i] >= LIKE_QUESTION:
                for place, key in enumerate(self._kept.get(self._ids[int(i)], ())):
                    found[key] = max(found.get(key, -1.0), float(cosines[i]) - 0.001 * place)
        return found


def named(names: Sequence[Name]) -> Iterator[tuple[Name, tuple[str, ...], float]]:
    """The documents that the question names, with what each name says of them: namesakes share it."""
    for name in names:
        for pieces in name.documents:
            yield name, pieces, 1 / len(name.documents)


def dated(pack: Pack, found: Sequence[Period]) -> list[str]:
    """The evidence of the narrow stretches of time that a question names."""
    keys: list[str] = []
    for period in found:
        if not period.wide and period.first <= period.last:
            inside = pack.evidence_between(period.first, period.last, DATED + 1)
            keys += inside if len(inside) <= DATED else []
    return keys


def people(question: str, texts: Mapping[str, str]) -> dict[str, float]:
    """The share of the people in the question who speak in a chat's piece, by evidence; none for other texts.

    Only names that somebody speaks under in one of `texts` count as people.
    """
    asked = _words_of_names(question)
    speakers = {
        key: frozenset[str]().union(*(_words_of_names(name) for name in set(_SPEAKER.findall(text)))) & asked
        for key, text in texts.items()
        if ":" in text  # much cheaper than the pattern, which looks at every line
    }
    known = frozenset[str]().union(*speakers.values())
    return {key: len(names) / len(known) for key, names in speakers.items() if names}


def _stem(word: str) -> str:
    """A word of an FTS5 expression, without its quotes and its English ending."""
    return _ENDING.sub("", word.strip('"').casefold())


@lru_cache(4096)
def _any_form(word: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(_stem(word))}(?:e?s|e?d|ing|ly)?\b")


@lru_cache(4096)
def _words_of_names(text: str) -> frozenset[str]:
    """The words of a text that begin with a capital, and the parts of those in CamelCase, in lower case."""
    return frozenset(word.casefold() for word in _NAME.findall(camel_parted(text)) if word[0].isupper())
