"""A prompt as the body of a chat completion, and what an endpoint turned out not to understand."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from drag.types import Prompt

# What a refusal names, and what we then do without. The first that is still in use counts.
_FEATURES = (
    ("schema", re.compile(r"response_format|json_schema|json_object|structured output|guided|grammar")),
    ("max_tokens", re.compile(r"max_completion_tokens")),
    ("stream_options", re.compile(r"stream_options|include_usage")),
    ("seed", re.compile(r"\bseed\b")),
    ("temperature", re.compile(r"\btemperature\b")),
)
_FENCE = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How to ask one endpoint. The default is what most servers know; `without` steps down from it.

    `schema` says how a JSON schema is conveyed: by the response format; written in the prompt, with the response
    format `json_object`; or written in the prompt alone.
    """

    schema: Literal["json_schema", "json_object", "prompt"] = "json_schema"
    dropped: frozenset[str] = frozenset()

    def without(self, refusal: str, prompt: Prompt, *, streaming: bool) -> Dialect | None:
        """The dialect to try after the server refused `prompt` with the text `refusal`; None if there is none."""
        lower = refusal.lower()
        for feature, mention in _FEATURES:
            if not mention.search(lower) or feature in self.dropped:
                continue
            if feature == "schema" and prompt.schema is not None and self.schema != "prompt":
                return replace(self, schema="json_object" if self.schema == "json_schema" else "prompt")
            if feature in ("max_tokens", "temperature") or (feature == "seed" and prompt.temperature > 0):
                return replace(self, dropped=self.dropped | {feature})
            if feature == "stream_options" and streaming:
                return replace(self, dropped=self.dropped | {feature})
        return None

    def body(self, model: str, prompt: Prompt, extra: Mapping[str, Any], *, stream: bool = False) -> dict[str, Any]:
        """The request, not yet sanitized. `extra` holds further fields and wins over ours."""
        messages = [{"role": turn.role, "content": turn.content} for turn in prompt.messages]
        body: dict[str, Any] = {"model": model, "messages": messages}
        body["max_completion_tokens" if "max_tokens" in self.dropped else "max_tokens"] = prompt.max_tokens
        if "temperature" not in self.dropped:
            body["temperature"] = prompt.temperature
        if prompt.temperature > 0 and "seed" not in self.dropped:
            body["seed"] = prompt.seed
        if prompt.stop:
            body["stop"] = list(prompt.stop)
        if prompt.schema is not None:
            self._add_schema(body, prompt.name, prompt.schema)
        if stream:
            body["stream"] = True
            if "stream_options" not in self.dropped:
                body["stream_options"] = {"include_usage": True}
        return {**body, **extra}

    def _add_schema(self, body: dict[str, Any], name: str, schema: Mapping[str, Any]) -> None:
        if self.schema == "json_schema":
            named: dict[str, Any] = {"name": re.sub(r"[^A-Za-z0-9_\-]", "_", name)[:64] or "reply", "schema": schema}
            if _strict(schema):
                named["strict"] = True
            body["response_format"] = {"type": "json_schema", "json_schema": named}
            return
        written = json.dumps(schema, ensure_ascii=False)
        last = body["messages"][-1]
        last["content"] += f"\n\nReply with one JSON object that fits this JSON schema, and nothing else:\n{written}"
        if self.schema == "json_object":
            body["response_format"] = {"type": "json_object"}


def unfenced(text: str) -> str:
    """`text` without the code fence that models put around JSON when only the prompt asks for it."""
    match = _FENCE.fullmatch(text)
    return match[1] if match else text


def _strict(schema: object) -> bool:
    # OpenAI refuses `strict` for a schema with an open object or an optional property.
    if isinstance(schema, Mapping):
        node = cast("Mapping[str, Any]", schema)
        if node.get("type") == "object":
            properties = cast("Mapping[str, Any]", node.get("properties", {}))
            if node.get("additionalProperties") is not False or set(node.get("required", ())) != set(properties):
                return False
        return all(_strict(child) for child in node.values())
    if isinstance(schema, (list, tuple)):
        return all(_strict(child) for child in cast("list[object]", schema))
    return True
