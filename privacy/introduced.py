"""What stands after "my name is" is a name, whatever else the words may mean ("sherry gates", "will baker")."""

from __future__ import annotations

import re
from typing import Final

from privacy.detect import Span

_CUE: Final = re.compile(
    r"(?i)\bmy (?:(?:full|first|last|real|legal|maiden) )?name(?: is|'s| was|:)[ ]{1,2}(?=[^\W\d_])"
)
_WORD: Final = re.compile(r" ?([^\W\d_](?:[\w'.\-]{0,30}[^\W_])?)")
_MOST: Final = 5
_PARTICLES: Final = frozenset(
    {"al", "bin", "da", "de", "del", "den", "der", "di", "dos", "du", "el", "la", "van", "von"}
)
# What ends a name, and what says that none follows ("my name is on the list").
_END: Final = frozenset(
    """
    a about after again all also always among an and any are as at be because been before being but by can could did do
    does first for from had has have here how i i'm if im in is it just known last like listed living may me missing my
    mentioned misspelled never no not now of on only or our out over please put she he since so spelled spelt still
    than that the their there they this thus to too under unknown very was we were what when where which who whose why
    with without working wrong written you your
    """.split()  # noqa: SIM905  # a hundred quotation marks would not read better
)


def introduced(text: str) -> list[Span]:
    """The names by which the speakers of normalised `text` introduce themselves.

    A name in capitals is followed by others in capitals; one in lower case by at most one word, which has to end there.
    """
    spans: list[Span] = []
    for cue in _CUE.finditer(text):
        words: list[re.Match[str]] = []
        at = cue.end()
        while len(words) < _MOST and (word := _WORD.match(text, at)) and word[1].lower() not in _END:
            lower = bool(words) and word[1][0].islower() and word[1] not in _PARTICLES
            if lower and (len(words) > 1 or not _ends(text, word.end())):
                break
            words.append(word)
            at = word.end()
        while words and words[-1][1] in _PARTICLES:
            words.pop()
        if words:
            spans.append(Span(words[0].start(1), words[-1].end(1), "PERSON", 0.9))
    return spans


def _ends(text: str, at: int) -> bool:
    following = _WORD.match(text, at)
    return following is None or following[1].lower() in _END
