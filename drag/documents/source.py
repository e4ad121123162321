"""A file that is being read: its bytes within the limits, its text in whatever encoding, its lines as a stream."""

from __future__ import annotations

import codecs
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drag.documents.document import Limits, UnreadableError
from drag.errors import ConfigError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Control characters that no text has; a file with many of them is not text.
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
# What no database and no UTF-8 file can hold: NUL and halves of surrogate pairs.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Source:
    """A file, its name in ids and reports (a relative path with `/`), and how much of it may be read."""

    path: Path
    name: str
    limits: Limits

    def head(self, size: int = 4096) -> bytes:
        """The first bytes."""
        with self.path.open("rb") as file:
            return file.read(size)

    def data(self) -> bytes:
        """All bytes. Raises `UnreadableError` if there are more than the limit."""
        limit = self.limits.file_bytes
        with self.path.open("rb") as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise UnreadableError(f"too large: more than {limit // 1_000_000 or 1} MB")
        return data

    def check_size(self) -> None:
        """Raises `UnreadableError` if the file is larger than what is read whole, for parsers that open it."""
        if self.path.stat().st_size > self.limits.file_bytes:
            raise UnreadableError(f"too large: more than {self.limits.file_bytes // 1_000_000 or 1} MB")

    def text(self) -> str:
        """The whole text, line ends as `\\n`. Raises `UnreadableError` for what is no text."""
        return clean(decoded(self.data()))

    def lines(self) -> Iterator[tuple[int, bytes | None]]:
        """Number (from 1) and bytes of each line, as a stream; None for a line that is longer than a record may be."""
        limit = self.limits.record_bytes
        number = 0
        with self.path.open("rb") as file:
            while line := file.readline(limit + 1):
                number += 1
                if len(line) <= limit or line.endswith(b"\n"):
                    yield number, line
                    continue
                while line and not line.endswith(b"\n"):
                    line = file.readline(1 << 20)
                yield number, None


def storable(text: str) -> str:
    """The text with U+FFFD for each character that cannot be stored; the length stays the same."""
    return text if text.isascii() and "\x00" not in text else _UNSTORABLE.sub("\ufffd", text)


def clean(text: str) -> str:
    """Storable text with `\\n` as its only line end."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return storable(text)


def looks_binary(data: bytes) -> bool:
    """Whether the first bytes of a file are no text: control characters, unless UTF-16 or UTF-32 explains them."""
    if any(data.startswith(mark) for mark, _ in _MARKS):
        return False
    return len(_BINARY.findall(data)) > len(data) / 200


def decoded(data: bytes, declared: str = "") -> str:
    """Bytes as text: by byte order mark, as UTF-8, as `declared`, else by the shape of the text.

    Raises `UnreadableError` if it is no text in any encoding, `ConfigError` if telling needs a missing library.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if looks_binary(data[:8192]):
        raise UnreadableError("not text: binary data")
    for encoding in ("utf-8", declared):
        try:
            if encoding:
                return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    try:
        from charset_normalizer import from_bytes
    except ImportError as error:
        raise missing_library("text that is not UTF-8", "charset-normalizer") from error
    # The statistics of a stretch tell the encoding of the whole; detection is slow.
    best = from_bytes(data[:65536]).best()
    if best is None:
        raise UnreadableError("text in an encoding that cannot be told")
    return data.decode(best.encoding, "replace")


def missing_library(what: str, library: str) -> ConfigError:
    """The error for an optional library that is not installed."""
    return ConfigError(f'reading {what} needs {library}: pip install "drag-slm[documents]"')


def load_lxml(what: str) -> Any:
    """lxml's `etree`, which has no types. Raises `ConfigError` where it is missing."""
    try:
        return importlib.import_module("lxml.etree")
    except ImportError as error:
        raise missing_library(what, "lxml") from error
