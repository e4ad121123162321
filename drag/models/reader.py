"""Reading what an endpoint answered: its shape, why it ended, what it cost."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from drag.errors import ModelError
from drag.models.completion import Completion, Counted, parse_completion
from drag.protocols import OnText
from drag.types import Prompt, Usage
from privacy import Session, json_escape

Finish = Literal["stop", "length", "aborted"]

# Far beyond any `max_tokens`: whoever sends more is not answering. In characters.
_LONGEST: Final = 1_000_000


class Answered(NamedTuple):
    """What came back, still with placeholders."""

    text: str
    finish: Finish
    usage: Usage


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the replies of `host`; `price` is in US dollars per million prompt and reply tokens.

    Raises `ModelError` for a reply of another shape: empty, without a choice, a tool call, far too long, cut off.
    """

    host: str
    price: tuple[float, float]

    def read(self, completion: Completion, prompt: Prompt, started: float) -> Answered:
        """The answer in a whole reply; `started` is `time.perf_counter()` of the request."""
        if not completion.choices:
            raise ModelError(f"{self.host} sent a reply without any choice")
        choice = completion.choices[0]
        if choice.message.tool_calls or choice.message.function_call:
            raise ModelError(f"{self.host} sent a tool call, though none was offered")
        return self._answer(choice.message.content, choice.finish_reason, completion.usage, prompt, started)

    def follow(
        self, events: Iterator[Mapping[str, Any]], prompt: Prompt, session: Session, stream: OnText, started: float
    ) -> Answered:
        """The same of a streamed reply; `stream` gets the text with the words of `session`, and may end it."""
        restorer = session.stream(escape=escape_of(prompt))
        pieces: list[str] = []
        length = 0
        finish: str | None = None
        usage: Counted | None = None
        for raw in events:
            event = parse_completion(raw, self.host)
            usage = event.usage or usage
            if not event.choices:
                continue
            finish = event.choices[0].finish_reason or finish
            piece = event.choices[0].delta.content or ""
            pieces.append(piece)
            length += len(piece)
            if length > _LONGEST:
                raise ModelError(f"{self.host} does not come to an end ({length:,} characters)")
            if (sure := restorer.feed(piece)) and stream(sure):
                return self._answer("".join(pieces) or " ", "aborted", usage, prompt, started)
        if finish is None:
            raise ModelError(f"{self.host} ended the stream before the reply was complete")
        if rest := restorer.finish():
            stream(rest)
        return self._answer("".join(pieces), finish, usage, prompt, started)

    def _answer(
        self, text: str | None, reason: str | None, tokens: Counted | None, prompt: Prompt, started: float
    ) -> Answered:
        if not text:
            why = {"content_filter": " (withheld by its content filter)", "length": " (max_tokens used up)"}
            raise ModelError(f"{self.host} sent an empty reply{why.get(reason or '', '')}")
        if len(text) > _LONGEST:
            raise ModelError(f"{self.host} sent a reply of {len(text):,} characters")
        if tokens is None:
            # Servers that count nothing: our own upper estimate, so that a cost is never shown as nothing.
            asked = sum(count_tokens(turn.content) for turn in prompt.messages)
            tokens = Counted(prompt_tokens=asked, completion_tokens=count_tokens(text))
        cost = (tokens.prompt_tokens * self.price[0] + tokens.completion_tokens * self.price[1]) / 1e6
        finish: Finish = "length" if reason == "length" else "aborted" if reason == "aborted" else "stop"
        usage = Usage(tokens.prompt_tokens, tokens.completion_tokens, time.perf_counter() - started, cost)
        return Answered(text, finish, usage)


def count_tokens(text: str) -> int:
    """An upper estimate: a token for every three bytes of UTF-8."""
    return math.ceil(len(text.encode("utf-8", "surrogatepass")) / 3)


def escape_of(prompt: Prompt) -> Callable[[str], str] | None:
    # A reply that has to be JSON stays JSON when a name with a quotation mark is put back.
    return json_escape if prompt.schema is not None else None
