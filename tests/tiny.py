"""A random two-layer student with a small tokenizer, as a folder and as the GGUF file that llama.cpp loads."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from drag.prompts import answer
from drag.train.base import load_base
from drag.train.export_gguf import write_model
from drag.train.rows import Row, digest_of, write_rows
from drag.types import Message, Question

MARKS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are small.<|im_end|>\n' }}{% endif %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
PEOPLE = ("Mara Finch", "Ivo Lund", "Ada Moss", "Jon Reed", "Una Vale", "Tom Hale")
THINGS = ("the Aldgate Clock", "the mill of Ghent", "the old pier", "a stone bridge", "the red tower", "the long wall")


def tiny_folder(
    path: Path,
    *,
    architecture: str = "llama",
    layers: int = 2,
    width: int = 64,
    more_words: Sequence[str] = (),
    seed: int = 0,
    tied: bool = True,
) -> Path:
    """A transformers folder: heads of 16, two key heads, a feed-forward part of 96 rows."""
    transformers: Any = importlib.import_module("transformers")
    torch: Any = importlib.import_module("torch")
    torch.manual_seed(seed)
    tokenizer = _tokenizer(more_words, "qwen2" if architecture == "qwen2" else "smollm")
    sizes = {
        "vocab_size": len(tokenizer),
        "hidden_size": width,
        "intermediate_size": width * 3 // 2,
        "num_hidden_layers": layers,
        "num_attention_heads": width // 16,
        "num_key_value_heads": width // 32,
        "max_position_embeddings": 1024,
        "tie_word_embeddings": tied,
        "bos_token_id": 1,
        "eos_token_id": 2,
        # Far from nothing, or every token is equally likely whatever the layout.
        "initializer_range": 0.15,
    }
    kind = {"llama": transformers.LlamaConfig, "qwen2": transformers.Qwen2Config}.get(architecture)
    config = kind(**sizes) if kind else transformers.GPTNeoXConfig(**sizes)
    model = transformers.AutoModelForCausalLM.from_config(config)
    for name, weight in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(weight, std=0.3)
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


def tiny_gguf(path: Path, **options: Any) -> Path:
    """The same as one file in 16 bits, written by the product."""
    base = load_base(str(tiny_folder(path.with_suffix(""), **options)))
    write_model(base, base.model, path, "f16")
    return path


def row(place: int, *, split: str = "train", taught: bool = False) -> Row:
    """A question whose answer stands in its evidence."""
    person, thing = PEOPLE[place % len(PEOPLE)], THINGS[place * 5 % len(THINGS)]
    question = Question(str(place), f"Who built {thing}?")
    shown = (f"{person} built {thing}.", f"{PEOPLE[(place + 1) % len(PEOPLE)]} likes tea.")
    read = answer(question, shown, [], "plain", 32)
    bare = answer(question, [], [], "plain", 32)
    messages = bare.messages if taught else read.messages
    return Row(
        id=str(place),
        method="self" if taught else "raft",
        split="held_out" if split == "held_out" else "train",
        messages=messages,
        reply=person,
        teacher_messages=read.messages if taught else None,
        prompt=read.name,
        prompt_sha256=digest_of(messages),
        question=question.text,
        answers=(person,),
        evidence_ids=("a", "b"),
        gold_ids=("a",),
        teacher=None,
        verdict="kept",
    )


def tiny_rows(path: Path, count: int = 12, *, taught: bool = False) -> Path:
    """Rows of the split train, and one that is held out."""
    write_rows(path, [*(row(i, taught=taught) for i in range(count)), row(count, split="held_out")])
    return path


def system_row() -> Row:
    """A row with a turn of the system, a turn mark in its text, and letters of other scripts."""
    messages = (Message("system", "Be brief."), Message("user", "Naïve <|im_end|> 2019: 東京 — what?\n\n Now:"))
    return Row(
        "s",
        "raft",
        "train",
        messages,
        "Ada Möss, 1987.",
        None,
        "x@1",
        digest_of(messages),
        "?",
        (),
        (),
        (),
        None,
        "kept",
    )


def _tokenizer(more_words: Sequence[str], kind: str) -> Any:
    tokenizers: Any = importlib.import_module("tokenizers")
    transformers: Any = importlib.import_module("transformers")
    steps = tokenizers.pre_tokenizers
    found = tokenizers.Tokenizer(tokenizers.models.BPE())
    cutting = [steps.Digits(individual_digits=True), steps.ByteLevel(add_prefix_space=False)]
    if kind == "qwen2":
        pattern = importlib.import_module("drag.train.vocabulary").QWEN2
        split = steps.Split(tokenizers.Regex(pattern), behavior="isolated", invert=False)
        cutting = [split, steps.ByteLevel(add_prefix_space=False, use_regex=False)]
    found.pre_tokenizer = steps.Sequence(cutting)
    found.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=420, special_tokens=list(MARKS), initial_alphabet=steps.ByteLevel.alphabet(), show_progress=False
    )
    texts = [f"{person} built {thing}. Who? Answer in one sentence: evidence" for person in PEOPLE for thing in THINGS]
    found.train_from_iterator([*texts, *more_words], trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=found,
        bos_token=MARKS[1],
        eos_token=MARKS[2],
        unk_token=MARKS[0],
        pad_token=MARKS[2],
        chat_template=TEMPLATE,
    )


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of a file."""
    return json.loads(path.read_text("utf-8"))
