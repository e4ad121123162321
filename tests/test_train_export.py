"""`drag train export`: every format, loss and beginning goes through llama.cpp and means there what torch meant."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from tiny import PEOPLE, read_json, row, system_row, tiny_folder, tiny_gguf, tiny_rows

from drag.errors import ConfigError, DragError, ModelError
from drag.models import load_model
from drag.models.engine import fingerprint
from drag.models.local import LocalModel
from drag.protocols import ScoringModel
from drag.train import export_gguf
from drag.train.base import load_base
from drag.train.export import export
from drag.train.export_gguf import Format, permuted, write_model
from drag.train.folder import RunFolder
from drag.train.parity import parity
from drag.train.recipe import Recipe
from drag.train.run import train
from drag.types import Prompt

pytestmark = pytest.mark.training

QUICK: dict[str, Any] = {
    "steps": 6, "batch": 3, "accumulation": 2, "checkpoint_every": 50, "rank": 4, "learning_rate": 0.02, "dtype": "f32",
}  # fmt: skip
FULL: dict[str, Any] = {"method": "full", "learning_rate": 0.005}
Run = Callable[..., Path]


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_gguf(tmp_path_factory.mktemp("student") / "tiny.gguf")


@pytest.fixture(scope="module")
def run(student: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of a recipe; the same recipe is trained once."""
    done: dict[str, Path] = {}

    def call(*, of: Path = student, taught: bool = False, **table: Any) -> Path:
        recipe = Recipe.of({**QUICK, **table})
        key = f"{of}{taught}{recipe.digest}"
        if key not in done:
            place = tmp_path_factory.mktemp("run")
            rows = tiny_rows(place / "rows.jsonl", taught=taught)
            train(str(of), rows, place / "run", recipe)
            done[key] = place / "run"
        return done[key]

    return call


def likelihood(spec: str) -> float:
    """Of the replies of the training rows, in nats a token."""
    model = load_model(spec)
    assert isinstance(model, ScoringModel)
    found = [model.score(Prompt("x", row(i).messages), [row(i).reply])[0].mean for i in range(6)]
    model.close()
    return sum(found) / len(found)


WAYS: dict[str, dict[str, Any]] = {
    "text": {},
    "text-bf16": {"dtype": "bf16"},
    "text-full": FULL,
    "logits": {"losses": [{"kind": "logits", "temperature": 2}], "taught": True},
    "logits-full": {**FULL, "losses": [{"kind": "logits"}, {"kind": "text"}], "taught": True},
    "hidden": {"losses": [{"kind": "hidden"}, {"kind": "text"}], "taught": True},
    "quantised": {"losses": [{"kind": "text"}, {"kind": "quantised"}]},
    "quantised-full": {**FULL, "losses": [{"kind": "quantised", "to": "q8_0"}, {"kind": "text"}]},
    "layers": {**FULL, "init": {"kind": "layers", "layers": 1}, "losses": [{"kind": "text"}, {"kind": "hidden"}]},
    "uniform": {**FULL, "init": {"kind": "uniform", "width": 32}, "losses": [{"kind": "text"}, {"kind": "hidden"}]},
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_training_comes_back_from_llama_cpp(way: str, run: Run, student: Path, tmp_path: Path) -> None:
    trained = run(**WAYS[way])
    adapter = "method" not in WAYS[way]
    done = export(trained, tmp_path / "out.gguf", "lora-gguf" if adapter else "f16")
    assert done.parity.tokens >= 8
    assert done.parity.mean < 0.02
    spec = f"{student}+{done.path}" if adapter else str(done.path)
    if way not in {"logits", "logits-full", "hidden"}:
        assert likelihood(spec) > likelihood(str(student)) + 0.3
    model = load_model(spec)
    (reply,) = model.generate([Prompt("x", row(0).messages, max_tokens=8)])
    assert not isinstance(reply, DragError)
    model.close()


@pytest.mark.parametrize("format", ["lora-gguf", "f16", "q8_0", "q4_0"])
def test_every_format_is_loaded_at_once(format: Format, run: Run, student: Path, tmp_path: Path) -> None:
    done = export(run(), tmp_path / "out.gguf", format)
    assert done.parity.mean < {"lora-gguf": 0.02, "f16": 0.02, "q8_0": 0.05, "q4_0": 0.6}[format]
    assert done.size == done.path.stat().st_size
    described = read_json(tmp_path / "out.gguf.json")
    assert described["sha256"] == done.sha256 == hashlib.sha256(done.path.read_bytes()).hexdigest()
    assert described["base"] == f"gguf@{fingerprint(student)}"
    assert described["recipe_sha256"] == Recipe.of(QUICK).digest
    assert described["rows_sha256"] == RunFolder(run()).facts()["rows_sha256"]
    assert described["parity"]["mean"] == done.parity.mean
    if format == "lora-gguf":
        assert done.untouched is not None
        assert 0.02 < done.bound < 0.03
        assert done.bound == pytest.approx(0.02 + 2 * done.untouched.mean, abs=1e-4)
    assert not list(tmp_path.glob("*.part"))


def test_smaller_formats_are_smaller_and_an_adapter_is_the_smallest(run: Run, tmp_path: Path) -> None:
    sizes = [export(run(), tmp_path / f"{one}.gguf", one).size for one in ("lora-gguf", "q4_0", "q8_0", "f16")]  # type: ignore[arg-type]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1] / 4


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
def test_a_folder_is_written_with_its_tokenizer(architecture: str, tied: bool, run: Run, tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path / "student", architecture=architecture, tied=tied)
    done = export(run(of=folder, steps=2), tmp_path / "out.gguf", "f16")
    assert done.parity.mean < 0.02
    with pytest.raises(ConfigError, match="no GGUF file for an adapter"):
        export(run(of=folder, steps=2), tmp_path / "adapter.gguf")
    # And from that file on, an adapter.
    again = export(run(of=done.path, steps=2), tmp_path / "adapter.gguf")
    assert again.parity.mean < 0.02
    base = load_base(str(done.path))
    assert parity(base, base.model, done.path, None, [system_row()]).mean < 0.02


def test_an_untouched_student_is_written_as_it_was_read(student: Path, tmp_path: Path) -> None:
    gguf: Any = importlib.import_module("gguf")
    base = load_base(str(student))
    write_model(base, base.model, tmp_path / "again.gguf", "f16")
    before, after = (gguf.GGUFReader(str(path)) for path in (student, tmp_path / "again.gguf"))
    assert {one.name: one.data.tobytes() for one in before.tensors} == {
        one.name: one.data.tobytes() for one in after.tensors
    }
    assert {name: field.contents() for name, field in before.fields.items() if "." in name} == {
        name: field.contents() for name, field in after.fields.items() if "." in name
    }


def test_rows_that_make_no_blocks_stay_in_16_bits(tmp_path: Path) -> None:
    gguf: Any = importlib.import_module("gguf")
    base = load_base(str(tiny_folder(tmp_path / "student")))
    base.model.config.intermediate_size = 40
    other = importlib.import_module("transformers").AutoModelForCausalLM.from_config(base.model.config)
    write_model(base, other, tmp_path / "out.gguf", "q4_0")
    kinds = {one.name: one.tensor_type.name for one in gguf.GGUFReader(str(tmp_path / "out.gguf")).tensors}
    assert kinds["blk.0.ffn_down.weight"] == "F16"
    assert kinds["blk.0.ffn_up.weight"] == "Q4_0"
    assert kinds["token_embd.weight"] == "Q8_0"
    assert kinds["blk.0.attn_norm.weight"] == "F32"
    assert parity(base, other, tmp_path / "out.gguf", None, [row(0)]).tokens > 0


def test_rows_are_turned_as_llama_cpp_turns_them() -> None:
    numpy: Any = importlib.import_module("numpy")
    rows = numpy.arange(8)[:, None]
    assert permuted(rows, 2)[:, 0].tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


@pytest.mark.parametrize("format", ["lora-gguf", "f16"])
def test_a_wrong_layout_is_found_and_nothing_is_written(
    format: Format, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = run(steps=6, learning_rate=0.05)

    def untouched(weight: Any, _heads: int) -> Any:
        return weight

    monkeypatch.setattr(export_gguf, "permuted", untouched)
    with pytest.raises(ModelError, match=r"llama\.cpp and torch differ by"):
        export(trained, tmp_path / "out.gguf", format)
    assert not list(tmp_path.iterdir())


def test_other_tokens_are_found(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(_local: object, messages: object) -> str:
        return "<|im_start|>user\nanother template<|im_end|>\n"

    monkeypatch.setattr(LocalModel, "_render", other)
    with pytest.raises(ModelError, match="in other tokens than torch was trained on"):
        export(run(), tmp_path / "out.gguf")


def test_what_has_no_adapter_or_no_end_is_refused(run: Run, student: Path, tmp_path: Path, command: Command) -> None:
    full = run(**FULL)
    unfinished = tmp_path / "unfinished"
    facts = {**RunFolder(run()).facts(), "finished": False}
    unfinished.mkdir()
    (unfinished / "run.json").write_text(json.dumps(facts))
    (tmp_path / "empty").mkdir()
    other = tiny_gguf(tmp_path / "other.gguf", seed=9)
    for arguments, said in (
        ((full, "-o", "a.gguf"), "has no adapter: export it as f16, q8_0 or q4_0"),
        ((unfinished, "-o", "a.gguf"), "is not finished"),
        ((tmp_path / "empty", "-o", "a.gguf"), "holds no run"),
        ((run(), "-o", "a.bin"), "has to end in .gguf"),
        ((run(), "-o", "a.gguf", "--student", other), "is not the student that was trained"),
    ):
        outcome = command("train", "export", *arguments)
        assert (outcome.code, len(outcome.err.splitlines())) == (1, 1)
        assert said in outcome.err
    assert not list(tmp_path.glob("a.*"))


def test_a_student_that_moved_is_named(run: Run, student: Path, tmp_path: Path, command: Command) -> None:
    moved = tmp_path / "elsewhere.gguf"
    moved.write_bytes(student.read_bytes())
    outcome = command("train", "export", run(), "-o", "mine.gguf", "--student", moved, "--json")
    assert outcome.code == 0
    report = json.loads(outcome.out)
    assert report["parity"]["mean"] < 0.02
    failed = command("train", "export", run(), "-o", "none.gguf", "--bound", "0")
    assert (failed.code, len(failed.err.splitlines())) == (1, 1)
    assert "more than 0.0: the file is not written" in failed.err


def test_ask_answers_with_the_adapter(run: Run, student: Path, tmp_path: Path, command: Command) -> None:
    learnt = run(taught=True, steps=40, batch=6, accumulation=1, rank=8)
    export(learnt, tmp_path / "mine.gguf")
    asked = ("ask", "Who built the Aldgate Clock?", "--student")
    tuned, bare = command(*asked, f"{student}+mine.gguf"), command(*asked, student)
    assert (tuned.code, bare.code) == (0, 0)
    # Random weights say noise, or nothing; what was learnt is to say a name.
    assert tuned.out.split("\n")[0] in PEOPLE
    assert bare.out.split("\n")[0] not in PEOPLE


def test_the_sample_is_of_the_rows_that_were_learnt(run: Run) -> None:
    kept = RunFolder(run()).sample()
    assert len(kept) == 4
    assert all(one.split == "train" for one in kept)


def test_a_tokenizer_of_another_kind_is_refused(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path / "student")
    table = json.loads((folder / "tokenizer.json").read_text())
    table["pre_tokenizer"] = {"type": "Whitespace"}
    (folder / "tokenizer.json").write_text(json.dumps(table))
    base = load_base(str(folder))
    with pytest.raises(ConfigError, match="cuts texts in a way that has no parity test: Whitespace"):
        write_model(base, base.model, tmp_path / "out.gguf", "f16")


def test_prompts_may_be_long(run: Run, student: Path, tmp_path: Path) -> None:
    base = load_base(str(student))
    one = row(0)
    long = [type(one.messages[0])("user", "Mara Finch built the red tower. " * 60)]
    kept = [replace(one, messages=tuple(long))]
    assert parity(base, base.model, student, None, kept).mean < 0.02
