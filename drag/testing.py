"""Fakes that ship with the package: for its own tests, and for whoever builds on it.

All are deterministic from one process to the next. On the command line they are named like any other plug-in:
`--teacher drag.testing:FakeTeacher --embedder drag.testing:HashEmbedder`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from drag.errors import DragError, ModelError
from drag.protocols import OnReply, OnText
from drag.types import Likelihood, Prompt, Reply, Usage

Answerer = Callable[[Prompt], str]


class FakeModel:
    """A `ScoringModel` that answers by a function, or from a queue of replies in their order.

    A reply that is an exception becomes that prompt's error. `prompts` records what was asked.
    """

    def __init__(self, reply: Answerer | Sequence[str | DragError] = (), *, name: str = "fake") -> None:
        self.name = name
        self.identity = name
        self.context_tokens = 4096
        self.prompts: list[Prompt] = []
        self._reply = reply
        self._queue: list[str | DragError] = [] if callable(reply) else list(reply)

    def generate(
        self, prompts: Sequence[Prompt], *, on_text: OnText | None = None, on_reply: OnReply | None = None
    ) -> list[Reply | DragError]:
        """See `LanguageModel.generate`."""
        results: list[Reply | DragError] = []
        for place, prompt in enumerate(prompts):
            self.prompts.append(prompt)
            said = self._next(prompt)
            if isinstance(said, str):
                if on_text is not None:
                    for piece in re.findall(r"\S+\s*", said):
                        if on_text(piece):
                            break
                reply = Reply(
                    said, usage=Usage(self.count_tokens(_text(prompt)), self.count_tokens(said)), logprob=-0.5
                )
                results.append(reply)
                if on_reply is not None:
                    on_reply(place, reply)
            else:
                results.append(said)
        return results

    def _next(self, prompt: Prompt) -> str | DragError:
        if callable(self._reply):
            return self._reply(prompt)
        return self._queue.pop(0) if self._queue else ModelError("the fake has no reply left")

    def score(self, prompt: Prompt, continuations: Sequence[str]) -> list[Likelihood]:
        """More words of the continuation in the prompt, more likely; ties are broken by a digest."""
        self.prompts.append(prompt)
        known = set(_words(_text(prompt)))
        return [
            Likelihood(tuple(-0.1 if word in known else -1 - _share(word) for word in _words(one) or [one]))
            for one in continuations
        ]

    def count_tokens(self, text: str) -> int:
        """One token a word."""
        return len(text.split())

    def close(self) -> None:
        """Nothing to give back."""


class FakeTeacher(FakeModel):
    """A teacher that knows a made-up fact about every word of a question, and can be asked for triples of it."""

    def __init__(self) -> None:
        super().__init__(_teacher_reply, name="fake-teacher")


class HashEmbedder:
    """An `Embedder`: bags of hashed words, so that texts that share words are near each other."""

    dimension = 64

    def encode(self, sentences: list[str], *, normalize_embeddings: bool = True) -> NDArray[numpy.float32]:
        """See `Embedder.encode`."""
        vectors = numpy.zeros((len(sentences), self.dimension), numpy.float32)
        for row, sentence in zip(vectors, sentences, strict=True):
            row[0] = 1e-3  # a sentence without words still has a direction
            for word in _words(sentence):
                row[int(_digest(word)[:8], 16) % self.dimension] += 1
        if normalize_embeddings:
            vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors


def _teacher_reply(prompt: Prompt) -> str:
    user = prompt.messages[-1].content
    properties: Mapping[str, Any] = (prompt.schema or {}).get("properties", {})
    if "evidence" in properties:
        words = sorted(set(_words(user.partition("\n")[0])) - {"question"}) or ["nothing"]
        count = int(properties["evidence"]["maxItems"])
        facts = [
            f"{words[i % len(words)].title()} number {i} holds {_digest(user + str(i))[:6]}." for i in range(count)
        ]
        return json.dumps({"evidence": facts})
    if "scores" in properties:
        count = int(properties["scores"]["maxItems"])
        return json.dumps({"scores": [int(_digest(user + str(i))[:4], 16) % 11 for i in range(count)]})
    if "triples" in properties:
        head, relation, tail = user.removeprefix("Text: ").rstrip(".").partition(" holds ")
        if not relation:  # a text of somebody else's: its first and its last word
            head, *_, tail = head.split() * 2
        return json.dumps({"triples": [{"head": head, "relation": "holds", "tail": tail}]})
    return f"I say {_digest(user)[:6]}."


def _text(prompt: Prompt) -> str:
    return "\n".join(message.content for message in prompt.messages)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _share(text: str) -> float:
    return int(_digest(text)[:8], 16) / 0xFFFFFFFF
