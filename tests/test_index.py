"""Dense search by an index beside the pack: found, kept in step, never stale, thrown away without loss."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy
import pytest
from numpy.typing import NDArray

from drag.documents import Document
from drag.errors import ConfigError
from drag.index import VectorIndex, forget, index_path, kind_for, kinds, refresh, upkeep
from drag.index import search as searching
from drag.index.file import read
from drag.index.kinds import FLAT_MOST, cells, training_size
from drag.pack import Pack, PackWriter
from drag.pack.documents import Ingested
from drag.types import Evidence
from graphs.spacy_reader import Reading

DIMENSION = 32
COUNT = 1500
Matrix = NDArray[numpy.float32]


def directions(count: int, seed: int = 0) -> Matrix:
    rows = numpy.random.default_rng(seed).standard_normal((count, DIMENSION), numpy.float32)
    return rows / numpy.linalg.norm(rows, axis=1, keepdims=True)


def put(path: Path, vectors: Matrix, first: int = 0, embedder: str = "seeded") -> Path:
    """A document for each vector, `d<number>`, with the evidence `text <number>`."""
    made: list[Ingested] = []
    for number, vector in enumerate(vectors, first):
        piece = Evidence.of(f"text {number}", f"document:d{number}#0-9")
        made.append(Ingested(Document(f"d{number}", "", piece.text), [piece], vector[None], [Reading()]))
    with PackWriter(path) as writer:
        writer.set_meta(embedder=embedder)
        writer.put_documents(made)
    return path


def take(path: Path, numbers: Sequence[int]) -> None:
    with PackWriter(path) as writer:
        assert len(writer.remove_documents([f"d{number}" for number in numbers])) == len(numbers)


def nearest(path: Path, vector: Matrix, k: int = 5, kind: str | None = None) -> list[tuple[str, float]]:
    """Texts and cosines."""
    with Pack(path) as pack:
        found = VectorIndex.open(pack, kind=kind).search(vector, k)
        texts = {one.id: one.text for one in pack.evidence([key for key, _ in found])}
        return [(texts[key], cosine) for key, cosine in found]


def stamp(path: Path) -> tuple[int, int]:
    status = index_path(path).stat()
    return status.st_ino, status.st_mtime_ns


@pytest.fixture
def vectors() -> Matrix:
    return directions(COUNT)


@pytest.fixture
def pack(tmp_path: Path, vectors: Matrix) -> Path:
    return put(tmp_path / "my.pack", vectors)


def test_the_kind_goes_by_size() -> None:
    assert [kind_for(n) for n in (0, FLAT_MOST, FLAT_MOST + 1, 10**6)] == ["flat", "flat", "ivf", "ivf"]
    assert cells(10**6) == 1024
    assert cells(0) == cells(1) == 1
    assert training_size(100) == 100
    assert training_size(10**6) < 10**5


def test_a_small_pack_is_searched_exactly_and_has_no_file(pack: Path, vectors: Matrix) -> None:
    query = directions(1, seed=9)[0]
    found = nearest(pack, query, 10)
    exact = numpy.argsort(-(vectors @ query))[:10]
    assert [text for text, _ in found] == [f"text {n}" for n in exact]
    assert [cosine for _, cosine in found] == pytest.approx((vectors @ query)[exact].tolist(), abs=2e-3)
    assert not refresh(pack)
    assert not index_path(pack).exists()


@pytest.mark.parametrize("kind", ["hnsw", "ivf"])
def test_an_index_finds_what_is_near_with_exact_cosines(pack: Path, vectors: Matrix, kind: str) -> None:
    assert refresh(pack, kind=kind)
    for place in (0, 700, COUNT - 1):
        query = vectors[place] + 0.1 * directions(1, seed=place)[0]
        query /= numpy.linalg.norm(query)
        text, cosine = nearest(pack, query)[0]
        assert text == f"text {place}"
        assert cosine == pytest.approx(float(vectors[place] @ query), abs=2e-3)


@pytest.mark.parametrize("kind", ["hnsw", "ivf"])
def test_the_file_is_read_and_not_made_again(pack: Path, vectors: Matrix, kind: str) -> None:
    assert nearest(pack, vectors[3], kind=kind)[0][0] == "text 3"
    before = stamp(pack)
    with Pack(pack) as opened:
        index = VectorIndex.open(opened)
        assert (index.kind, len(index)) == (kind, COUNT)
    assert stamp(pack) == before
    assert not refresh(pack, kind=kind)


def test_a_large_ivf_looks_into_the_nearest_cells_only(
    pack: Path, vectors: Matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh(pack, kind="ivf")
    query = directions(1, seed=9)[0]
    exact = {f"text {n}" for n in numpy.argsort(-(vectors @ query))[:20]}
    every = exact & {text for text, _ in nearest(pack, query, 20)}
    assert len(every) >= 15  # of 32 bits for 32 dimensions not all can be asked
    monkeypatch.setattr(kinds, "SCANNED", COUNT // 8)
    assert len(exact & {text for text, _ in nearest(pack, query, 20)}) < len(every)
    assert nearest(pack, vectors[5], 1)[0][0] == "text 5"


def test_results_are_ordered_limited_and_repeatable(pack: Path, vectors: Matrix) -> None:
    refresh(pack, kind="ivf")
    found = nearest(pack, vectors[5], 7)
    assert len(found) == 7
    assert found == sorted(found, key=lambda one: -one[1])
    assert found == nearest(pack, vectors[5], 7)
    forget(pack)
    refresh(pack, kind="ivf")
    assert found == nearest(pack, vectors[5], 7)


def test_what_is_added_is_found_without_writing_the_file(pack: Path) -> None:
    refresh(pack, kind="ivf")
    before = stamp(pack)
    new = directions(3, seed=5)
    put(pack, new, COUNT)
    assert not refresh(pack)
    assert [nearest(pack, one, 1)[0][0] for one in new] == [f"text {COUNT + n}" for n in range(3)]
    assert stamp(pack) == before


@pytest.mark.parametrize("kind", ["hnsw", "ivf"])
def test_much_that_is_added_is_folded_in(pack: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refresh(pack, kind=kind)
    monkeypatch.setattr(upkeep, "FEW", 10)
    new = directions(40, seed=5)
    put(pack, new, COUNT)
    assert refresh(pack, kind=kind)
    stored = read(index_path(pack), mapped=True)
    assert stored is not None
    assert (stored.head.trained, len(stored.numbers)) == (COUNT, COUNT + 40)
    assert nearest(pack, new[7], 1)[0][0] == f"text {COUNT + 7}"


def test_opening_folds_in_what_is_too_much_to_compare(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refresh(pack, kind="ivf")
    put(pack, directions(40, seed=5), COUNT)
    monkeypatch.setattr(searching, "APART_MOST", 10)
    monkeypatch.setattr(kinds, "FLAT_MOST", 10)
    before = stamp(pack)
    with Pack(pack) as opened:
        assert len(VectorIndex.open(opened)) == COUNT + 40
    assert stamp(pack) != before


def test_cells_are_chosen_anew_when_a_pack_has_grown_many_times(tmp_path: Path) -> None:
    pack = put(tmp_path / "my.pack", directions(100))
    refresh(pack, kind="ivf")
    put(pack, directions(900, seed=1), 100)
    (tmp_path / "my.pack.index").touch()
    with Pack(pack) as opened:
        stored, changed = upkeep.current(opened, kind="ivf")
    assert stored is not None
    assert changed
    assert stored.head.trained == 1000


@pytest.mark.parametrize("kind", ["hnsw", "ivf"])
def test_what_was_removed_is_not_found_and_leaves_the_file(pack: Path, vectors: Matrix, kind: str) -> None:
    refresh(pack, kind=kind)
    stored = read(index_path(pack), mapped=False)
    assert stored is not None
    take(pack, [4, 900])
    assert nearest(pack, vectors[900], 1)[0][0] != "text 900"
    assert refresh(pack, kind=kind)
    now = read(index_path(pack), mapped=False)
    assert now is not None
    gone = sorted(set(stored.numbers.tolist()) - set(now.numbers.tolist()))
    assert len(gone) == 2
    assert not set(gone) & set(map(int, now.head.sample))
    assert int(now.index.ntotal) == COUNT - 2
    assert nearest(pack, vectors[900], 1)[0][0] != "text 900"
    assert nearest(pack, vectors[899], 1)[0][0] == "text 899"


def test_not_a_byte_of_a_removed_vector_stays(tmp_path: Path) -> None:
    """The last of a cell is the one whose place is left over: every code of an IVF is looked for."""
    vectors = directions(300, seed=2)
    pack = put(tmp_path / "my.pack", vectors)
    refresh(pack, kind="ivf")
    stored = read(index_path(pack), mapped=False)
    assert stored is not None
    with Pack(pack) as opened:
        _, kept = opened.vectors_at(stored.numbers.tolist())
    codes = [bytes(row) for row in stored.index.sa_encode(kept)[:, stored.index.coarse_code_size() :]]
    assert all(code in index_path(pack).read_bytes() for code in codes)
    take(pack, range(0, 300, 3))
    refresh(pack, kind="ivf")
    left = index_path(pack).read_bytes()
    assert [code in left for code in codes] == [place % 3 != 0 for place in range(300)]


def test_removal_is_seen_before_the_file_is_brought_up_to_date(pack: Path, vectors: Matrix) -> None:
    refresh(pack, kind="ivf")
    before = stamp(pack)
    take(pack, [10])
    put(pack, directions(1, seed=8), COUNT)
    assert nearest(pack, vectors[10], 1)[0][0] != "text 10"
    assert nearest(pack, directions(1, seed=8)[0], 1)[0][0] == f"text {COUNT}"
    assert stamp(pack) == before


@pytest.mark.parametrize("place", [0, 0.3, 0.97, 0.9999])
def test_a_damaged_file_is_not_used(pack: Path, vectors: Matrix, place: float) -> None:
    refresh(pack, kind="ivf")
    data = bytearray(index_path(pack).read_bytes())
    data[int(place * len(data))] ^= 0x55
    index_path(pack).write_bytes(data)
    assert read(index_path(pack), mapped=True) is None
    assert nearest(pack, vectors[8], 1)[0][0] == "text 8"


@pytest.mark.parametrize("size", [0, 7, 20, 5000])
def test_a_torn_file_is_not_used(pack: Path, size: int) -> None:
    refresh(pack, kind="ivf")
    index_path(pack).write_bytes(index_path(pack).read_bytes()[:size])
    assert read(index_path(pack), mapped=True) is None
    assert refresh(pack, kind="ivf")
    assert read(index_path(pack), mapped=True) is not None


def test_the_index_of_another_pack_is_not_used(tmp_path: Path, pack: Path, vectors: Matrix) -> None:
    other = put(tmp_path / "other.pack", directions(COUNT, seed=77))
    refresh(other, kind="ivf")
    shutil.copy(index_path(other), index_path(pack))
    assert refresh(pack, kind="ivf")
    assert nearest(pack, vectors[8], 1)[0][0] == "text 8"


def test_the_index_of_another_embedder_is_not_used(pack: Path) -> None:
    refresh(pack, kind="ivf")
    with PackWriter(pack) as writer:
        writer.set_meta(embedder="another")
    assert refresh(pack, kind="ivf")


def test_where_it_cannot_be_written_it_lives_in_memory(
    pack: Path, vectors: Matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(searching, "write", refuse)
    assert nearest(pack, vectors[8], 1, kind="ivf")[0][0] == "text 8"
    assert not index_path(pack).exists()


def test_progress_is_told_to_the_end(pack: Path) -> None:
    seen: list[tuple[int, int]] = []
    refresh(pack, lambda done, total: seen.append((done, total)), kind="ivf")
    assert seen[0] == (0, COUNT)
    assert seen[-1] == (COUNT, COUNT)


def test_nothing_is_left_beside_the_file(pack: Path) -> None:
    refresh(pack, kind="ivf")
    assert sorted(one.name for one in pack.parent.iterdir()) == ["my.pack", "my.pack.index"]
    assert forget(pack)
    assert not forget(pack)
    assert sorted(one.name for one in pack.parent.iterdir()) == ["my.pack"]


def test_an_empty_pack_finds_nothing(tmp_path: Path) -> None:
    with PackWriter(tmp_path / "my.pack"):
        pass
    assert nearest(tmp_path / "my.pack", directions(1)[0]) == []
    assert nearest(tmp_path / "my.pack", directions(1)[0], kind="ivf") == []


def test_vectors_come_in_the_order_asked(pack: Path, vectors: Matrix) -> None:
    with Pack(pack) as opened:
        index = VectorIndex.open(opened)
        ids = [one.id for one in opened.evidence()]
        known, rows = index.vectors([ids[7], "unknown", ids[2]])
    assert known == [ids[7], ids[2]]
    assert numpy.allclose(rows, vectors[[7, 2]], atol=1e-3)


def test_an_unknown_kind_is_one_line(pack: Path) -> None:
    with pytest.raises(ConfigError, match="flat, hnsw, ivf"):
        refresh(pack, kind="trie")
