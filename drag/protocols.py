"""The plug-in points. Whatever has these methods is one: nothing has to be inherited.

A model, embedder, ranker or extractor of somebody else's is named on the command line as `package.module:Class`.
`drag.testing` ships a fake of each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

from drag.errors import DragError
from drag.types import Evidence, Likelihood, Prompt, Reply
from graphs import Triple

OnText = Callable[[str], bool | None]
"""Called with each piece of text as it comes; a true return value stops the generation."""

OnReply = Callable[[int, Reply], None]
"""Called in the caller's thread with the index of a prompt and its reply, as soon as that reply is complete."""


@runtime_checkable
class LanguageModel(Protocol):
    """Teacher, student and judge are roles; each is a LanguageModel."""

    name: str
    """What a person calls it, and what provenance records: `smollm2-135m`, `openai:gpt-4o`."""
    identity: str
    """What a cached reply depends on besides the prompt: the name, and the digest of the weights where there is one."""
    context_tokens: int
    """How many tokens prompt and reply may have together."""

    def generate(
        self,
        prompts: Sequence[Prompt],
        *,
        on_text: OnText | None = None,
        on_reply: OnReply | None = None,
    ) -> list[Reply | DragError]:
        """Answer every prompt; the results stand in the order of the prompts.

        A prompt that fails gives its error as a value, so that one bad item costs only itself. `on_reply` sees
        each reply as soon as it is there (a cache saves it before the batch is done). `on_text` streams, for a
        single prompt.
        """
        ...

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` has for this model: exact for local models, an upper estimate for remote ones."""
        ...

    def close(self) -> None:
        """Give back memory and threads. The model is not used after that."""
        ...


@runtime_checkable
class ScoringModel(LanguageModel, Protocol):
    """A model that can say how likely a given continuation is. Local engines can; most remote ones cannot."""

    def score(self, prompt: Prompt, continuations: Sequence[str]) -> list[Likelihood]:
        """Log-likelihood of each continuation after `prompt`, token by token, in the given order.

        Raises `ModelError` if the model fails and `ContextOverflow` if the longest one does not fit.
        """
        ...


class Embedder(Protocol):
    """The shape of `sentence_transformers.SentenceTransformer`."""

    def encode(self, sentences: list[str], *, normalize_embeddings: bool = ...) -> Any:
        """Vectors of shape (len(sentences), dimension), float32; of length 1 when `normalize_embeddings`."""
        ...


class Ranker(Protocol):
    """Gives one signal of how well a text serves a question."""

    def score(self, question: str, texts: Sequence[str]) -> list[float | None]:
        """One score a text, higher is better, None where it could not be judged."""
        ...


class Extractor(Protocol):
    """Turns evidence into triples."""

    def extract(self, evidence: Sequence[Evidence]) -> list[list[Triple] | DragError]:
        """The triples of each piece of evidence, in its order; a piece that failed gives its error as a value."""
        ...
