"""Finding a known private value again: in other cases, spacings and as parts of a name; deny and allow lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn

from privacy.detect import Span
from privacy.normalise import plain

# Names that are words too: found again only as they were written, or every "will" and "may" would go.
_COMMON: Final = frozenset(
    """
    a about after all an and april are art as august autumn baker ball bank bell bill bishop black blue bob bond
    brown but by can chance chase church city cook day dean do drew earl east faith field fisher for ford frank from
    gene general good grace grant gray green guy he her his hope house how hunter i in is it its jack january jean
    joy june just king lake lane law lee long love mark may mike miles miller new no north not of olive on or page
    park pat pepper pierce pope price prince queen ray rich river rob robin rock rose ruby sandy she sky so south
    spring star stone street sue summer taylor temple that the their they this to violet wade was we west what when
    where which white who why will winter wolf wood you young
    """.split()  # noqa: SIM905  # three hundred quotation marks would not read better
)
# Parts of a name that name nobody.
_PARTICLES: Final = frozenset(
    """
    mr mrs ms miss dr prof sir dame lord lady st saint jr sr ii iii iv van von der den de del della di da dos du la
    le el al bin ibn ben ter ten zu y and of the
    """.split()  # noqa: SIM905  # the same
)
# Scripts without spaces between words: there a value may stand beside any letter.
_UNSPACED = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")


@dataclass(frozen=True, slots=True)
class Secret:
    """One private value of a session: its kind, the entity that it belongs to, and how it is found in a text.

    Never shown by `repr`.
    """

    kind: str
    entity: str = field(repr=False)
    finder: re.Pattern[str] = field(repr=False)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a private word cannot be pickled or copied")


def fold(value: str) -> str:
    """The key under which spellings of one value are the same: normalised, case-folded, single spaces."""
    return " ".join(plain(value).casefold().split())


Everyday = Callable[[str], bool]
"""Whether a word, in lower case, is one that everybody uses and that names nobody."""


def finder(value: str, everyday: Everyday | None = None) -> re.Pattern[str] | None:
    """A pattern for `value` as whole words in normalised text, in any case and spacing; None where it has no letter
    or digit. A single short, all-capital or everyday word is found in its own case only ("US" is not "us")."""
    words = value.split()
    if not any(c.isalnum() for c in value):
        return None
    exact = len(words) == 1 and (_ambiguous(words[0]) or (everyday is not None and everyday(words[0].casefold())))
    return _whole(words, re.NOFLAG if exact else re.IGNORECASE)


def name_parts(name: str) -> Iterator[str]:
    """The parts of a person's name that point to the person by themselves."""
    parts = re.findall(r"[^\W\d_](?:[^\W\d_]|['\-])*[^\W\d_]", name)
    if len(name.split()) < 2 and "-" not in name:
        return
    for part in parts:
        for piece in {part: None, **dict.fromkeys(part.split("-"))}:
            if len(piece) >= 2 and piece[0].isupper() and piece.casefold() not in _PARTICLES:
                yield piece


class Lists:
    """The user's own words: `deny` always goes (kind `PRIVATE`), `allow` always stays; deny wins.

    Both match whole words, in any case. An allowed string saves only finds that lie wholly inside it.
    """

    def __init__(self, deny: Iterable[str] = (), allow: Iterable[str] = ()) -> None:
        self._deny = _patterns(deny)
        self._allow = _patterns(allow)

    def denied(self, text: str) -> list[Span]:
        """The denied words in normalised `text`."""
        return [Span(m.start(), m.end(), "PRIVATE", 1.0) for one in self._deny for m in one.finditer(text)]

    def without_allowed(self, text: str, spans: Iterable[Span]) -> list[Span]:
        """`spans` of normalised `text` without those that lie inside an allowed string."""
        free = [m.span() for one in self._allow for m in one.finditer(text)]
        return [one for one in spans if not any(start <= one.start and one.end <= end for start, end in free)]

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("lists of private words cannot be pickled or copied")

    def __repr__(self) -> str:
        return f"<Lists {len(self._deny)} denied, {len(self._allow)} allowed>"


def _patterns(values: Iterable[str]) -> Sequence[re.Pattern[str]]:
    split = [plain(value).split() for value in values]
    return [_whole(words, re.IGNORECASE) for words in split if words]


def _whole(words: Sequence[str], flags: re.RegexFlag) -> re.Pattern[str]:
    # The underscore is no letter here: `john_smith` holds both names.
    before = _edge(words[0][0], r"(?<![^\W_])")
    after = _edge(words[-1][-1], r"(?![^\W_])")
    return re.compile(before + r"\s+".join(re.escape(word) for word in words) + after, flags)


def _edge(character: str, boundary: str) -> str:
    return boundary if character.isalnum() and not _UNSPACED.match(character) else ""


def _ambiguous(word: str) -> bool:
    return word.casefold() in _COMMON or len(word) <= 3 or (word.isupper() and len(word) <= 5)
