"""Putting the words back into a reply as it comes from a transport."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from privacy.sanitize import Session


def json_escape(value: str) -> str:
    """`value` as it stands between the quotes of a JSON string."""
    return json.dumps(value, ensure_ascii=False)[1:-1]


def restore_text(session: Session, text: str) -> str:
    """`session.restore(text)`, with escapes if `text` is a JSON object or list."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            json.loads(text)
        except ValueError:
            pass
        else:
            return session.restore(text, escape=json_escape)
    return session.restore(text)


def decoded(reply: bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    """A reply as a JSON object. Raises ValueError if it is none."""
    value: object = reply
    if isinstance(reply, bytes):
        try:
            value = json.loads(reply)
        except ValueError:
            value = None
    if not isinstance(value, Mapping):
        raise ValueError("the reply is not a JSON object")  # noqa: TRY004  # a fault of the data, not of the caller
    return cast("Mapping[str, Any]", value)
