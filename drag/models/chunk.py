"""What a chunk of llama-server's completions holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def choice(chunk: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one choice that was asked for."""
    choices: Sequence[Mapping[str, Any]] = chunk.get("choices") or [{}]
    return choices[0]


def text(chunk: Mapping[str, Any]) -> str:
    """The text that it adds."""
    return str(choice(chunk).get("text") or "")


def finish(chunk: Mapping[str, Any]) -> str:
    """Why the generation ended, empty while it goes on."""
    return str(choice(chunk).get("finish_reason") or "")


def content_logprobs(chunk: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The tokens with their probabilities; none where none were asked for."""
    logprobs: Mapping[str, Any] = choice(chunk).get("logprobs") or {}
    return logprobs.get("content") or ()
