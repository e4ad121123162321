"""Replies of teachers, kept in a file beside the rows: a run that was killed asks nothing twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from drag.errors import ConfigError


class ReplyFile:
    """A `drag.models.stored.ReplyStore` in a JSON Lines file; a reply is in it as soon as `put` returns.

    A line that was cut off by a kill is passed over. Raises `ConfigError` if the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, str] = {}
        try:
            raw = path.read_bytes() if path.exists() else b""
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"cannot write {path}: {error.strerror}") from error
        if raw and not raw.endswith(b"\n"):
            self._write("\n")
        for line in raw.decode("utf-8", "replace").split("\n"):
            try:
                value: object = json.loads(line)
            except ValueError:
                continue
            record = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
            key, reply = record.get("key"), record.get("reply")
            if isinstance(key, str):
                if isinstance(reply, str):
                    self._known[key] = reply
                else:
                    self._known.pop(key, None)

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: str) -> str | None:
        """The reply kept under `key`, or None."""
        return self._known.get(key)

    def put(self, key: str, value: str, *, model: str, prompt: str) -> None:
        """Keep a reply, with the names of the model and the prompt that made it."""
        self._known[key] = value
        self._write(json.dumps({"key": key, "model": model, "prompt": prompt, "reply": value}) + "\n")

    def drop(self, key: str) -> None:
        """Forget the reply kept under `key`."""
        if self._known.pop(key, None) is not None:
            self._write(json.dumps({"key": key, "reply": None}) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, text: str) -> None:
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            raise ConfigError(f"cannot write {self._path}: {error.strerror}") from error
