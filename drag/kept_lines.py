"""A JSON Lines file that only grows: what was paid for stands in it before anything else happens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from drag.errors import ConfigError


class KeptLines:
    """The records of such a file, and room for more.

    `records` holds the JSON objects that stand in it; a line that was cut off by a kill is passed over. Two runs may
    share a file, for a line is written in one piece. `called` goes before the path in errors. Raises `ConfigError` if
    the file cannot be read or written.
    """

    def __init__(self, path: Path, called: str = "") -> None:
        self._named = f"{called} {path}".strip()
        try:
            raw = path.read_bytes() if path.exists() else b""
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"cannot write {self._named}: {error.strerror}") from error
        if raw and not raw.endswith(b"\n"):
            self._write("\n")
        self.records: list[dict[str, Any]] = []
        for line in raw.decode("utf-8", "replace").split("\n"):
            try:
                value: object = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                self.records.append(cast("dict[str, Any]", value))

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one record, any values that JSON can hold: it is in the file when this returns."""
        self._write(json.dumps(record) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, text: str) -> None:
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            raise ConfigError(f"cannot write {self._named}: {error.strerror}") from error
