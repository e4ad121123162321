"""Large packs of real sentences: told anew with other names and years, under vectors with planted neighbours.

Sentences keep their words, so that frequent words are as frequent as they are in language; names and years in them
are replaced, so that the vocabulary grows with the corpus, as it does in one (Heaps' law). How often a name is taken
follows Zipf's law in Mandelbrot's form, and so do mentions and triples, made of the names that stand in a sentence.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy
from numpy.typing import NDArray

from drag.documents import Document
from drag.errors import ConfigError
from drag.pack import PackWriter
from drag.pack.documents import Ingested
from drag.types import Evidence
from eval.records import read_records
from graphs import Triple
from graphs.spacy_reader import Mention, Reading

COSINES: Final = (0.8, 0.65, 0.5)
"""How near the planted neighbours of a question are. Questions and the passages that answer them lie 0.5 to 0.8 apart
under MiniLM; two random directions of 384 dimensions 0.05."""

_PIECES, _SENTENCES, _BATCH = 8, (2, 3), 250
_TOP = 20  # of Mandelbrot's law: the most frequent name stands in one of two hundred places
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_SLOT = re.compile(r"(?<=\w )[A-Z][a-z]+(?: [A-Z][a-z]+)*|\b1[5-9]\d\d\b|\b20[0-2]\d\b")
_SYLLABLES = ("ba", "den", "dor", "el", "fin", "gar", "hal", "ik", "jan", "kel", "lor", "mar", "nis", "or", "pet", "ru")


@dataclass(frozen=True, slots=True)
class Planted:
    """A question with the ids of the evidence that lies near its vector; the first also shares its words."""

    text: str
    vector: NDArray[numpy.float32] = field(repr=False)
    ids: tuple[str, ...]


class Recombined:
    """Documents of any number, repeatable from the seed, made of the sentences of `texts`."""

    def __init__(self, texts: Sequence[str], *, evidence: int, questions: int, dimension: int = 384, seed: int = 0):
        """Raises `ConfigError` if the texts hold fewer than ten sentences or cannot hold so many planted neighbours."""
        found = [part.strip() for text in texts for part in _SENTENCE.split(text)]
        self._sentences = [_slots(one) for one in dict.fromkeys(found) if 4 <= len(one.split()) <= 60]
        if len(self._sentences) < 10:
            raise ConfigError("the corpus holds fewer than ten sentences of 4 to 60 words")
        if questions * len(COSINES) > evidence:
            raise ConfigError(f"{evidence} pieces of evidence are too few for {questions} questions")
        names = {word for one in self._sentences for part in one.names for word in part.split()}
        self._words = sorted(names) or ["Alder"]
        self._evidence, self._dimension = evidence, dimension
        self._drawn = random.Random(seed)  # noqa: S311 - made-up text, no secret
        self._numbers = numpy.random.default_rng(seed)
        self._pool = max(500, evidence // 4)
        self._asked = _unit(self._numbers.standard_normal((questions, dimension), numpy.float32))
        places = self._numbers.permutation(evidence)[: questions * len(COSINES)].tolist()
        self._places = {place: divmod(n, len(COSINES)) for n, place in enumerate(places)}
        self._planted: dict[tuple[int, int], tuple[str, str]] = {}

    def write(self, path: Path) -> None:
        """Write the pack, with the product's own writer."""
        with PackWriter(path) as writer:
            writer.set_meta(embedder="planted")
            for batch in self.documents():
                writer.put_documents(batch)

    def questions(self) -> list[Planted]:
        """The questions to what `documents` has given so far."""
        return [
            Planted(self._planted[n, 0][1], vector, tuple(self._planted[n, near][0] for near in range(len(COSINES))))
            for n, vector in enumerate(self._asked)
            if all((n, near) in self._planted for near in range(len(COSINES)))
        ]

    def documents(self) -> Iterator[list[Ingested]]:
        """The documents in batches, each of eight pieces (the last may be shorter)."""
        batch: list[Ingested] = []
        for number, start in enumerate(range(0, self._evidence, _PIECES)):
            batch.append(self._document(number, start, min(_PIECES, self._evidence - start)))
            if len(batch) == _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    def _document(self, number: int, start: int, pieces: int) -> Ingested:
        title = self._name()
        vectors = _unit(self._numbers.standard_normal((pieces, self._dimension), numpy.float32))
        evidence: list[Evidence] = []
        readings: list[Reading] = []
        for place in range(pieces):
            told = [self._tell(title) for _ in range(self._drawn.randint(*_SENTENCES))]
            text = " ".join(one for one, _ in told)
            piece = Evidence.of(text, f"document:{number}#{1000 * place}-{1000 * place + len(text)}", title=title)
            evidence.append(piece)
            names = [name for _, found in told for name in found]
            readings.append(_reading(piece, title, names))
            if start + place in self._places:
                question, near = self._places[start + place]
                cosine = COSINES[near]
                across = vectors[place] - (vectors[place] @ self._asked[question]) * self._asked[question]
                vectors[place] = cosine * self._asked[question] + (1 - cosine**2) ** 0.5 * _unit(across[None])[0]
                self._planted[question, near] = piece.id, _ask(title, told[0][0])
        document = Document(f"made-{number}", title, "", kind="record", path="made", digest=f"{number:064x}")
        return Ingested(document, evidence, vectors, readings, "made")

    def _tell(self, subject: str) -> tuple[str, list[str]]:
        """A sentence with other names, and those names."""
        sentence = self._drawn.choice(self._sentences)
        names: list[str] = []
        parts = [sentence.parts[0]]
        for place, old in enumerate(sentence.slots):
            if old.isdigit():
                new = str(self._drawn.randrange(1500, 2030))
            else:
                # One in four is about the document's own subject.
                new = subject if self._drawn.random() < 0.25 else self._name()
                names.append(new)
            parts += [new, sentence.parts[place + 1]]
        return "".join(parts), names

    def _name(self) -> str:
        """A name by Zipf's law: a word of the corpus's names, and one that is made up."""
        rank = int(_TOP * ((self._pool + _TOP) / _TOP) ** self._drawn.random()) - _TOP
        first, rest = self._words[rank % len(self._words)], rank // len(self._words) + rank % 7
        syllables: list[str] = []
        while rest or not syllables:
            rest, one = divmod(rest, len(_SYLLABLES))
            syllables.append(_SYLLABLES[one])
        return f"{first} {''.join(syllables).capitalize()}"


def read_texts(path: Path) -> list[str]:
    """The texts of a corpus, JSON Lines with `text`. Raises `ConfigError`."""
    texts: list[str] = []
    for number, record in read_records(path):
        if not isinstance(record.get("text"), str):
            raise ConfigError(f"{path}, line {number}: there is no 'text'")
        texts.append(record["text"])
    return texts


@dataclass(frozen=True, slots=True)
class _Sentence:
    parts: tuple[str, ...]
    slots: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one for one in self.slots if not one.isdigit())


def _slots(sentence: str) -> _Sentence:
    return _Sentence(tuple(_SLOT.split(sentence)), tuple(_SLOT.findall(sentence)))


def _reading(piece: Evidence, title: str, names: Sequence[str]) -> Reading:
    """What a reader would find: every name, and that one is linked with the next."""
    mentions = tuple(Mention(name, "", 0, 0) for name in dict.fromkeys([title, *names]))
    pairs = [(a, b) for a, b in zip([title, *names], names, strict=False) if a != b][:2]
    return Reading(tuple(Triple(a, "is told of with", b, piece.id) for a, b in pairs), mentions)


def _ask(title: str, sentence: str) -> str:
    """A question as people ask: names, and words that stand in every other text too."""
    words = sentence.rstrip(".!?").split()
    return f"What is known of {title}, and who was it that {' '.join(words[:8])}?"


def _unit(rows: NDArray[numpy.float32]) -> NDArray[numpy.float32]:
    return (rows / numpy.linalg.norm(rows, axis=1, keepdims=True)).astype(numpy.float32)
