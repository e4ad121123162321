"""Evidence cut to the sentences that bear on the question. No model is called.

A sentence's score is the share of the question's words that it holds, each word weighed by how rare it is among the
sentences at hand (idf: log(1 + N / n), for a word in n of N sentences), plus, where an embedder is at hand, its cosine
to the question. What is cut away is cut for the reader only: a citation still means the whole piece.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from drag.confidence import own_words
from drag.lexical import STOP, name_key, plain
from drag.protocols import Embedder
from drag.rank import SimilarityRanker
from drag.types import Evidence

SHORT = 2
"""A piece of so many sentences is left as it is."""

NEAR = 0.5
"""A sentence stays if its score is at least this share of the best one's in its piece (docs/experiments.md)."""

# "Adolescence: The formal study of …": many corpora put the title there.
_HEAD = re.compile(r"[^.!?:\n]{1,80}:\s+(?=\S)")
_SAID = re.compile(r"^[^.!?:\n]{1,40}:[^\S\n]+(?=\S)", re.MULTILINE)
# "… a film.It stars …": corpora that were put together carelessly have no blank there.
_JOINED = re.compile(r"(?<=[^\W\d_A-Z][^\W\d_A-Z][.!?])(?=[A-Z][^\W\d_A-Z]*\s)")
_NAME = re.compile(
    r"\b(?:[^\W\d_a-z]\w*|\d[\w.,]*\w|\d)(?:[\s'’-]+(?:(?:of|the|de|von|van)\s+)?(?:[^\W\d_a-z]\w*|\d+))*"
)


def trimmed(question: str, evidence: Sequence[Evidence], embedder: Embedder | None = None) -> list[str]:
    """The texts of `evidence` as they are read, each under its title and without what does not bear on the question.

    What is kept or cut is a sentence, in a chat a message.

    A piece of at most `SHORT` sentences stays whole. Of a longer one stay, in their order: the best sentence; those
    that are nearly as good (`NEAR`); and those in which a name or a number of the question stands, each with the
    sentence behind it, which may go on with "he" or "it".
    """
    heads: list[str] = []
    parted: list[list[str]] = []
    glue: list[str] = []
    for one in evidence:
        # A message without who wrote it would be somebody else's.
        messages = chat_messages(one.text)
        head = f"{one.title}: " if one.titled != one.text else "" if messages else _head(one.text)
        heads.append(head)
        parted.append(messages or sentences_of(one.titled[len(head) :]))
        glue.append("\n" if messages else " ")
    scores = _scores(question, heads, parted, embedder)
    names = names_of(question)
    texts: list[str] = []
    for one, head, lines, weights, between in zip(evidence, heads, parted, scores, glue, strict=True):
        if len(lines) <= SHORT:
            texts.append(one.titled)
        else:
            left = head + between.join(lines[place] for place in _kept(lines, weights, names))
            # The title may have stood in the first sentence alone.
            untitled = one.title.casefold() not in left.casefold()
            texts.append(f"{one.title}: {left}" if untitled else left)
    return texts


def names_of(question: str) -> list[str]:
    """The keys of the names and numbers in a question: runs of words with a capital, but for words that ask."""
    keys: dict[str, None] = {}
    for found in _NAME.finditer(question):
        parts = found.group().split()
        while parts and plain(parts[0]) in STOP:
            parts = parts[1:]
        # A capital at the head of a question is grammar: "Name the clock that …".
        if parts and not (found.start() == 0 and len(parts) == 1 and not parts[0][0].isdigit()):
            keys[name_key(" ".join(parts))] = None
    return [key for key in keys if key]


def chat_messages(text: str) -> list[str]:
    """The messages of a chat (`Mara: …` in a line, and what follows it without a name); none if it is no chat.

    A title may stand before the first name.
    """
    starts = [found.start() for found in _SAID.finditer(text)]
    if len(starts) < 2 or starts[0] > 0:
        return []
    return [text[start:end].rstrip() for start, end in pairwise([*starts, len(text)])]


def chat_lines(text: str) -> list[str]:
    """The lines of a piece of a chat, also where it begins within a message; none if fewer than half have a name."""
    lines = [line for line in text.splitlines() if line.strip()]
    named = sum(_SAID.match(line) is not None for line in lines)
    return lines if len(lines) > 1 and 2 * named >= len(lines) else []


def _head(text: str) -> str:
    found = _HEAD.match(text)
    return found.group() if found else ""


def sentences_of(text: str) -> list[str]:
    """The sentences of a text in their order, white space in them made even."""
    from drag.documents import sentences

    cuts = [0, *(found.end() for found in _JOINED.finditer(text)), len(text)]
    spans = [span for start, end in pairwise(cuts) for span in sentences(text, start, end)]
    return [" ".join(text[start:end].split()) for start, end in spans]


def _scores(
    question: str, heads: Sequence[str], parted: Sequence[Sequence[str]], embedder: Embedder | None
) -> list[list[float]]:
    """For each sentence of each piece: the weighed share of the question's words, in [0, 1], plus its cosine."""
    asked = set(_words(question))
    held = [[asked & set(_words(line)) for line in lines] for lines in parted]
    every = [words for lines in held for words in lines]
    counts = Counter(word for words in every for word in words)
    # A word that stands nowhere tells no two sentences apart.
    rare = {word: math.log1p(len(every) / count) for word, count in counts.items()}
    total = sum(rare.values()) or 1.0
    scores = [[sum(rare[word] for word in sorted(words)) / total for words in lines] for lines in held]
    if embedder is not None:
        # Under its title: a sentence that says "it" is about what the title names.
        said = [head + line for head, lines in zip(heads, parted, strict=True) for line in lines]
        cosines = iter(SimilarityRanker(embedder).score(question, said))
        scores = [[score + max(0.0, next(cosines) or 0.0) for score in lines] for lines in scores]
    return scores


def _kept(lines: Sequence[str], scores: Sequence[float], names: Sequence[str]) -> list[int]:
    best = max(range(len(lines)), key=lambda place: (scores[place], -place))
    kept = {best} | {place for place, score in enumerate(scores) if score > 0 and score >= NEAR * scores[best]}
    for place, line in enumerate(lines):
        said = f" {name_key(line)} "
        if any(f" {name} " in said for name in names):
            kept |= {place, min(place + 1, len(lines) - 1)}
    return sorted(kept)


def _words(text: str) -> list[str]:
    return own_words(plain(text))
