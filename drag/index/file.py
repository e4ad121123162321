"""The file beside a pack: written whole or not at all, read through the page cache, checked before it is believed.

Layout: what FAISS writes; the numbers of the evidence in it (int64, little endian, ascending); a head in JSON; the
head's length (8 bytes); the magic. FAISS reads from the start and stops where its part ends.
"""

from __future__ import annotations

import json
import mmap
import os
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy
from numpy.typing import NDArray

from drag.index.kinds import KINDS, Kind, faiss

_MAGIC: Final = b"DRAGIDX1"
_BLOCK: Final = 1 << 22


@dataclass(frozen=True, slots=True)
class Head:
    """What an index is bound to. Another embedder, dimension or pack means that it is not this pack's."""

    kind: Kind
    dimension: int
    embedder: str
    edits: int  # the pack's count of edits when the index was written
    last: int  # the greatest number in it
    trained: int  # how many vectors there were when its cells were chosen
    sample: Mapping[str, str]  # number to digest of some of its vectors: a pack that was built anew has others


@dataclass(frozen=True, slots=True)
class Stored:
    """An index from a file. `index` is FAISS's; `numbers` those of the evidence in it, ascending."""

    head: Head
    index: Any
    numbers: NDArray[numpy.int64]


def index_path(pack: Path) -> Path:
    """Where the index of a pack lies: beside it."""
    return pack.with_name(f"{pack.name}.index")


def write(path: Path, stored: Stored) -> None:
    """Write an index in place of what is there, in one step. Raises `OSError` where that cannot be done."""
    numbers = stored.numbers.astype("<i8").tobytes()
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(descriptor)
    new = Path(name)
    try:
        try:
            faiss().write_index(stored.index, name)
        except RuntimeError as error:
            raise OSError(f"cannot write {path}") from error
        with new.open("r+b") as file:
            checksum = _checksum(file.fileno())
            file.seek(0, os.SEEK_END)
            size = file.tell()
            head = {
                **asdict(stored.head),
                "count": len(stored.numbers),
                "size": size,
                "checksum": zlib.crc32(numbers, checksum),
            }
            text = json.dumps(head).encode()
            file.write(numbers + text + len(text).to_bytes(8, "little") + _MAGIC)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def read(path: Path, *, mapped: bool) -> Stored | None:
    """The index in a file, or None if there is none that is whole. `mapped` ones can be searched and no more."""
    try:
        with path.open("rb") as file:
            found = _parts(file.fileno())
        if found is None:
            return None
        head, numbers = found
        library = faiss()
        index: Any = library.read_index(str(path), library.IO_FLAG_MMAP_IFC if mapped else 0)
    except (OSError, RuntimeError, ValueError, TypeError, KeyError):
        return None
    if int(index.ntotal) != len(numbers) or int(index.d) != head.dimension or head.kind not in KINDS:
        return None
    return Stored(head, index, numbers)


def _parts(descriptor: int) -> tuple[Head, NDArray[numpy.int64]] | None:
    """Head and numbers of an open file, if the checksum over all of it is right."""
    size = os.fstat(descriptor).st_size
    if size < 16:
        return None
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as whole:
        if whole[-8:] != _MAGIC:
            return None
        length = int.from_bytes(whole[-16:-8], "little")
        if length > size - 16:
            return None
        fields: dict[str, Any] = json.loads(whole[-16 - length : -16])
        count, start, checksum = int(fields.pop("count")), int(fields.pop("size")), int(fields.pop("checksum"))
        stop = start + 8 * count
        if stop != size - 16 - length or _sum(whole, stop) != checksum:
            return None
        return Head(**fields), numpy.frombuffer(whole[start:stop], "<i8").astype(numpy.int64)


def _checksum(descriptor: int) -> int:
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as whole:
        return _sum(whole, len(whole))


def _sum(whole: mmap.mmap, stop: int) -> int:
    checksum = 0
    for start in range(0, stop, _BLOCK):
        checksum = zlib.crc32(whole[start : min(stop, start + _BLOCK)], checksum)
    return checksum
