"""A guard that sees every connection which Python code tries to open, and lets only loopback through."""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest

LOOPBACK = ("127.", "::1", "localhost")


class Connected(OSError):
    """Somebody tried to leave this machine."""


@contextmanager
def guarded(monkeypatch: pytest.MonkeyPatch) -> Generator[list[str]]:
    """Hosts that were looked up or connected to, loopback left out; each attempt also fails."""
    attempts: list[str] = []
    resolve, connect, connect_ex, send_to = (
        socket.getaddrinfo,
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.socket.sendto,
    )

    def check(host: object) -> None:
        if host is not None and not str(host).startswith(LOOPBACK):
            attempts.append(str(host))
            raise Connected(f"an attempt to reach {host}")

    def checked(original: Any) -> Any:
        def call(self: socket.socket, *arguments: Any) -> Any:
            address = arguments[-1]
            if self.family != socket.AF_UNIX:
                check(address[0])
            return original(self, *arguments)

        return call

    def look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        check(host.decode() if isinstance(host, bytes) else host)
        return resolve(host, *arguments, **options)

    def by_name(host: str) -> str:
        return str(look_up(host, None)[0][4][0])

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", look_up)
        patch.setattr(socket, "gethostbyname", by_name)
        patch.setattr(socket.socket, "connect", checked(connect))
        patch.setattr(socket.socket, "connect_ex", checked(connect_ex))
        patch.setattr(socket.socket, "sendto", checked(send_to))
        yield attempts
