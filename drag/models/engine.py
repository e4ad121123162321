"""llama.cpp in this process (through xllamacpp): one model file, its completions, its tokens.

The engine is llama.cpp's server code. It opens a port on the loopback address whether we want it or not, so that port
gets a random key and an origin that no page has; we use it ourselves to tokenize and to render chat templates.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from drag.errors import ContextOverflow, ModelError

_HEADER = b"GGUF"


class Engine:
    """The running engine of one model; `name` is what errors call it.

    Raises `ModelError` if a file is missing, is not GGUF or does not fit the memory.
    """

    def __init__(
        self, path: Path, adapter: Path | None, *, name: str, context_tokens: int, parallel: int, threads: int
    ) -> None:
        self._name = name
        self._key = secrets.token_urlsafe(24)
        self._ran = False
        self._server: Any = _start(
            path, adapter, key=self._key, context_tokens=context_tokens, parallel=parallel, threads=threads
        )
        self.address: str = self._server.listening_address

    def complete(
        self, request: dict[str, Any], receive: Callable[[Mapping[str, Any]], bool] | None = None
    ) -> Mapping[str, Any]:
        """Run one completion; returns the whole reply, or the last chunk where `receive` takes the chunks."""
        if self._server is None:
            raise ModelError(f"{self._name} is closed")
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
            raise ModelError(f"{self._name} failed: {error}") from error
        self._ran = True
        if "error" in last:
            details: Mapping[str, Any] = last["error"]
            message = str(details.get("message", "unknown error"))
            if details.get("type") == "exceed_context_size_error":
                raise ContextOverflow(f"{self._name}: {message}")
            raise ModelError(f"{self._name} failed: {message}")
        return last

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """The token ids of a text; `special`: with those that open a prompt, and turn marks read as such."""
        body = {"content": text, "add_special": special, "parse_special": special}
        return [int(token) for token in self._post("/tokenize", body)["tokens"]]

    def text_of(self, tokens: Sequence[int]) -> str:
        """What tokens stand for; U+FFFD for what is not a whole character."""
        return str(self._post("/detokenize", {"tokens": list(tokens)})["content"])

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """The model's own chat template around `messages` (`role`, `content`), up to where the assistant speaks."""
        return str(self._post("/apply-template", {"messages": list(messages)})["prompt"])

    def close(self) -> None:
        """Stop it and free its memory. A second call does nothing."""
        if self._server is not None and not self._ran:
            # An engine that is told to end before its loop has begun never ends: wait until it has done something.
            with contextlib.suppress(ModelError):
                self.complete({"prompt": self.tokenize("x"), "max_tokens": 1, "temperature": 0})
        self._server = None

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        if self._server is None:
            raise ModelError(f"{self._name} is closed")
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        data = json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data=data, headers=headers)  # noqa: S310 - our own loopback port
        try:
            with _opener.open(request, timeout=60) as response:
                return json.load(response)
        except (urllib.error.URLError, TimeoutError, ValueError) as error:
            raise ModelError(f"{self._name} failed: {error}") from error


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


def check_gguf(path: Path) -> None:
    """Raise `ModelError` unless `path` is a GGUF file that can be read."""
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


def grammar_of(schema: Mapping[str, Any]) -> str:
    """The engine's grammar for a JSON schema. Raises `ModelError` for one that it does not know."""
    try:
        return str(_engine().json_schema_to_grammar(dict(schema)))
    except (ValueError, RuntimeError, TypeError) as error:
        raise ModelError(f"the JSON schema cannot be decoded to: {error}") from error
