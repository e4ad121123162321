"""Questions in Parquet files and in folders of Hugging Face data sets; needs the extra `data`.

A folder is one that `datasets` saved (`save_to_disk`: Arrow files, in a folder a split where there are several), or a
snapshot of a data set on the hub (Parquet or JSON Lines files, named after their split: `data/test-00000-of-00001.parquet`,
`ARC-Challenge/test.parquet`). Nothing is fetched, and no code of the data set is run.
"""  # noqa: E501 - a path is not broken

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from drag.errors import ConfigError

SPLITS = ("validation", "dev", "valid", "val", "test", "train")
"""Names of splits, the first of those that are there is read: not the training data, where there is other."""

_SUFFIXES = (".parquet", ".arrow", ".jsonl", ".ndjson", ".json")


def is_table(path: Path) -> bool:
    """Whether `path` is read here: a folder, a Parquet or an Arrow file."""
    return path.is_dir() or path.suffix in (".parquet", ".arrow")


def files_of(folder: Path, split: str | None = None) -> list[Path]:
    """The files of one split of a folder, sorted: `split`, or the first of `SPLITS` that is there.

    Raises `ConfigError` if the folder has no such split, and where it holds several data sets (configurations).
    """
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        hidden = any(step.startswith((".", "cache-")) for step in inside.parts)
        if path.suffix not in _SUFFIXES or hidden or path.name in ("dataset_info.json", "state.json"):
            continue
        if path.name == "dataset_dict.json":
            continue
        found.setdefault(_split_of(inside), []).append(path)
    if not found:
        raise ConfigError(f"cannot read {folder}: it holds no Parquet, Arrow or JSON Lines file")
    name = split or next((one for one in SPLITS if one in found), "" if "" in found else sorted(found)[0])
    if name not in found:
        named = ", ".join(sorted(one for one in found if one)) or "none with a name"
        raise ConfigError(f"{folder} has no split '{name}'; there are: {named}")
    chosen = found[name]
    homes = {path.parent for path in chosen}
    if len(homes) > 1:
        names = ", ".join(sorted(str(one.relative_to(folder)) for one in homes))
        raise ConfigError(f"{folder} holds several data sets: give one of its folders: {names}")
    # The same rows may lie there twice, as Parquet and as JSON Lines.
    first = min(_SUFFIXES.index(path.suffix) for path in chosen)
    return [path for path in chosen if path.suffix == _SUFFIXES[first]]


def read_tables(paths: Iterable[Path]) -> Iterator[Mapping[str, Any]]:
    """The rows of Parquet and Arrow files. Raises `ConfigError`, also where the extra `data` is not installed."""
    for path in paths:
        arrow = _load("pyarrow")
        try:
            if path.suffix == ".parquet":
                batches = _load("pyarrow.parquet").ParquetFile(str(path)).iter_batches(batch_size=1024)
                yield from (row for batch in batches for row in batch.to_pylist())
            else:
                with arrow.memory_map(str(path)) as source:
                    yield from (row for batch in _arrow(arrow, source) for row in batch.to_pylist())
        except (OSError, arrow.lib.ArrowException) as error:
            reason = str(error).partition("\n")[0]
            raise ConfigError(f"cannot read {path}: {reason}") from error


def _arrow(arrow: Any, source: Any) -> Iterator[Any]:
    ipc = _load("pyarrow.ipc")
    try:
        # What `datasets` writes; others write the form with a footer.
        yield from ipc.open_stream(source)
    except arrow.lib.ArrowInvalid:
        source.seek(0)
        reader = ipc.open_file(source)
        yield from (reader.get_batch(place) for place in range(reader.num_record_batches))


def _split_of(inside: Path) -> str:
    """The split that a path names: its file, or else a folder on the way to it; empty where none does."""
    steps = [inside.stem, *reversed(inside.parent.parts)]
    for step in steps:
        name = re.split(r"[-_.]\d|[-_.]of[-_.]", step)[0].casefold()
        for split in SPLITS:
            if name == split or re.search(rf"(?:^|[-_.]){split}$", name):
                return split
    stem = re.split(r"-\d{5}-of-", inside.stem)[0]
    return "" if stem in ("data", "dataset") or inside.suffix == ".arrow" else stem


def _load(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigError("Parquet and Arrow files need the extra 'data': pip install 'drag-slm[data]'") from error
