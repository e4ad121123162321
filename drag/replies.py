"""Asking a model for something that has to be parsed: what fails is asked once more, what fails again is a value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from drag.errors import DragError, ReplyError
from drag.prompts import repair
from drag.protocols import LanguageModel
from drag.types import Prompt, Reply

Parsed = TypeVar("Parsed")


def ask(
    model: LanguageModel, prompts: Sequence[Prompt], parsers: Sequence[Callable[[str], Parsed]]
) -> list[Parsed | DragError]:
    """Generate for every prompt and parse each reply with its parser.

    A parser raises `ReplyError`; such a prompt is repaired once, together with all others that need it. The results
    stand in the order of the prompts, a failed one as its error.
    """
    replies = model.generate(prompts)
    results = [_parse(prompt, reply, parse) for prompt, reply, parse in zip(prompts, replies, parsers, strict=True)]
    broken = [place for place, result in enumerate(results) if isinstance(result, ReplyError)]
    if broken:
        second = [repair(prompts[place], _text(replies[place]), str(results[place])) for place in broken]
        for place, prompt, reply in zip(broken, second, model.generate(second), strict=True):
            results[place] = _parse(prompt, reply, parsers[place])
            # A model that keeps its replies must not answer the next run with what could not be used in this one.
            forget = getattr(model, "forget", None)
            if isinstance(results[place], ReplyError) and forget is not None:
                forget([prompts[place], prompt])
    return results


def _parse(prompt: Prompt, reply: Reply | DragError, parse: Callable[[str], Parsed]) -> Parsed | DragError:
    if isinstance(reply, DragError):
        return reply
    try:
        return parse(reply.text)
    except ReplyError as error:
        return ReplyError(f"{prompt.name}: {error}", prompt=prompt.messages[-1].content, reply=reply.text)


def _text(reply: Reply | DragError) -> str:
    return reply.text if isinstance(reply, Reply) else ""
