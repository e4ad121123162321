"""The only way out: sanitize, serialise, look a second time at the exact bytes, seal, send, restore."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from privacy.detect import Span, detect, merge
from privacy.errors import PrivacyError
from privacy.normalise import plain
from privacy.patterns import pattern_detector
from privacy.sanitize import Sanitizer, Session
from privacy.sealed import _GATEWAY, Sealed  # pyright: ignore[reportPrivateUsage]  # the one place that may seal
from privacy.structure import Path, chat_structure, rewrite, scalars
from privacy.values import Lists

Result = TypeVar("Result")
Transport = Callable[[Sealed], "bytes | Mapping[str, Any]"]
"""Takes the sealed request over the wire and returns the reply: a JSON object, decoded or as bytes."""

_IDENTIFIER = re.compile(r"[$a-z][a-z0-9_\-]*")


class Scanner(Protocol):
    """The second look. Gets the exact bytes that would leave and returns what is private in them, as {kind: count}.

    An empty mapping lets the request pass.
    """

    def __call__(self, body: bytes, session: Session) -> Mapping[str, int]: ...


class ByteScanner:
    """Reads the bytes anew and looks for patterns, for every value of the session and for the deny list.

    Shares no state with the sanitizing pass but the session's values. The protocol's own words (roles, keys, the
    model's name) may happen to be a value of the session, such as a "user" that was taken for a name; they are
    searched for patterns and denied words only.
    """

    def __init__(self, lists: Lists, structure: Callable[[Path], bool] = chat_structure) -> None:
        self._lists = lists
        self._structure = structure

    def __call__(self, body: bytes, session: Session) -> Mapping[str, int]:
        """Residues by kind. Raises ValueError where the bytes are not what the gateway writes."""
        request = json.loads(body)
        if serialise(request) != body:
            raise ValueError("not canonical")
        found: Counter[str] = Counter()
        for path, text, is_key in scalars(request):
            rest = plain(session.mask(text))
            spans = detect([pattern_detector], rest)
            protocol = self._structure(path) or (is_key and _IDENTIFIER.fullmatch(text))
            if not protocol:
                spans += [
                    Span(match.start(), match.end(), secret.kind)
                    for secret in session.secrets
                    for match in secret.finder.finditer(rest)
                ]
            spans = [*self._lists.without_allowed(rest, spans), *self._lists.denied(rest)]
            found.update(span.kind for span in merge(spans))
        return found


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request that may leave, and the session that puts the words back into its reply."""

    sealed: Sealed
    session: Session


class Gateway:
    """Sanitizes requests, lets through what is clean, restores the replies. Fails closed.

    `scanner` defaults to a `ByteScanner` with the sanitizer's lists. `timeout` (seconds) limits each of the two
    passes; `load_timeout` the loading of models before the first. Every address is treated alike: a request to this
    very machine is sanitized too. Safe from several threads if the detectors are.
    """

    def __init__(
        self,
        sanitizer: Sanitizer,
        scanner: Scanner | None = None,
        *,
        timeout: float = 30.0,
        load_timeout: float = 180.0,
        structure: Callable[[Path], bool] = chat_structure,
    ) -> None:
        self.sanitizer = sanitizer
        self.scanner = scanner or ByteScanner(sanitizer.lists, structure)
        self.timeout = timeout
        self.load_timeout = load_timeout
        self._structure = structure
        self._loaded = False

    def seal(self, request: Mapping[str, Any], *, session: Session | None = None) -> Outgoing:
        """Sanitize `request` (a JSON object) and seal it.

        With the `session` of an earlier request, the same words get the same placeholders again. Keys keep their
        order: some servers write a schema's properties in the order in which they stand.

        Raises `PrivacyError`, which names kinds and counts only: no detector is configured; a detector or the scanner
        fails, hangs or returns nonsense; the request is not JSON; something private is left.
        """
        if not self.sanitizer.detectors:
            raise PrivacyError("no detector is configured: nothing was sent")
        if not self._loaded:
            _bounded(self.sanitizer.load, self.load_timeout, "loading the detectors")
            self._loaded = True
        session = session or self.sanitizer.session()
        body = _bounded(lambda: self._sanitize(request, session), self.timeout, "sanitizing")
        residue = _bounded(lambda: _counts(self.scanner(body, session)), self.timeout, "the second scan")
        if residue:
            kinds = ", ".join(f"{kind} × {count}" for kind, count in sorted(residue.items()))
            raise PrivacyError(f"something private is left in the request ({kinds}): nothing was sent")
        return Outgoing(Sealed(body, _GATEWAY), session)

    def send(self, request: Mapping[str, Any], transport: Transport) -> Mapping[str, Any]:
        """Seal `request`, hand it to `transport`, and return the reply with the words back in all of its strings.

        Strings that hold a JSON object or list stay valid JSON. Raises what `seal` and `transport` raise, and
        ValueError if the reply is not a JSON object. The session is wiped at the end.
        """
        outgoing = self.seal(request)
        try:
            reply = _decoded(transport(outgoing.sealed))
            return rewrite(reply, lambda _, text: restore_text(outgoing.session, text))
        finally:
            outgoing.session.wipe()

    def preview(self, request: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, int]]:
        """What would leave, and how many pieces were replaced by kind. Raises `PrivacyError` as `seal` does."""
        outgoing = self.seal(request)
        return json.loads(outgoing.sealed.body), outgoing.session.counts

    def _sanitize(self, request: Mapping[str, Any], session: Session) -> bytes:
        texts: list[str] = []

        def gather(path: Path, text: str) -> str:
            if not self._structure(path):
                texts.append(text)
            return text

        rewrite(request, gather)
        clean = iter(session.sanitize_all(texts))
        return serialise(rewrite(request, lambda path, text: text if self._structure(path) else next(clean)))


def serialise(request: Mapping[str, Any]) -> bytes:
    """The bytes of a request: compact UTF-8 JSON in the given order of keys. Equal requests give equal bytes."""
    return json.dumps(request, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


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


def _bounded(work: Callable[[], Result], timeout: float, what: str) -> Result:
    """The result of `work` in a thread of its own; any fault or `timeout` seconds without one is a `PrivacyError`.

    A thread that hangs is left behind: Python cannot end it, but its late result reaches nobody.
    """
    done: list[Result] = []
    faults: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001  # even an exit inside a detector has to block
            faults.append(error)

    thread = threading.Thread(target=run, name="drag-privacy", daemon=True)
    thread.start()
    thread.join(timeout)
    if done:
        return done[0]
    if faults:
        fault = faults[0]
        # Other errors may quote the text: only their kind is told.
        own = isinstance(fault, PrivacyError)
        raise PrivacyError(str(fault) if own else f"{what} failed ({type(fault).__name__}): nothing was sent")
    raise PrivacyError(f"{what} took more than {timeout:g} s: nothing was sent")


def _counts(found: object) -> dict[str, int]:
    if not isinstance(found, Mapping):
        raise PrivacyError("the second scan returned nonsense: nothing was sent")
    counts = {str(kind): count for kind, count in cast("Mapping[object, object]", found).items()}
    if any(type(count) is not int or count < 1 for count in counts.values()):
        raise PrivacyError("the second scan returned nonsense: nothing was sent")
    return cast("dict[str, int]", counts)


def _decoded(reply: bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    decoded: object = reply
    if isinstance(reply, bytes):
        try:
            decoded = json.loads(reply)
        except ValueError:
            decoded = None
    if not isinstance(decoded, Mapping):
        raise ValueError("the reply is not a JSON object")  # noqa: TRY004  # a fault of the data, not of the caller
    return cast("Mapping[str, Any]", decoded)
