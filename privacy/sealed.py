"""`Sealed`: bytes that may leave the device, as a type."""

from __future__ import annotations

import hashlib
from typing import Final, NoReturn, final

from privacy.errors import PrivacyError


class _Token:
    """The right to seal. There is one, below, and `privacy.gateway` is its only user."""


_GATEWAY: Final = _Token()


@final
class Sealed:
    """The exact bytes of one request that passed the gateway: opaque, immutable, never on disk.

    A transport takes a `Sealed` and nothing else, so handing it raw text is a type error first and an error at run
    time second: making one without the gateway raises `PrivacyError`. The bytes hold placeholders where private
    words were. `released` says that it was reviewed and logged too: only then does a transport take it. `repr` and
    `str` show size and digest only.
    """

    __slots__ = ("_body", "_digest", "_released")
    _body: bytes
    _digest: str
    _released: bool

    def __init__(self, body: bytes, token: _Token, *, released: bool = False) -> None:
        if token is not _GATEWAY:
            raise PrivacyError("only the gateway can seal a request")
        object.__setattr__(self, "_body", bytes(body))
        object.__setattr__(self, "_digest", hashlib.sha256(body).hexdigest())
        object.__setattr__(self, "_released", released)

    @property
    def body(self) -> bytes:
        """What goes over the wire, byte for byte: UTF-8 JSON."""
        return self._body

    @property
    def digest(self) -> str:
        """SHA-256 of `body`, 64 hex digits."""
        return self._digest

    @property
    def released(self) -> bool:
        """Whether `Gateway.release` let it go."""
        return self._released

    def __repr__(self) -> str:
        return f"<Sealed {len(self._body)} bytes, sha256 {self._digest[:12]}>"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise PrivacyError("a sealed request cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise PrivacyError("a sealed request cannot be changed")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a sealed request cannot be pickled or copied")
