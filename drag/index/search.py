"""Searching by vector: the index brings candidates, the pack's own vectors decide."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import numpy
from numpy.typing import NDArray

from drag.index import kinds
from drag.index.file import Stored, index_path, read, write
from drag.index.kinds import Kind
from drag.index.upkeep import Progress, belongs, compare, current
from drag.pack import Pack

APART_MOST: Final = 20_000
"""So many vectors that the file does not know, or no longer should, are dealt with while searching; with more, opening
brings the file up to date first."""


class VectorIndex:
    """Dense search over the searchable evidence of one pack.

    What the index knows is looked up there and compared exactly by the vectors in the pack; what was added since the
    file was written is compared one by one; what was removed is not in the pack, and so never found. The pack stays
    open as long as the index is used.
    """

    def __init__(self, pack: Pack, stored: Stored | None, tail: NDArray[numpy.int64] | None) -> None:
        """`stored` is the index, if the pack has one; `tail` the numbers that it lacks (None: all after its last)."""
        self._pack = pack
        self._stored = stored
        self.kind: Kind = stored.head.kind if stored else "flat"
        parts = (
            list(pack.vector_rows(after=stored.head.last if stored else 0))
            if tail is None
            else [pack.vectors_at(tail.tolist())]
        )
        filled = [part for part in parts if len(part[0])]
        self._apart = kinds.untrained("flat", filled[0][1].shape[1], 0) if filled else None
        for numbers, vectors in filled:
            kinds.add(self._apart, vectors, numbers)

    @classmethod
    def open(cls, pack: Pack, progress: Progress | None = None, *, kind: str | None = None) -> VectorIndex:
        """The index of `pack`, from the file beside it if that is whole and of this pack.

        A file that is missing, damaged, of another pack or far behind is made anew, which takes about a minute for a
        million vectors; `progress` is told. Where it cannot be written the index lives in memory. `kind` (flat, hnsw,
        ivf) overrules the choice by size. Raises `PackError` and `ConfigError`.
        """
        wanted = kinds.checked(kind) if kind else None
        if wanted == "flat":
            return cls(pack, None, None)
        stored = read(index_path(pack.path), mapped=True)
        if stored is not None and wanted in (None, stored.head.kind) and belongs(pack, stored):
            last, edits = pack.vector_state()
            if edits == stored.head.edits:
                # Numbers are given in order, so this is no less than what came.
                if last - stored.head.last <= APART_MOST:
                    return cls(pack, stored, None)
            else:
                missing = compare(stored.numbers, pack.vector_numbers())
                if len(missing) <= APART_MOST:
                    return cls(pack, stored, missing.new)
        stored, changed = current(pack, progress, kind=wanted)
        if stored is not None and changed:
            with suppress(OSError):
                write(index_path(pack.path), stored)
                stored = read(index_path(pack.path), mapped=True) or stored
        return cls(pack, stored, None)

    def __len__(self) -> int:
        """How many vectors are searched, some of which may have been removed since."""
        return sum(int(index.ntotal) for index in (self._stored and self._stored.index, self._apart) if index)

    def search(self, vector: NDArray[numpy.float32], k: int) -> list[tuple[str, float]]:
        """Ids of the evidence nearest to `vector` (shape (dimension,), length 1) with their cosines, the best first.

        At most `k`; the cosines are exact (to the float16 of the pack), the choice of the nearest is approximate but
        for the kind flat. Ties by the order in which evidence was stored.
        """
        found = self.numbers(vector, k)
        ids = self._pack.ids_of([number for number, _ in found])
        return [(ids[number], cosine) for number, cosine in found if number in ids]

    def numbers(self, vector: NDArray[numpy.float32], k: int) -> list[tuple[int, float]]:
        """The same with the numbers that the tables of the pack use (`evidence.n`)."""
        query = numpy.ascontiguousarray(vector, numpy.float32).reshape(-1)
        cosines: dict[int, float] = {}
        if self._stored is not None:
            near = kinds.find(self._stored.index, self._stored.head.kind, query, max(kinds.CANDIDATES, 4 * k))
            known, vectors = self._pack.vectors_at(near)
            cosines |= zip(known.tolist(), (vectors @ query).tolist(), strict=True) if len(known) else ()
        if self._apart is not None:
            near = kinds.find(self._apart, "flat", query, k)
            known, vectors = self._pack.vectors_at(near)
            cosines |= zip(known.tolist(), (vectors @ query).tolist(), strict=True) if len(known) else ()
        return sorted(cosines.items(), key=lambda one: (-one[1], one[0]))[:k]

    def vectors(self, ids: Sequence[str]) -> tuple[list[str], NDArray[numpy.float32]]:
        """Ids and vectors of evidence, shape (n, dimension), in the order of `ids`; unknown ids are left out."""
        return self._pack.vectors_of(ids)
