"""Answers of a run, kept as they come: a run that was killed goes on where it stood."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from drag.kept_lines import KeptLines


class RunFile:
    """A JSON Lines file of answers, by question, arm and a digest of all that the answer depends on.

    A line that was cut off by a kill is passed over: its question is asked again. Two runs may share a file, for a
    line is written in one piece. Raises `ConfigError` if the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._lines = KeptLines(path, "the run file")
        self._known: dict[tuple[str, str, str], Mapping[str, Any]] = {
            (str(one.get("id")), str(one.get("arm")), str(one.get("key"))): one for one in self._lines.records
        }

    def get(self, question: str, arm: str, key: str) -> Mapping[str, Any] | None:
        """The record of the kept answer, if there is one. Somebody may have edited it."""
        return self._known.get((question, arm, key))

    def put(self, question: str, arm: str, key: str, answer: Mapping[str, Any]) -> None:
        """Keep an answer, any values that JSON can hold: it is in the file when this returns."""
        record = {"id": question, "arm": arm, "key": key, **answer}
        self._known[question, arm, key] = record
        self._lines.append(record)

    def close(self) -> None:
        """Close the file."""
        self._lines.close()


def digest(parts: Sequence[object]) -> str:
    """Sixteen hexadecimal digits that stand for these values."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, default=str).encode()).hexdigest()[:16]
