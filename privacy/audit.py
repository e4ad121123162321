"""The audit log: what left, what was held back, and when. JSON Lines of kinds and counts, never of text.

    log = AuditLog("audit.jsonl")
    gateway = Gateway(sanitizer, audit=log)

Every line has `time` (UTC, ISO 8601), `decision`, `model`, `policy`, `counts` (pieces by kind), `bytes` (of the
request) and `digest`: HMAC-SHA256 of the request's bytes under a random key of this log. Whoever has the log alone
cannot test a guess against a digest; whoever has the key (`<log>.key`, readable by its owner only) can prove that a
request was sent.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import re
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NoReturn, cast, get_args

from privacy.errors import PrivacyError
from privacy.keys import open_key

Decision = Literal["sent", "blocked", "refused", "dry-run"]
"""`sent`: handed to the network, whether or not it arrived. `blocked`: by the gateway. `refused`: by the person."""

_NAME = re.compile(r"[A-Z]+(?:_[A-Z]+)*")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log."""

    time: str
    decision: Decision
    model: str
    policy: str
    counts: Mapping[str, int]
    bytes: int
    digest: str


@dataclass(frozen=True, slots=True)
class Summary:
    """A log in figures. `unreadable` counts lines that are no entries, such as one that a crash cut off."""

    entries: int
    first: str
    last: str
    decisions: Mapping[str, int]
    models: Mapping[str, int]
    policies: Mapping[str, int]
    kinds: Mapping[str, int]
    bytes_sent: int
    unreadable: int


class AuditLog:
    """Appends to the log at `path`, which is made on the first entry, with its key, both readable by the owner only.

    Safe from several threads and processes: an entry is one write at the end of the file.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.key_path = self.path.with_name(self.path.name + ".key")
        self._key: bytes | None = None
        self._lock = threading.Lock()

    def write(
        self, decision: Decision, *, body: bytes, model: str = "", policy: str = "", counts: Mapping[str, int]
    ) -> None:
        """Append an entry. Raises `PrivacyError` if that cannot be done: then nothing may be sent."""
        fault = ""
        try:
            with self._lock:
                entry = Entry(
                    datetime.now(UTC).isoformat(timespec="milliseconds"),
                    decision,
                    model,
                    policy,
                    {kind: count for kind, count in sorted(counts.items()) if _NAME.fullmatch(kind)},
                    len(body),
                    self._digest(body),
                )
                self._append(json.dumps(asdict(entry), ensure_ascii=False, separators=(",", ":")))
        except OSError as error:
            fault = error.strerror or type(error).__name__
        if fault:
            raise PrivacyError(f"the audit log {self.path} cannot be written ({fault}): nothing was sent")

    def matches(self, entry: Entry, body: bytes) -> bool:
        """Whether `entry` of this log is about exactly these bytes."""
        with self._lock:
            return hmac.compare_digest(entry.digest, self._digest(body))

    def _digest(self, body: bytes) -> str:
        if self._key is None:
            self._key = open_key(self.key_path)
        return hmac.new(self._key, body, hashlib.sha256).hexdigest()

    def _append(self, line: str) -> None:
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            data = (line + "\n").encode()
            end = os.lseek(file, 0, os.SEEK_END)
            # A crash may have cut the last line off: ours begins on a line of its own.
            if end and _last(file, end) != b"\n":
                data = b"\n" + data
            if os.write(file, data) != len(data):
                raise OSError("the disk is full")
        finally:
            os.close(file)

    def __repr__(self) -> str:
        return f"<AuditLog {self.path}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("an audit log holds its key and cannot be pickled or copied")


def read(path: Path | str) -> tuple[list[Entry], int]:
    """The entries of a log in their order, and how many lines were none. Raises `PrivacyError` if it cannot be read."""
    entries: list[Entry] = []
    unreadable = 0
    text = ""
    fault = ""
    try:
        text = Path(path).read_text("utf-8", errors="replace")
    except OSError as error:
        fault = error.strerror or type(error).__name__
    if fault:
        raise PrivacyError(f"the audit log {path} cannot be read: {fault}")
    for line in text.splitlines():
        entry = _entry(line)
        if entry is not None:
            entries.append(entry)
        elif line.strip():
            unreadable += 1
    return entries, unreadable


def summarise(entries: Sequence[Entry], unreadable: int = 0) -> Summary:
    """The figures of a log: how many of each decision, model, policy; pieces by kind in what was sent."""
    sent = [one for one in entries if one.decision == "sent"]
    kinds: Counter[str] = Counter()
    for one in sent:
        kinds.update(one.counts)
    times = sorted(one.time for one in entries)
    return Summary(
        len(entries),
        times[0] if times else "",
        times[-1] if times else "",
        _tally([one.decision for one in entries]),
        _tally([one.model for one in sent]),
        _tally([one.policy for one in sent]),
        dict(sorted(kinds.items())),
        sum(one.bytes for one in sent),
        unreadable,
    )


def _tally(names: Sequence[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _entry(line: str) -> Entry | None:
    with contextlib.suppress(ValueError, TypeError, KeyError):
        raw = cast("dict[str, Any]", json.loads(line))
        counts = {str(kind): int(count) for kind, count in raw["counts"].items()}
        if raw["decision"] in get_args(Decision):
            words = {name: str(raw[name]) for name in ("time", "model", "policy", "digest")}
            return Entry(decision=raw["decision"], counts=counts, bytes=int(raw["bytes"]), **words)
    return None


def _last(file: int, end: int) -> bytes:
    os.lseek(file, end - 1, os.SEEK_SET)
    return os.read(file, 1)
