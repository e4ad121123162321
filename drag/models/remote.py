"""Models behind an OpenAI-compatible endpoint, as everything else in DRAG sees them: through the privacy gateway."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from drag.errors import DragError, ModelError
from drag.models.completion import parse_completion
from drag.models.dialect import Dialect, unfenced
from drag.models.reader import Answered, Finish, Reader, count_tokens
from drag.models.stored import ReplyStore
from drag.models.transport import Refused, Wire
from drag.models.untrusted import cleaned
from drag.protocols import OnReply, OnText
from drag.types import Prompt, Question, Reply, Usage
from privacy import Gateway, PrivacyError
from privacy.gateway import Outgoing

if TYPE_CHECKING:
    from drag.deidentify import Deidentified


@dataclass(slots=True)
class _Shared:
    """What the copies of one model (with and without a store) have in common."""

    wire: Wire
    pool: ThreadPoolExecutor
    dialect: Dialect
    sealing: threading.Lock
    dropped: int = 0


class GatewayModel:
    """A `LanguageModel` at `base_url` that sanitizes, seals and restores inside: its callers see real words only.

    `key_env` names the environment variable that holds the key; without one no key is sent. `timeout` (seconds) and
    `retries` are those of one call; `concurrency` limits the calls under way. `price` is in US dollars per million
    prompt and reply tokens. `extra` holds further fields of the request, such as `{"reasoning_effort": "low"}`; they
    are sanitized like the rest.

    Errors are values in the result of `generate`: `ModelUnavailable` when the endpoint is unreachable, overloaded or
    slow after all retries, `ContextOverflow`, and `ModelError` for everything else. A request that the gateway blocks
    is a `ModelError` ("blocked at the gateway: …") with the `PrivacyError` as its `__cause__`.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str,
        gateway: Gateway,
        key_env: str = "OPENAI_API_KEY",
        timeout: float = 60.0,
        retries: int = 4,
        concurrency: int = 4,
        context_tokens: int = 32768,
        price: tuple[float, float] = (0.0, 0.0),
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        wire = Wire(base_url, os.environ.get(key_env) or None, key_env=key_env, timeout=timeout, retries=retries)
        self.name = f"openai:{model}"
        self.identity = f"openai:{model}@{wire.host}"
        self.context_tokens = context_tokens
        self.gateway = gateway
        self._model = model
        self._reader = Reader(wire.host, price)
        self._extra = dict(extra or {})
        self._concurrency = concurrency
        self._store: ReplyStore | None = None
        pool = ThreadPoolExecutor(concurrency, thread_name_prefix="drag-remote")
        self._shared = _Shared(wire, pool, Dialect(), threading.Lock())

    def with_store(self, store: ReplyStore) -> Self:
        """The same model, asking nothing twice that stands in `store`.

        Kept is the reply as it came, with placeholders, under the digest of the sealed request; the words are put
        back with the session of whoever asks. The store is used from the thread that calls `generate`.
        """
        other = copy.copy(self)
        other._store = store
        return other

    def generate(
        self, prompts: Sequence[Prompt], *, on_text: OnText | None = None, on_reply: OnReply | None = None
    ) -> list[Reply | DragError]:
        """See `LanguageModel.generate`. `on_text` counts for a single prompt; a stored reply comes in one piece."""
        results: list[Reply | DragError] = [ModelError("no reply") for _ in prompts]
        pending: dict[Future[Answered | DragError], tuple[int, Outgoing]] = {}
        stream = on_text if len(prompts) == 1 else None

        def settle(at: int, outgoing: Outgoing, answer: Answered | DragError, *, fresh: bool) -> None:
            if isinstance(answer, Answered):
                clean = cleaned(answer.text, prompts[at], outgoing, self.gateway.caught)
                if fresh:
                    self._shared.dropped += clean.orders
                if fresh and self._store is not None and answer.finish != "aborted":
                    kept = json.dumps({"text": clean.kept, "finish": answer.finish}, ensure_ascii=False)
                    self._store.put(self._key(outgoing), kept, model=self.name, prompt=prompts[at].name)
                text = clean.shown
                results[at] = reply = Reply(text, answer.finish, answer.usage)
                if stream is not None and not fresh:
                    stream(text)
                if on_reply is not None:
                    on_reply(at, reply)
            else:
                results[at] = answer
            outgoing.session.wipe()

        def collect(limit: int) -> None:
            while pending and (len(pending) > limit or any(one.done() for one in pending)):
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    at, outgoing = pending.pop(future)
                    settle(at, outgoing, future.result(), fresh=True)

        try:
            for at, prompt in enumerate(prompts):
                # Texts are sanitized one after the other, here, while earlier ones are on the wire.
                outgoing = self._seal(prompt)
                if isinstance(outgoing, DragError):
                    results[at] = outgoing
                elif (kept := self._kept(outgoing)) is not None:
                    settle(at, outgoing, kept, fresh=False)
                elif stream is not None or self.gateway.review is not None:
                    # A review may ask a person: one request after the other, in the caller's thread.
                    settle(at, outgoing, self._guarded(prompt, outgoing, stream), fresh=True)
                else:
                    pending[self._shared.pool.submit(self._guarded, prompt, outgoing)] = at, outgoing
                collect(2 * self._concurrency)
            collect(0)
        finally:
            for future in pending:
                future.cancel()
        return results

    def count_tokens(self, text: str) -> int:
        """An upper estimate: a token for every three bytes of UTF-8. English has about four bytes a token."""
        return count_tokens(text)

    def forget(self, prompts: Sequence[Prompt]) -> None:
        """Drop stored replies that turned out to be of no use: the next run asks again."""
        for prompt in prompts if self._store is not None else ():
            outgoing = self._seal(prompt)
            if isinstance(outgoing, Outgoing) and self._store is not None:
                self._store.drop(self._key(outgoing))
                outgoing.session.wipe()

    @property
    def dropped(self) -> int:
        """Instruction-like strings that were dropped from replies so far."""
        return self._shared.dropped

    def deidentify(self, questions: Sequence[Question]) -> Deidentified:
        """See `drag.deidentify`. From now on no request and no reply of this model holds what was hidden.

        Raises `PrivacyError` if the detectors cannot be loaded, or do not find what they are tested with.
        """
        from drag.deidentify import deidentify

        self.gateway.load()
        self.gateway.test()
        result = deidentify(questions, self.gateway.hide)
        self.gateway.caught = result.caught
        return result

    def close(self) -> None:
        """End the connections and waits of this model and of its copies with and without a store."""
        self._shared.wire.close()
        self._shared.pool.shutdown(wait=False, cancel_futures=True)

    def _seal(self, prompt: Prompt) -> Outgoing | ModelError:
        # Always in the same form, whatever the endpoint understands: the key of the store must not depend on that.
        blocked: PrivacyError
        try:
            with self._shared.sealing:
                return self.gateway.seal(Dialect().body(self._model, prompt, self._extra))
        except PrivacyError as error:
            blocked = error
        return _blocked(blocked)

    def _key(self, outgoing: Outgoing) -> str:
        return hashlib.sha256(outgoing.sealed.body + b"\x00" + self.identity.encode()).hexdigest()

    def _kept(self, outgoing: Outgoing) -> Answered | None:
        kept = self._store.get(self._key(outgoing)) if self._store is not None else None
        if kept is None:
            return None
        try:
            value = json.loads(kept)
            finish: Finish = "length" if value["finish"] == "length" else "stop"
            return Answered(str(value["text"]), finish, Usage())
        except (ValueError, TypeError, KeyError):
            return None

    def _guarded(self, prompt: Prompt, outgoing: Outgoing, stream: OnText | None = None) -> Answered | DragError:
        """`_call`, with every fault as a value; what `stream` raises is the caller's and goes through."""
        thrown: list[Exception] = []

        def guarded(text: str) -> bool | None:
            try:
                return stream(text) if stream is not None else None
            except Exception as error:
                thrown.append(error)
                raise

        try:
            return self._call(prompt, outgoing, guarded if stream is not None else None)
        except PrivacyError as error:
            return _blocked(error)
        except Refused as error:
            return ModelError(str(error))
        except DragError as error:
            return error
        except Exception as error:
            if thrown:
                raise
            return ModelError(f"the call failed ({type(error).__name__})")

    def _call(self, prompt: Prompt, outgoing: Outgoing, stream: OnText | None) -> Answered:
        shared = self._shared
        while True:
            dialect = shared.dialect
            leaving = outgoing
            if dialect != Dialect() or stream is not None:
                body = dialect.body(self._model, prompt, self._extra, stream=stream is not None)
                with shared.sealing:
                    leaving = self.gateway.seal(body, session=outgoing.session)
            sealed = self.gateway.release(leaving)
            started = time.perf_counter()
            try:
                if stream is None:
                    answer = self._reader.read(
                        parse_completion(shared.wire.send(sealed), shared.wire.host), prompt, started
                    )
                else:
                    with contextlib.closing(shared.wire.stream(sealed)) as events:
                        answer = self._reader.follow(events, prompt, outgoing.session, stream, started)
            except Refused as refused:
                less = dialect.without(refused.text, prompt, streaming=stream is not None)
                if less is None:
                    raise
                with shared.sealing:
                    # Another call may have found out in the meantime; then its finding holds.
                    if shared.dialect == dialect:
                        shared.dialect = less
                continue
            fenced = prompt.schema is not None and stream is None
            return answer._replace(text=unfenced(answer.text)) if fenced else answer

    def __repr__(self) -> str:
        return f"<GatewayModel {self.identity}>"


def _blocked(error: PrivacyError) -> ModelError:
    blocked = ModelError(f"blocked at the gateway: {error}")
    # Without its frames: errors are kept as values, and the frames' variables hold the prompt.
    blocked.__cause__ = error.with_traceback(None)
    return blocked
