"""A second look at a text whose capitals mislead: the same characters, cased as an editor would."""

from __future__ import annotations

import re
from typing import Final

from privacy.lexicon import Lexicon
from privacy.names import GIVEN
from privacy.public import PLACES

_WORD: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


def recased(text: str, lexicon: Lexicon) -> str:
    """`text` with capitals where names may be, and without those of shouted words; offsets do not move.

    A lower-case word gets a capital if it is a common given name, a famous place or no everyday word; a word in
    capitals loses them if most of its line is in capitals. Equal to `text` where nothing was misleading.
    """
    out: list[str] = []
    position = 0
    for line in re.finditer(r"[^\n]+", text):
        words = list(_WORD.finditer(text, line.start(), line.end()))
        shouted = sum(one.group().isupper() for one in words if len(one.group()) > 1)
        loud = shouted >= 2 and shouted * 2 > len(words)
        for match in words:
            word = match.group()
            new = _recase(word, loud, lexicon)
            if new != word and len(new) == len(word):
                out += [text[position : match.start()], new]
                position = match.end()
    return "".join([*out, text[position:]])


def _recase(word: str, loud: bool, lexicon: Lexicon) -> str:
    low = word.lower()
    if word == "i":
        return "I"
    if word.islower():
        if len(word) < 3:
            return word
        name = low in GIVEN and not _everyday(low)
        return word.capitalize() if name or low in PLACES or low not in lexicon else word
    if loud and word.isupper() and len(word) > 1:
        return low if low in lexicon and low not in GIVEN and low not in PLACES else word.capitalize()
    return word


# Given names that are everyday words: in lower case they are taken for the word.
_WORDS: Final = frozenset(
    """
    amber angel april austin bill bob brad bud carol chase chuck clay cody dale dawn daisy dean don drew faith frank
    gene grace grant hazel heather holly hope iris jack jade jay jean jerry jimmy john joy june mark may mia mike
    mercedes nick noel olive pat peg penny pierce pooh ray reed rich rob robin rod rose ruby sally sandy scott sean sky
    sue summer ted tim todd tom tony violet wade will wood yuki earl jasmine lily miles ana asha mina ming mei sam max
    """.split()  # noqa: SIM905  # one word each, not a list to edit
)


def _everyday(word: str) -> bool:
    return word in _WORDS
