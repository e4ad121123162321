"""Where replies that were paid for are kept."""

from __future__ import annotations

from typing import Protocol


class ReplyStore(Protocol):
    """A map from a request's digest to its reply. The pack that is being built is one."""

    def get(self, key: str) -> str | None:
        """The reply kept under `key`, or None."""
        ...

    def put(self, key: str, value: str, *, model: str, prompt: str) -> None:
        """Keep a reply at once and for good; `model` and `prompt` (name and version) say what made it."""
        ...

    def drop(self, key: str) -> None:
        """Forget the reply kept under `key`, if there is one: it could not be used."""
        ...
