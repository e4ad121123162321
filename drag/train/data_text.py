"""Texts of examples: whether an answer stands in one, and cutting a long one to the sentences that matter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from drag.confidence import own_words
from drag.documents.sentence import sentences
from drag.lexical import plain
from drag.trim import chat_messages

Fits = Callable[[Sequence[str]], bool]
"""Whether a prompt with these pieces of evidence, in their order, is within the budget."""

BARE = frozenset({"yes", "no", "true", "false"})
"""Answers that are judgements: that they stand in a text says nothing."""

_WORD = re.compile(r"\w+")
_ARTICLES = frozenset({"a", "an", "the"})
# Sentences that were joined without a blank: `in 1956.The movie`.
_JOINED = re.compile(r"(?<=[a-z0-9)\"])\.(?=[A-Z][a-z]|[A-Z] )")
_TITLE = re.compile(r"([^:\n]{1,80}): ")


def normalised(text: str) -> str:
    """The words of `text` without case, accents and articles, between single blanks."""
    return " ".join(word for word in _WORD.findall(plain(text)) if word not in _ARTICLES)


def is_bare(answers: Sequence[str]) -> bool:
    """Whether all of the accepted answers are judgements such as yes and no; false for none."""
    return bool(answers) and all(normalised(one) in BARE for one in answers)


def holds(text: str, answer: str) -> bool:
    """Whether `answer` stands in `text` as whole words, both normalised; never an empty one."""
    wanted = normalised(answer)
    return bool(wanted) and f" {wanted} " in f" {normalised(text)} "


def holds_any(text: str, answers: Sequence[str]) -> bool:
    """Whether one of the answers does."""
    return any(holds(text, one) for one in answers)


def title_of(text: str) -> str:
    """What stands before the first ": " of a passage, if it is short enough for a title; else nothing."""
    found = _TITLE.match(text)
    return found.group(1).strip() if found else ""


def supported(answer: str, question: str, texts: Sequence[str]) -> float:
    """The share, in [0, 1], of the answer's telling words (those the question has not) that stand in the texts."""
    asked = set(own_words(question))
    said = own_words(answer)
    own = {word for word in said if word not in asked} or set(said)
    found = {word for text in texts for word in own_words(text)}
    return len(own & found) / len(own) if own else 0.0


def parts_of(text: str) -> list[str]:
    """The sentences of a passage, also where no blank follows the full stop."""
    cuts = [0, *(found.end() for found in _JOINED.finditer(text)), len(text)]
    spans = [span for start, end in pairwise(cuts) for span in sentences(text, start, end)]
    return [text[start:end] for start, end in spans]


@dataclass(slots=True)
class Piece:
    """A passage on its way into a prompt: the sentences, of a chat the messages, that are left of it, by their place.

    `worth` orders those that may go, the least first; the others have to stay. `gone` are those that went.
    """

    text: str
    gold: bool
    parts: list[str] = field(default_factory=list[str])
    worth: dict[int, int] = field(default_factory=dict[int, int])
    gone: set[int] = field(default_factory=set[int])

    @classmethod
    def of(cls, text: str, question: str, answers: Sequence[str], *, gold: bool, names: Sequence[str] = ()) -> Piece:
        """The first sentence stays, for it says what the text is about, and in gold evidence those with the answer.

        Gold evidence without the answer is a step on the way: there the sentences stay that say one of the `names`,
        which are the titles of the other gold evidence. All stay where that says nothing: where no sentence has a name,
        and where the answer is a judgement or one of the things that the question asks to compare.
        """
        # A message without who wrote it would be somebody else's.
        parts = chat_messages(text) or parts_of(text)
        telling = set(own_words(question))
        stays = {0}
        if gold:
            held = [place for place, part in enumerate(parts) if holds_any(part, answers)]
            steps = [place for place, part in enumerate(parts) if holds_any(part, names)]
            weighed = is_bare(answers) or holds_any(question, answers)
            stays |= set(range(len(parts)) if weighed or not (held or steps) else held or steps)
        worth = {
            # Of equally good sentences the later one goes.
            place: len(telling & set(own_words(part))) * 1000 - place
            for place, part in enumerate(parts)
            if place not in stays
        }
        return cls(text, gold, parts, worth)

    @property
    def shown(self) -> str:
        """What is left of it; a text of which nothing was cut is as it was."""
        if not self.gone:
            return self.text
        between = "\n" if chat_messages(self.text) else " "
        return between.join(part for place, part in enumerate(self.parts) if place not in self.gone)

    def shorten(self) -> None:
        """Take out the sentence that matters least."""
        place = min(self.worth, key=lambda one: self.worth[one])
        del self.worth[place]
        self.gone.add(place)


def fit(pieces: Sequence[Piece], fits: Fits, least: int = 1) -> list[Piece] | None:
    """The pieces, cut until they fit; then without the last of those that are not gold, down to `least` pieces.

    None where they cannot be made to fit.
    """
    left = list(pieces)
    while not fits([one.shown for one in left]):
        longest = next(_shortenable(left), None)
        if longest is not None:
            longest.shorten()
            continue
        spare = [one for one in left if not one.gold]
        if not spare or len(left) <= least:
            return None
        left.remove(spare[-1])
    return left


def _shortenable(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Those that may be cut: the longest first, gold evidence after all others."""
    able = [one for one in pieces if one.worth]
    yield from sorted(able, key=lambda one: (one.gold, -len(one.shown)))
