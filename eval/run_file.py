"""Answers of a run, kept as they come: a run that was killed goes on where it stood."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from drag.errors import ConfigError


class RunFile:
    """A JSON Lines file of answers, by question, arm and a digest of all that the answer depends on.

    A line that was cut off by a kill is passed over: its question is asked again. Two runs may share a file, for a
    line is written in one piece. Raises `ConfigError` if the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[tuple[str, str, str], Mapping[str, Any]] = {}
        try:
            raw = path.read_bytes() if path.exists() else b""
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")
            if raw and not raw.endswith(b"\n"):
                self._write("\n")
        except OSError as error:
            raise ConfigError(f"cannot write the run file {path}: {error.strerror}") from error
        for line in raw.decode("utf-8", "replace").splitlines():
            try:
                value: object = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                record = cast("dict[str, Any]", value)
                self._known[str(record.get("id")), str(record.get("arm")), str(record.get("key"))] = record

    def get(self, question: str, arm: str, key: str) -> Mapping[str, Any] | None:
        """The record of the kept answer, if there is one. Somebody may have edited it."""
        return self._known.get((question, arm, key))

    def put(self, question: str, arm: str, key: str, answer: Mapping[str, Any]) -> None:
        """Keep an answer, any values that JSON can hold: it is in the file when this returns."""
        record = {"id": question, "arm": arm, "key": key, **answer}
        self._known[question, arm, key] = record
        self._write(json.dumps(record, ensure_ascii=True) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, text: str) -> None:
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            raise ConfigError(f"cannot write the run file {self.path}: {error.strerror}") from error


def digest(parts: Sequence[object]) -> str:
    """Sixteen hexadecimal digits that stand for these values."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, default=str).encode()).hexdigest()[:16]
