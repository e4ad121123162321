"""What each loss of a training compares, and smaller students, on a random two-layer model."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import test_train_run as running
from tiny import row, system_row, tiny_folder, tiny_gguf, tiny_rows

from drag.errors import ConfigError
from drag.models.local import LocalModel
from drag.train import losses
from drag.train.base import Base, load_base
from drag.train.fake_quant import round_weights, rounded
from drag.train.recipe import Init
from drag.train.smaller import smaller
from drag.train.tokens import IGNORED, encode, prompt_ids

pytestmark = pytest.mark.training
torch: Any = importlib.import_module("torch")
student = running.student
base = running.base
rows = running.rows
trained = running.trained
logged = running.logged
batch_of = running.batch_of


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
