"""The student in torch: its weights and its tokenizer, from a GGUF file or from a folder."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drag.errors import ConfigError, ModelError
from drag.models import Fetching, fetched
from drag.models.embed import first_line
from drag.models.engine import fingerprint
from drag.train.libraries import library, quiet

ARCHITECTURES = ("llama", "qwen2")
"""Those whose layout in a GGUF file is written and compared by the tests."""


@dataclass(frozen=True, slots=True)
class Base:
    """A model that training starts from.

    `path` is its GGUF file or folder, `identity` stands for its bytes (for a GGUF file the same as `LocalModel`'s),
    `architecture` is the one of its GGUF file. `model` is a causal language model of transformers, in 32-bit floats.
    """

    spec: str
    path: Path
    identity: str
    architecture: str
    model: Any
    tokenizer: Any


def locate(spec: str, how: Fetching | None = None) -> Path:
    """The GGUF file or folder that `spec` names. Raises `ConfigError` if it names none,
    `ModelError` if it cannot be had."""
    from drag.models.registry import load_registry

    if "+" in spec:
        raise ConfigError(f"'{spec}' has an adapter already: training starts from the bare model")
    if spec in load_registry():
        return fetched(spec, "gguf", how)
    path = Path(spec.removeprefix("gguf:").removeprefix("hf:")).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise ConfigError(f"{path} holds no transformers model: it has no config.json")
        return path
    if path.is_file():
        return path
    raise ConfigError(f"'{spec}' cannot be trained: give a registry name, a .gguf file or a folder with its weights")


def load_base(spec: str, how: Fetching | None = None) -> Base:
    """Load a student or a white-box teacher.

    Raises `ConfigError` for a spec that names none and for an architecture whose layout we have no parity test of,
    `ModelError` if its files are broken.
    """
    path = locate(spec, how)
    transformers, torch = library("transformers"), library("torch")
    # Without dequantize=True the weights stay in blocks, and such a model can be neither trained nor saved.
    gguf = {"quantization_config": transformers.GgufConfig(dequantize=True)} if path.is_file() else {}
    folder, named = (path.parent, {"gguf_file": path.name}) if path.is_file() else (path, {})
    options = {"local_files_only": True, "trust_remote_code": False, **named}
    try:
        # The reader of GGUF files draws a bar whatever it is told.
        with quiet(), contextlib.redirect_stderr(io.StringIO()):
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **options)
            model, report = transformers.AutoModelForCausalLM.from_pretrained(
                folder, dtype=torch.float32, output_loading_info=True, **gguf, **options
            )
    except Exception as error:  # the readers of a dozen formats raise whatever they like
        raise ModelError(f"cannot load {path}: {first_line(error)}") from error
    if report["missing_keys"] or report["mismatched_keys"]:
        raise ModelError(f"cannot load {path}: it is not a whole causal language model, weights are missing")
    architecture = str(model.config.model_type)
    check_architecture(architecture, model.config)
    if not tokenizer.chat_template:
        raise ConfigError(f"{path} has no chat template: how a prompt is laid out has to be known to train on it")
    # A model that remembers where it was quantised refuses to be saved.
    model.config.quantization_config = None
    del model.config.quantization_config
    return Base(spec, path, _identity(path), architecture, model.train(False), tokenizer)


def check_architecture(architecture: str, config: Any = None) -> None:
    """Raises `ConfigError`, with the reason, if we cannot write the architecture for llama.cpp."""
    if architecture not in ARCHITECTURES:
        raise ConfigError(
            f"'{architecture}' cannot be exported: the layout of its tensors has no parity test "
            f"(there is one for {', '.join(ARCHITECTURES)})"
        )
    settings: dict[str, Any] = getattr(config, "rope_parameters", None) or {}
    rope = settings.get("rope_type", "default")
    if rope != "default":
        raise ConfigError(f"rotary embeddings of the type '{rope}' cannot be exported: they have no parity test")


def _identity(path: Path) -> str:
    if path.is_file():
        return f"gguf@{fingerprint(path)}"
    weights = sorted(path.glob("*.safetensors")) + sorted(path.glob("*.bin")) + [path / "config.json"]
    return "hf@" + "+".join(fingerprint(one) for one in weights)
