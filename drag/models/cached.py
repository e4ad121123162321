"""Replies are paid for once: a model whose replies are kept in a store, by the content of the request."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from drag.errors import DragError, ModelError
from drag.models.stored import ReplyStore
from drag.protocols import LanguageModel, OnReply, OnText, ScoringModel
from drag.types import Likelihood, Prompt, Reply, Usage


def with_store(model: LanguageModel, store: ReplyStore) -> LanguageModel:
    """`model`, asking nothing twice that stands in `store`.

    A model that sanitizes keeps its own replies, in their sanitized form (it has a `with_store` of its own): a store
    around it would hold restored names. A model that can score still can.
    """
    own = getattr(model, "with_store", None)
    if own is not None:
        return own(store)
    return CachedScoringModel(model, store) if isinstance(model, ScoringModel) else CachedModel(model, store)


class CachedModel:
    """A `LanguageModel` that looks into a store first. A stored reply has the usage zero: it cost nothing now."""

    def __init__(self, model: LanguageModel, store: ReplyStore) -> None:
        self.name = model.name
        self.identity = model.identity
        self.context_tokens = model.context_tokens
        # How a model is prompted follows from its size.
        self.weights_bytes: int | None = getattr(model, "weights_bytes", None)
        self._model = model
        self._store = store

    def generate(
        self, prompts: Sequence[Prompt], *, on_text: OnText | None = None, on_reply: OnReply | None = None
    ) -> list[Reply | DragError]:
        """See `LanguageModel.generate`. A reply is kept as soon as it is there, not when the batch is done."""
        keys = [self._key(prompt) for prompt in prompts]
        results: list[Reply | DragError | None] = [_load(self._store.get(key)) for key in keys]
        for place, result in enumerate(results):
            if isinstance(result, Reply):
                if on_text is not None:
                    on_text(result.text)
                if on_reply is not None:
                    on_reply(place, result)
        # Equal prompts in one batch are one request.
        first: dict[str, int] = {}
        for place, key in enumerate(keys):
            first.setdefault(key, place)
        missing = [place for place in first.values() if results[place] is None]

        def keep(position: int, reply: Reply) -> None:
            place = missing[position]
            # What was broken off is not a reply that anyone paid for in full.
            if reply.finish != "aborted":
                self._put(keys[place], dataclasses.asdict(reply), prompts[place])
            if on_reply is not None:
                on_reply(place, reply)

        if missing:
            fresh = self._model.generate([prompts[place] for place in missing], on_text=on_text, on_reply=keep)
            for place, result in zip(missing, fresh, strict=True):
                results[place] = result
        answered = (results[first[key]] for key in keys)
        return [result if result is not None else ModelError("no reply") for result in answered]

    def forget(self, prompts: Sequence[Prompt]) -> None:
        """Drop replies that turned out to be of no use: the next run asks again."""
        for prompt in prompts:
            self._store.drop(self._key(prompt))

    def count_tokens(self, text: str) -> int:
        """See `LanguageModel.count_tokens`."""
        return self._model.count_tokens(text)

    def close(self) -> None:
        """Close the model; the store belongs to whoever opened it."""
        self._model.close()

    def _key(self, prompt: Prompt, *more: str) -> str:
        request = {"model": self.identity, "prompt": dataclasses.asdict(prompt), "more": more}
        return hashlib.sha256(json.dumps(request, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def _put(self, key: str, value: Any, prompt: Prompt) -> None:
        text = json.dumps(value, sort_keys=True, ensure_ascii=False)
        self._store.put(key, text, model=self.name, prompt=prompt.name)


class CachedScoringModel(CachedModel):
    """The same for a model that scores."""

    def __init__(self, model: ScoringModel, store: ReplyStore) -> None:
        super().__init__(model, store)
        self._scoring = model

    def score(self, prompt: Prompt, continuations: Sequence[str]) -> list[Likelihood]:
        """See `ScoringModel.score`."""
        key = self._key(prompt, *continuations)
        stored = self._store.get(key)
        if stored is not None:
            return [Likelihood(tuple(tokens)) for tokens in json.loads(stored)]
        likelihoods = self._scoring.score(prompt, continuations)
        self._put(key, [one.tokens for one in likelihoods], prompt)
        return likelihoods


def _load(stored: str | None) -> Reply | None:
    if stored is None:
        return None
    value = json.loads(stored)
    return Reply(value["text"], value["finish"], Usage(), value["logprob"])
