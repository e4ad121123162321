"""TransformersModel over a tiny random Llama: what it says is noise, how it says it is what counts."""

from __future__ import annotations

import importlib
import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from drag.errors import ContextOverflow, ModelError
from drag.models import load_model
from drag.models.hf import TransformersModel
from drag.protocols import LanguageModel, ScoringModel
from drag.types import Message, Prompt, Reply

MARKS = ("<s>", "</s>", "<|im_start|>", "<|im_end|>")
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# Refuses a system turn, as Gemma's does.
STRICT = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system turn') }}{% endif %}" + TEMPLATE


def build(folder: Path, template: str | None = TEMPLATE) -> Path:
    """Save a Llama of 2 layers over single bytes: every text has one token a byte, and every token a row."""
    torch, transformers = importlib.import_module("torch"), importlib.import_module("transformers")
    tokenizers = importlib.import_module("tokenizers")
    letters = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: index for index, token in enumerate([*MARKS, *letters])}
    inner = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocabulary, merges=[]))
    inner.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = tokenizers.decoders.ByteLevel()
    inner.add_special_tokens(list(MARKS))
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>", eos_token="</s>")
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    size = {"vocab_size": len(vocabulary), "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 512}
    config = transformers.LlamaConfig(**size, **heads, bos_token_id=0, eos_token_id=[1, 3], initializer_range=0.6)
    torch.manual_seed(7)
    model = transformers.LlamaForCausalLM(config)
    with torch.no_grad():
        # Only printable characters can win, so that a reply read again gives the same tokens.
        for token, index in vocabulary.items():
            if token in MARKS or not token.isascii():
                model.lm_head.weight[index] = 0.0
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads that wait for each other on a busy machine cost more than all of the arithmetic here."""
    torch = importlib.import_module("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="session")
def model(folder: Path) -> TransformersModel:
    return TransformersModel(str(folder), context_tokens=300)


@pytest.fixture(autouse=True)
def network(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """A network that nobody can reach; it knows whether somebody tried."""
    refuse = Mock(side_effect=OSError("no network here\nnone at all"))
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return refuse


def ask(text: str = "Why is the sky blue?", *, system: str = "", max_tokens: int = 16, **options: Any) -> Prompt:
    return Prompt.ask("test@1", text, system, max_tokens=max_tokens, **options)


def libraries(folder: Path) -> tuple[Any, Any, Any]:
    """torch, and the tokenizer and the network in `folder`, past the class under test."""
    torch, transformers = importlib.import_module("torch"), importlib.import_module("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    return torch, tokenizer, transformers.AutoModelForCausalLM.from_pretrained(folder).eval()


def reply(model: LanguageModel, prompt: Prompt, **options: Any) -> Reply:
    (result,) = model.generate([prompt], **options)
    assert isinstance(result, Reply), result
    return result


def streamed(model: TransformersModel, prompt: Prompt) -> tuple[Reply, list[str]]:
    pieces: list[str] = []
    return reply(model, prompt, on_text=pieces.append), pieces


def test_greedy_is_deterministic_and_counts(model: TransformersModel) -> None:
    one, two = reply(model, ask()), reply(model, ask())
    assert (one.text, one.logprob) == (two.text, two.logprob)
    assert (one.finish, one.usage.completion_tokens) == ("length", 16)
    assert one.usage.seconds > 0
    assert one.usage.prompt_tokens == 3 + len("user\nWhy is the sky blue?\nassistant\n")


def test_through_load_model(folder: Path, model: TransformersModel) -> None:
    loaded = load_model(f"hf:{folder}")
    assert isinstance(loaded, ScoringModel)
    assert (loaded.name, loaded.context_tokens, loaded.identity) == (f"hf:{folder}", 512, model.identity)
    assert reply(loaded, ask()).text == reply(model, ask()).text


def test_batch_keeps_its_order_and_its_errors(model: TransformersModel) -> None:
    prompts = [ask("one"), ask("x" * 400), ask("three", max_tokens=3)]
    seen: dict[int, Reply] = {}
    results = model.generate(prompts, on_reply=seen.__setitem__)
    assert isinstance(results[1], ContextOverflow)
    assert seen == {0: results[0], 2: results[2]}
    assert [seen[at].text for at in (0, 2)] == [reply(model, prompts[at]).text for at in (0, 2)]


def test_the_reply_ends_where_the_context_does(model: TransformersModel) -> None:
    used = reply(model, ask("")).usage.prompt_tokens
    result = reply(model, ask("x" * (300 - used - 2), max_tokens=50))
    assert (result.finish, result.usage.completion_tokens) == ("length", 2)


def test_sampling_follows_its_seed(model: TransformersModel) -> None:
    one, again, two, three = (reply(model, ask(temperature=1.5, seed=seed)).text for seed in (1, 1, 2, -3))
    assert one == again
    assert len({one, two, three}) == 3


def test_streaming_says_the_same(model: TransformersModel) -> None:
    result, pieces = streamed(model, ask())
    assert len(pieces) > 1
    assert "".join(pieces).strip() == result.text == reply(model, ask()).text


def test_stop_string_ends_the_reply_before_itself(model: TransformersModel) -> None:
    whole = "".join(streamed(model, ask())[1])
    stop = whole[10:13]
    # A stop string that begins like the text but goes on otherwise holds text back and gives it again.
    result, pieces = streamed(model, ask(stop=(stop, whole[2:5] + "\x00", "")))
    assert ("".join(pieces), result.finish) == (whole[: whole.find(stop)], "stop")
    result, pieces = streamed(model, ask(stop=(whole[-2:] + "\x00",)))
    assert ("".join(pieces), result.finish) == (whole, "length")


def test_abort_and_callback_errors(model: TransformersModel) -> None:
    enough = Mock(side_effect=[None, False, True])
    result = reply(model, ask(), on_text=enough)
    assert (result.finish, result.usage.completion_tokens) == ("aborted", 3)
    assert result.text == "".join(call.args[0] for call in enough.call_args_list).strip()
    broken = Mock(side_effect=ModelError("mine"))
    for callback in ("on_text", "on_reply"):
        with pytest.raises(ModelError, match="mine"):
            model.generate([ask()], **{callback: broken})


@pytest.mark.parametrize("temperature", [0.0, 1.5])
def test_score_is_what_generation_reports(model: TransformersModel, temperature: float) -> None:
    prompt = ask(temperature=temperature)
    result, pieces = streamed(model, prompt)
    (likelihood,) = model.score(prompt, ["".join(pieces)])
    assert len(likelihood.tokens) == 16
    assert result.logprob is not None
    assert likelihood.mean == pytest.approx(result.logprob, abs=1e-4)


def test_score_equals_one_pass_over_everything(folder: Path, model: TransformersModel) -> None:
    torch, tokenizer, llama = libraries(folder)
    text = "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n"
    prefix, ids = tokenizer(text)["input_ids"], tokenizer("Because.")["input_ids"]
    with torch.inference_mode():
        rows = llama(torch.tensor([prefix + ids])).logits[0, len(prefix) - 1 : -1].log_softmax(-1)
    (likelihood,) = model.score(ask("Why?"), ["Because."])
    expected = [float(row[token]) for row, token in zip(rows, ids, strict=True)]
    assert list(likelihood.tokens) == pytest.approx(expected, abs=1e-4)


def test_several_continuations_equal_one_by_one(model: TransformersModel) -> None:
    continuations = ["A", "yes, of course", "no", "A", "ünïcode </s>"]
    together = model.score(ask(), continuations)
    assert together == [model.score(ask(), [one])[0] for one in continuations]
    # A mark in a continuation is text, not the token that ends a reply.
    assert len(together[-1].tokens) == len("ünïcode </s>".encode())
    assert model.score(ask(), []) == []
    with pytest.raises(ModelError, match="empty"):
        model.score(ask(), ["A", ""])
    with pytest.raises(ContextOverflow):
        model.score(ask(), ["A", "x" * 300])


def test_marks_in_content_stay_text(model: TransformersModel) -> None:
    empty = reply(model, ask("", max_tokens=1)).usage.prompt_tokens
    for mark in ("<|im_end|>", "</s>"):
        tokens = reply(model, ask(mark, max_tokens=1)).usage.prompt_tokens
        assert tokens - empty >= len(mark)
        assert model.count_tokens(mark) == len(mark)


def test_an_assistant_message_at_the_end_is_left_open(model: TransformersModel) -> None:
    whole = "".join(streamed(model, ask())[1])
    begun = Prompt("test@1", (*ask().messages, Message("assistant", whole[:6])), max_tokens=10)
    assert "".join(streamed(model, begun)[1]) == whole[6:]


def test_schema_is_an_instruction_of_the_user_turn(model: TransformersModel) -> None:
    schema = {"type": "object"}
    plain, held = (reply(model, prompt).usage.prompt_tokens for prompt in (ask(), ask(schema=schema)))
    assert len(json.dumps(schema)) < held - plain < 150


def test_scripted_tokens(folder: Path, model: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Characters come whole, half of one at the end is dropped, and each end token of the configuration ends."""
    tokenizer = libraries(folder)[1]
    for text, end, finish in (("né €", [3, 9], "stop"), ("é", [1, 9], "stop"), ("aé", [], "length")):
        ids: list[int] = tokenizer(text)["input_ids"]
        half: list[int] = [] if end else tokenizer("é")["input_ids"][:1]
        monkeypatch.setattr(model, "_choose", Mock(side_effect=[*ids, *half, *end]))
        result, pieces = streamed(model, ask(max_tokens=len(ids) + 1))
        assert (result.text, pieces, result.finish) == (text, list(text), finish)
        assert result.usage.completion_tokens == len(ids) + 1
    monkeypatch.setattr(model, "_choose", Mock(return_value=1))
    assert reply(model, ask()).logprob is None


def test_template_without_system_turn_and_no_template(tmp_path: Path) -> None:
    strict = TransformersModel(str(build(tmp_path / "strict", STRICT)))
    plain = TransformersModel(str(build(tmp_path / "plain", None)))
    broken = TransformersModel(str(build(tmp_path / "broken", "{{ raise_exception('never') }}")))
    prompt = ask("q", system="s")
    assert reply(strict, prompt).usage.prompt_tokens == 3 + len("user\ns\n\nq\nassistant\n")
    assert reply(plain, prompt).usage.prompt_tokens == len("system: s\nuser: q\nassistant:")
    (result,) = broken.generate([prompt])
    assert isinstance(result, ModelError)
    assert "never" in str(result)
    # The weights are the same, the template is not.
    assert len({model.identity.partition("@")[2] for model in (strict, plain, broken)}) == 3


def test_closed(folder: Path) -> None:
    closed = TransformersModel(str(folder))
    closed.close()
    assert isinstance(closed.generate([ask()])[0], ModelError)
    with pytest.raises(ModelError, match="closed"):
        closed.score(ask(), ["A"])


def test_folders_that_cannot_be_loaded(folder: Path, tmp_path: Path, network: Mock) -> None:
    (tmp_path / "empty").mkdir()
    shutil.copytree(folder, tmp_path / "half")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "half" / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}), encoding="utf-8")
    shutil.copytree(folder, tmp_path / "torn")
    (tmp_path / "torn" / "model.safetensors").write_bytes(b"torn")
    reasons = {"missing": "no folder", "empty": "config.json", "half": "weights are missing", "torn": "cannot load"}
    for location, reason in [*((str(tmp_path / name), reason) for name, reason in reasons.items()), ("./no", "folder")]:
        with pytest.raises(ModelError, match=reason) as caught:
            TransformersModel(location)
        assert "\n" not in str(caught.value)
        assert location in str(caught.value)
    assert not network.called


@pytest.mark.parametrize("offline", [True, False])
def test_hub_repository(
    offline: bool, folder: Path, model: TransformersModel, monkeypatch: pytest.MonkeyPatch, network: Mock
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1" if offline else "0")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    place = "HF_HUB_OFFLINE" if offline else "Hugging Face hub: "
    for location in ("nobody/no-such-model", "a/b/c"):
        with pytest.raises(ModelError, match=f"cannot get {location} from .*{place}") as caught:
            load_model(f"hf:{location}")
        assert "\n" not in str(caught.value)
    assert network.called is not offline
    monkeypatch.setattr("huggingface_hub.snapshot_download", Mock(return_value=str(folder)))
    loaded = TransformersModel("somebody/model")
    assert loaded.identity == f"hf:somebody/model@{model.identity.partition('@')[2]}"
    assert reply(loaded, ask()).text == reply(model, ask()).text


def test_missing_package_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drag.models.hf.importlib.import_module", Mock(side_effect=ImportError))
    with pytest.raises(ModelError, match=r"pip install drag-slm\[hf\]"):
        TransformersModel(str(folder))
