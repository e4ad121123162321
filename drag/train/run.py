"""`drag train run`: rows and a recipe to an adapter or to new weights; killed and started again, it goes on."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from drag.errors import ConfigError, ModelError
from drag.models import Fetching
from drag.models.embed import first_line
from drag.train.base import Base, load_base
from drag.train.curve import loss_curve
from drag.train.folder import ADAPTER, MODEL, RunFolder, replace_text
from drag.train.libraries import library, quiet
from drag.train.probe import Estimate, probe
from drag.train.recipe import Recipe
from drag.train.rows import Row, read_rows
from drag.train.smaller import smaller
from drag.train.tokens import Example, encode
from drag.train.trainers import Collator, dataset, distiller, teachers_of, text_trainer

SAMPLE = 4
"""Rows that are kept for the parity check of an export."""

OnStep = Callable[[int, int, float], None]
"""Called after each optimizer step with its number, the number of all steps, and the loss."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What a run came to. `loss` is the mean over the last tenth of its steps; `seconds` of this call alone."""

    folder: Path
    steps: int
    loss: float | None
    rows: int
    too_long: int
    seconds: float
    resumed_from: int
    estimate: Estimate | None
    finished: bool


def train(
    student: str,
    rows: Path,
    out: Path,
    recipe: Recipe,
    *,
    probe_only: bool = False,
    how: Fetching | None = None,
    on_estimate: Callable[[Estimate], bool] | None = None,
    on_step: OnStep | None = None,
) -> Trained:
    """Train `student` on the kept rows of the split `train` and leave what was learnt in the folder `out`.

    First three steps are probed, on the longest rows, without learning from them, and `on_estimate` is told what the
    run will cost; if it says no, or with `probe_only`, nothing else happens. A run that was interrupted goes on from
    its newest checkpoint when it is started again with the same student, rows and recipe; a finished one is only
    reported. Raises `ConfigError` for wrong input or a folder of another run and `ModelError` for a broken model.
    """
    began = time.monotonic()
    read = read_rows(rows, "train")
    base = load_base(student, how)
    wants_teacher = any(one.kind in {"logits", "hidden"} for one in recipe.losses)
    examples, used = _fitting(base, read, recipe, teacher=wants_teacher)
    facts: dict[str, Any] = {
        "student": student,
        "base": base.identity,
        "architecture": base.architecture,
        "recipe": recipe.model_dump(mode="json"),
        "recipe_sha256": recipe.digest,
        "rows_sha256": hashlib.sha256(rows.read_bytes()).hexdigest(),
        "rows": len(examples),
        "too_long": len(read) - len(examples),
        "versions": {name: library(name).__version__ for name in ("torch", "transformers", "peft", "trl")},
    }
    folder, was_there = RunFolder(out), out.exists()
    sample = [used[i] for i in sorted(random.Random(0).sample(range(len(used)), min(SAMPLE, len(used))))]  # noqa: S311
    if not probe_only and folder.begin(facts, sample):
        done = folder.facts()
        return Trained(
            out, done["steps"], done["loss"], len(examples), facts["too_long"], 0.0, done["steps"], None, True
        )
    with quiet():
        trainer = _trainer(base, examples, recipe, folder, how)
    steps = _steps(recipe, len(examples))
    there = None if probe_only else folder.checkpoint()
    estimate = probe(trainer, examples, recipe, steps - (there[1] if there else 0))
    if probe_only and not was_there:
        out.rmdir()  # the trainer made it
    wanted = on_estimate is None or on_estimate(estimate)
    result = Trained(out, 0, None, len(examples), facts["too_long"], 0.0, there[1] if there else 0, estimate, False)
    if probe_only or not wanted:
        return result
    folder.rewind(there[1] if there else 0)
    trainer.add_callback(_watching(folder, steps, on_step))
    library("transformers").set_seed(recipe.seed)
    try:
        with quiet():
            trainer.train(resume_from_checkpoint=str(there[0]) if there else None)
    except (RuntimeError, MemoryError) as error:
        raise ModelError(f"training failed: {first_line(error)}") from error
    _save(trainer, folder, recipe, base)
    loss = draw(folder)
    seconds = time.monotonic() - began
    before = float(folder.facts().get("seconds", 0.0))
    folder.write(
        {**facts, "steps": steps, "loss": loss, "seconds": round(before + seconds, 1), "estimate": asdict(estimate)}
        | {"finished": True}
    )
    return Trained(out, steps, loss, len(examples), facts["too_long"], seconds, result.resumed_from, estimate, True)


def draw(folder: RunFolder) -> float | None:
    """Draw the loss curve of the log; the mean loss of the last tenth of the steps, None if nothing was logged."""
    points = [(int(one["step"]), float(one["loss"])) for one in folder.logged() if "loss" in one]
    replace_text(folder.path / "loss.svg", loss_curve(points))
    last = [loss for _, loss in points[-max(1, len(points) // 10) :]]
    return sum(last) / len(last) if last else None


def _fitting(base: Base, rows: Sequence[Row], recipe: Recipe, *, teacher: bool) -> tuple[list[Example], list[Row]]:
    """The rows that fit `max_tokens`, as token ids. Raises `ConfigError` if none does."""
    pairs = [(encode(base.tokenizer, row, teacher=teacher), row) for row in rows]
    fitting = [(example, row) for example, row in pairs if len(example) <= recipe.max_tokens]
    if not fitting:
        shortest = min(len(example) for example, _ in pairs)
        raise ConfigError(f"no row fits max_tokens = {recipe.max_tokens}: the shortest has {shortest} tokens")
    return [example for example, _ in fitting], [row for _, row in fitting]


def _steps(recipe: Recipe, rows: int) -> int:
    if recipe.steps is not None:
        return recipe.steps
    batches = -(-rows // recipe.batch)
    return max(1, round(-(-batches // recipe.accumulation) * (recipe.epochs or 1.0)))


def _trainer(base: Base, examples: Sequence[Example], recipe: Recipe, folder: RunFolder, how: Fetching | None) -> Any:
    torch, transformers = library("torch"), library("transformers")
    transformers.set_seed(recipe.seed)

    def load(spec: str) -> Base:
        return load_base(spec, how)

    teachers = teachers_of(recipe, base, load)
    model = smaller(base.model, recipe.init)
    model.config.use_cache = False
    if recipe.method == "lora":
        # The untouched weights need no 32 bits; the adapter's stay in them, and so do all in full training.
        model = _with_adapter(model.to(torch.bfloat16) if recipe.dtype == "bf16" else model, recipe)
    for teacher in teachers:
        if teacher is not None and teacher.model is not None and recipe.dtype == "bf16":
            teacher.model.to(torch.bfloat16)
    steps = _steps(recipe, len(examples))
    settings: dict[str, Any] = {
        "output_dir": str(folder.path),
        "max_steps": steps,
        "per_device_train_batch_size": recipe.batch,
        "gradient_accumulation_steps": recipe.accumulation,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": recipe.schedule if recipe.schedule != "constant" else "constant_with_warmup",
        "warmup_steps": round(recipe.warmup * steps),
        "weight_decay": recipe.weight_decay,
        "max_grad_norm": recipe.clip,
        "seed": recipe.seed,
        "bf16": recipe.dtype == "bf16",
        "use_cpu": not torch.cuda.is_available(),
        "gradient_checkpointing": False,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_strategy": "steps",
        "save_steps": recipe.checkpoint_every,
        "save_total_limit": 2,
        "report_to": [],
        "disable_tqdm": True,
        "remove_unused_columns": False,
        "dataloader_num_workers": 0,
        "dataloader_pin_memory": False,
        "train_sampling_strategy": "group_by_length",  # rows of one batch are padded to the longest
    }
    collator = Collator(int(base.tokenizer.eos_token_id))
    shared = {"model": model, "train_dataset": dataset(examples), "data_collator": collator}
    if recipe.white_box:
        found = distiller(teachers, recipe, args=transformers.TrainingArguments(**settings), **shared)
    else:
        arguments = library("trl").SFTConfig(
            **settings, max_length=None, completion_only_loss=None, dataset_kwargs={"skip_prepare_dataset": True}
        )
        found = text_trainer(args=arguments, processing_class=base.tokenizer, **shared)
    # It prints each step's numbers to standard output, which is the report's.
    found.remove_callback(transformers.PrinterCallback)
    return found


def _with_adapter(model: Any, recipe: Recipe) -> Any:
    peft = library("peft")
    settings = peft.LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=list(recipe.target_modules),
        task_type="CAUSAL_LM",
    )
    # float(): an adapter in 16 bits would not notice small steps.
    found = peft.get_peft_model(model, settings)
    for parameter in found.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    return found


def _watching(folder: RunFolder, steps: int, on_step: OnStep | None) -> Any:
    """A callback that logs each step, draws the curve at each checkpoint and tells the caller."""
    transformers = library("transformers")

    class Watching(transformers.TrainerCallback):
        began = time.monotonic()

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
            if not logs or "loss" not in logs:
                return
            now = time.monotonic()
            named = {key: logs[key] for key in ("learning_rate", "grad_norm") if key in logs}
            terms = {key: value for key, value in logs.items() if key.startswith("term/")}
            loss = float(logs["loss"])
            seconds, self.began = round(now - self.began, 3), now
            folder.log({"step": int(state.global_step), "loss": loss, **named, **terms, "seconds": seconds})
            if on_step is not None:
                on_step(int(state.global_step), steps, loss)

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            draw(folder)

    return Watching()


def _save(trainer: Any, folder: RunFolder, recipe: Recipe, base: Base) -> None:
    """What was learnt, in 32-bit floats. The untouched weights of an adapter's base are not written again."""
    place = folder.path / (ADAPTER if recipe.method == "lora" else MODEL)
    with quiet():
        if recipe.method == "full":
            trainer.model.float()
            base.tokenizer.save_pretrained(place)
        trainer.model.save_pretrained(place)
