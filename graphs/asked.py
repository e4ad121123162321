"""What a question asks of a fact: the words of its relation, and the kind of thing that its tail is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from graphs.triple import Triple, words

WORD, KIND = 0.25, 0.15
"""What each shared word (two at most) and a tail of the kind that is asked for are worth."""

_STEM = 5  # letters: `directed` and `director`, `born` and `borne`, `nationality` and `national`

_KINDS: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = tuple(
    (re.compile(rf"\b(?:{asked})\b", re.IGNORECASE), frozenset(kinds.split()))
    for asked, kinds in (
        (
            r"when|what (?:date|year|day)|which (?:date|year|day)|dates? of|how old|older|oldest|younger|youngest"
            r"|earlier|earliest|later|latest|first|last|recently|longer",
            "DATE TIME",
        ),
        (
            r"where|places? of|(?:what|which|same) (?:city|country|place|town|state)|countr(?:y|ies)|located",
            "GPE LOC FAC NORP",
        ),
        (r"nationality|nationalities|citizenship", "NORP GPE"),
        (r"who|whom|whose", "PERSON ORG"),
        (r"how (?:many|much|long|far|large|big|tall|high|old)", "CARDINAL QUANTITY MONEY PERCENT TIME"),
    )
)


def fit(question: str, names: Iterable[str], plain: Callable[[str], str] = str.casefold) -> Callable[[Triple], float]:
    """A function that says how well a triple fits what `question` asks, from 0 to 0.65 (2 `WORD` + `KIND`).

    Words are compared by their first five letters, after `plain`, and only with what the question says beside its
    `names`: with these, every fact about what is named would fit. A tail in lower case (`film director`) counts as part
    of the relation. The kinds are spaCy's types of entities; the words that ask for them are English.
    """
    named = frozenset(stem for name in names for stem in _stems(plain(name)))
    left = _stems(plain(question)) - named - _EMPTY
    wanted = frozenset[str]().union(*(kinds for asked, kinds in _KINDS if asked.search(question)))

    def score(one: Triple) -> float:
        said = _stems(plain(one.relation)) | (_stems(plain(one.tail)) if one.tail.islower() else frozenset[str]())
        return WORD * min(2, len(said & left)) + KIND * (one.tail_type in wanted)

    return score


def in_turn(
    groups: Sequence[Sequence[Triple]], scores: Mapping[Triple, float], budget: int, size: Callable[[Triple], int]
) -> list[Triple]:
    """The best triple of each group, then the second best of each, and so on, as long as they fit `budget`.

    `size` counts what one takes of the budget. One that does not fit is passed over; a fact is taken once. In a group
    equal scores keep their order. Groups are the passages that a search found, the best first: a chain of facts
    (the director of a film, the birth of the director) has a link in each, and by score alone the facts about what the
    question names would take the whole budget.
    """
    ranked = [sorted(dict.fromkeys(group), key=lambda one: -scores[one]) for group in groups]
    chosen: dict[tuple[str, str, str], Triple] = {}
    left = budget
    for depth in range(max(map(len, ranked), default=0)):
        for group in ranked:
            if depth < len(group):
                one = group[depth]
                key = (one.head.casefold(), one.relation.casefold(), one.tail.casefold())
                if key not in chosen and (taken := size(one)) <= left:
                    chosen[key] = one
                    left -= taken
    return list(chosen.values())


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in words(text))


# Short words that stand in questions and relations alike.
_EMPTY = frozenset(
    """
    a an and are as at be been by did do does for from had has have he her him his in into is it its more of on or she
    that the their them they this to was were what when where which who whom whose why will with
    """.split()  # noqa: SIM905
)
