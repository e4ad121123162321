"""Which FAISS index for how many vectors. FAISS is untyped: here and in `drag.index.file` is the border.

What was measured, and with which command, stands in docs/scale.md.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, Final, Literal, get_args

import numpy
from numpy.typing import NDArray

from drag.errors import ConfigError

Kind = Literal["flat", "hnsw", "ivf"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

FLAT_MOST: Final = 20_000
"""Up to here the vectors are read from the pack and compared one by one: exact, and nothing to keep in step."""

SCANNED: Final = 200_000
"""So many vectors an IVF looks at, in the cells nearest to the question: all of them up to this size, a fifth of a
million, in 8 ms, which finds .988 of the ten nearest where all cells find .994 (docs/scale.md). One bit a dimension is
compared in a twentieth of the time of a float, so that there is no need to pass over many."""

_NEIGHBOURS, _BUILD_BREADTH, _SEARCH_BREADTH = 16, 60, 256
_TRAINING = 48  # vectors a cell; FAISS wants at least 39
_QUERY_BITS = 4  # of the question's numbers; more find no more

CANDIDATES: Final = 200
"""How many an approximate index brings at least; their exact cosines decide. Its own scores are from one bit (IVF) or
one byte (HNSW) a dimension."""


def kind_for(count: int) -> Kind:
    """The kind for `count` vectors: flat or ivf.

    A graph of neighbours (hnsw) took thirteen times as long to build and found less than an IVF at a like speed, on
    33,688 real vectors (docs/scale.md), so it is there for the asking only.
    """
    return "flat" if count <= FLAT_MOST else "ivf"


def checked(kind: str) -> Kind:
    """`kind`, if there is such a kind; else `ConfigError`."""
    for one in KINDS:
        if one == kind:
            return one
    raise ConfigError(f"there is no index of kind {kind!r}; there are {', '.join(KINDS)}")


def cells(count: int) -> int:
    """How many cells an IVF of `count` vectors has: a power of two near the root of their number, at most 4,096."""
    wanted = max(1.0, count) ** 0.5
    return int(min(4096, max(1, 2 ** round(numpy.log2(wanted)))))


def training_size(count: int) -> int:
    """How many vectors an index of `count` is trained on."""
    return min(count, _TRAINING * cells(count))


def faiss() -> Any:
    """The library, held to one thread: its threads would spin against the student's."""
    module: Any = importlib.import_module("faiss")
    module.omp_set_num_threads(1)
    return module


def untrained(kind: Kind, dimension: int, count: int) -> Any:
    """An empty index that takes vectors with numbers of their own."""
    library = faiss()
    metric = library.METRIC_INNER_PRODUCT
    if kind == "flat":
        return library.IndexIDMap(library.IndexFlatIP(dimension))
    if kind == "hnsw":
        graph: Any = library.index_factory(dimension, f"HNSW{_NEIGHBOURS},SQ8", metric)
        graph.hnsw.efConstruction = _BUILD_BREADTH
        return library.IndexIDMap(graph)
    index: Any = library.index_factory(dimension, f"IVF{cells(count)},RaBitQ", metric)
    index.cp.niter = 8
    return index


def train(index: Any, sample: NDArray[numpy.float32]) -> None:
    """Let the index learn from a sample, shape (n, dimension); repeatable."""
    if not index.is_trained:
        index.train(numpy.ascontiguousarray(sample))


def add(index: Any, vectors: NDArray[numpy.float32], numbers: NDArray[numpy.int64]) -> None:
    """Add rows of `vectors` under `numbers`."""
    index.add_with_ids(numpy.ascontiguousarray(vectors), numpy.ascontiguousarray(numbers))


def remove(index: Any, numbers: NDArray[numpy.int64]) -> None:
    """Take vectors out of an IVF."""
    index.remove_ids(numbers)


def find(index: Any, kind: Kind, vector: NDArray[numpy.float32], most: int) -> list[int]:
    """Numbers of at most `most` vectors near `vector`, shape (dimension,), in the order that the index sees."""
    library = faiss()
    wanted = min(most, int(index.ntotal))
    if not wanted:
        return []
    parameters: Any = None
    if kind == "hnsw":
        parameters = library.SearchParametersHNSW(efSearch=max(_SEARCH_BREADTH, most))
    elif kind == "ivf":
        parameters = library.IVFRaBitQSearchParameters()
        share = min(1.0, SCANNED / int(index.ntotal))
        parameters.nprobe = max(1, round(share * int(index.nlist)))
        parameters.qb = _QUERY_BITS
    _, numbers = index.search(vector[None, :], wanted, params=parameters)
    found: Sequence[Any] = numbers[0].tolist()
    return [int(number) for number in found if number >= 0]
