"""Making the index of a pack, and keeping it in step with what is added and removed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy
from numpy.typing import NDArray

from drag.index import kinds
from drag.index.file import Head, Stored, index_path, read, write
from drag.pack import Pack

Progress = Callable[[int, int], None]
"""Called with how many vectors are in, and how many there will be."""

FEW: Final = 2_000
"""So many new vectors are left to be compared one by one, which takes about a millisecond."""

_GROWN: Final = 4  # cells that were chosen for a fourth of the vectors are too few
_SAMPLED: Final = 32
_BATCH: Final = 10_000


@dataclass(frozen=True, slots=True)
class Missing:
    """What a stored index does not know: numbers that came, and numbers that went. Both ascending."""

    new: NDArray[numpy.int64]
    gone: NDArray[numpy.int64]

    def __len__(self) -> int:
        return len(self.new) + len(self.gone)


def refresh(path: Path, progress: Progress | None = None, *, kind: str | None = None) -> bool:
    """Bring the index beside the pack at `path` up to date; whether the file was written or removed.

    After that the file holds nothing of evidence that was removed, and knows all but the last few that were added:
    those are compared one by one until there are enough of them to be worth writing a large file. A pack that is small
    enough to be searched without has none. `kind` (flat, hnsw, ivf) overrules the choice by size. Raises
    `PackError` if the pack cannot be read, `ConfigError` for an unknown kind, `OSError` if the file cannot be written.
    """
    with Pack(path) as pack:
        wanted = kinds.checked(kind) if kind else None
        if wanted != "flat":
            old = read(index_path(path), mapped=True)
            last, edits = pack.vector_state()
            if (
                old is not None
                and wanted in (None, old.head.kind)
                and edits == old.head.edits
                and last - old.head.last <= FEW
                and belongs(pack, old)
            ):
                return False
        stored, changed = current(pack, progress, kind=kind)
        if stored is None:
            return forget(path)
        if changed:
            write(index_path(path), stored)
        return changed


def forget(path: Path) -> bool:
    """Remove the index beside the pack at `path`; whether there was one. It is made again when it is needed."""
    beside = index_path(path)
    there = beside.exists()
    beside.unlink(missing_ok=True)
    return there


def current(pack: Pack, progress: Progress | None = None, *, kind: str | None = None) -> tuple[Stored | None, bool]:
    """The index of a pack as it is now, in memory, and whether it differs from the file; None where none is needed."""
    numbers = pack.vector_numbers()
    wanted = kinds.checked(kind) if kind else kinds.kind_for(len(numbers))
    if wanted == "flat" or not len(numbers):
        return None, False
    old = read(index_path(pack.path), mapped=False)
    _, edits = pack.vector_state()
    if old is not None and old.head.kind == wanted and belongs(pack, old):
        missing = compare(old.numbers, numbers)
        if not len(missing) and old.head.edits == edits:
            return old, False
        # A graph of neighbours cannot be taken apart.
        if len(numbers) <= _GROWN * old.head.trained and not (wanted == "hnsw" and len(missing.gone)):
            if len(missing.gone):
                kinds.remove(old.index, missing.gone)
            added = _fill(pack, old.index, missing.new, progress)
            numbers = numpy.union1d(numpy.setdiff1d(old.numbers, missing.gone, assume_unique=True), added)
            head = replace(old.head, edits=edits, last=int(numbers[-1]), sample=_sample(pack, numbers))
            return Stored(head, old.index, numbers), True
    training = numbers[numpy.linspace(0, len(numbers) - 1, kinds.training_size(len(numbers))).astype(numpy.int64)]
    _, sample = pack.vectors_at(training.tolist())
    index: Any = kinds.untrained(wanted, sample.shape[1], len(numbers))
    if progress:
        progress(0, len(numbers))
    kinds.train(index, sample)
    numbers = _fill(pack, index, numbers, progress)
    head = Head(wanted, sample.shape[1], embedder(pack), edits, int(numbers[-1]), len(numbers), _sample(pack, numbers))
    return Stored(head, index, numbers), True


def belongs(pack: Pack, stored: Stored) -> bool:
    """Whether an index was made from this pack: by the same embedder, and with the vectors that the pack still has."""
    if stored.head.embedder != embedder(pack):
        return False
    found = _digests(pack, [int(number) for number in stored.head.sample])
    return bool(found) and all(stored.head.sample[number] == digest for number, digest in found.items())


def compare(stored: NDArray[numpy.int64], now: NDArray[numpy.int64]) -> Missing:
    """What came to and went from a pack since an index of it was written."""
    return Missing(numpy.setdiff1d(now, stored, assume_unique=True), numpy.setdiff1d(stored, now, assume_unique=True))


def embedder(pack: Pack) -> str:
    """The name of what made a pack's vectors."""
    return str(pack.meta().get("embedder", ""))


def _fill(pack: Pack, index: Any, numbers: NDArray[numpy.int64], progress: Progress | None) -> NDArray[numpy.int64]:
    """Add the vectors of `numbers`; those that have one."""
    added: list[NDArray[numpy.int64]] = []
    for start in range(0, len(numbers), _BATCH):
        known, vectors = pack.vectors_at(numbers[start : start + _BATCH].tolist())
        if len(known):
            kinds.add(index, vectors, known)
            added.append(known)
        if progress:
            progress(min(start + _BATCH, len(numbers)), len(numbers))
    return numpy.concatenate([numpy.zeros(0, numpy.int64), *added])


def _sample(pack: Pack, numbers: NDArray[numpy.int64]) -> dict[str, str]:
    places = numpy.unique(numpy.linspace(0, len(numbers) - 1, _SAMPLED).astype(numpy.int64))
    return _digests(pack, numbers[places].tolist())


def _digests(pack: Pack, numbers: list[int]) -> dict[str, str]:
    known, vectors = pack.vectors_at(numbers)
    return {
        str(number): hashlib.sha256(vector.tobytes()).hexdigest()[:16]
        for number, vector in zip(known.tolist(), vectors, strict=True)
    }
