"""The tokenizer of a folder as the keys of a GGUF file; a student that came as GGUF hands on its own keys."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from drag.errors import ConfigError

_NORMAL, _CONTROL, _USER = 1, 3, 4
"""Kinds of tokens in a GGUF file: text, marks that are never shown, marks that are."""

QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def add_vocabulary(writer: Any, folder: Path, tokenizer: Any, size: int) -> None:
    """Write the byte-level BPE tokenizer of `folder`, padded to `size` tokens, with its chat template.

    Raises `ConfigError` for any other kind: llama.cpp would cut words differently, and nobody would see it.
    """
    table: Mapping[str, Any] = json.loads(tokenizer.backend_tokenizer.to_str())
    model: Mapping[str, Any] = table["model"]
    if model.get("type") != "BPE" or table.get("normalizer") not in (None, {"type": "NFC"}):
        raise ConfigError(f"the tokenizer of {folder} is no byte-level BPE: it has no parity test")
    ids: dict[str, int] = {str(key): int(value) for key, value in model["vocab"].items()}
    added: Sequence[Mapping[str, Any]] = table.get("added_tokens", [])
    ids |= {str(one["content"]): int(one["id"]) for one in added}
    kinds = {int(one["id"]): _CONTROL if one.get("special") else _USER for one in added}
    names = {place: text for text, place in ids.items()}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(_pre(table.get("pre_tokenizer"), folder))
    writer.add_token_list([names.get(place, f"[PAD{place}]") for place in range(size)])
    writer.add_token_types([kinds.get(place, _NORMAL if place in names else 5) for place in range(size)])
    merges = cast("list[Any]", model["merges"])
    writer.add_token_merges([one if isinstance(one, str) else " ".join(one) for one in merges])
    for name, add in (
        ("bos", writer.add_bos_token_id),
        ("eos", writer.add_eos_token_id),
        ("unk", writer.add_unk_token_id),
        ("pad", writer.add_pad_token_id),
    ):
        token = getattr(tokenizer, f"{name}_token_id")
        if token is not None:
            add(int(token))
    writer.add_add_bos_token(bool(getattr(tokenizer, "add_bos_token", False)))
    writer.add_add_space_prefix(False)
    writer.add_chat_template(str(tokenizer.chat_template))


def _pre(steps: Any, folder: Path) -> str:
    """What llama.cpp calls the way in which this tokenizer cuts a text before it merges."""
    parts: list[Mapping[str, Any]] = []
    if steps:
        parts = list(steps["pretokenizers"]) if steps["type"] == "Sequence" else [steps]
    kinds = [str(one["type"]) for one in parts]
    if kinds == ["ByteLevel"] and parts[0].get("use_regex", True):
        return "gpt-2"
    if kinds == ["Digits", "ByteLevel"] and parts[0].get("individual_digits") and parts[1].get("use_regex", True):
        return "smollm"
    if kinds == ["Split", "ByteLevel"] and parts[0].get("pattern") == {"Regex": QWEN2}:
        return "qwen2"
    raise ConfigError(f"the tokenizer of {folder} cuts texts in a way that has no parity test: {', '.join(kinds)}")
