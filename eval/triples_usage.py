"""What a model used, and its replies kept in a file, so that a long evaluation goes on where it was stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from drag.errors import ConfigError, DragError
from drag.protocols import LanguageModel, OnReply, OnText, ScoringModel
from drag.types import Likelihood, Prompt, Reply, Usage

if TYPE_CHECKING:
    from eval.triples import Row


class Metered:
    """A `LanguageModel` that adds up what it used."""

    def __init__(self, model: LanguageModel) -> None:
        self.name = model.name
        self.identity = model.identity
        self.context_tokens = model.context_tokens
        self.usage = Usage()
        self._model = model

    def generate(
        self, prompts: Sequence[Prompt], *, on_text: OnText | None = None, on_reply: OnReply | None = None
    ) -> list[Reply | DragError]:
        """See `LanguageModel.generate`."""
        replies = self._model.generate(prompts, on_text=on_text, on_reply=on_reply)
        for reply in replies:
            if isinstance(reply, Reply):
                self.usage = self.usage + reply.usage
        return replies

    def count_tokens(self, text: str) -> int:
        """See `LanguageModel.count_tokens`."""
        return self._model.count_tokens(text)

    def close(self) -> None:
        """See `LanguageModel.close`."""
        self._model.close()

    def cost(self, rows: Sequence[Row], seconds: float) -> dict[str, float]:
        """Tokens, seconds and dollars of what was asked in this run; kept replies are free and not in it."""
        used = self.usage
        nothing = float("nan")
        return {
            "words_per_second": sum(len(row.text.split()) for row in rows) / seconds if used.seconds else nothing,
            "prompt_tokens": used.prompt_tokens / len(rows),
            "completion_tokens": used.completion_tokens / len(rows),
            "tokens_per_second": used.completion_tokens / used.seconds if used.seconds else nothing,
            "cost": used.cost,
        }


class ScoringMetered(Metered):
    """The same for a model that scores: each likelihood counts its prompt, as far as it was not that of the last."""

    def __init__(self, model: ScoringModel) -> None:
        super().__init__(model)
        self._scoring = model
        self._last = ""

    def score(self, prompt: Prompt, continuations: Sequence[str]) -> list[Likelihood]:
        """See `ScoringModel.score`."""
        started = time.perf_counter()
        found = self._scoring.score(prompt, continuations)
        seconds = time.perf_counter() - started
        text = "".join(message.content for message in prompt.messages)
        new = text[
            next((n for n, (a, b) in enumerate(zip(text, self._last, strict=False)) if a != b), len(self._last)) :
        ]
        self._last = text
        scored = sum(len(one.tokens) for one in found)
        self.usage = self.usage + Usage(self.count_tokens(new) if new else 0, scored, seconds)
        return found


def metered(model: LanguageModel) -> Metered:
    """`model` with a meter; one that can score still can."""
    return ScoringMetered(model) if isinstance(model, ScoringModel) else Metered(model)


class FileStore:
    """A `ReplyStore` in a JSON Lines file that only grows: a stopped run loses nothing.

    Raises `ConfigError` where the file is there and is not one of these.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, str] = {}
        if not path.exists():
            return
        try:
            for line in path.read_text("utf-8").splitlines():
                key, value = cast("list[str | None]", json.loads(line))
                if value is None:
                    self._kept.pop(str(key), None)
                else:
                    self._kept[str(key)] = value
        except (OSError, UnicodeDecodeError, ValueError, TypeError) as error:
            raise ConfigError(f"{path} is no file of kept replies") from error

    def get(self, key: str) -> str | None:
        """See `ReplyStore.get`."""
        return self._kept.get(key)

    def put(self, key: str, value: str, *, model: str, prompt: str) -> None:
        """See `ReplyStore.put`."""
        self._kept[key] = value
        self._write(key, value)

    def drop(self, key: str) -> None:
        """See `ReplyStore.drop`."""
        if self._kept.pop(key, None) is not None:
            self._write(key, None)

    def _write(self, key: str, value: str | None) -> None:
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([key, value], ensure_ascii=False) + "\n")
        except OSError as error:
            raise ConfigError(f"cannot write {self._path}: {error.strerror}") from error
