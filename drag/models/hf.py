"""Local models in transformers' own format, run on the CPU by torch: for models that have no GGUF conversion."""

from __future__ import annotations

import copy
import hashlib
import importlib
import inspect
import json
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from drag.errors import ContextOverflow, DragError, ModelError
from drag.models.embed import first_line
from drag.models.engine import fingerprint
from drag.models.local import neutralise
from drag.protocols import OnReply, OnText
from drag.types import Likelihood, Prompt, Reply, Usage

# What torch raises for too little memory, a token outside the embedding table or weights that do not fit each other.
_ENGINE_ERRORS = (RuntimeError, ValueError, IndexError, TypeError, MemoryError)

_KINDS = frozenset({".json", ".jinja", ".model", ".txt", ".safetensors", ".bin"})  # what decides the replies


class TransformersModel:
    """A transformers model in this process, on the CPU in 32-bit floats: a `ScoringModel`.

    `location` is a folder or a hub repository (`owner/name`); for a folder, and for a repository where
    HF_HUB_OFFLINE is set, nothing touches the network. `context_tokens` is the room for prompt and reply together;
    the model's own limit lowers it. Code that comes with a model is never run.

    Messages go through the tokenizer's chat template; where there is none they become lines `role: content`, then
    `assistant:`, and a line that starts with a role ends the reply. transformers has no grammar engine, so
    `Prompt.schema` is only an instruction at the end of the last user turn: the reply may not fit it.

    Raises `ModelError` if transformers is not installed, or the model is missing, incomplete or of an unknown kind.
    """

    def __init__(self, location: str, *, name: str | None = None, context_tokens: int = 4096) -> None:
        self.name = name or f"hf:{location}"
        folder = _folder(location)
        self.identity = f"hf:{location}@{_fingerprint(folder)}"
        self._torch, self._tokenizer, self._model = _load(folder)
        limit = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        self.context_tokens = min(context_tokens, int(limit or context_tokens))
        # An empty mark would match everywhere, and a short one must not hide the longer one that begins with it.
        marks = {str(one.content) for one in self._tokenizer.added_tokens_decoder.values() if one.special} - {""}
        self._marks = re.compile("|".join(map(re.escape, sorted(marks, key=len, reverse=True))) or "(?!)")
        named: Any = self._model.generation_config.eos_token_id
        ends: list[Any] = [*(named if isinstance(named, list) else [named]), self._tokenizer.eos_token_id]
        self._ends = {int(token) for token in ends if token is not None}
        # Logits for the whole vocabulary at each token of a long prompt would take gigabytes.
        self._keeps = "logits_to_keep" in inspect.signature(self._model.forward).parameters

    def generate(
        self, prompts: Sequence[Prompt], *, on_text: OnText | None = None, on_reply: OnReply | None = None
    ) -> list[Reply | DragError]:
        """Answer every prompt, one after the other (see `LanguageModel.generate`).

        `Reply.logprob` is the model's own, before temperature and cuts, over the tokens up to the one that ends the
        reply; that one counts in the usage only. What `on_text` and `on_reply` raise comes through.
        """
        results: list[Reply | DragError] = []
        for index, prompt in enumerate(prompts):
            result = self._generate_one(prompt, on_text)
            results.append(result)
            if on_reply is not None and isinstance(result, Reply):
                on_reply(index, result)
        return results

    def score(self, prompt: Prompt, continuations: Sequence[str]) -> list[Likelihood]:
        """Log-likelihood of each continuation (see `ScoringModel.score`).

        The prompt is read once; a continuation of one token costs nothing more, a longer one a single pass.
        """
        prefix, _ = self._read(prompt)
        options = [self._tokenize(continuation) for continuation in continuations]
        if not all(options):
            raise ModelError("an empty continuation has no likelihood")
        self._check_room(len(prefix) + max(map(len, options), default=0))
        likelihoods: list[Likelihood] = []
        try:
            first, past = self._forward(prefix, None)
            for ids in options:
                rows = first
                if len(ids) > 1:
                    # A pass grows its cache, and not every kind of cache can be cut back: each one gets a copy.
                    feed = ids[:-1] if past is not None else [*prefix, *ids[:-1]]
                    rows = self._torch.cat([first, self._forward(feed, copy.deepcopy(past), len(ids) - 1)[0]])
                likelihoods.append(Likelihood(tuple(float(row[i]) for row, i in zip(rows, ids, strict=True))))
        except _ENGINE_ERRORS as error:
            raise ModelError(f"{self.name} failed: {first_line(error)}") from error
        return likelihoods

    def count_tokens(self, text: str) -> int:
        """The number of tokens of `text`, without the marks that open a prompt."""
        return len(self._tokenize(text))

    def close(self) -> None:
        """Free the weights. A generation that runs in another thread ends at its next token."""
        self._model = None

    def _generate_one(self, prompt: Prompt, on_text: OnText | None) -> Reply | DragError:
        started = time.perf_counter()
        try:
            ids, stops = self._read(prompt)
            self._check_room(len(ids) + 1)
        except DragError as error:
            return error
        text = _Unrolled(self._tokenizer, stops, on_text)
        finish: Literal["stop", "length", "aborted"] = "length"
        feed, past, made, logprobs = ids, None, list[int](), list[float]()
        random = self._torch.Generator().manual_seed(prompt.seed % 2**63)
        while finish == "length" and len(made) < min(prompt.max_tokens, self.context_tokens - len(ids)):
            try:
                rows, past = self._forward(feed, past)
                token = self._choose(rows[-1], prompt.temperature, random)
            except _ENGINE_ERRORS as error:
                return ModelError(f"{self.name} failed: {first_line(error)}")
            made.append(token)
            # Models without a cache of this kind (state-space ones) read everything again: slow, but right.
            feed = [token] if past is not None else [*ids, *made]
            if token in self._ends:
                finish = "stop"
                break
            logprobs.append(float(rows[-1, token]))
            if text.push(token) or self._model is None:
                finish = "aborted"
            elif text.stopped:
                finish = "stop"
        if finish != "aborted" and text.push(None):
            finish = "aborted"
        usage = Usage(len(ids), len(made), time.perf_counter() - started)
        mean = sum(logprobs) / len(logprobs) if logprobs else None
        return Reply(text.said.strip(), finish, usage, mean)

    def _forward(self, ids: list[int], past: Any, rows: int = 1) -> tuple[Any, Any]:
        """Log-probabilities over the vocabulary after each of the last `rows` tokens of `ids`, and the cache."""
        options: dict[str, Any] = {"past_key_values": past} if past is not None else {}
        if self._keeps:
            options["logits_to_keep"] = rows
        model: Any = self._model
        with self._torch.inference_mode():
            output = model(input_ids=self._torch.tensor([ids]), use_cache=True, return_dict=True, **options)
            logprobs = output.logits[0, -rows:].log_softmax(-1)
        if logprobs.isnan().any():
            raise ValueError("its probabilities are not numbers: the weights are broken")
        return logprobs, getattr(output, "past_key_values", None)

    def _choose(self, logprobs: Any, temperature: float, random: Any) -> int:
        """The likeliest token, or a drawn one: from the 40 likeliest that make up 95 %, as llama.cpp cuts."""
        if temperature <= 0:
            return int(logprobs.argmax())
        values, tokens = logprobs.topk(min(40, logprobs.shape[-1]))
        shares = values.softmax(-1)
        kept = shares.cumsum(-1) - shares < 0.95
        return int(tokens[kept][self._torch.multinomial((values[kept] / temperature).softmax(-1), 1, generator=random)])

    def _read(self, prompt: Prompt) -> tuple[list[int], tuple[str, ...]]:
        """The prompt's tokens, up to where the assistant speaks, and the strings that end the reply.

        A last message of the assistant is the beginning of the reply: it stands after the template, left open.
        """
        if self._model is None:
            raise ModelError(f"{self.name} is closed")
        # Beside the usual turn marks nothing may stay that this tokenizer reads as a mark of its own: </s>, [INST].
        turns: list[dict[str, str]] = []
        for turn in prompt.messages:
            content = self._marks.sub(lambda mark: f"{mark[0][0]} {mark[0][1:]}", neutralise(turn.content))
            turns.append({"role": turn.role, "content": content})
        opening = turns.pop()["content"] if turns and turns[-1]["role"] == "assistant" else ""
        if prompt.schema is not None:
            # In a user turn: many templates take no system turn at the end.
            if not turns or turns[-1]["role"] != "user":
                turns.append({"role": "user", "content": ""})
            schema = json.dumps(dict(prompt.schema), ensure_ascii=False)
            turns[-1]["content"] += f"\n\nReply with JSON only, no other text. It has to fit this schema:\n{schema}"
        if self._tokenizer.chat_template:
            # The template writes the mark that opens a text itself, where the model wants one.
            return self._tokenize(self._template(turns) + opening, split_special_tokens=False), prompt.stop
        lines = [f"{turn['role']}: {turn['content']}\n" for turn in turns]
        text = "".join([*lines, "assistant:", opening and f" {opening}"])
        # Nothing ends a turn here, and the model would go on with the other side's next line.
        stops = (*prompt.stop, "\nuser:", "\nsystem:", "\nassistant:")
        return self._tokenize(text, add_special_tokens=True, split_special_tokens=False), stops

    def _template(self, turns: Sequence[dict[str, str]]) -> str:
        ways = [turns]
        if len(turns) > 1 and turns[0]["role"] == "system":
            # Some templates (Gemma, early Mistral) refuse a system turn: its text then opens the user's.
            ways.append([{**turns[1], "content": f"{turns[0]['content']}\n\n{turns[1]['content']}"}, *turns[2:]])
        refusals: list[str] = []
        for way in ways:
            try:
                return str(self._tokenizer.apply_chat_template(way, tokenize=False, add_generation_prompt=True))
            except Exception as error:  # noqa: BLE001 - a template is a program of somebody else's
                refusals.append(first_line(error))
        raise ModelError(f"{self.name}: the chat template refuses the prompt: {refusals[0]}")

    def _tokenize(self, text: str, **changes: bool) -> list[int]:
        options = {"add_special_tokens": False, "split_special_tokens": True} | changes
        return [int(token) for token in self._tokenizer(text, verbose=False, **options)["input_ids"]]

    def _check_room(self, tokens: int) -> None:
        if tokens > self.context_tokens:
            raise ContextOverflow(f"{self.name}: {tokens} tokens do not fit the context of {self.context_tokens}")


class _Unrolled:
    """Tokens to text as they come: never half a character, and nothing that may turn out to be a stop string.

    `said` is the text so far that is certain; `stopped` tells that a stop string came after it.
    """

    def __init__(self, tokenizer: Any, stops: Sequence[str], on_text: OnText | None) -> None:
        self.said = ""
        self.stopped = False
        self._ids: list[int] = []
        self._tokenizer = tokenizer
        self._stops = [stop for stop in stops if stop]
        self._on_text = on_text

    def push(self, token: int | None) -> bool:
        """Take the next token, or None at the end; hand on what became certain. True if the listener had enough."""
        if token is not None:
            self._ids.append(token)
        # All of it each time, because a token's spaces depend on its neighbours: still far cheaper than the model.
        text = str(self._tokenizer.decode(self._ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))
        text = text.rstrip("\ufffd")
        start = at = len(self.said)
        while at < len(text) and not self.stopped:
            self.stopped = any(text.startswith(stop, at) for stop in self._stops)
            if self.stopped or (token is not None and any(stop.startswith(text[at:]) for stop in self._stops)):
                break
            at += 1
        self.said = text[:at]
        return bool(at > start and self._on_text and self._on_text(text[start:at]))


def _library(name: str) -> Any:
    # Imported late because they take seconds, and untyped at this border: their types drag half of torch in.
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ModelError("transformers is not installed: pip install drag-slm[hf]") from error


def _folder(location: str) -> Path:
    """The model's folder: `location` itself, or the repository's in the hub's cache, brought up to date if allowed."""
    folder = Path(location).expanduser()
    if not folder.is_dir():
        if location.startswith((".", "~")) or folder.is_absolute():
            raise ModelError(f"there is no folder {location}")
        # The library itself reads this variable only once, at its import.
        offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
        # Without folders, which hold the same weights for other engines, and without pickles.
        which = {"allow_patterns": [f"*{end}" for end in _KINDS - {".bin"}], "ignore_patterns": ["*/*"]}
        try:
            folder = Path(_library("huggingface_hub").snapshot_download(location, local_files_only=offline, **which))
        except Exception as error:  # what the network's libraries raise has no common root
            place = "the cache, and HF_HUB_OFFLINE is set" if offline else "the Hugging Face hub"
            raise ModelError(f"cannot get {location} from {place}: {first_line(error)}") from error
    if not (folder / "config.json").is_file():
        raise ModelError(f"{location} holds no transformers model: it has no config.json")
    return folder


def _load(folder: Path) -> tuple[Any, Any, Any]:
    """torch, the tokenizer and the model, without the library's bars and reports on the terminal."""
    torch, transformers = _library("torch"), _library("transformers")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    log = transformers.utils.logging
    verbosity, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    # Without an explicit no, the library asks on the terminal whether a model's own code may run.
    options = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **options)
        model, report = transformers.AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True, **options)
    except Exception as error:  # the readers of a dozen formats raise whatever they like
        raise ModelError(f"cannot load {folder}: {first_line(error)}") from error
    finally:
        log.set_verbosity(verbosity)
        (log.enable_progress_bar if bars else log.disable_progress_bar)()
    # The library fills missing weights with noise and only warns.
    if report["missing_keys"] or report["mismatched_keys"]:
        raise ModelError(f"cannot load {folder}: it is not a whole causal language model, weights are missing")
    return torch, tokenizer, model.float().eval()


def _fingerprint(folder: Path) -> str:
    """Sixteen hex digits that stand for the weights, the configuration and the tokenizer in `folder`."""
    files = [path for path in sorted(folder.iterdir()) if path.suffix in _KINDS and path.is_file()]
    return hashlib.sha256("".join(f"{path.name}:{fingerprint(path)}\n" for path in files).encode()).hexdigest()[:16]
