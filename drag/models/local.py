"""Local models in GGUF files, run in this process by llama.cpp (see `drag.models.engine`)."""

from __future__ import annotations

import re
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from drag.errors import DragError, ModelError
from drag.models.chunk import content_logprobs
from drag.models.chunk import finish as finish_of
from drag.models.chunk import text as text_of
from drag.models.engine import Engine, check_gguf, fingerprint, grammar_of
from drag.models.likelihood import by_grammar, next_tokens, one_by_one
from drag.protocols import OnReply, OnText
from drag.types import Likelihood, Message, Prompt, Reply, Usage

# Chat templates mark turns with tokens such as <|im_start|>. The engine turns those strings into the real tokens
# wherever they stand, so a piece of evidence could otherwise open a turn of its own.
_TURN_MARK = re.compile(r"<(\|[^<>|]{1,40}\|)>")


def neutralise(text: str) -> str:
    """`text` with every string that looks like a turn mark broken up, so that it stays text."""
    return _TURN_MARK.sub(r"< \1 >", text)


class LocalModel:
    """A GGUF model in this process: a `ScoringModel`.

    `parallel` prompts are decoded together, each in a slot with room for `context_tokens` tokens of prompt and
    reply. `threads` is the number of CPU threads; one is the safe default, because a second busy process can slow
    two threads down twentyfold. `adapter` is a LoRA adapter in GGUF, laid over the untouched weights.

    Raises `ModelError` if a file is missing, is not GGUF or does not fit the memory.
    """

    def __init__(
        self,
        path: Path,
        *,
        name: str | None = None,
        context_tokens: int = 4096,
        parallel: int = 1,
        threads: int = 1,
        adapter: Path | None = None,
    ) -> None:
        self.name = name or f"gguf:{path}"
        self.context_tokens = context_tokens
        check_gguf(path)
        # The weights, not what somebody calls them or where they lie: a moved file keeps its cached replies.
        self.identity = f"gguf@{fingerprint(path)}"
        if adapter is not None:
            check_gguf(adapter)
            self.identity += f"+{fingerprint(adapter)}"
        self.weights_bytes = path.stat().st_size
        self._parallel = parallel
        self._engine = Engine(
            path, adapter, name=self.name, context_tokens=context_tokens, parallel=parallel, threads=threads
        )
        # One that nobody closed, and nobody used, would hang when it is thrown away.
        weakref.finalize(self, self._engine.close)
        self._stop = threading.Event()

    def generate(
        self, prompts: Sequence[Prompt], *, on_text: OnText | None = None, on_reply: OnReply | None = None
    ) -> list[Reply | DragError]:
        """Answer every prompt, `parallel` at a time (see `LanguageModel.generate`)."""
        self._stop.clear()
        results: list[Reply | DragError] = [ModelError("interrupted")] * len(prompts)
        pool = ThreadPoolExecutor(max_workers=self._parallel)
        try:
            futures = {pool.submit(self._generate_one, prompt, on_text): i for i, prompt in enumerate(prompts)}
            for future in as_completed(futures):
                index = futures[future]
                result = results[index] = future.result()
                if on_reply is not None and isinstance(result, Reply):
                    on_reply(index, result)
        finally:
            # After Ctrl-C the running generations end at their next token instead of holding up the exit.
            self._stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
        return results

    def score(self, prompt: Prompt, continuations: Sequence[str]) -> list[Likelihood]:
        """Log-likelihood of each continuation (see `ScoringModel.score`).

        Each continuation is forced by its exact token ids. A grammar over its *characters* would let the model
        reach them by other tokens, and would score another path than the one it prefers.
        """
        prefix = self.prompt_tokens(prompt.messages)
        tokens = [self.tokens(continuation) for continuation in continuations]
        if not all(tokens):
            raise ModelError("an empty continuation has no likelihood")
        if len(tokens) > 1 and all(len(ids) == 1 for ids in tokens):
            singles = next_tokens(self._ask, prefix, [ids[0] for ids in tokens])
            if singles is not None:
                return [Likelihood((one,)) for one in singles]
        likelihoods: list[Likelihood] = []
        for continuation, ids in zip(continuations, tokens, strict=True):
            if continuation.isascii() or all(self._is_whole(token) for token in ids):
                found = by_grammar(self._ask, prefix, ids)
            else:
                found = one_by_one(self._ask, prefix, ids, self.tokens(".")[0])
            likelihoods.append(Likelihood(tuple(found)))
        return likelihoods

    def _ask(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._engine.complete(dict(request))

    def _is_whole(self, token: int) -> bool:
        """Whether a token stands for whole characters: rare ones (an emoji) are several tokens."""
        return "\ufffd" not in self._engine.text_of([token])

    def prompt_tokens(self, messages: Sequence[Message]) -> list[int]:
        """The token ids of a prompt in the model's own chat template."""
        return self._engine.tokenize(self._render(messages), special=True)

    def tokens(self, text: str) -> list[int]:
        """The token ids of a text, without the marks that open a prompt."""
        return self._engine.tokenize(text)

    def count_tokens(self, text: str) -> int:
        """The number of tokens of `text`, without the marks that open a prompt."""
        return len(self.tokens(text))

    def close(self) -> None:
        """Stop the engine and free its memory."""
        self._stop.set()
        self._engine.close()

    def _generate_one(self, prompt: Prompt, on_text: OnText | None) -> Reply | DragError:
        started = time.perf_counter()
        pieces: list[str] = []
        logprobs: list[float] = []
        failure: list[BaseException] = []
        aborted = False

        def receive(chunk: Mapping[str, Any]) -> bool:
            nonlocal aborted
            text = text_of(chunk)
            pieces.append(text)
            logprobs.extend(float(token["logprob"]) for token in content_logprobs(chunk))
            try:
                aborted = self._stop.is_set() or bool(text and on_text and on_text(text))
            except BaseException as error:  # noqa: BLE001 - the engine swallows what a callback raises; raised again below
                failure.append(error)
                aborted = True
            return aborted

        try:
            request: dict[str, Any] = {
                "prompt": self._render(prompt.messages),
                "max_tokens": prompt.max_tokens,
                "temperature": prompt.temperature,
                "seed": prompt.seed,
                "stop": list(prompt.stop),
                "stream": True,
                "stream_options": {"include_usage": True},
                "logprobs": 1,
                "cache_prompt": True,
            }
            if prompt.schema is not None:
                request["grammar"] = grammar_of(prompt.schema)
            last = self._engine.complete(request, receive)
        except DragError as error:
            return error
        if failure:
            raise failure[0]
        usage: Mapping[str, Any] = last.get("usage") or {}
        finish = "aborted" if aborted else "length" if finish_of(last) == "length" else "stop"
        return Reply(
            "".join(pieces).strip(),
            finish,
            Usage(
                int(usage.get("prompt_tokens", 0)),
                int(usage.get("completion_tokens", 0)),
                time.perf_counter() - started,
            ),
            sum(logprobs) / len(logprobs) if logprobs else None,
        )

    def _render(self, messages: Sequence[Message]) -> str:
        """The prompt in the model's own chat template, up to where the assistant speaks.

        A last message of the assistant is the beginning of the reply: it stands after the template, left open.
        """
        *turns, last = messages
        opening = last.content if last.role == "assistant" else ""
        turns = turns if opening else list(messages)
        return self._engine.render([{"role": one.role, "content": neutralise(one.content)} for one in turns]) + opening
