"""Names that are near in meaning, by vectors that the caller makes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from graphs.resolve_census import Census, Key
from graphs.resolve_pairs import REASONS, Mentions, Pair

if TYPE_CHECKING:
    from numpy.typing import NDArray

Encode = Callable[[Sequence[str]], Any]
"""Names → vectors of length 1, shape (n, dimension)."""

SIMILAR = 0.9
"""The cosine from which two names of one type are taken to be one thing."""

ALL_PAIRS = 4000
"""Names of one type that are compared each with each; above that, only those that share a word."""

BLOCK = 200
"""A word that more names than this share tells nothing about them."""

# Words that two names differ by only where they mean two things.
_OPPOSITES = frozenset(
    ("north", "south", "east", "west", "northern", "southern", "eastern", "western", "upper", "lower", "left", "right",
     "first", "second", "third", "fourth", "fifth", "last", "old", "new", "young", "male", "female", "men", "women",
     "man", "woman", "boys", "girls", "king", "queen", "prince", "princess", "father", "mother", "son", "daughter",
     "brother", "sister", "high", "low", "positive", "negative", "internal", "external", "acute", "chronic", "major",
     "minor", "senior", "junior", "before", "after", "hot", "cold", "non", "not", "anti", "pre", "post", "hyper",
     "hypo", "ii", "iii", "iv", "v", "vi", "i")
)  # fmt: skip


def similar_pairs(mentions: Mentions, encode: Encode, threshold: float) -> list[Pair]:
    """Pairs that are nearest to each other, both ways, with at least this cosine, the nearest first.

    People, dates, amounts and acronyms are left out, because names that look alike are other people and other days;
    so are names that differ by a number or by a word such as `north`.
    """
    import numpy

    census = mentions.census
    groups: defaultdict[str, list[Key]] = defaultdict(list)
    for key in census.keys:
        sort = census.sorts[key]
        if sort != "person" and mentions.single(key) and not census.number(key) and not census.acronym(key):
            groups[sort].append(key)
    found: list[Pair] = []
    for _, keys in sorted(groups.items()):
        if len(keys) < 2:
            continue
        vectors = numpy.asarray(encode([census.shown(key) for key in keys]), numpy.float32)
        best: dict[int, tuple[float, int]] = {}
        for one, other, cosine in _near(keys, census, vectors, threshold):
            if _differ(census.form(keys[one]), census.form(keys[other])):
                continue
            for a, b in ((one, other), (other, one)):
                # Of equally near ones the first in alphabetical order.
                if a not in best or (-cosine, keys[b]) < (-best[a][0], keys[best[a][1]]):
                    best[a] = (cosine, b)
        found += [
            Pair(REASONS.index("similar"), (keys[one], ""), (keys[other], ""), score=cosine)
            for one, (cosine, other) in best.items()
            if one < other and best[other][1] == one
        ]
    return sorted(found, key=lambda pair: (-pair.score, pair.one, pair.other))


def _near(
    keys: Sequence[Key], census: Census, vectors: NDArray[Any], threshold: float
) -> Iterator[tuple[int, int, float]]:
    import numpy

    if len(keys) <= ALL_PAIRS:
        for start in range(0, len(keys), 512):
            cosines = vectors[start : start + 512] @ vectors.T
            for row, column in zip(*numpy.nonzero(cosines >= threshold), strict=True):
                one, other = start + int(row), int(column)
                if one < other:
                    yield one, other, round(float(cosines[row, column]), 6)
        return
    blocks: defaultdict[str, list[int]] = defaultdict(list)
    for place, key in enumerate(keys):
        for word in set(census.form(key).split()):
            blocks[word].append(place)
    seen: set[tuple[int, int]] = set()
    for _, places in sorted(blocks.items()):
        if not 1 < len(places) <= BLOCK:
            continue
        block = vectors[places]
        cosines = block @ block.T
        for row, column in zip(*numpy.nonzero(numpy.triu(cosines >= threshold, 1)), strict=True):
            edge = (places[int(row)], places[int(column)])
            if edge not in seen:
                seen.add(edge)
                yield *edge, round(float(cosines[row, column]), 6)


def _differ(one: str, other: str) -> bool:
    """Whether two names differ by a number or by a word that turns the meaning."""
    apart = set(one.split()) ^ set(other.split())
    return any(word in _OPPOSITES or any(letter.isdigit() for letter in word) for word in apart)
