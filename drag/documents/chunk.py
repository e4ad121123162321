"""Cutting a document into evidence: along its structure, near a size, each piece with its exact place."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drag.documents.document import Document, Section
from drag.documents.place import place_of
from drag.documents.sentence import sentences
from drag.errors import ConfigError
from drag.types import Evidence

SIZE = 120  # words; about 160 tokens, so that the largest chunk still fits the 256 of small embedders
_SLACK = 1.4  # a chunk may be this much over the size before it is cut
_TINY = 1 / 3  # a section of less than this share of the size joins the next one
_SILENCE = 60  # minutes after which a chat begins anew

_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_PERHAPS_UNSPACED = re.compile("[\u0e00-\u1fff\u2e80-\U0003ffff]")  # two ranges are quicker to look for
_MARKS = (re.compile(r"\n"), re.compile(r"[;:,–—](?=\s)|[，、；：]"), re.compile(r"\s"))
# How good a place to cut is: session or section, paragraph or message, sentence, inside a sentence.
_SESSION, _BLOCK, _SENTENCE, _FORCED = 3, 2, 1, 0
_BONUS = {_SESSION: 0.35, _BLOCK: 0.2, _SENTENCE: 0.0, _FORCED: -0.3}


@dataclass(slots=True)
class _Piece:
    """A stretch that is not cut any further; `level` says how good it is to cut before it."""

    start: int
    end: int
    words: float
    level: int


def chunks(document: Document, *, size: int = SIZE) -> list[Evidence]:
    """The evidence of a document, in its order: chunks of about `size` words (at least 10), without overlap.

    A chunk never crosses a day of a chat and begins anew at a heading; only what is tiny is joined with what follows.
    Longer stretches are cut at paragraphs or messages, else at sentences, into chunks of even length, none of more
    than 1.4 × `size` words; a sentence is cut only where it alone is longer than that. A document that fits is one
    chunk. `document.text[start:end]` of the span in a chunk's source is its text, exactly. Its date is that of its
    first message, else the document's. Languages written without blanks count two characters as a word.

    Raises `ConfigError` if `size` is below 10.
    """
    if size < 10:
        raise ConfigError(f"a chunk of {size} words is too small; the least is 10")
    spans = list(_spans(document, size))
    starts = [one.start for one in document.sections]
    found: list[Evidence] = []
    line, counted = 1, 0
    for number, (start, end) in enumerate(spans, 1):
        inside = _between(document.sections, starts, start, end)
        line += document.text.count("\n", counted, start)
        counted = start
        place = place_of(inside, start, end)
        if not place and len(spans) > 1:
            last = line + document.text.count("\n", start, end)
            if document.kind == "text":
                place = f"line {line}" if last == line else f"lines {line}-{last}"
            else:
                place = f"part {number} of {len(spans)}"
        found.append(
            Evidence.of(
                document.text[start:end],
                f"document:{document.id}#{start}-{end}",
                title=document.title,
                date=next((one.date for one in inside if one.date), document.date),
                place=place,
            )
        )
    return found


class _Words:
    """How many words a stretch of a text counts as: by its blanks, more for scripts and strings without blanks."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._unspaced = not text.isascii() and _PERHAPS_UNSPACED.search(text) is not None

    def count(self, start: int, end: int) -> float:
        """The words of [start, end). Counting blanks is many times faster than splitting, and as good where few."""
        length = end - start
        found = float(self.text.count(" ", start, end) + self.text.count("\n", start, end) + 1)
        if found > length / 3:
            found = float(len(self.text[start:end].split()))
        if self._unspaced:
            found += len(_UNSPACED.findall(self.text, start, end)) / 2
        return max(found, length / 16)


def _between(sections: tuple[Section, ...], starts: list[int], start: int, end: int) -> list[Section]:
    inside: list[Section] = []
    for index in range(max(0, bisect_right(starts, start) - 1), len(sections)):
        one = sections[index]
        if one.start >= end:
            break
        if one.end > start:
            inside.append(one)
    return inside


def _spans(document: Document, size: int) -> Iterator[tuple[int, int]]:
    """The spans of the chunks."""
    text = document.text
    words = _Words(text)
    sections = document.sections or (Section(0, len(text)),)
    if len({one.date[:10] for one in sections}) == 1 and words.count(0, len(text)) <= _SLACK * size:
        start, end = _trimmed(text, sections[0].start, sections[-1].end)
        if start < end:
            yield start, end
        return
    for run in _runs(words, sections, size):
        if _count(run) <= _SLACK * size:
            yield run[0].start, run[-1].end
        else:
            yield from _cut(_fine(words, run, size), size)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _runs(words: _Words, sections: tuple[Section, ...], size: int) -> Iterator[list[_Piece]]:
    """Blocks (paragraphs, messages) in runs: what one chunk may hold, if it is not too long."""
    waiting: list[_Piece] = []  # the run that the next stretch may still join
    ready: list[_Piece] = []  # the run before it, of the same day
    for stretch in _stretches(sections):
        blocks = list(_blocks(words, stretch.sections))
        if not blocks:
            continue
        if stretch.other_day:
            yield from (one for one in (ready, waiting) if one)
            ready, waiting = [], []
        elif _count(waiting) >= _TINY * size:
            if ready:
                yield ready
            ready, waiting = waiting, []
        blocks[0].level = _SESSION
        waiting += blocks
    # What is left at the end may be too little to stand alone.
    if ready and _count(waiting) < _TINY * size:
        ready, waiting = ready + waiting, []
    yield from (one for one in (ready, waiting) if one)


def _count(run: Sequence[_Piece]) -> float:
    return sum(one.words for one in run)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Sections that go on from one to the next: the pages of a chapter, a chat without a long silence."""

    sections: tuple[Section, ...]
    other_day: bool


def _stretches(sections: tuple[Section, ...]) -> Iterator[_Stretch]:
    waiting: list[Section] = []
    other_day = False
    for section in sections:
        if waiting and not _belongs(waiting[-1], section):
            yield _Stretch(tuple(waiting), other_day)
            other_day = waiting[-1].date[:10] != section.date[:10]
            waiting = []
        waiting.append(section)
    if waiting:
        yield _Stretch(tuple(waiting), other_day)


def _belongs(before: Section, after: Section) -> bool:
    """Whether a section goes on where the last one ended: the same heading, and no long silence in a chat."""
    if before.heading != after.heading:
        return False
    if before.date[:10] != after.date[:10]:
        return False
    return not (
        len(before.date) > 10 and len(after.date) > 10 and _minutes(after.date) - _minutes(before.date) >= _SILENCE
    )


def _minutes(date: str) -> int:
    return int(date[11:13]) * 60 + int(date[14:16])


def _blocks(words: _Words, sections: tuple[Section, ...]) -> Iterator[_Piece]:
    """Messages as they are, other text by paragraphs, which may run over the end of a page."""
    for one in sections:
        if one.message:
            yield from _block(words, one.start, one.end)
    if not sections[0].message:
        position, end = sections[0].start, sections[-1].end
        for found in _PARAGRAPH.finditer(words.text, position, end):
            yield from _block(words, position, found.start())
            position = found.end()
        yield from _block(words, position, end)


def _block(words: _Words, start: int, end: int) -> Iterator[_Piece]:
    start, end = _trimmed(words.text, start, end)
    if start < end:
        yield _Piece(start, end, words.count(start, end), _BLOCK)


def _fine(words: _Words, run: list[_Piece], size: int) -> Iterator[_Piece]:
    """The blocks of a run, the long ones in sentences, the long ones of those in parts."""
    for block in run:
        if block.words <= size / 2:
            yield block
            continue
        level = block.level
        for start, end in sentences(words.text, block.start, block.end):
            count = words.count(start, end)
            if count <= _SLACK * size:
                yield _Piece(start, end, count, level)
            else:
                for part in _parts(words, start, end, size):
                    part.level = level
                    yield part
                    level = _FORCED
            level = _SENTENCE


def _parts(words: _Words, start: int, end: int, size: int) -> Iterator[_Piece]:
    """One endless sentence in parts: at line ends, else after commas, else at blanks, else anywhere."""
    text = words.text
    step = max(1, int((end - start) * size / words.count(start, end)))  # characters of a chunk
    while end - start > step:
        limit = start + step
        cut = 0
        for mark in _MARKS:
            for found in mark.finditer(text, start + step // 2, limit):
                cut = found.end()
            if cut:
                break
        cut = cut or limit
        piece = _trimmed(text, start, cut)
        if piece[0] < piece[1]:
            yield _Piece(*piece, words.count(*piece), _FORCED)
        start, end = _trimmed(text, cut, end)
    if start < end:
        yield _Piece(start, end, words.count(start, end), _FORCED)


def _cut(pieces: Iterator[_Piece], size: int) -> Iterator[tuple[int, int]]:
    """Chunks of even length out of a run that is too long for one."""
    waiting = list(pieces)
    left = _count(waiting)
    first = 0
    while first < len(waiting):
        number = math.ceil(left / (1.2 * size))
        if left <= _SLACK * size or number < 2:
            yield waiting[first].start, waiting[-1].end
            return
        target = left / number
        best, least, total, taken = first + 1, math.inf, 0.0, 0.0
        for index in range(first, len(waiting) - 1):
            total += waiting[index].words
            if index > first and total > _SLACK * size:
                break
            score = abs(total - target) / target - _BONUS[waiting[index + 1].level]
            if score < least:
                best, least, taken = index + 1, score, total
        yield waiting[first].start, waiting[best - 1].end
        left -= taken
        first = best
