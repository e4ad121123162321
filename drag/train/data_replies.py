"""Replies of teachers, kept in a file beside the rows: a run that was killed asks nothing twice."""

from __future__ import annotations

from pathlib import Path

from drag.kept_lines import KeptLines


class ReplyFile:
    """A `drag.models.stored.ReplyStore` in a JSON Lines file; a reply is in it as soon as `put` returns.

    Raises `ConfigError` if the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._lines = KeptLines(path)
        self._known: dict[str, str] = {}
        for record in self._lines.records:
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
        self._lines.append({"key": key, "model": model, "prompt": prompt, "reply": value})

    def drop(self, key: str) -> None:
        """Forget the reply kept under `key`."""
        if self._known.pop(key, None) is not None:
            self._lines.append({"key": key, "reply": None})

    def close(self) -> None:
        """Close the file."""
        self._lines.close()
