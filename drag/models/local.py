"""Local models in GGUF files, run in this process by llama.cpp (through xllamacpp).

The engine is llama.cpp's server code. It opens a port on the loopback address whether we want it or not, so that port
gets a random key and an origin that no page has; we use it ourselves to tokenize and to render chat templates.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import re
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from drag.errors import ContextOverflow, DragError, ModelError
from drag.models.chunk import content_logprobs
from drag.models.chunk import finish as finish_of
from drag.models.chunk import text as text_of
from drag.models.likelihood import by_grammar, next_tokens, one_by_one
from drag.protocols import OnReply, OnText
from drag.types import Likelihood, Message, Prompt, Reply, Usage

# Chat templates mark turns with tokens such as <|im_start|>. The engine turns those strings into the real tokens
# wherever they stand, so a piece of evidence could otherwise open a turn of its own.
_TURN_MARK = re.compile(r"<(\|[^<>|]{1,40}\|)>")

_HEADER = b"GGUF"


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
        _check_gguf(path)
        # The weights, not what somebody calls them or where they lie: a moved file keeps its cached replies.
        self.identity = f"gguf@{fingerprint(path)}"
        if adapter is not None:
            _check_gguf(adapter)
            self.identity += f"+{fingerprint(adapter)}"
        self.weights_bytes = path.stat().st_size
        self._parallel = parallel
        self._key = secrets.token_urlsafe(24)
        self._ran = False
        self._server: Any = _start(
            path, adapter, key=self._key, context_tokens=context_tokens, parallel=parallel, threads=threads
        )
        self._address: str = self._server.listening_address
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
        prefix = self._tokenize(self._render(prompt.messages), special=True)
        tokens = [self._tokenize(continuation) for continuation in continuations]
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
                found = one_by_one(self._ask, prefix, ids, self._tokenize(".")[0])
            likelihoods.append(Likelihood(tuple(found)))
        return likelihoods

    def _ask(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._complete(dict(request), None)

    def _is_whole(self, token: int) -> bool:
        """Whether a token stands for whole characters: rare ones (an emoji) are several tokens."""
        return "\ufffd" not in str(self._post("/detokenize", {"tokens": [token]})["content"])

    def count_tokens(self, text: str) -> int:
        """The number of tokens of `text`, without the marks that open a prompt."""
        return len(self._tokenize(text))

    def close(self) -> None:
        """Stop the engine and free its memory."""
        self._stop.set()
        if self._server is not None and not self._ran:
            # An engine that is told to end before its loop has begun never ends: wait until it has done something.
            with contextlib.suppress(ModelError):
                self._complete({"prompt": self._tokenize("x"), "max_tokens": 1, "temperature": 0}, None)
        self._server = None

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
                request["grammar"] = _grammar(prompt.schema)
            last = self._complete(request, receive)
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

    def _complete(
        self, request: dict[str, Any], receive: Callable[[Mapping[str, Any]], bool] | None
    ) -> Mapping[str, Any]:
        """Run one completion; returns the whole reply, or the last chunk where `receive` takes the chunks."""
        if self._server is None:
            raise ModelError(f"{self.name} is closed")
        last: dict[str, Any] = {}

        def keep(chunk: dict[str, Any]) -> bool:
            last.update(chunk)
            return receive(chunk) if receive and "error" not in chunk else False

        try:
            if receive is None:
                last = self._server.handle_completions(request)
            else:
                self._server.handle_completions(request, keep)
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{self.name} failed: {error}") from error
        self._ran = True
        if "error" in last:
            details: Mapping[str, Any] = last["error"]
            message = str(details.get("message", "unknown error"))
            if details.get("type") == "exceed_context_size_error":
                raise ContextOverflow(f"{self.name}: {message}")
            raise ModelError(f"{self.name} failed: {message}")
        return last

    def _render(self, messages: Sequence[Message]) -> str:
        """The prompt in the model's own chat template, up to where the assistant speaks.

        A last message of the assistant is the beginning of the reply: it stands after the template, left open.
        """
        *turns, last = messages
        opening = last.content if last.role == "assistant" else ""
        turns = turns if opening else list(messages)
        body = {"messages": [{"role": turn.role, "content": neutralise(turn.content)} for turn in turns]}
        return str(self._post("/apply-template", body)["prompt"]) + opening

    def _tokenize(self, text: str, *, special: bool = False) -> list[int]:
        body = {"content": text, "add_special": special, "parse_special": special}
        return [int(token) for token in self._post("/tokenize", body)["tokens"]]

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        if self._server is None:
            raise ModelError(f"{self.name} is closed")
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        data = json.dumps(body).encode()
        request = urllib.request.Request(self._address + path, data=data, headers=headers)  # noqa: S310 - our own loopback port
        try:
            with _opener.open(request, timeout=60) as response:
                return json.load(response)
        except (urllib.error.URLError, TimeoutError, ValueError) as error:
            raise ModelError(f"{self.name} failed: {error}") from error


# Loopback must not go through a proxy that the environment names for the outer world.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fingerprint(path: Path) -> str:
    """Sixteen hex digits that stand for a weights file: its size and the hash of its first and last mebibyte.

    Hashing a gigabyte whole takes seconds at each start; two files that differ only in the middle do not occur
    among model files, whose header lists every tensor.
    """
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        digest.update(file.read(1 << 20))
        file.seek(max(0, size - (1 << 20)))
        digest.update(file.read(1 << 20))
    return digest.hexdigest()[:16]


def _engine() -> Any:
    # A compiled module without types; imported late because it loads 30 MB of libraries.
    return importlib.import_module("xllamacpp")


def _check_gguf(path: Path) -> None:
    try:
        with path.open("rb") as file:
            header = file.read(len(_HEADER))
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
    if header != _HEADER:
        raise ModelError(f"{path} is not a GGUF file")


def _start(path: Path, adapter: Path | None, *, key: str, context_tokens: int, parallel: int, threads: int) -> Any:
    xllamacpp = _engine()
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = context_tokens * parallel
    params.n_parallel = parallel
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.port = 0
    params.api_keys = [key]
    params.cors_origins = "http://localhost"
    params.ui = False
    params.verbosity = -1
    params.warmup = False
    if adapter is not None:
        lora = xllamacpp.CommonAdapterLoraInfo()
        lora.path = str(adapter)
        lora.scale = 1.0
        params.lora_adapters = [lora]
    try:
        return xllamacpp.Server(params)
    except (RuntimeError, MemoryError) as error:
        raise ModelError(
            f"cannot load {path}: the file is broken, of a kind this engine does not know, "
            f"or a context of {parallel} × {context_tokens} tokens does not fit the memory"
        ) from error


def _grammar(schema: Mapping[str, Any]) -> str:
    try:
        return str(_engine().json_schema_to_grammar(dict(schema)))
    except (ValueError, RuntimeError, TypeError) as error:
        raise ModelError(f"the JSON schema cannot be decoded to: {error}") from error
