"""Which strings of a request are content, and which are the protocol's own words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

Path = tuple[str | int, ...]
"""Where a string stands: keys and indexes from the top of the request."""


def chat_structure(path: Path) -> bool:
    """Whether the string at `path` of a chat completion belongs to the protocol: it is sent as it is.

    These are the model's name, the roles, the kind and name of the response format, and inside its JSON schema the
    keywords `type`, `format`, `required` and the references. All other strings are content, whatever a new field may
    be called: descriptions, enumerations, constants and examples of a schema are.
    """
    match path:
        case ("model",) | ("messages", int(), "role") | ("response_format", "type"):
            return True
        case ("response_format", "json_schema", "name"):
            return True
        case ("response_format", "json_schema", "schema", *rest):
            return _keyword(tuple(rest))
        case _:
            return False


def _keyword(path: Path) -> bool:
    match path:
        case ("properties" | "$defs" | "definitions" | "patternProperties", _, *rest):
            return _keyword(tuple(rest))
        case ("anyOf" | "allOf" | "oneOf" | "prefixItems", int(), *rest):
            return _keyword(tuple(rest))
        case ("items" | "additionalProperties" | "not" | "if" | "then" | "else", *rest):
            return _keyword(tuple(rest))
        case ("type",) | ("type", int()) | ("format",) | ("required", int()) | ("$ref",) | ("$schema",) | ("$id",):
            return True
        case _:
            return False


def rewrite(value: Any, change: Callable[[Path, str], str], path: Path = ()) -> Any:
    """`value` (JSON) with every string that is not a key replaced by `change(path, string)`. Tuples become lists.

    Raises TypeError for what JSON does not know.
    """
    if isinstance(value, str):
        return change(path, value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        out: dict[str, Any] = {}
        for key, one in cast("Mapping[object, Any]", value).items():
            if not isinstance(key, str):
                raise TypeError("a key is not a string")
            out[key] = rewrite(one, change, (*path, key))
        return out
    if isinstance(value, (list, tuple)):
        return [rewrite(one, change, (*path, at)) for at, one in enumerate(cast("Sequence[Any]", value))]
    raise TypeError(f"{type(value).__name__} is not JSON")


def scalars(value: Any, path: Path = ()) -> Iterator[tuple[Path, str, bool]]:
    """Every key, string and nested number of `value` as (path, text, whether it is a key).

    Numbers at the top (seed, limits) are settings and left out; deeper ones may be content.
    """
    if isinstance(value, str):
        yield path, value, False
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if len(path) > 1:
            yield path, str(value), False
    elif isinstance(value, dict):
        for key, one in cast("dict[str, Any]", value).items():
            yield (*path, key), key, True
            yield from scalars(one, (*path, key))
    elif isinstance(value, list):
        for at, one in enumerate(cast("list[Any]", value)):
            yield from scalars(one, (*path, at))


def serialise(request: Mapping[str, Any]) -> bytes:
    """The bytes of a request: compact UTF-8 JSON in the given order of keys. Equal requests give equal bytes."""
    return json.dumps(request, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
