"""The registry, what it refuses, and `drag models` on it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from drag.cli import run
from drag.errors import ConfigError
from drag.models.registry import PACKAGED, cache_root, find, load_registry, manifest

DATA = b"weights"
SHA = hashlib.sha256(DATA).hexdigest()
GOOD = f"""
[mine]
kind = "gguf"
about = "for a test"
licence = "MIT"
file = "mine.gguf"
size = {len(DATA)}
sha256 = "{SHA}"
parts = [{{ wheel = "mine==1.0", member = "mine/data.bin" }}]
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    return path


def test_the_packaged_registry() -> None:
    entries = load_registry()
    assert {name: entry.kind for name, entry in entries.items()} == {
        "smollm2-135m": "gguf",
        "reader": "adapter",
        "qwen2.5-coder-0.5b": "gguf",
        "qwen2.5-coder-1.5b": "gguf",
        "all-minilm-l6-v2": "sentence-transformers",
        "en-core-web-sm": "spacy",
        "en-core-web-md": "spacy",
    }
    for entry in entries.values():
        assert entry.about, entry.name
        assert entry.licence in {"Apache-2.0", "MIT"}
        assert len(entry.sha256) == 64
        assert entry.digest == entry.sha256[:16]
        assert entry.files
        assert entry.packaged or "wheels" in entry.sources
    assert len({entry.digest for entry in entries.values()}) == len(entries)
    assert [len(entries[name].parts) for name in ("qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b")] == [6, 22]
    assert entries["en-core-web-md"].ignore_requires_python
    assert "model.safetensors" in entries["all-minilm-l6-v2"].files


def test_the_digest_of_a_folder_is_that_of_its_sorted_lines() -> None:
    lines = f"{'a' * 64}  a/x\n{'b' * 64}  b\n"
    assert manifest({"b": "b" * 64, "a/x": "a" * 64}) == hashlib.sha256(lines.encode()).hexdigest()


def test_own_entries_come_beside_the_packaged_ones_or_in_their_place(mine: Path) -> None:
    assert load_registry(mine).keys() == load_registry().keys() | {"mine"}
    mine.write_text(GOOD.replace("[mine]", "[smollm2-135m]"))
    assert load_registry(mine)["smollm2-135m"].sha256 == SHA
    assert load_registry()["smollm2-135m"].sha256 != SHA
    with pytest.raises(ConfigError, match=r"no model is called 'nope'; known: .*smollm2-135m"):
        find("nope", load_registry())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("mine/data.bin", "../data.bin", "leaves its folder"),
        ("mine/data.bin", "/etc/passwd", "not a plain relative path"),
        ("mine/data.bin", "C:\\\\x", "not a plain relative path"),
        ('file = "mine.gguf"', 'file = "../mine.gguf"', "file"),
        ('file = "mine.gguf"', 'file = "..\\\\mine.gguf"', "not a plain relative path"),
        ('file = "mine.gguf"', f'files = {{ "a/../../b" = "{SHA}" }}', "leaves its folder"),
        ('file = "mine.gguf"', f'files = {{ "a" = "{SHA}" }}', "but that of files is"),
        ("[mine]", '["../mine"]', "a name has lower-case letters"),
        ("[mine]", '["mine+x"]', "a name has lower-case letters"),
        ("mine==1.0", "mine>=1.0", "wheel"),
        ("mine==1.0", "--index-url=x==1.0", "wheel"),
        ("mine==1.0", "mine @ file:///x", "wheel"),
        (SHA, SHA[:-1], "sha256"),
        (f"size = {len(DATA)}", "size = 0", "size"),
        ('kind = "gguf"', 'kind = "exe"', "kind"),
        ('licence = "MIT"', "", "licence"),
        ('licence = "MIT"', 'licence = "MIT"\ncolour = "red"', "colour"),
        ("parts = ", "# ", "nothing says where it comes from"),
        ("}]", '}, { wheel = "b==1", member = "b" }]', "each of several parts needs its size"),
        ("[mine]", "[mine", "model registry"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(mine: Path, old: str, new: str, message: str) -> None:
    assert GOOD.count(old) == 1
    mine.write_text(GOOD.replace(old, new))
    with pytest.raises(ConfigError, match=message) as caught:
        load_registry(mine)
    assert str(mine) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_cache_is_where_it_was_asked_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRAG_CACHE", raising=False)
    assert cache_root().name == "drag"
    assert PACKAGED.parent not in cache_root().parents
    monkeypatch.setenv("DRAG_CACHE", str(tmp_path / "from the environment"))
    assert cache_root() == tmp_path / "from the environment"
    assert cache_root(tmp_path) == tmp_path


def drag_models(capfd: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = run(["models", *map(str, arguments)])
    said = capfd.readouterr()
    return code, said.out, said.err


def test_the_life_of_a_model_on_the_command_line(
    tmp_path: Path, mine: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with zipfile.ZipFile(tmp_path / "mine-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("mine/data.bin", DATA)
        wheel.writestr("mine-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
        wheel.writestr("mine-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("mine-1.0.dist-info/RECORD", "")
    own = ("--registry", mine, "--cache-dir", tmp_path / "cache")

    code, out, err = drag_models(capfd, *own, "path", "mine")
    assert (code, out) == (1, "")
    assert "drag models pull mine" in err

    code, out, _ = drag_models(capfd, *own, "pull", "mine", "mine", "--source", "wheels")
    assert code == 0
    (path,) = out.splitlines()
    assert Path(path).read_bytes() == DATA
    assert drag_models(capfd, *own, "path", "mine")[:2] == (0, f"{path}\n")
    assert drag_models(capfd, *own, "verify", "mine")[0] == 0

    rows = {row["name"]: row for row in json.loads(drag_models(capfd, *own, "list", "--json")[1])}
    assert rows["mine"]["path"] == path
    assert rows["smollm2-135m"]["path"] is None
    code, out, _ = drag_models(capfd, *own, "list")
    assert code == 0
    (line,) = [line for line in out.splitlines() if line.startswith("mine ")]
    assert "yes" in line

    assert drag_models(capfd, *own, "remove", "mine")[0] == 0
    assert not Path(path).exists()
    assert drag_models(capfd, *own, "path", "mine")[0] == 1


@pytest.mark.parametrize("command", ["pull", "path", "remove", "verify"])
def test_a_wrong_name_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = drag_models(capfd, "--cache-dir", tmp_path, command, "smollm-135m")
    assert code == 1
    assert out == ""
    assert err.startswith("drag: no model is called 'smollm-135m'; known:")
    assert err.count("\n") == 1


def test_listing_imports_nothing_heavy() -> None:
    code = "import sys; from drag.cli import run; run(['models', 'list']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "drag.models.fetch" in loaded
    assert not loaded & {"torch", "spacy", "huggingface_hub", "sentence_transformers", "xllamacpp", "faiss", "networkx"}
