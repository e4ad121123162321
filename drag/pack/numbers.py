"""The vectors of a pack, and the numbers by which an index beside it knows the evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from drag.pack.rows import Reading

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

_SELECT = {
    "evidence": "SELECT e.id, v.vector FROM evidence_vectors v JOIN evidence e USING (n) ORDER BY e.id",
    "triple": (
        "SELECT id, vector FROM vectors WHERE kind = 'triple' "
        "AND id IN (SELECT triple_id FROM question_triples WHERE kept) ORDER BY id"
    ),
    "question": "SELECT id, vector FROM vectors WHERE kind = 'question' ORDER BY id",
}


class Vectors(Reading):
    """The part of `Pack` that is about vectors."""

    def vectors(self, kind: str) -> tuple[list[str], NDArray[numpy.float32]]:
        """Ids and their vectors, shape (n, dimension); of evidence what is searchable, of triples what was kept.

        All of them at once: for a large pack see `vector_rows`.
        """
        rows = self._rows(_SELECT[kind])
        return [row[0] for row in rows], _matrix([row[1] for row in rows], _dtype(kind))

    def vector_rows(
        self, after: int = 0, batch: int = 20_000
    ) -> Iterator[tuple[NDArray[numpy.int64], NDArray[numpy.float32]]]:
        """Numbers and vectors of the searchable evidence with numbers above `after`, in that order, in batches."""
        import numpy

        while True:
            rows = self._rows("SELECT n, vector FROM evidence_vectors WHERE n > ? ORDER BY n LIMIT ?", (after, batch))
            if not rows:
                return
            numbers = numpy.array([row[0] for row in rows], numpy.int64)
            yield numbers, _matrix([row[1] for row in rows], "<f2")
            after = int(numbers[-1])

    def vector_numbers(self) -> NDArray[numpy.int64]:
        """The numbers of all evidence that has a vector, in order."""
        import numpy

        # The full-text index has a row for exactly the same evidence, and its rows are a hundred times smaller.
        rows = self._rows("SELECT id FROM evidence_words_docsize ORDER BY id")
        return numpy.fromiter((row[0] for row in rows), numpy.int64, len(rows))

    def vector_state(self) -> tuple[int, int]:
        """What tells an index beside the pack whether it is up to date: the last number, and the count of edits.

        A larger number with the same count means that vectors were added behind it. Another count means that some
        were removed, or added before it: compare with `vector_numbers`.
        """
        ((last,),) = self._rows("SELECT coalesce(max(n), 0) FROM evidence_vectors")
        rows = self._rows("SELECT value FROM state WHERE key = 'edits'")
        return int(last), int(rows[0][0]) if rows else 0

    def vectors_at(self, numbers: Sequence[int]) -> tuple[NDArray[numpy.int64], NDArray[numpy.float32]]:
        """Those of `numbers` that have a vector, in their order, and the vectors, shape (n, dimension)."""
        import numpy

        found: dict[int, bytes] = dict(self._rows_in("SELECT n, vector FROM evidence_vectors WHERE n IN", numbers))
        known = [number for number in numbers if number in found]
        return numpy.array(known, numpy.int64), _matrix([found[number] for number in known], "<f2")

    def vectors_of(self, ids: Sequence[str]) -> tuple[list[str], NDArray[numpy.float32]]:
        """Ids and vectors of these pieces of evidence, in their order; those without a vector are left out."""
        select = "SELECT e.id, v.vector FROM evidence e JOIN evidence_vectors v USING (n) WHERE e.id IN"
        found: dict[str, bytes] = dict(self._rows_in(select, ids))
        known = [key for key in ids if key in found]
        return known, _matrix([found[key] for key in known], "<f2")

    def ids_of(self, numbers: Sequence[int]) -> dict[int, str]:
        """Number to id; numbers that no evidence has are left out."""
        return dict(self._rows_in("SELECT n, id FROM evidence WHERE n IN", numbers))

    def numbers_of(self, ids: Sequence[str]) -> dict[str, int]:
        """Id to number; unknown ids are left out."""
        return dict(self._rows_in("SELECT id, n FROM evidence WHERE id IN", ids))


def _dtype(kind: str) -> str:
    return "<f2" if kind == "evidence" else "<f4"


def _matrix(blobs: Sequence[bytes], dtype: str) -> NDArray[numpy.float32]:
    import numpy

    if not blobs:
        return numpy.zeros((0, 0), numpy.float32)
    matrix: NDArray[Any] = numpy.frombuffer(b"".join(blobs), dtype).reshape(len(blobs), -1)
    return matrix.astype(numpy.float32, copy=False)
