"""Downloading: tiny wheels made on the fly, a fake hub, and every way in which a download goes wrong."""

from __future__ import annotations

import hashlib
import shutil
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from drag.errors import ConfigError, ModelError
from drag.models import fetch, sources
from drag.models.registry import Entry, manifest

PARTS = (b"one " * 1000, b"two " * 1000, b"three")
WHOLE = b"".join(PARTS)
FILES = {"config.json": b"{}", "deep/weights.bin": b"weights" * 100}


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write_wheel(folder: Path, name: str, members: Mapping[str, bytes]) -> Path:
    """A wheel of version 1.0 that pip accepts."""
    info = f"{name}-1.0.dist-info"
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(member, data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def entry(name: str, **values: Any) -> Entry:
    return Entry.model_validate({"name": name, "kind": "gguf", "about": "", "licence": "MIT", **values})


def joined(name: str = "joined", sha256: str = sha(WHOLE)) -> Entry:
    """A model in three parts, `part1` to `part3`, also on the hub."""
    parts = [
        {"wheel": f"part{n}==1.0", "member": f"part{n}/data.bin", "size": len(data), "sha256": sha(data)}
        for n, data in enumerate(PARTS, 1)
    ]
    hub = {"repo": "some/where", "file": "official.gguf"}
    return entry(name, file="joined.gguf", size=len(WHOLE), sha256=sha256, parts=parts, hub=hub)


def folder_entry() -> Entry:
    files = {path: sha(data) for path, data in FILES.items()}
    parts = [{"wheel": "folder==1.0", "member": "folder/inner"}]
    return entry("folder", size=sum(map(len, FILES.values())), files=files, parts=parts)


REGISTRY = {"joined": joined(), "folder": folder_entry()}


class Pip:
    """In place of pip: copies from a folder and remembers what it was asked for."""

    def __init__(self, wheels: Path) -> None:
        self.wheels = wheels
        self.calls: list[str] = []
        self.stop_at: str | None = None

    def __call__(self, requirement: str, folder: Path, ignore_requires_python: bool, pip_args: object) -> Path:
        self.calls.append(requirement)
        if requirement == self.stop_at:
            raise KeyboardInterrupt
        folder.mkdir(parents=True)
        name = requirement.replace("==", "-")
        return Path(shutil.copy(self.wheels / f"{name}-py3-none-any.whl", folder))


class Hub:
    """In place of the hub: writes `data`, whatever the file."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}
        self.calls: list[str] = []

    def __call__(self, repo: str, path: str, revision: str, folder: Path) -> None:
        self.calls.append(path)
        if path not in self.data:
            raise ModelError("no answer")
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(self.data[path])


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    for n, data in enumerate(PARTS, 1):
        write_wheel(folder, f"part{n}", {f"part{n}/data.bin": data})
    inner = {f"folder/inner/{path}": data for path, data in FILES.items()}
    evil = {"folder/inner/../../../../evil": b"evil", "/evil": b"evil", "folder/inner/extra.py": b"evil"}
    write_wheel(folder, "folder", {**inner, **evil})
    return folder


@pytest.fixture
def pip(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> Pip:
    fake = Pip(wheels)
    monkeypatch.setattr(sources, "pip_download", fake)
    return fake


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    fake = Hub()
    monkeypatch.setattr(sources, "hub_download", fake)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return fake


def pull(
    tmp_path: Path, name: str = "joined", order: tuple[str, ...] = ("wheels",), registry: Any = REGISTRY, **more: Any
) -> Path:
    return fetch.pull(name, cache_dir=tmp_path / "cache", sources=order, registry=registry, **more)


def local(tmp_path: Path, name: str = "joined") -> Path | None:
    return fetch.local_path(name, cache_dir=tmp_path / "cache", registry=REGISTRY)


def remove(tmp_path: Path, name: str = "joined") -> bool:
    return fetch.remove(name, cache_dir=tmp_path / "cache", registry=REGISTRY)


def verify(tmp_path: Path, name: str = "joined") -> None:
    fetch.verify(name, cache_dir=tmp_path / "cache", registry=REGISTRY)


def files_under(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and ".locks" not in path.parts)


def test_pip_itself_brings_parts_that_are_joined_in_order(tmp_path: Path, wheels: Path) -> None:
    seen: list[tuple[str, int, int]] = []

    def record(what: str, done: int, total: int) -> None:
        seen.append((what, done, total))

    path = pull(tmp_path, pip_args=("--no-index", "--find-links", str(wheels)), progress=record)
    assert path.read_bytes() == WHOLE
    assert files_under(tmp_path / "cache") == [path]
    assert {("part1==1.0", len(PARTS[0]), len(WHOLE)), ("joined", len(WHOLE), len(WHOLE))} <= set(seen)
    assert local(tmp_path) == path


def test_a_folder_gets_the_pinned_files_and_nothing_else(tmp_path: Path, pip: Pip) -> None:
    path = pull(tmp_path, "folder")
    assert {file.relative_to(path).as_posix(): file.read_bytes() for file in files_under(tmp_path / "cache")} == FILES
    assert not list(tmp_path.rglob("evil"))
    assert REGISTRY["folder"].sha256 == manifest({name: sha(data) for name, data in FILES.items()})


def test_a_wrong_digest_is_an_error_that_touches_nothing_else(tmp_path: Path, pip: Pip) -> None:
    other = pull(tmp_path, "folder")
    before = files_under(other)
    write_wheel(pip.wheels, "part2", {"part2/data.bin": b"two!" * 1000})
    with pytest.raises(ModelError) as caught:
        pull(tmp_path)
    assert f"expected sha256 {sha(PARTS[1])}, got {sha(b'two!' * 1000)}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert files_under(other) == before
    verify(tmp_path, "folder")
    assert local(tmp_path) is None
    kept = [path.read_bytes() for path in files_under(tmp_path / "cache" / "models" / "joined")]
    assert kept == [PARTS[0]]  # the part that is right stays for the next try, the wrong bytes do not

    write_wheel(pip.wheels, "part2", {"part2/data.bin": PARTS[1]})
    pip.calls.clear()
    assert pull(tmp_path).read_bytes() == WHOLE
    assert pip.calls == ["part2==1.0", "part3==1.0"]


def test_parts_that_are_right_but_a_whole_that_is_not(tmp_path: Path, pip: Pip) -> None:
    mixed = joined("mixed", sha256="0" * 64)
    with pytest.raises(ModelError, match=f"expected sha256 {'0' * 64}, got {sha(WHOLE)}"):
        pull(tmp_path, "mixed", registry={"mixed": mixed})
    assert files_under(tmp_path / "cache") == []


@pytest.mark.parametrize("data", [PARTS[1] + b"more", PARTS[1][:-1]])
def test_a_member_of_another_length(tmp_path: Path, pip: Pip, data: bytes) -> None:
    write_wheel(pip.wheels, "part2", {"part2/data.bin": data})
    with pytest.raises(ModelError, match="wrong bytes"):
        pull(tmp_path)


def test_a_wheel_that_is_none_or_lacks_its_member(tmp_path: Path, pip: Pip) -> None:
    write_wheel(pip.wheels, "part1", {"elsewhere/data.bin": PARTS[0]})
    with pytest.raises(ModelError, match=r"no item named 'part1/data\.bin'"):
        pull(tmp_path)
    (pip.wheels / "part1-1.0-py3-none-any.whl").write_bytes(b"not a zip file")
    with pytest.raises(ModelError, match="not a zip file"):
        pull(tmp_path)


def test_after_an_interruption_only_what_is_missing_is_fetched(tmp_path: Path, pip: Pip) -> None:
    pip.stop_at = "part3==1.0"
    with pytest.raises(KeyboardInterrupt):
        pull(tmp_path)
    assert local(tmp_path) is None
    (growing,) = files_under(tmp_path / "cache")
    assert ".partial" in growing.parts
    # A power cut can leave half a part behind what was verified, and a bad disk can turn a bit in it.
    damaged = bytearray(PARTS[0] + PARTS[1] + PARTS[2][:2])
    damaged[len(PARTS[0]) + 5] ^= 1
    growing.write_bytes(damaged)
    pip.stop_at = None
    pip.calls.clear()
    assert pull(tmp_path).read_bytes() == WHOLE
    assert pip.calls == ["part2==1.0", "part3==1.0"]


def test_the_model_appears_only_when_it_is_whole(tmp_path: Path, pip: Pip) -> None:
    growing: list[int] = []

    def look(what: str, done: int, total: int) -> None:
        assert (local(tmp_path) is not None) == (what == "joined")
        if what == "part3==1.0":
            growing.append(next((tmp_path / "cache").rglob("joined.gguf")).stat().st_ino)

    path = pull(tmp_path, progress=look)
    assert path.stat().st_ino == growing[-1]  # moved there in one step, not copied
    path.write_bytes(WHOLE[:-1])  # cut short by something else: not there, and replaced
    assert local(tmp_path) is None
    assert pull(tmp_path).read_bytes() == WHOLE


def test_the_first_source_that_is_right_wins(tmp_path: Path, pip: Pip, hub: Hub) -> None:
    hub.data = {"official.gguf": WHOLE}
    assert pull(tmp_path, order=("hub", "wheels")).name == "joined.gguf"
    assert (hub.calls, pip.calls) == (["official.gguf"], [])
    assert remove(tmp_path)
    pull(tmp_path, order=("wheels", "hub"))
    assert (len(hub.calls), len(pip.calls)) == (1, 3)


def test_wrong_bytes_from_the_hub_fall_back_with_a_note(tmp_path: Path, pip: Pip, hub: Hub) -> None:
    hub.data = {"official.gguf": b"another quantisation"}
    notes: list[str] = []
    assert pull(tmp_path, order=("hub", "wheels"), note=notes.append).read_bytes() == WHOLE
    (note,) = notes
    assert f"expected sha256 {sha(WHOLE)}, got {sha(b'another quantisation')}" in note
    assert remove(tmp_path)
    with pytest.raises(ModelError, match="wrong bytes"):
        pull(tmp_path, order=("hub",))
    assert files_under(tmp_path / "cache") == []


def test_two_at_once_fetch_each_part_once(tmp_path: Path, pip: Pip) -> None:
    paths: list[Path] = []
    both = [threading.Thread(target=lambda: paths.append(pull(tmp_path))) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert [path.read_bytes() for path in paths] == [WHOLE, WHOLE]
    assert pip.calls == ["part1==1.0", "part2==1.0", "part3==1.0"]


def test_verify_and_remove(tmp_path: Path, pip: Pip) -> None:
    path, other = pull(tmp_path), pull(tmp_path, "folder")
    path.write_bytes(b"X" + WHOLE[1:])  # the same size: only reading it tells
    assert local(tmp_path) == path
    with pytest.raises(ModelError, match="wrong bytes"):
        verify(tmp_path)
    assert remove(tmp_path)
    assert not remove(tmp_path)
    assert not path.exists()
    assert other.exists()
    with pytest.raises(ModelError, match="drag models pull joined"):
        verify(tmp_path)


def test_wrong_names_sources_and_folders(tmp_path: Path, pip: Pip) -> None:
    with pytest.raises(ConfigError, match="known: folder, joined"):
        pull(tmp_path, "nothing")
    with pytest.raises(ConfigError, match="hub, wheels"):
        pull(tmp_path, order=("wheels", "torrent"))
    with pytest.raises(ConfigError, match="hub, wheels"):
        pull(tmp_path, order=())
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(ModelError, match="model cache"):
        pull(tmp_path)
    assert pip.calls == []
