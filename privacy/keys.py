"""Random keys in files of their own, that only their owner can read."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
from pathlib import Path
from typing import Final

KEY_BYTES: Final = 32


def open_key(path: Path) -> bytes:
    """The key at `path`, 32 bytes, made if it is not there. Raises OSError; also for one that others can read."""
    if not path.exists():
        # Written whole under another name and then linked: of two processes, one wins and both read the same key.
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(file, secrets.token_bytes(KEY_BYTES))
            os.fsync(file)
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(draft)
        finally:
            os.close(file)
            draft.unlink()
    if sys.platform != "win32" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise OSError(1, f"its key {path} can be read by others: chmod 600")
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise OSError(1, f"its key {path} is damaged")
    return key
