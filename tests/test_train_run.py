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
from tiny import row, system_row, tiny_folder, tiny_gguf, tiny_rows

from drag.errors import ConfigError
from drag.models.engine import fingerprint
from drag.models.local import LocalModel
from drag.train import losses
from drag.train.base import Base, load_base
from drag.train.curve import loss_curve
from drag.train.fake_quant import round_weights, rounded
from drag.train.folder import RunFolder
from drag.train.probe import Estimate
from drag.train.recipe import Init, Recipe
from drag.train.rows import read_rows
from drag.train.run import Trained, train
from drag.train.smaller import smaller
from drag.train.tokens import IGNORED, encode, prompt_ids
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


# --- tokens


def test_torch_reads_the_tokens_that_llama_cpp_reads(base: Base, student: Path) -> None:
    local = LocalModel(student)
    for one in (row(0), row(1, taught=True), system_row()):
        assert local.prompt_tokens(one.messages) == list(prompt_ids(base.tokenizer, one.messages))
    assert list(encode(base.tokenizer, system_row(), teacher=False).reply[:-1]) == local.tokens(system_row().reply)
    local.close()


# --- losses


def test_only_the_reply_goes_through_the_last_layer(base: Base) -> None:
    inputs = batch_of(base)
    with torch.no_grad():
        logits, tokens, hidden = losses.read(base.model, inputs, hidden=True)
        whole = base.model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits
    wanted = inputs["labels"][:, 1:] != IGNORED
    assert logits.shape == (int(wanted.sum()), base.model.config.vocab_size)
    assert torch.allclose(logits, whole[:, :-1][wanted], atol=1e-4)
    assert tokens.tolist() == inputs["labels"][:, 1:][wanted].tolist()
    assert len(hidden) == 3


def test_divergence_is_forward_and_keeps_its_size_under_a_temperature() -> None:
    student, teacher = torch.tensor([[0.0, 1.0, 3.0]]), torch.tensor([[2.0, 1.0, 0.0]])
    p, q = teacher.softmax(-1), student.softmax(-1)
    assert float(losses.divergence(student, teacher)) == pytest.approx(float((p * (p / q).log()).sum()), abs=1e-6)
    p, q = (teacher / 4).softmax(-1), (student / 4).softmax(-1)
    warm = 16 * float((p * (p / q).log()).sum())
    assert float(losses.divergence(student, teacher, 4.0)) == pytest.approx(warm, abs=1e-6)
    assert float(losses.divergence(teacher, teacher, 4.0)) == pytest.approx(0, abs=1e-6)


def test_hidden_states_are_compared_relative_to_their_size() -> None:
    teacher = torch.tensor([[3.0, 4.0]])
    assert float(losses.nearness(teacher * 0, teacher)) == 1
    assert float(losses.nearness(teacher * 200, teacher * 100)) == 1
    projection = torch.nn.Linear(3, 2, bias=False)
    assert float(losses.nearness(torch.zeros(1, 3), teacher, projection).detach()) == 1
    assert losses.spread(2, 4) == {1: 2, 2: 4}
    assert losses.spread(3, 2) == {1: 1, 2: 1, 3: 2}


def test_the_student_learns_from_what_it_is_when_it_has_read_more(student: Path, tmp_path: Path) -> None:
    logits = {"losses": [{"kind": "logits"}], "steps": 10}
    alike = tiny_rows(tmp_path / "alike.jsonl")
    taught = tiny_rows(tmp_path / "taught.jsonl", taught=True)
    trained(student, alike, tmp_path / "alike", **{**logits, "steps": 1})
    trained(student, taught, tmp_path / "taught", **logits)
    assert logged(tmp_path / "alike", "term/0:logits")[0] == pytest.approx(0, abs=1e-5)
    terms = logged(tmp_path / "taught", "term/0:logits")
    assert terms[0] > 0.1
    assert min(terms) < 0.8 * terms[0]


def test_a_larger_teacher_of_the_same_vocabulary_is_imitated(student: Path, rows: Path, tmp_path: Path) -> None:
    teacher = tiny_gguf(tmp_path / "large.gguf", layers=4, width=96, seed=3)
    table = {
        "losses": [
            {"kind": "logits", "teacher": str(teacher), "weight": 0.5},
            {"kind": "hidden", "teacher": str(teacher), "layers": {1: 2, 2: 4}, "weight": 2},
        ],
        "steps": 8,
    }
    trained(student, rows, tmp_path / "run", **table)
    parts = [logged(tmp_path / "run", name) for name in ("term/0:logits", "term/1:hidden")]
    assert all(part[-1] < part[0] for part in parts)
    assert logged(tmp_path / "run") == pytest.approx([0.5 * a + 2 * b for a, b in zip(*parts, strict=True)], rel=1e-2)
    # The widths differ: a learnt projection, which a checkpoint keeps.
    kept = torch.load(tmp_path / "run" / "checkpoint-8" / "projections.pt", weights_only=True)
    assert {name: tuple(one.shape) for name, one in kept.items()} == {
        "1:1.weight": (96, 64), "1:2.weight": (96, 64)
    }  # fmt: skip


def test_a_teacher_of_another_vocabulary_or_without_the_layer_is_refused(
    student: Path, rows: Path, tmp_path: Path
) -> None:
    other = tiny_gguf(tmp_path / "other.gguf", more_words=["quixotic zebras jump"] * 9)
    with pytest.raises(ConfigError, match="has another vocabulary"):
        trained(student, rows, tmp_path / "a", losses=[{"kind": "logits", "teacher": str(other)}])
    with pytest.raises(ConfigError, match="layers: 2: 3: the student has layers 0 to 2"):
        trained(student, rows, tmp_path / "b", losses=[{"kind": "hidden", "layers": {2: 3}}])


@pytest.mark.parametrize("to", ["q8_0", "q4_0"])
def test_weights_are_rounded_as_in_the_file(to: Any) -> None:
    gguf: Any = importlib.import_module("gguf")
    weight = torch.randn(7, 96, generator=torch.Generator().manual_seed(1))
    weight[0, :32] = 0
    kind = gguf.GGMLQuantizationType[to.upper()]
    stored = gguf.quants.dequantize(gguf.quants.quantize(weight.numpy(), kind), kind)
    assert torch.equal(round_weights(weight, to), torch.from_numpy(stored))
    assert torch.equal(round_weights(weight[:, :40], to), weight[:, :40])


def test_a_rounded_student_computes_with_its_adapter_in_its_blocks(base: Base) -> None:
    peft: Any = importlib.import_module("peft")
    model = peft.get_peft_model(base.model, peft.LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "down_proj"]))
    for name, one in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(one, std=0.2)
    inputs = batch_of(base)
    before = losses.read(model, inputs)[0]
    with rounded(model, "q4_0"):
        coarse = losses.read(model, inputs)[0]
        coarse.sum().backward()
    assert torch.equal(losses.read(model, inputs)[0], before)
    assert any(float(one.grad.abs().sum()) > 0 for name, one in model.named_parameters() if "q_proj.lora_A" in name)
    merged = model.merge_and_unload()
    with torch.no_grad():
        for name, one in merged.named_parameters():
            if "proj" in name:
                one.copy_(round_weights(one, "q4_0"))
    assert torch.allclose(losses.read(merged, inputs)[0], coarse, atol=1e-3)
    assert not torch.allclose(before, coarse, atol=1e-2)


def test_rounding_hurts_less_after_training_against_it(student: Path, rows: Path, tmp_path: Path) -> None:
    table = {"losses": [{"kind": "quantised", "to": "q4_0"}], "method": "full", "learning_rate": 0.003, "steps": 15}
    trained(student, rows, tmp_path / "run", **table)
    terms = logged(tmp_path / "run", "term/0:quantised")
    assert sum(terms[-3:]) < 0.8 * sum(terms[:3])


# --- smaller students


def test_all_of_a_student_is_the_student(base: Base) -> None:
    same = smaller(base.model, Init(kind="uniform", layers=2, width=64))
    assert same is not base.model
    inputs = batch_of(base)
    with torch.no_grad():
        assert torch.allclose(losses.read(same, inputs)[0], losses.read(base.model, inputs)[0], atol=1e-5)


def test_a_smaller_student_has_every_second_of_everything(tmp_path: Path) -> None:
    for architecture in ("llama", "qwen2"):
        large = load_base(str(tiny_folder(tmp_path / architecture, architecture=architecture, layers=5, tied=False)))
        small = smaller(large.model, Init(kind="uniform", layers=3, width=32))
        config = small.config
        sizes = (config.hidden_size, config.intermediate_size, config.num_attention_heads, config.num_key_value_heads)
        assert sizes == (32, 48, 2, 1)
        old, new = large.model.state_dict(), small.state_dict()
        hidden = [round(place * 63 / 31) for place in range(32)]
        assert torch.equal(new["model.embed_tokens.weight"], old["model.embed_tokens.weight"][:, hidden])
        assert torch.equal(
            new["model.layers.2.input_layernorm.weight"], old["model.layers.4.input_layernorm.weight"][hidden]
        )
        # The first key head, and the first and the last of the heads that read it.
        assert torch.equal(
            new["model.layers.1.self_attn.k_proj.weight"], old["model.layers.2.self_attn.k_proj.weight"][:16, hidden]
        )
        assert torch.equal(
            new["model.layers.1.self_attn.q_proj.weight"], old["model.layers.2.self_attn.q_proj.weight"][:32, hidden]
        )
    fewer = smaller(large.model, Init(kind="layers", layers=2))
    assert torch.equal(
        fewer.state_dict()["model.layers.1.mlp.up_proj.weight"], old["model.layers.4.mlp.up_proj.weight"]
    )
    with pytest.raises(ConfigError, match="9 layers cannot be taken from 5"):
        smaller(large.model, Init(kind="layers", layers=9))


@pytest.mark.parametrize(
    "init", [{"kind": "layers", "layers": 1}, {"kind": "uniform", "width": 32}], ids=["layers", "uniform"]
)
def test_a_smaller_student_learns_from_the_larger_one(
    init: dict[str, Any], student: Path, rows: Path, tmp_path: Path
) -> None:
    table = {"method": "full", "init": init, "losses": [{"kind": "logits"}, {"kind": "hidden"}], "steps": 8}
    trained(student, rows, tmp_path / "run", **{**table, "learning_rate": 0.005})
    terms = logged(tmp_path / "run", "term/0:logits")
    assert terms[-1] < 0.9 * terms[0]


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
