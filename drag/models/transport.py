"""The wire to an OpenAI-compatible endpoint. It takes `Sealed` and nothing else; only `drag.models.remote` uses it."""

from __future__ import annotations

import email.utils
import random
import re
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast
from urllib.parse import urlsplit

from drag.errors import ConfigError, ContextOverflow, DragError, ModelError, ModelUnavailable
from privacy import PrivacyError, Sealed

if TYPE_CHECKING:
    import openai

Result = TypeVar("Result")

# What a server needs. The SDK would add the operating system, the Python version and what it finds in the environment
# (organisation, project, headers of the user's): none of the endpoint's business.
_HEADERS: Final = frozenset(
    {"accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host"}
)
_RETRIED: Final = frozenset({408, 409, 425, 429})
_FIRST_WAIT: Final = 0.5
_LONGEST_WAIT: Final = 30.0
_LONGEST_RETRY_AFTER: Final = 120.0


class Refused(ModelError):
    """The server did not accept the request. `text` is its message; it may quote the request and is never shown."""

    def __init__(self, message: str, text: str) -> None:
        super().__init__(message)
        self.text = text


@dataclass(frozen=True, slots=True)
class _Fault:
    """What went wrong in one attempt; `again` whether another may help, not before `after` seconds."""

    error: DragError
    again: bool = False
    after: float | None = None


class Wire:
    """Sends sealed requests to `base_url`/chat/completions.

    `timeout` is in seconds: for connecting at most 10 of them, and the whole of it for each wait for bytes. `retries`
    counts the attempts after the first one: for 408, 409, 425, 429, 5xx, time-outs and broken connections, after
    0.5 s, 1 s, 2 s … (at most 30 s, with jitter) or after what Retry-After says (up to two minutes; a longer one
    ends the attempts). Safe from several threads. Redirects are not followed: they would take the request elsewhere.
    """

    def __init__(self, base_url: str, key: str | None, *, key_env: str, timeout: float, retries: int) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError("base_url has to be an address such as https://host/v1")
        if parts.username or parts.password or parts.query:
            raise ConfigError(f"base_url must hold neither a login nor a query; put the key into ${key_env}")
        if key is not None and not re.fullmatch(r"[\x21-\x7e]+", key):
            raise ConfigError(f"${key_env} holds a key with blanks or characters that no header can carry")
        self.host = parts.netloc
        self._base_url = base_url
        self._key = key
        self._key_env = key_env
        self._timeout = timeout
        self._retries = retries
        self._client: openai.OpenAI | None = None
        self._opening = threading.Lock()
        self._closed = threading.Event()

    def send(self, sealed: Sealed) -> bytes:
        """The body of the reply. Raises `ModelError`, `ContextOverflow`, `ModelUnavailable` or `Refused`."""
        client = self._open()

        def post() -> bytes:
            return client.post("/chat/completions", cast_to=bytes, content=_body(sealed), options=_OPTIONS)

        return self._attempt(post)

    def stream(self, sealed: Sealed) -> Generator[Mapping[str, Any], None, None]:
        """The events of a streamed reply. Raises as `send` does; once the first event is there, nothing is retried."""
        import openai

        client = self._open()

        def post() -> openai.Stream[object]:
            return client.post(
                "/chat/completions",
                cast_to=object,
                content=_body(sealed),
                options=_OPTIONS,
                stream=True,
                stream_cls=openai.Stream[object],
            )

        with self._attempt(post) as stream:
            while True:
                fault: DragError | None = None
                event: object = None
                try:
                    event = next(stream)
                except StopIteration:
                    return
                except (openai.APITimeoutError, openai.APIConnectionError):
                    fault = ModelUnavailable(f"the connection to {self.host} broke off in the middle of a reply")
                except openai.OpenAIError:
                    fault = ModelError(f"{self.host} reported an error in the middle of a reply")
                except ValueError:
                    fault = self._malformed()
                if fault is not None:
                    raise fault
                if not isinstance(event, Mapping):
                    raise self._malformed()
                yield cast("Mapping[str, Any]", event)

    def close(self) -> None:
        """Drop the connections and end every wait."""
        self._closed.set()
        if self._client is not None:
            self._client.close()

    def _malformed(self) -> ModelError:
        return ModelError(f"{self.host} sent something that is not a chat completion")

    def _attempt(self, call: Callable[[], Result]) -> Result:
        import openai

        for attempt in range(self._retries + 1):
            fault: _Fault
            try:
                return call()
            except openai.APITimeoutError:
                fault = _Fault(ModelUnavailable(f"{self.host} did not answer within {self._timeout:g} s"), again=True)
            except openai.APIConnectionError:
                fault = _Fault(ModelUnavailable(f"{self.host} cannot be reached, or broke off"), again=True)
            except openai.APIStatusError as error:
                fault = self._refusal(error)
            except openai.OpenAIError as error:
                fault = _Fault(ModelError(f"the openai package failed ({type(error).__name__})"))
            # Raised and slept outside the handler: the SDK's errors hold the request with its key.
            if not fault.again or attempt == self._retries:
                raise fault.error
            if self._closed.wait(_wait(attempt, fault.after)):
                raise ModelUnavailable("the model was closed")
        raise AssertionError("unreachable")

    def _refusal(self, error: openai.APIStatusError) -> _Fault:
        status = error.status_code
        # Of the server's words only its error code is told: its message may quote the request or the key.
        word = next((one for one in (error.code, error.type) if one and re.fullmatch(r"[a-z][a-z_]{2,60}", one)), "")
        told = f"{status} {word}".strip()
        if status in (401, 403):
            what = f"check the key in ${self._key_env}" if self._key else f"it wants a key: set ${self._key_env}"
            return _Fault(ModelError(f"{self.host} refused the call ({status}): {what}"))
        if status == 404:
            return _Fault(ModelError(f"{self.host} knows no such model or address ({told}): check model and base_url"))
        if 300 <= status < 400:
            return _Fault(ModelError(f"{self.host} redirects ({status}): give the final address as base_url"))
        if word in ("context_length_exceeded", "exceed_context_size_error"):
            return _Fault(ContextOverflow(f"the prompt is longer than the context window of the model at {self.host}"))
        if status in _RETRIED or status >= 500:
            after = _retry_after(error.response.headers)
            again = word != "insufficient_quota" and (after is None or after <= _LONGEST_RETRY_AFTER)
            later = f"; it asks to wait {after:.0f} s" if after else ""
            return _Fault(ModelUnavailable(f"{self.host} is not answering now ({told}){later}"), again, after)
        return _Fault(Refused(f"{self.host} did not accept the request ({told})", _text(error)))

    def _open(self) -> openai.OpenAI:
        with self._opening:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> openai.OpenAI:
        try:
            import openai
        except ImportError as error:
            raise ModelError("remote models need the openai package: pip install 'drag-slm[remote]'") from error

        def prepare(request: Any) -> None:
            for name in [name for name in request.headers if name.lower() not in _HEADERS]:
                del request.headers[name]
            request.headers["User-Agent"] = "drag"
            if self._key is None:
                request.headers.pop("Authorization", None)

        limits = openai.Timeout(self._timeout, connect=min(10.0, self._timeout))
        return openai.OpenAI(
            api_key=self._key or "none",
            base_url=self._base_url,
            timeout=limits,
            max_retries=0,
            http_client=openai.DefaultHttpxClient(
                timeout=limits, follow_redirects=False, event_hooks={"request": [prepare]}
            ),
        )

    def __repr__(self) -> str:
        return f"<Wire {self.host}>"


_OPTIONS: Final[Any] = {"headers": {"Content-Type": "application/json"}, "follow_redirects": False}


def _body(sealed: object) -> bytes:
    # The second line of defence, behind the type.
    if not isinstance(sealed, Sealed):
        raise TypeError("only what the gateway sealed can be sent")
    if not sealed.released:
        raise PrivacyError("the request was not released by the gateway: nothing was sent")
    return sealed.body


def _text(error: openai.APIStatusError) -> str:
    try:
        return error.response.text[:20_000]
    except (ValueError, RuntimeError):
        return ""


def _wait(attempt: int, after: float | None) -> float:
    jitter = random.uniform(0.75, 1.25)  # noqa: S311  # spreads the callers; no secret
    if after is not None:
        return after * max(1.0, jitter)
    return min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt) * jitter


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait, from `Retry-After` (seconds or a date) or `retry-after-ms`."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value):
            return float(value) * unit
        if value and name == "retry-after":
            parsed = email.utils.parsedate_tz(value)
            if parsed is not None:
                return max(0.0, email.utils.mktime_tz(parsed) - time.time())
    return None
