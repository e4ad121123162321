"""Answers of a run, kept as they come: a run that was killed goes on where it stood."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from drag.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Said:
    """What was answered in one arm: the place of the chosen option (None if none was named) and what it cost.

    The place, not the text: beside a pack without names there must be no file that holds some.
    """

    place: int | None
    prompt_tokens: int = 0
    seconds: float = 0.0
    cost: float = 0.0


class RunFile:
    """A JSON Lines file of answers, by question, arm and a digest of all that the answer depends on.

    A line that was cut off by a kill is passed over: its question is asked again. Two runs may share a file, for a
    line is written in one piece. Raises `ConfigError` if the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[tuple[str, str, str], Said] = {}
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
                record: object = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict):
                self._remember(cast("dict[str, Any]", record))

    def get(self, question: str, arm: str, key: str) -> Said | None:
        """The kept answer, if there is one."""
        return self._known.get((question, arm, key))

    def put(self, question: str, arm: str, key: str, said: Said) -> None:
        """Keep an answer: it is in the file when this returns."""
        self._known[question, arm, key] = said
        record = {
            "id": question,
            "arm": arm,
            "key": key,
            "place": said.place,
            "prompt_tokens": said.prompt_tokens,
            "seconds": round(said.seconds, 4),
            "cost": said.cost,
        }
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

    def _remember(self, record: dict[str, Any]) -> None:
        try:
            where = (str(record["id"]), str(record["arm"]), str(record["key"]))
            place = None if record["place"] is None else int(record["place"])
            said = Said(place, int(record["prompt_tokens"]), float(record["seconds"]), float(record["cost"]))
        except (KeyError, TypeError, ValueError):
            return
        self._known[where] = said


def digest(parts: Sequence[object]) -> str:
    """Sixteen hexadecimal digits that stand for these values."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, default=str).encode()).hexdigest()[:16]
