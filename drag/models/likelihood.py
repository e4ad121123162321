"""The probability of given tokens after given tokens, from an engine that only generates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from drag.errors import ModelError
from drag.models.chunk import content_logprobs

Complete = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Runs one completion request of llama-server's form and gives its last chunk."""

# More than any vocabulary has: the whole distribution is asked for.
_ALL = 1 << 24
_LIKELIEST = 200


def by_grammar(complete: Complete, prefix: Sequence[int], ids: Sequence[int]) -> list[float]:
    """Natural-log probability of each of `ids` after `prefix`, in one request: a grammar leaves no other token.

    Tokens that hold part of a character cannot go this way: the engine's grammar breaks on them.
    """
    chunk = complete(
        _request(prefix, grammar="root ::= " + " ".join(f"<[{token}]>" for token in ids), max_tokens=len(ids))
    )
    logprobs = [float(token["logprob"]) for token in content_logprobs(chunk)]
    if len(logprobs) < len(ids):
        raise ModelError(f"{len(logprobs)} of {len(ids)} tokens were scored")
    return logprobs[: len(ids)]


def next_tokens(complete: Complete, prefix: Sequence[int], wanted: Sequence[int]) -> list[float] | None:
    """Natural-log probability of each of `wanted` as the token after `prefix`, in one request for all of them.

    None if one of them is not among the likeliest: letters of options usually are.
    """
    chunk = complete(_request(prefix, max_tokens=1, logprobs=_LIKELIEST, n_probs=_LIKELIEST))
    shown = content_logprobs(chunk)
    found = {int(one["id"]): float(one["logprob"]) for one in (shown[0].get("top_logprobs", ()) if shown else ())}
    return [found[token] for token in wanted] if all(token in found for token in wanted) else None


def one_by_one(complete: Complete, prefix: Sequence[int], ids: Sequence[int], filler: int) -> list[float]:
    """The same, a token at a time, read off the whole distribution; slow, and right for any token.

    `filler` is a token that is a whole character: each request has to generate something that the engine can show.
    """
    found: list[float] = []
    for place, token in enumerate(ids):
        before = [*prefix, *ids[:place]]
        chunk = complete(_request(before, max_tokens=1, logit_bias=[[filler, 1000.0]], logprobs=_ALL, n_probs=_ALL))
        shown = content_logprobs(chunk)
        ranked = shown[0].get("top_logprobs", ()) if shown else ()
        logprob = next((float(one["logprob"]) for one in ranked if one["id"] == token), None)
        if logprob is None:
            raise ModelError("a token was not scored")
        found.append(logprob)
    return found


def _request(prompt: Sequence[int], **more: Any) -> dict[str, Any]:
    # The continuations share one slot, so the prompt is read once.
    shared = {"temperature": 0, "logprobs": 1, "id_slot": 0, "cache_prompt": True}
    return {"prompt": list(prompt), **shared, **more}
