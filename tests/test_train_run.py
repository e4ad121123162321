"""`drag train run` on a random two-layer student: what each loss compares, and that a killed run goes on."""

from __future__ import annotations

import importlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from tiny import row, tiny_folder, tiny_gguf, tiny_rows

from drag.errors import ConfigError
from drag.models.engine import fingerprint
from drag.train.base import Base, load_base
from drag.train.curve import loss_curve
from drag.train.folder import RunFolder
from drag.train.probe import Estimate
from drag.train.recipe import Recipe
from drag.train.rows import read_rows
from drag.train.run import Trained, train
from drag.train.tokens import encode
from drag.train.trainers import Collator

pytestmark = pytest.mark.training

torch: Any = importlib.import_module("torch")

QUICK: dict[str, Any] = {
    "steps": 6, "batch": 3, "accumulation": 2, "checkpoint_every": 3, "rank": 4, "learning_rate": 0.02, "dtype": "f32",
}  # fmt: skip


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_gguf(tmp_path_factory.mktemp("student") / "tiny.gguf")


@pytest.fixture
def base(student: Path) -> Base:
    return load_base(str(student))


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return tiny_rows(tmp_path / "rows.jsonl")


def trained(student: Path, rows: Path, out: Path, **table: Any) -> Trained:
    return train(str(student), rows, out, Recipe.of({**QUICK, **table}))


def logged(out: Path, name: str = "loss") -> list[float]:
    return [one[name] for one in RunFolder(out).logged()]


def weights(out: Path, name: str = "adapter/adapter_model.safetensors") -> dict[str, Any]:
    return importlib.import_module("safetensors.torch").load_file(out / name)


def batch_of(base: Base, count: int = 3) -> dict[str, Any]:
    return Collator(0)([encode(base.tokenizer, row(i), teacher=False).columns() for i in range(count)])


# --- a run


def test_an_adapter_learns_the_replies(student: Path, rows: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    out = tmp_path / "run"
    done = train(
        str(student), rows, out, Recipe.of(QUICK), on_step=lambda step, steps, _loss: seen.append((step, steps))
    )
    assert (done.steps, done.rows, done.finished, done.resumed_from) == (6, 12, True, 0)
    assert seen == [(step, 6) for step in range(1, 7)]
    assert done.loss == logged(out)[-1] < 0.6 * logged(out)[0]
    assert not (out / "model").exists()
    assert all(bool(one.abs().sum() > 0) for name, one in weights(out).items() if "lora_B" in name)
    assert "<polyline" in (out / "loss.svg").read_text()
    facts = RunFolder(out).facts()
    assert facts["recipe"]["rank"] == 4
    assert facts["base"] == f"gguf@{fingerprint(student)}"
    # Started again, there is nothing left to do.
    assert trained(student, rows, out).resumed_from == 6
    assert len(logged(out)) == 6


def test_the_loss_is_over_the_reply_and_its_end_alone(base: Base, student: Path, rows: Path, tmp_path: Path) -> None:
    trained(student, rows, tmp_path / "run", steps=1, batch=12, accumulation=1)
    wanted: list[float] = []
    for one in read_rows(rows, "train"):
        example = encode(base.tokenizer, one, teacher=False)
        ids = torch.tensor([[*example.prompt, *example.reply]])
        with torch.no_grad():
            rated = base.model(input_ids=ids).logits[0].log_softmax(-1)
        start = len(example.prompt) - 1
        wanted += [-float(rated[start + place, token]) for place, token in enumerate(example.reply)]
        assert base.tokenizer.decode([example.reply[-1]]) == "<|im_end|>"
    assert logged(tmp_path / "run") == [pytest.approx(sum(wanted) / len(wanted), abs=1e-3)]


def test_accumulated_batches_make_the_step_of_one_large_batch(student: Path, rows: Path, tmp_path: Path) -> None:
    for name, batch, steps in (("large", 12, 1), ("small", 2, 6)):
        trained(student, rows, tmp_path / name, steps=1, batch=batch, accumulation=steps, warmup=0)
        # Replies differ in length: a mean of means would weigh their tokens differently.
    assert logged(tmp_path / "small") == pytest.approx(logged(tmp_path / "large"), abs=1e-3)


def test_16_bits_learn_as_well(student: Path, rows: Path, tmp_path: Path) -> None:
    trained(student, rows, tmp_path / "a", dtype="f32")
    trained(student, rows, tmp_path / "b", dtype="bf16")
    assert logged(tmp_path / "b") == pytest.approx(logged(tmp_path / "a"), rel=0.1)
    assert all(one.dtype == torch.float32 for one in weights(tmp_path / "b").values())


def test_a_run_that_was_killed_goes_on_as_if_nothing_had_been(student: Path, rows: Path, tmp_path: Path) -> None:
    table = {**QUICK, "steps": 12, "checkpoint_every": 4, "losses": [{"kind": "text"}, {"kind": "logits"}]}
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(json.dumps(table))
    out, whole = tmp_path / "killed", tmp_path / "whole"
    # The callback kills the process itself, right after the sixth step: nothing can be tidied up.
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom drag.train.recipe import Recipe\n"
        "from drag.train.run import train\n"
        "student, rows, out, recipe = map(Path, sys.argv[1:])\n"
        "train(str(student), rows, out, Recipe.load(recipe),\n"
        "      on_step=lambda step, steps, loss: step == 6 and os.kill(os.getpid(), signal.SIGKILL))\n"
    )
    died = subprocess.run([sys.executable, "-c", script, student, rows, out, recipe], capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert len(logged(out)) == 6
    # A checkpoint that was being written when it died.
    (out / "checkpoint-5").mkdir()
    (out / "checkpoint-5" / "trainer_state.json").write_text('{"global_step": 5')
    done = train(str(student), rows, out, Recipe.load(recipe))
    assert (done.resumed_from, done.steps) == (4, 12)
    train(str(student), rows, whole, Recipe.load(recipe))
    assert logged(out) == pytest.approx(logged(whole), abs=1e-4)
    for name, one in weights(whole).items():
        assert torch.allclose(weights(out)[name], one, atol=1e-5), name


def test_a_folder_belongs_to_one_recipe_its_rows_and_its_student(student: Path, rows: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    trained(student, rows, out, steps=1)
    with pytest.raises(ConfigError, match="another recipe"):
        trained(student, rows, out, steps=2)
    with pytest.raises(ConfigError, match="another rows"):
        trained(student, tiny_rows(tmp_path / "other.jsonl", 5), out, steps=1)
    with pytest.raises(ConfigError, match="another student"):
        trained(tiny_gguf(tmp_path / "other.gguf", seed=1), rows, out, steps=1)
    with pytest.raises(ConfigError, match="holds no run"):
        trained(student, rows, tmp_path, steps=1)


def test_a_probe_leaves_no_trace(student: Path, rows: Path, tmp_path: Path) -> None:
    told: list[Estimate] = []
    table = {**QUICK, "losses": [{"kind": "text"}, {"kind": "hidden"}]}
    train(
        str(student), rows, tmp_path / "no", Recipe.of(table), probe_only=True, on_estimate=lambda e: not told.append(e)
    )
    assert not (tmp_path / "no").exists()
    assert told[0].steps == 6
    assert told[0].memory > 10**8
    assert told[0].minutes == pytest.approx(told[0].seconds_per_step * 6 / 60, abs=0.01)
    refused = train(str(student), rows, tmp_path / "run", Recipe.of(QUICK), on_estimate=lambda _e: False)
    assert (refused.finished, logged(tmp_path / "run")) == (False, [])


def test_what_is_too_long_is_counted_and_never_cut(base: Base, student: Path, tmp_path: Path) -> None:
    lengths = sorted({len(encode(base.tokenizer, row(i), teacher=False)) for i in range(12)})
    rows = tiny_rows(tmp_path / "rows.jsonl")
    done = trained(student, rows, tmp_path / "run", steps=1, max_tokens=lengths[0])
    assert 0 < done.rows < 12
    assert done.rows + done.too_long == 12
    with pytest.raises(ConfigError, match=f"no row fits max_tokens = 5: the shortest has {lengths[0]} tokens"):
        trained(student, rows, tmp_path / "none", max_tokens=5)


# --- input


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lerning_rate: 1", "lerning_rate: Extra inputs are not permitted"),
        ("method: qlora", "method: Input should be 'lora' or 'full'"),
        ("losses: []", "there has to be a loss"),
        ("losses: [{kind: hidden, weight: -1}]", "losses.0.weight"),
        ("init: {kind: layers}", "needs a number of layers"),
        ("init: {kind: uniform}\nmethod: full", "needs a width"),
        ("init: {kind: layers, layers: 1}", "method: full"),
        ("steps: 3\nepochs: 2", "exclude each other"),
        ("targets: [lm_head]", "targets"),
        ("a: [", "is not YAML"),
        ("- 1", "valid dictionary"),
    ],
)
def test_a_wrong_recipe_is_one_line(text: str, said: str, tmp_path: Path, command: Command) -> None:
    (tmp_path / "recipe.yaml").write_text(text)
    rows = tiny_rows(tmp_path / "rows.jsonl", 2)
    outcome = command("train", "run", "--recipe", "recipe.yaml", "--rows", rows, "-o", "out")
    assert outcome.code == 1
    assert said in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_what_cannot_be_exported_is_not_trained(tmp_path: Path, rows: Path, command: Command) -> None:
    other = tiny_folder(tmp_path / "neox", architecture="gpt_neox")
    outcome = command("train", "run", "--student", other, "--rows", rows, "-o", "out")
    assert (outcome.code, len(outcome.err.splitlines())) == (1, 1)
    assert "'gpt_neox' cannot be exported: the layout of its tensors has no parity test" in outcome.err
    for spec, said in (("nobody", "cannot be trained"), ("smollm2-135m+reader", "has an adapter already")):
        outcome = command("train", "run", "--student", spec, "--rows", rows, "-o", "out")
        assert (outcome.code, len(outcome.err.splitlines())) == (1, 1)
        assert said in outcome.err


def test_the_command_reports_what_it_did(student: Path, rows: Path, tmp_path: Path, command: Command) -> None:
    (tmp_path / "recipe.yaml").write_text(json.dumps({**QUICK, "steps": None, "epochs": 2}))
    arguments = ("train", "run", "--student", student, "--recipe", "recipe.yaml", "--rows", rows, "-o", "out")
    probed = command(*arguments, "--probe-only")
    assert probed.code == 0
    assert "three steps tried" in probed.err
    assert "4 steps are about" in probed.err
    assert not (tmp_path / "out").exists()
    done = command(*arguments, "--steps", "2", "--seed", "5", "--json")
    report = json.loads(done.out)
    assert (done.code, report["steps"], report["rows"], report["finished"]) == (0, 2, 12, True)
    recipe = RunFolder(tmp_path / "out").facts()["recipe"]
    assert (recipe["seed"], recipe["steps"], recipe["epochs"]) == (5, 2, None)


def test_a_curve_has_a_point_a_step_and_bears_what_is_not_finite() -> None:
    drawn = loss_curve([(1, 4.0), (2, float("nan")), (3, 1.0)])
    assert drawn.count("<polyline") == 2
    assert "nan" not in drawn
    assert drawn.split('points="')[1].split('"')[0].count(",") == 2
    assert "<svg" in loss_curve([])
