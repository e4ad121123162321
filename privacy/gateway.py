"""The only way out: sanitize, serialise, look a second time at the exact bytes, seal, review, log, send, restore."""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from privacy.audit import AuditLog
from privacy.bounded import allowed, bounded
from privacy.errors import PrivacyError
from privacy.keys import KEY_BYTES
from privacy.patterns import pattern_detector
from privacy.quiet import quiet
from privacy.restoring import decoded, json_escape, restore_text
from privacy.returned import SHORTEST, Caught, Hidden, hide, scopes_in
from privacy.sanitize import Sanitizer, Session
from privacy.scan import IDENTIFIER, PROBE, ByteScanner, Probe, Scanner, counts_of
from privacy.sealed import _GATEWAY, Sealed  # pyright: ignore[reportPrivateUsage]  # the one place that may seal
from privacy.structure import Path, chat_structure, rewrite, scalars, serialise
from privacy.vault import PLACEHOLDER, kind_of

__all__ = [
    "PROBE",
    "ByteScanner",
    "Gateway",
    "Outgoing",
    "Review",
    "Reviewer",
    "Scanner",
    "Transport",
    "Verdict",
    "json_escape",
]

_MODEL = re.compile(r"[\w.:/+\-]{1,120}")

Transport = Callable[[Sealed], "bytes | Mapping[str, Any]"]
"""Takes the sealed request over the wire and returns the reply: a JSON object, decoded or as bytes."""

Verdict = Literal["send", "refuse", "dry-run"] | Mapping[str, Any]
"""What becomes of a request; a mapping is the request edited, which is sanitized and scanned like the first one."""


@dataclass(frozen=True, slots=True)
class Review:
    """A request on its way out. `request` is what would leave; `original` holds the words, and `repr` hides it."""

    model: str
    request: Mapping[str, Any]
    original: Mapping[str, Any] = field(repr=False)
    counts: Mapping[str, int]

    def __reduce_ex__(self, protocol: object) -> str:
        raise TypeError("a request with its words cannot be pickled or copied")


Reviewer = Callable[[Review], Verdict]
"""Asked about each request before it leaves. One that raises, or returns nonsense, refuses."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request that passed both looks, and the session that puts the words back into its reply.

    `counts` says how many pieces were replaced, by kind.
    """

    sealed: Sealed
    session: Session
    counts: Mapping[str, int] = field(default_factory=dict[str, int])

    def __reduce_ex__(self, protocol: object) -> str:
        raise TypeError("a request with its session cannot be pickled or copied")


class Gateway:
    """Sanitizes requests, lets through what is clean, restores the replies. Fails closed.

    `scanner` defaults to a `ByteScanner` with the sanitizer's lists. `timeout` (seconds) limits each of the two passes,
    for every 10,000 characters begun; `load_timeout` the loading of models before the first. `audit` gets an entry
    before anything is sent: where it cannot be written, nothing is. `review` is asked about each request. `policy` is
    the name that the log gives to what the sanitizer does. `probe` (such as `PROBE`) is a text that the detectors have
    to find something in, each time: one that fails silently blocks. `key` is that of the placeholders in packs
    (`hide`): whoever asks later needs the same one; by default nobody has it. Every address is treated alike: a request
    to this very machine is sanitized too. Safe from several threads if the detectors are; reviews take turns.
    """

    def __init__(
        self,
        sanitizer: Sanitizer,
        scanner: Scanner | None = None,
        *,
        timeout: float = 30.0,
        load_timeout: float = 180.0,
        structure: Callable[[Path], bool] = chat_structure,
        audit: AuditLog | None = None,
        review: Reviewer | None = None,
        policy: str = "custom",
        probe: Probe | None = None,
        key: bytes | None = None,
    ) -> None:
        self.sanitizer = sanitizer
        self.scanner = scanner or ByteScanner(sanitizer.lists, structure, sanitizer.policy.kinds_off)
        self.timeout = timeout
        self.load_timeout = load_timeout
        self.audit = audit
        self.review = review
        self.policy = policy
        self.probe = probe
        self.key = key or secrets.token_bytes(KEY_BYTES)
        self.caught: Caught | None = None
        """Private words that no request may hold besides those of its session: a build's, de-identified before."""
        self._structure = structure
        self._loaded = False
        self._reviewing = threading.Lock()

    @quiet
    def seal(self, request: Mapping[str, Any], *, session: Session | None = None) -> Outgoing:
        """Sanitize `request` (a JSON object), look at its bytes a second time, and seal it. Nothing is sent yet.

        With the `session` of an earlier request, the same words get the same placeholders again. Keys keep their
        order: some servers write a schema's properties in the order in which they stand.

        Raises `PrivacyError`, which names kinds and counts only: no detector is configured; a detector or the scanner
        fails, hangs or returns nonsense; the request is not JSON; something private is left.
        """
        body = b""
        residue: Mapping[str, int] = {}
        blocked = ""
        try:
            self.load()
            used = session or self.sanitizer.session()
            before = used.counts
            limit = allowed(self.timeout, (text for _, text, _ in scalars(request)))
            clean = bounded(lambda: self._sanitize(request, used), limit, "sanitizing")
            self.test()
            residue = bounded(lambda: self._scan(clean, used), limit, "the second scan")
            body = clean
            if residue:
                kinds = ", ".join(f"{kind} × {count}" for kind, count in sorted(residue.items()))
                blocked = f"something private is left in the request ({kinds}): nothing was sent"
            else:
                return Outgoing(Sealed(body, _GATEWAY), used, _replaced(body, before, used.counts))
        except PrivacyError as error:
            blocked = str(error)
        except Exception as error:  # noqa: BLE001  # whatever it is: nothing was sealed
            blocked = f"sealing failed ({type(error).__name__}): nothing was sent"
        # Only the digest of what was clean enough to be scanned is kept; of the rest that there was something.
        self._log("blocked", b"" if residue else body, request, residue)
        raise PrivacyError(blocked)

    def load(self) -> None:
        """Load the detectors now. Raises `PrivacyError` if there is none or one is missing."""
        if not self.sanitizer.detectors:
            raise PrivacyError("no detector is configured: nothing was sent")
        if not self._loaded:
            bounded(self.sanitizer.load, self.load_timeout, "loading the detectors")
            self._loaded = True

    def test(self) -> None:
        """Let the detectors find the words of the probe, if there is one. Raises `PrivacyError` if they do not."""
        if self.probe is None:
            return
        text, hidden = self.probe
        left = bounded(lambda: self.sanitizer.session().sanitize(text), self.timeout, "testing the detectors")
        if any(word in left for word in hidden):
            raise PrivacyError("the detectors do not find what they are tested with: nothing was sent")

    @quiet
    def hide(self, layers: Sequence[Sequence[str]]) -> Hidden:
        """De-identify one question: itself, what is asked with it, and the rest (see `privacy.returned.hide`).

        Under the same limits as a request: raises `PrivacyError` where a detector fails or hangs.
        """
        fault = ""
        try:
            self.load()
            limit = allowed(self.timeout, (text for layer in layers for text in layer))
            return bounded(lambda: hide(self.sanitizer.session(), layers, self.key), limit, "de-identifying")
        except PrivacyError as error:
            fault = str(error)
        self._log("blocked", b"", {}, {})
        raise PrivacyError(fault)

    @quiet
    def release(self, outgoing: Outgoing) -> Sealed:
        """What a transport may take: reviewed, if somebody wants to, and logged. Call it once for each sending.

        Raises `PrivacyError` if the review says no or fails, or if the log cannot be written.
        """
        if self.review is not None:
            with self._reviewing:
                outgoing = self._reviewed(self.review, outgoing)
        self._log("sent", outgoing.sealed.body, {}, outgoing.counts)
        return Sealed(outgoing.sealed.body, _GATEWAY, released=True)

    @quiet
    def send(self, request: Mapping[str, Any], transport: Transport) -> Mapping[str, Any]:
        """Seal and release `request`, hand it to `transport`, and return the reply with the words back in its strings.

        Strings that hold a JSON object or list stay valid JSON. Raises what `seal`, `release` and `transport` raise,
        and ValueError if the reply is not a JSON object. The session is wiped at the end.
        """
        outgoing = self.seal(request)
        try:
            reply = decoded(transport(self.release(outgoing)))
            return rewrite(reply, lambda _, text: restore_text(outgoing.session, text))
        finally:
            outgoing.session.wipe()

    @quiet
    def preview(self, request: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, int]]:
        """What would leave, and how many pieces were replaced by kind. Raises `PrivacyError` as `seal` does."""
        outgoing = self.seal(request)
        try:
            self._log("dry-run", outgoing.sealed.body, {}, outgoing.counts)
            return json.loads(outgoing.sealed.body), outgoing.counts
        finally:
            outgoing.session.wipe()

    def _sanitize(self, request: Mapping[str, Any], session: Session) -> bytes:
        texts: list[str] = []

        def gather(path: Path, text: str) -> str:
            if not self._structure(path):
                texts.append(text)
            return text

        whole = rewrite(request, gather)
        # Keys cannot be replaced. What the detectors find in one is known to the second scan then, and blocks.
        keys = [text for _, text, is_key in scalars(whole) if is_key and not IDENTIFIER.fullmatch(text)]
        clean = iter(session.sanitize_all([*texts, *keys]))
        return serialise(rewrite(whole, lambda path, text: text if self._structure(path) else next(clean)))

    def _scan(self, body: bytes, session: Session) -> Mapping[str, int]:
        found = Counter(counts_of(self.scanner(body, session)))
        if self.caught is not None:
            scopes = scopes_in(body.decode())
            for path, text, _ in scalars(json.loads(body)):
                if not self._structure(path):
                    found.update(self.caught.find(session.mask(text), scopes))
        return found

    def _reviewed(self, review: Reviewer, outgoing: Outgoing) -> Outgoing:
        request: dict[str, Any] = json.loads(outgoing.sealed.body)
        session = outgoing.session
        verdict: object = None
        fault = ""
        original = rewrite(request, lambda _, text: self._words(session.restore(text)))
        try:
            verdict = review(Review(str(request.get("model", "")), request, original, outgoing.counts))
        except PrivacyError as error:
            fault = str(error)
        except Exception as error:  # noqa: BLE001  # a review that fails is a no
            fault = f"the review failed ({type(error).__name__}): nothing was sent"
        if verdict == "send":
            return outgoing
        if isinstance(verdict, Mapping):
            # The placeholders become words first: what the person wrote beside them is sanitized with them.
            edited = rewrite(verdict, lambda _, text: session.restore(text))
            return self.seal(edited, session=session)
        self._log("dry-run" if verdict == "dry-run" else "refused", outgoing.sealed.body, {}, outgoing.counts)
        if verdict == "dry-run":
            raise PrivacyError("dry run: nothing was sent")
        raise PrivacyError(fault or "refused: nothing was sent")

    def _words(self, text: str) -> str:
        return self.caught.restore(text) if self.caught is not None else text

    def _log(
        self,
        decision: Literal["sent", "blocked", "refused", "dry-run"],
        body: bytes,
        request: Mapping[str, Any],
        counts: Mapping[str, int],
    ) -> None:
        if self.audit is None:
            return
        model = str((json.loads(body) if body else request).get("model", ""))
        # A request that was blocked may have been blocked for what stands here.
        name = model if _MODEL.fullmatch(model) and not pattern_detector(model) else ""
        self.audit.write(decision, body=body, model=name, policy=self.policy, counts=counts)

    def __repr__(self) -> str:
        return f"<Gateway {self.policy}>"


def _replaced(body: bytes, before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """Pieces replaced in this request, by kind: those of its session, and placeholders that a build had put in."""
    counts = Counter(after)
    counts.subtract(before)
    counts.update(kind_of(match.group()) for match in PLACEHOLDER.finditer(body.decode()) if len(match[2]) >= SHORTEST)
    return {kind: count for kind, count in sorted(counts.items()) if count > 0}
