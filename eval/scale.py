"""`drag eval speed retrieval`: how build, memory and question time grow with the pack, from 10^4 to 10^6 evidence.

Each size is asked in a process of its own, so that its memory is the memory of asking and of nothing else.
"""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import numpy
from numpy.typing import NDArray

from drag.documents import Document
from drag.index import VectorIndex, index_path, refresh
from drag.pack import Pack, PackWriter
from drag.protocols import Embedder
from drag.retrieve import Retriever
from drag.types import Evidence
from eval.metrics import bootstrap, mean
from eval.report import Report
from eval.scale_corpus import COSINES, Planted, Recombined
from graphs.spacy_reader import Mention, Reading

Value = TypeVar("Value")
Tell = Callable[[str], None]

FOUND_AMONG: Final = 10
"""A planted neighbour counts as found if it is among so many."""

_WARM = 3  # questions that are asked before the clock runs


class PlantedEmbedder:
    """Gives the planted vector of a question, after `real` (if there is one) has spent its time on the text."""

    def __init__(self, vectors: dict[str, NDArray[numpy.float32]], real: Embedder | None = None) -> None:
        self._vectors = vectors
        self._real = real

    def encode(self, sentences: list[str], *, normalize_embeddings: bool = True) -> NDArray[numpy.float32]:
        """See `Embedder.encode`. A text that was not planted gets the vector of a planted one, by its length."""
        if self._real is not None:
            self._real.encode(sentences, normalize_embeddings=normalize_embeddings)
        every = list(self._vectors.values())
        return numpy.stack([self._vectors.get(one, every[len(one) % len(every)]) for one in sentences])


@dataclass(frozen=True, slots=True)
class Asked:
    """What one process saw of one pack: seconds, MiB, and for every question whether its neighbours were found."""

    kind: str
    open: float
    whole: list[float]
    cpu: list[float]
    dense: list[float]
    found: list[list[bool]] = field(repr=False)
    fused: list[bool] = field(repr=False)
    memory: float


def measure(
    texts: Sequence[str],
    sizes: Sequence[int],
    *,
    questions: int,
    seed: int,
    folder: Path | None = None,
    kind: str | None = None,
    real: str | None = None,
    tell: Tell = lambda _: None,
) -> Report:
    """Build a pack of each size in `folder` (default: a temporary one) from the sentences of `texts`, and ask it.

    `kind` overrules the type of the index; `real` names the embedder whose time and memory are to be counted (the
    vectors are the planted ones all the same). `tell` is told what is going on. Raises `ConfigError`.
    """
    metrics: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    kinds: dict[str, str] = {}
    with tempfile.TemporaryDirectory() if folder is None else nullcontext(str(folder)) as place:
        for size in sizes:
            path = Path(place) / f"scale-{size}.pack"
            path.unlink(missing_ok=True)
            tell(f"{size}: building the pack")
            made = Recombined(texts, evidence=size, questions=min(questions, size // len(COSINES)), seed=seed)
            spent, _ = _clock(lambda p=path, m=made: m.write(p))
            metrics[f"build_rate/{size}"] = size / spent
            metrics[f"pack_mb/{size}"] = path.stat().st_size / 1e6
            tell(f"{size}: making the index")
            spent, _ = _clock(lambda p=path: refresh(p, kind=kind))
            beside = index_path(path)
            metrics[f"index_seconds/{size}"] = spent
            metrics[f"index_mb/{size}"] = beside.stat().st_size / 1e6 if beside.exists() else 0.0
            planted = made.questions()
            tell(f"{size}: asking")
            asked = _apart(path, planted, kind, real)
            kinds[str(size)] = asked.kind
            _note(metrics, intervals, asked, size, seed)
            tell(f"{size}: adding and removing a document")
            metrics |= {f"{name}/{size}": value for name, value in change(path, planted[0].vector, kind).items()}
    settings = {"questions": questions, "seed": seed, "index": kinds, "embedder": real, "cosines": list(COSINES)}
    return Report("speed", questions * len(sizes), metrics, intervals, 0, settings)


def ask(path: Path, planted: Sequence[Planted], kind: str | None, real: str | None) -> Asked:
    """Ask every question once, dense alone and by the whole of retrieval."""
    embedder = PlantedEmbedder({one.text: one.vector for one in planted}, _embedder(real))
    started = time.perf_counter()
    with Pack(path) as pack:
        index = VectorIndex.open(pack, kind=kind)
        retriever = Retriever(pack, embedder)
        opened = time.perf_counter() - started
        for one in planted[:_WARM]:
            retriever.search(one.text)
        whole: list[float] = []
        cpu: list[float] = []
        dense: list[float] = []
        found: list[list[bool]] = []
        fused: list[bool] = []
        for one in planted:
            spent, near = _clock(lambda o=one: index.search(o.vector, FOUND_AMONG))
            dense.append(spent)
            ids = {key for key, _ in near}
            found.append([key in ids for key in one.ids])
            worked = time.process_time()
            spent, best = _clock(lambda o=one: retriever.search(o.text))
            cpu.append(time.process_time() - worked)
            whole.append(spent)
            fused.append(one.ids[0] in {item.item.id for item in best[:FOUND_AMONG]})
        return Asked(index.kind, opened, whole, cpu, dense, found, fused, _memory())


def change(path: Path, vector: NDArray[numpy.float32], kind: str | None = None) -> dict[str, float]:
    """Milliseconds until a document that was added is found, by its vector and by its words, and until it is gone."""
    piece = Evidence.of("The quizzaciously spelled zyxomma was seen at the weir.", "document:added#0-55", title="Added")
    document = Document("added", "Added", piece.text)
    reading = Reading((), (Mention("zyxomma", "", 30, 37),))

    def found() -> tuple[bool, bool]:
        with Pack(path) as pack:
            near = VectorIndex.open(pack, kind=kind).search(vector, 1)
            return bool(near) and near[0][0] == piece.id, bool(pack.search_words("zyxomma", 1))

    def add() -> tuple[bool, bool]:
        with PackWriter(path) as writer:
            writer.put_document(document, [piece], vector[None], [reading])
        refresh(path, kind=kind)
        return found()

    def remove() -> tuple[bool, bool]:
        with PackWriter(path) as writer:
            writer.remove_document(document.id)
        return found()

    worked = time.process_time()
    added, there = _clock(add)
    worked = time.process_time() - worked
    removed, still = _clock(remove)
    refreshed, _ = _clock(lambda: refresh(path, kind=kind))
    nan = float("nan")
    return {
        "add_ms": 1000 * added if all(there) else nan,
        "add_cpu_ms": 1000 * worked if all(there) else nan,
        "remove_ms": 1000 * removed if not any(still) else nan,
        "forget_ms": 1000 * refreshed,
    }


def _note(
    metrics: dict[str, float], intervals: dict[str, tuple[float, float]], asked: Asked, size: int, seed: int
) -> None:
    metrics[f"open_ms/{size}"] = 1000 * asked.open
    for name, times in (("latency_ms", asked.whole), ("cpu_ms", asked.cpu), ("dense_ms", asked.dense)):
        spent = [1000 * one for one in times]
        metrics[f"{name}/{size}"] = statistics.median(spent)
        metrics[f"{name[:-3]}_p95_ms/{size}"] = float(numpy.quantile(spent, 0.95))
        intervals[f"{name}/{size}"] = _median_interval(spent, seed)
    for place, cosine in enumerate(COSINES):
        hits = [float(row[place]) for row in asked.found]
        metrics[f"recall@{FOUND_AMONG}/{size}/{cosine}"] = mean(hits)
        intervals[f"recall@{FOUND_AMONG}/{size}/{cosine}"] = bootstrap(hits, seed=seed)
    hits = [float(one) for one in asked.fused]
    metrics[f"recall@{FOUND_AMONG}/{size}/fused"] = mean(hits)
    intervals[f"recall@{FOUND_AMONG}/{size}/fused"] = bootstrap(hits, seed=seed)
    metrics[f"memory_mib/{size}"] = asked.memory


def _apart(path: Path, planted: Sequence[Planted], kind: str | None, real: str | None) -> Asked:
    """`ask` in a new process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(ask, (path, planted, kind, real))


def _embedder(spec: str | None) -> Embedder | None:
    if spec is None:
        return None
    from drag.models.embed import load_embedder

    return load_embedder(spec)


def _memory() -> float:
    """The most memory that this process has had, in MiB, pages of mapped files included."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: on Linux its figure is inherited from whoever started the process.
        (line,) = (one for one in status.read_text("utf-8").splitlines() if one.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 1024


def _median_interval(values: Sequence[float], seed: int, samples: int = 2000) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the median."""
    data = numpy.asarray(values, float)
    drawn = numpy.random.default_rng(seed).integers(0, len(data), (samples, len(data)))
    low, high = numpy.percentile(numpy.median(data[drawn], axis=1), [2.5, 97.5])
    return float(low), float(high)


def _clock(work: Callable[[], Value]) -> tuple[float, Value]:
    started = time.perf_counter()
    value = work()
    return time.perf_counter() - started, value
