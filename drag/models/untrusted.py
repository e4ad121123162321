"""What a remote model said, before anyone reads or keeps it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from drag.types import Prompt
from privacy import json_escape
from privacy.gateway import Outgoing
from privacy.orders import without_orders
from privacy.returned import Caught, scopes_in
from privacy.vault import issued

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A reply in two forms: `kept` is what may be stored, with placeholders; `shown` is what the caller gets.

    `orders` counts the instruction-like strings that were emptied, `words` the private words that had come back raw.
    """

    kept: str
    shown: str
    orders: int
    words: int


def cleaned(text: str, prompt: Prompt, outgoing: Outgoing, build: Caught | None) -> Cleaned:
    """Drop orders from a reply that will be parsed, and put placeholders where private words stand raw.

    `build` knows the words of the questions of a build, whose callers must not see them either; without one the
    caller gets the words of its own request back.
    """
    orders = 0
    if prompt.schema is not None:
        text, orders = without_orders(text)
    body = outgoing.sealed.body.decode()
    kept, words = _hidden(text, Caught(issued(outgoing.session, [body])).hide, json_too=prompt.schema is not None)
    escape = json_escape if prompt.schema is not None else None
    if build is None:
        return Cleaned(kept, outgoing.session.restore(text, escape=escape), orders, words)
    scopes = scopes_in(body)
    kept, more = _hidden(kept, lambda one: build.hide(one, scopes), json_too=prompt.schema is not None)
    return Cleaned(kept, outgoing.session.restore(kept, escape=escape), orders, words + more)


def _hidden(text: str, hide: Callable[[str], tuple[str, int]], *, json_too: bool) -> tuple[str, int]:
    count = 0

    def inside(match: re.Match[str]) -> str:
        nonlocal count
        try:
            hidden, found = hide(json.loads(match.group()))
        except ValueError:
            return match.group()
        count += found
        return f'"{json_escape(hidden)}"' if found else match.group()

    if json_too:
        # A quotation mark or an escape inside a word would keep it from being found in the raw JSON.
        text = _STRING.sub(inside, text)
    text, found = hide(text)
    return text, count + found
