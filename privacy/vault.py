"""What the placeholders of a session stand for, kept only if the user asks: on disk it is always encrypted.

    session = sanitizer.session()
    text = session.sanitize("I am Margaret Holloway")
    with Vault.of(session, text) as vault:
        save(vault, "names.vault", passphrase)
    …
    with load("names.vault", passphrase) as vault:
        print(vault.restore(reply))

The file is JSON: the parameters of scrypt and a Fernet token (AES-128-CBC with HMAC-SHA256) of the words. It is made
with mode 0600, whole or not at all.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NoReturn, cast

from privacy.errors import PrivacyError
from privacy.sanitize import Session
from privacy.tokens import Escape, Tokens

PLACEHOLDER: Final = re.compile(r"<([A-Z]+(?:_[A-Z0-9]+)*)_([A-Z]*)([0-9]+)([A-Z]*)>", re.ASCII)
"""A placeholder as a session writes it: kind and hint, letters before the number, number, letter of the spelling."""

_HINT: Final = re.compile(r"(?:_[A-Z]*[0-9][A-Z0-9]*)+")

# 32 MB and about 0.1 s a guess.
_SCRYPT: Final = {"n": 2**15, "r": 8, "p": 1}
_MOST: Final = {"n": 2**18, "r": 16, "p": 16}
_SALT: Final = 16


class Vault:
    """Placeholders and their words, in memory. Absent from `repr` and `str`; cannot be pickled or copied.

    A context manager that wipes itself at the end.
    """

    def __init__(self, words: Mapping[str, str]) -> None:
        """`words` maps placeholders (`<PERSON_1>`) to what they stand for."""
        self._tokens = Tokens()
        self._tokens.values.update({name.strip("<>"): word for name, word in words.items()})
        self._wiped = False

    @classmethod
    def of(cls, session: Session, *texts: str) -> Vault:
        """What the placeholders in `texts`, which `session` sanitized, stand for."""
        return cls(issued(session, texts))

    @property
    def counts(self) -> Mapping[str, int]:
        """How many placeholders there are, by kind."""
        return dict(sorted(Counter(kind_of(f"<{name}>") for name in self._tokens.values).items()))

    def restore(self, text: str, *, escape: Escape | None = None) -> str:
        """`text` with the words in place of their placeholders; unknown placeholders stay. See `Session.restore`."""
        self._check()
        return self._tokens.restore(text, escape)

    def wipe(self) -> None:
        """Forget every word; no use after that. (Python may keep copies until it reuses the memory.)"""
        self._tokens.values.clear()
        self._wiped = True

    def __len__(self) -> int:
        return len(self._tokens.values)

    def __enter__(self) -> Vault:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wipe()

    def _check(self) -> None:
        if self._wiped:
            raise PrivacyError("this vault was wiped")

    def _sealed(self, key: bytes) -> bytes:
        self._check()
        return _fernet(key).encrypt(json.dumps(self._tokens.values, ensure_ascii=False).encode())

    def __repr__(self) -> str:
        return f"<Vault {len(self)} words>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("the private words of a vault cannot be pickled or copied")


def kind_of(placeholder: str) -> str:
    """The kind of a placeholder without its hint: `DATE` for `<DATE_1984_1>`; empty for what is none."""
    match = PLACEHOLDER.fullmatch(placeholder)
    return _HINT.sub("", match[1]) if match else ""


def issued(session: Session, texts: tuple[str, ...] | list[str]) -> dict[str, str]:
    """The placeholders of `session` that stand in `texts`, with their words; those of others are left out."""
    found = dict.fromkeys(match.group() for text in texts for match in PLACEHOLDER.finditer(text))
    words = {name: session.restore(name) for name in found}
    return {name: word for name, word in words.items() if word != name}


def save(vault: Vault, path: Path | str, passphrase: str) -> None:
    """Write `vault` to `path`, encrypted. An existing file is replaced.

    Raises `PrivacyError` for an empty passphrase, a missing `cryptography`, or a file that cannot be written.
    """
    if not passphrase:
        raise PrivacyError("a vault needs a passphrase")
    salt = secrets.token_bytes(_SALT)
    token = vault._sealed(_derive(passphrase, salt, _SCRYPT))  # pyright: ignore[reportPrivateUsage]  # its own module
    record = {"drag_vault": 1, "scrypt": {**_SCRYPT, "salt": base64.b64encode(salt).decode()}, "token": token.decode()}
    target = Path(path)
    draft = target.with_name(f"{target.name}.{secrets.token_hex(8)}")
    fault = ""
    try:
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(file, "w", encoding="utf-8") as out:
                out.write(json.dumps(record) + "\n")
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        fault = error.strerror or type(error).__name__
    if fault:
        raise PrivacyError(f"the vault {path} cannot be written: {fault}")


def load(path: Path | str, passphrase: str) -> Vault:
    """The vault at `path`. Raises `PrivacyError` if it is missing or damaged, or the passphrase is wrong."""
    fault = ""
    record: dict[str, Any] = {}
    words: object = None
    try:
        record = json.loads(Path(path).read_text("utf-8"))
        costs = {name: int(record["scrypt"][name]) for name in _SCRYPT}
        if record["drag_vault"] != 1 or any(not 1 <= costs[name] <= most for name, most in _MOST.items()):
            fault = "is no vault that this version can read"
        else:
            salt = base64.b64decode(record["scrypt"]["salt"], validate=True)
            words = _opened(_derive(passphrase, salt, costs), str(record["token"]).encode())
    except OSError as error:
        fault = f"cannot be read: {error.strerror}"
    except (ValueError, TypeError, KeyError):
        fault = "is no vault"
    if fault:
        raise PrivacyError(f"{path} {fault}")
    if not isinstance(words, dict):
        raise PrivacyError(f"{path} cannot be opened: the passphrase is wrong, or the file was changed")
    return Vault({str(name): str(word) for name, word in cast("dict[object, object]", words).items()})


def _opened(key: bytes, token: bytes) -> object:
    opener = _fernet(key)
    from cryptography.fernet import InvalidToken

    try:
        return json.loads(opener.decrypt(token))
    except InvalidToken:
        return None


def _derive(passphrase: str, salt: bytes, costs: Mapping[str, int]) -> bytes:
    # Scrypt wants 128·N·r bytes; OpenSSL's own limit is 32 MB, just below ours.
    room = 128 * costs["n"] * costs["r"] * 2
    raw = hashlib.scrypt(passphrase.encode(), salt=salt, dklen=32, maxmem=room, **costs)
    return base64.urlsafe_b64encode(raw)


def _fernet(key: bytes) -> Any:
    try:
        from cryptography.fernet import Fernet
    except ImportError as error:
        raise PrivacyError("a vault on disk needs the cryptography package: pip install 'drag-slm[remote]'") from error
    return Fernet(key)
