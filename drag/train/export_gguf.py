"""Torch weights as GGUF files: whole models, and adapters that are laid over an untouched one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from drag.errors import ConfigError
from drag.train.base import Base
from drag.train.fake_quant import BLOCK
from drag.train.libraries import library
from drag.train.vocabulary import add_vocabulary

Format = Literal["lora-gguf", "q8_0", "f16", "q4_0"]
FORMATS: tuple[Format, ...] = ("lora-gguf", "q8_0", "f16", "q4_0")

_FILE_TYPE = {"f16": "MOSTLY_F16", "q8_0": "MOSTLY_Q8_0", "q4_0": "MOSTLY_Q4_0"}
# What depends on how the weights are stored, or on the sizes of the model, is written anew.
_OWN = ("GGUF.", "general.architecture", "general.file_type", "general.quantization_version", "general.size_label")


def permuted(weight: Any, heads: int) -> Any:
    """Rows of a query or key projection `(rows, …)` in llama.cpp's order: it rotates neighbours, torch halves.

    From `(heads, 2, half)` to `(heads, half, 2)` along the rows, as llama.cpp's own converter does for `llama`.
    """
    half = weight.shape[0] // heads // 2
    return weight.reshape(heads, 2, half, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def write_model(base: Base, model: Any, out: Path, kind: Literal["f16", "q8_0", "q4_0"]) -> None:
    """Write a whole model: matrices as `kind`, norms and biases in 32 bits.

    A matrix whose rows do not divide into blocks of 32 stays f16; with `q4_0` the embedding is q8_0, since it is also
    the output layer of a small student. Metadata and tokenizer are the base's.
    """
    gguf, numpy = library("gguf"), library("numpy")
    config = model.config
    writer = gguf.GGUFWriter(str(out), base.architecture)
    _add_metadata(writer, base, config, kind)
    names = gguf.get_tensor_name_map(_architecture(base.architecture), int(config.num_hidden_layers))
    for name, weight in _weights(model):
        array = weight.detach().float().numpy()
        place = _place(names, name)
        array = _laid_out(base.architecture, config, name, array)
        if array.ndim == 1:
            writer.add_tensor(place, array.astype(numpy.float32))
            continue
        wanted = "q8_0" if kind == "q4_0" and place in {"token_embd.weight", "output.weight"} else kind
        if wanted == "f16" or array.shape[-1] % BLOCK:
            writer.add_tensor(place, array.astype(numpy.float16))
            continue
        quantised = gguf.GGMLQuantizationType[wanted.upper()]
        blocks = gguf.quants.quantize(numpy.ascontiguousarray(array), quantised)
        writer.add_tensor(place, blocks, raw_dtype=quantised)
    _finish(writer)


def write_adapter(base: Base, adapter: Mapping[str, Any], alpha: float, out: Path) -> None:
    """Write a LoRA adapter in 16 bits: `adapter` holds peft's tensors by their names.

    llama.cpp adds `alpha / rank · B·A` to the base's weight, so B's rows stand in the order of that weight's.
    """
    gguf, numpy = library("gguf"), library("numpy")
    config = base.model.config
    writer = gguf.GGUFWriter(str(out), base.architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(alpha))
    names = gguf.get_tensor_name_map(_architecture(base.architecture), int(config.num_hidden_layers))
    for name, weight in adapter.items():
        module, end, half = name.removeprefix("base_model.model.").rpartition(".lora_")
        if not end or half not in {"A.weight", "B.weight"}:
            raise ConfigError(f"the adapter holds '{name}', which is no LoRA matrix")
        array = weight.float().numpy()
        if half == "B.weight":
            array = _laid_out(base.architecture, config, f"{module}.weight", array)
        place = _place(names, f"{module}.weight")
        writer.add_tensor(f"{place}.lora_{half[0].lower()}", numpy.ascontiguousarray(array.astype(numpy.float16)))
    _finish(writer)


def _architecture(name: str) -> Any:
    return library("gguf").MODEL_ARCH[name.upper()]


def _weights(model: Any) -> Iterator[tuple[str, Any]]:
    """The weights by name, without an output layer that is the embedding."""
    for name, weight in model.state_dict().items():
        if not (name == "lm_head.weight" and model.config.tie_word_embeddings):
            yield name, weight


def _place(names: Any, name: str) -> str:
    found = names.get_name(name, try_suffixes=(".weight", ".bias"))
    if found is None:
        raise ConfigError(f"'{name}' has no place in a GGUF file of this architecture")
    return str(found)


def _laid_out(architecture: str, config: Any, name: str, array: Any) -> Any:
    if architecture != "llama":
        return array
    if ".q_proj." in name:
        return permuted(array, int(config.num_attention_heads))
    return permuted(array, int(config.num_key_value_heads)) if ".k_proj." in name else array


def _add_metadata(writer: Any, base: Base, config: Any, kind: str) -> None:
    gguf = library("gguf")
    if base.path.is_file():
        sizes = f"{base.architecture}."
        for field in gguf.GGUFReader(str(base.path)).fields.values():
            if field.name.startswith((*_OWN, sizes)):
                continue
            sub = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(field.name, field.contents(), field.types[0], sub_type=sub)
    else:
        writer.add_type("model")
        writer.add_name(base.path.resolve().name)
        add_vocabulary(writer, base.path, base.tokenizer, int(config.vocab_size))
    size = int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)
    writer.add_block_count(int(config.num_hidden_layers))
    writer.add_context_length(int(config.max_position_embeddings))
    writer.add_embedding_length(int(config.hidden_size))
    writer.add_feed_forward_length(int(config.intermediate_size))
    writer.add_head_count(int(config.num_attention_heads))
    writer.add_head_count_kv(int(config.num_key_value_heads))
    writer.add_key_length(size)
    writer.add_value_length(size)
    writer.add_rope_dimension_count(size)
    writer.add_rope_freq_base(float(config.rope_parameters["rope_theta"]))
    writer.add_layer_norm_rms_eps(float(config.rms_norm_eps))
    writer.add_vocab_size(int(config.vocab_size))
    writer.add_file_type(gguf.LlamaFileType[_FILE_TYPE[kind]])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def _finish(writer: Any) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
