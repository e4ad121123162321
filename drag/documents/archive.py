"""Zip files that come from anywhere: looked at before they are unpacked, never more unpacked than is allowed."""

from __future__ import annotations

import zipfile
from collections.abc import Generator
from contextlib import contextmanager

from drag.documents.document import UnreadableError
from drag.documents.source import Source


@contextmanager
def opened(source: Source) -> Generator[zipfile.ZipFile]:
    """The zip file. Raises `UnreadableError` if it is broken, encrypted or a bomb.

    The sizes that an archive declares can be trusted as limits: Python's reader stops at them.
    """
    source.check_size()
    try:
        with zipfile.ZipFile(source.path) as archive:
            total = sum(one.file_size for one in archive.infolist())
            packed = max(1, source.path.stat().st_size)
            limits = source.limits
            # Small files may be well packed; only much text out of few bytes is suspicious.
            if total > limits.unpacked_bytes or (total > 20_000_000 and total > limits.ratio * packed):
                raise UnreadableError(f"unpacks to {total // 1_000_000} MB, which is more than is allowed")
            if len(archive.infolist()) > 100_000:
                raise UnreadableError("an archive of more than 100,000 files")
            if any(one.flag_bits & 1 for one in archive.infolist()):
                raise UnreadableError("encrypted: it needs a password")
            yield archive
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError) as error:
        raise UnreadableError("a broken archive, perhaps an incomplete download") from error


def office_kind(source: Source) -> str:
    """`docx` or `epub` for an archive of that kind whatever its name, else nothing."""
    with opened(source) as archive:
        names = set(archive.namelist())
    if "word/document.xml" in names:
        return "docx"
    return "epub" if "META-INF/container.xml" in names else ""
