"""The values that pass between the stages: frozen, comparable, without behaviour worth mocking."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from graphs import KnowledgeGraph

Role = Literal["system", "user", "assistant"]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Question:
    """A question, with what its record brought along.

    `choices` are the options of a multiple-choice question. `gold` holds the accepted answers (for a choice
    question the text of the right option); the pipeline never reads it, evaluation does. `evidence` holds texts
    that came with the record and stand beside the teacher's as document evidence. `subject` groups questions in
    reports.
    """

    id: str
    text: str
    choices: tuple[str, ...] = ()
    gold: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A short text and where it comes from: `teacher:<model>`, `document:<id>` or `document:<id>#<start>-<end>`.

    The span is in characters of the document's text. `title` is the document's, `date` when it was written or said
    (ISO 8601, to the day, minute or second; empty where that is not known), `place` where in the document it stands,
    for a person to read (`page 3`, `Methods › Sample`, `message 12`).
    """

    id: str
    text: str
    source: str
    title: str = ""
    date: str = ""
    place: str = ""

    @classmethod
    def of(cls, text: str, source: str, *, title: str = "", date: str = "", place: str = "") -> Evidence:
        """Evidence with the id that follows from its content: the same text from the same source is one thing."""
        digest = hashlib.sha256(f"{source}\x00{text}".encode()).hexdigest()
        return cls(digest[:16], text, source, title, date, place)

    @property
    def titled(self) -> str:
        """The text as it is searched, embedded and read: after the title, unless it begins with that already."""
        if not self.title or self.text.casefold().startswith(self.title.casefold()):
            return self.text
        return f"{self.title}: {self.text}"


@dataclass(frozen=True, slots=True)
class Ranked(Generic[Item]):
    """An item with its place for one question.

    `rank` starts at 1; `score` is the fused score, higher is better; `signals` holds what was fused, by name
    (`similarity`: cosine in [-1, 1]; `relevance`: the model's judgement in [0, 1]), a signal that could not be
    measured is absent. `kept` says whether the item made the cut.
    """

    item: Item
    rank: int
    score: float
    signals: Mapping[str, float]
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Context:
    """What the student reads: evidence, best first, and the graph around it. Both may be empty.

    `cosine` is the best of the found evidence's to the question, in [-1, 1], None where nothing was measured.
    """

    evidence: tuple[Evidence, ...] = ()
    graph: KnowledgeGraph = field(default_factory=KnowledgeGraph)
    cosine: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What one or several calls cost. Tokens are the model's own; seconds are wall time; cost is in US dollars."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    cost: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.seconds + other.seconds,
            self.cost + other.cost,
        )


@dataclass(frozen=True, slots=True)
class Citation:
    """One numbered source of an answer.

    `number` is the evidence's number in the prompt, from 1. `basis` says who made the link: `model` (the student
    wrote the number), `overlap` (the answer's words stand in that evidence) or `quote` (the answer is a sentence of
    it).
    """

    number: int
    evidence: Evidence
    basis: Literal["model", "overlap", "quote"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the student said.

    `confidence` is the probability, in [0, 1], that the answer is right: where the student read evidence that was
    searched for, from that evidence and the answer (see `drag.confidence`); for a question with choices the share of
    the chosen one; else the geometric mean of the token probabilities; None where the engine gives none. `answerable`
    is the probability that the evidence carries an answer, None where nothing was searched; `signals` are the features
    that `confidence` was reckoned from, none where it is a plain average. `abstained` is true when
    the student said that the evidence does not carry one, or was not asked because `answerable` was too low.
    `context` is what it was given.
    """

    question: Question
    text: str
    citations: tuple[Citation, ...] = ()
    abstained: bool = False
    confidence: float | None = None
    usage: Usage = Usage()
    context: Context = field(default_factory=Context)
    answerable: float | None = None
    signals: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True)
class Failure:
    """An item that a stage could not do: stored, counted, tried again on the next run. Never dropped."""

    item_id: str
    stage: str
    error: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request to a model.

    `name` is the prompt's name and version (`teach@1`); it is part of the key under which a reply is kept.
    `schema` is a JSON schema that the reply has to fit (decoding is held to it where the engine can).
    `temperature` 0 is greedy; `seed` makes sampling repeatable where the engine can.
    """

    name: str
    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = None
    max_tokens: int = 256
    temperature: float = 0.0
    seed: int = 0
    stop: tuple[str, ...] = ()

    @classmethod
    def ask(cls, name: str, user: str, system: str = "", **options: Any) -> Prompt:
        """A prompt of one user turn, after a system turn where one is given."""
        turns = (Message("system", system),) if system else ()
        return cls(name, (*turns, Message("user", user)), **options)


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answer to one prompt.

    `finish` says why it ended; `length` means that `max_tokens` cut it off. `logprob` is the mean natural-log
    probability of its tokens where the engine gives it.
    """

    text: str
    finish: Literal["stop", "length", "aborted"] = "stop"
    usage: Usage = Usage()
    logprob: float | None = None


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The natural-log probabilities of the tokens of one continuation, given its prompt."""

    tokens: tuple[float, ...]

    @property
    def total(self) -> float:
        """Sum over the tokens: log P(continuation | prompt)."""
        return sum(self.tokens)

    @property
    def mean(self) -> float:
        """Per token: comparable between continuations of different length."""
        return self.total / max(1, len(self.tokens))


def texts(evidence: Sequence[Evidence]) -> list[str]:
    """The texts of `evidence`, in its order."""
    return [one.text for one in evidence]
