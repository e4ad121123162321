"""The replies of a chat completion endpoint, as far as we read them. Nothing in them is trusted to be there."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from drag.errors import ModelError


class Words(BaseModel):
    content: str | None = None
    # Read only to be refused: we never offer a tool.
    tool_calls: Any = None
    function_call: Any = None


class Choice(BaseModel):
    message: Words = Words()
    delta: Words = Words()
    finish_reason: str | None = None


class Counted(BaseModel):
    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)


class Completion(BaseModel):
    """A chat completion or one event of a streamed one, as far as we read it."""

    choices: list[Choice]
    usage: Counted | None = None


def parse_completion(reply: bytes | Mapping[str, Any], host: str) -> Completion:
    """The reply of `host`, from its bytes or decoded. Raises `ModelError`, without a word of the reply."""
    parsed: Completion | None = None
    # The error quotes the reply, so it is dropped and ours is raised outside.
    with contextlib.suppress(ValidationError):
        parsed = Completion.model_validate_json(reply) if isinstance(reply, bytes) else Completion.model_validate(reply)
    if parsed is None:
        raise ModelError(f"{host} sent something that is not a chat completion")
    return parsed
