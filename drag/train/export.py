"""`drag train export`: a run as a file that llama.cpp loads at once, and the proof that it means the same there."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from drag.errors import ConfigError, ModelError
from drag.models import Fetching
from drag.models.embed import first_line
from drag.train.base import Base, load_base
from drag.train.export_gguf import Format, write_adapter, write_model
from drag.train.folder import ADAPTER, MODEL, RunFolder, replace_text
from drag.train.libraries import library, quiet
from drag.train.parity import Parity, parity
from drag.train.rows import Row

BOUNDS: dict[Format, float] = {"f16": 0.02, "lora-gguf": 0.02, "q8_0": 0.1, "q4_0": 1.0}
"""The greatest mean difference, in nats a token, that passes.

f16 keeps the weights, so only the layout can be wrong. q8_0 and q4_0 change the weights themselves. To the bound of an
adapter twice the difference of the untouched base is added: where that is quantised, llama.cpp also rounds what it
multiplies with, which torch does not (0.033 for SmolLM2-135M in Q4_1).
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """An exported file: its `size` in bytes, its digest, and its parity with torch, which was within `bound`.

    `untouched` is the parity of the student without its adapter, where it has one.
    """

    path: Path
    format: Format
    base: str
    size: int
    sha256: str
    parity: Parity
    bound: float
    untouched: Parity | None = None


def export(
    run: Path,
    out: Path,
    format: Format = "lora-gguf",
    *,
    student: str | None = None,
    bound: float | None = None,
    how: Fetching | None = None,
) -> Exported:
    """Write what the finished run in the folder `run` learnt to `out`, with a description beside it (`out` + `.json`).

    `student` says where the student lies now, if not where it was trained; `bound`, in nats a token, replaces that of
    `BOUNDS`. The file gets its name only after the check. Raises `ConfigError` for a run that is not finished or cannot
    be written in this format, and `ModelError` if llama.cpp does not load the file or gives other probabilities.
    """
    folder = RunFolder(run)
    facts = folder.facts()
    if not facts.get("finished"):
        raise ConfigError(f"the run in {run} is not finished: start the same drag train run again")
    method, smaller = facts["recipe"]["method"], facts["recipe"]["init"]["kind"] != "none"
    if format == "lora-gguf" and method != "lora":
        raise ConfigError("the run changed all weights and has no adapter: export it as f16, q8_0 or q4_0")
    if out.suffix != ".gguf":
        raise ConfigError(f"{out}: the file has to end in .gguf")
    base = load_base(student or str(facts["student"]), how)
    if base.identity != facts["base"]:
        raise ConfigError(f"{base.spec} is not the student that was trained: {base.identity}, not {facts['base']}")
    if format == "lora-gguf" and not base.path.is_file():
        raise ConfigError("the student is no GGUF file for an adapter to lie over: export it as f16, q8_0 or q4_0")
    rows = folder.sample()
    limit = BOUNDS[format] if bound is None else bound
    untouched = None
    if format == "lora-gguf" and bound is None:
        untouched = parity(base, base.model, base.path, None, rows)
        limit = round(limit + 2 * untouched.mean, 4)
    model = _learnt(base, folder, method)
    if not all(bool(one.isfinite().all()) for one in model.parameters()):
        raise ModelError("the weights hold numbers that are not finite: train again at a lower learning rate")
    part = out.with_name(f"{out.name}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if format == "lora-gguf":
            write_adapter(base, _adapter(folder), facts["recipe"]["alpha"], part)
        else:
            write_model(base, model, part, format)
        found = _checked(base, model, part, rows, over=format == "lora-gguf", limit=limit)
        part.replace(out)
    except OSError as error:
        raise ConfigError(f"cannot write {out}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    done = Exported(out, format, base.identity, out.stat().st_size, digest, found, limit, untouched)
    described = {
        "format": format,
        "student": facts["student"],
        "base": base.identity,
        "smaller": smaller,
        "recipe": facts["recipe"],
        "recipe_sha256": facts["recipe_sha256"],
        "rows_sha256": facts["rows_sha256"],
        "rows": facts["rows"],
        "steps": facts["steps"],
        "loss": facts["loss"],
        "parity": {**asdict(found), "bound": limit, "untouched": asdict(untouched) if untouched else None},
        "size": done.size,
        "sha256": digest,
    }
    replace_text(out.with_name(f"{out.name}.json"), json.dumps(described, indent=2) + "\n")
    return done


def _checked(base: Base, model: Any, file: Path, rows: list[Row], *, over: bool, limit: float) -> Parity:
    found = parity(base, model, base.path if over else file, file if over else None, rows)
    if not math.isfinite(found.mean) or found.mean > limit:
        raise ModelError(
            f"llama.cpp and torch differ by {found.mean:.4f} nats a token, more than {limit}: the file is not written"
        )
    return found


def _learnt(base: Base, folder: RunFolder, method: str) -> Any:
    """The trained model in torch, in 32-bit floats, an adapter merged into it. The base's weights are used up."""
    peft, transformers = library("peft"), library("transformers")
    try:
        with quiet():
            if method == "lora":
                return peft.PeftModel.from_pretrained(base.model, folder.path / ADAPTER).merge_and_unload()
            return transformers.AutoModelForCausalLM.from_pretrained(
                folder.path / MODEL, dtype=library("torch").float32, local_files_only=True
            ).train(False)
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"cannot read what the run in {folder.path} learnt: {first_line(error)}") from error


def _adapter(folder: RunFolder) -> dict[str, Any]:
    path = folder.path / ADAPTER / "adapter_model.safetensors"
    return dict(library("safetensors.torch").load_file(path))
