"""`drag train run`: a recipe and rows to an adapter or new weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from drag.cli.console import errors, output, write_json

if TYPE_CHECKING:
    from drag.train.probe import Estimate
    from drag.train.run import Trained

_LONG = 5
"""Minutes from which a person at a terminal is asked before it begins."""


@click.command("run")
@click.option("--student", metavar="SPEC", help="A registry name, .gguf file or folder.  [default: smollm2-135m]")
@click.option(
    "--recipe",
    "recipe_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML, as below.  [default: LoRA on the text]",
)
@click.option(
    "--rows",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What drag train data wrote; its kept rows of the split train are learnt.",
)
@click.option(
    "-o",
    "--output",
    "out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the run; an interrupted one goes on.",
)
@click.option("--steps", type=click.IntRange(min=1), help="Optimizer steps, in place of the recipe's.")
@click.option("--seed", type=click.IntRange(min=0), help="In place of the recipe's.")
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads of torch.  [default: torch's own choice]")
@click.option("--probe-only", is_flag=True, help="Only say what it would cost.")
@click.option("--yes", is_flag=True, help=f"Do not ask, even if it takes more than {_LONG} minutes.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON on standard output.")
@click.pass_obj
def run(
    config: str | None,
    *,
    student: str | None,
    recipe_file: Path | None,
    rows: Path,
    out: Path,
    steps: int | None,
    seed: int | None,
    threads: int | None,
    probe_only: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Train a student on rows: LoRA by default; logits, hidden states and rounding by recipe.

    A probe of three steps says first what it will cost. Killed or interrupted, the same command goes on from the
    newest checkpoint. Then: drag train export.

    A recipe, each key of which may be left out:

    \b
      method: lora            # or full
      rank: 16
      alpha: 32
      targets: all-linear     # or [q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj]
      learning_rate: 5.0e-4
      epochs: 1               # or steps: N
      batch: 4                # rows read together; accumulation: 2 of them make a step
      max_tokens: 1024        # longer rows are left out
      schedule: cosine        # linear, constant; warmup: 0.05
      dtype: bf16             # f32
      checkpoint_every: 25
      init: {kind: none}      # {kind: layers, layers: N}, {kind: uniform, width: N, layers: N}
      losses:
        - {kind: text, weight: 1}
        - {kind: logits, weight: 1, temperature: 2, teacher: self}   # or a model of the same vocabulary
        - {kind: hidden, weight: 1, teacher: self, layers: even}     # or {student: teacher, …}
        - {kind: quantised, weight: 1, to: q4_0}                     # q8_0

    The teacher `self` is the student before the training; it reads a row's teacher_messages, if it has some.
    """
    from drag.cli.progress import fetching
    from drag.settings import Settings
    from drag.train.recipe import Recipe

    settings = Settings.load(config)
    recipe = (Recipe.load(recipe_file) if recipe_file else Recipe()).override(steps=steps, seed=seed)
    from drag.train.libraries import library
    from drag.train.run import train

    if threads is not None:
        library("torch").set_num_threads(threads)
    shown = TextColumn("training, loss {task.fields[loss]:.3f}")
    columns = (shown, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with fetching(settings) as how, Progress(*columns, console=errors, disable=not errors.is_terminal) as bars:
        task = bars.add_task("", total=None, loss=float("nan"), visible=False)

        def on_estimate(estimate: Estimate) -> bool:
            errors.print(_said(estimate))
            if probe_only or yes or not errors.is_terminal or estimate.minutes < _LONG:
                return True
            bars.stop()
            agreed = click.confirm("go on?", err=True)
            bars.start()
            return agreed

        def on_step(step: int, total: int, loss: float) -> None:
            bars.update(task, completed=step, total=total, loss=loss, visible=True)

        done = train(
            student or settings.models.student,
            rows,
            out,
            recipe,
            probe_only=probe_only,
            how=how,
            on_estimate=on_estimate,
            on_step=on_step,
        )
    if as_json:
        write_json({**dataclasses.asdict(done), "folder": str(done.folder)})
    else:
        _show(done, probe_only=probe_only)


def _said(one: Estimate) -> str:
    return (
        f"three steps tried: {one.seconds_per_step:.1f} s a step, {one.tokens_per_second:.0f} tokens/s; "
        f"{one.steps} steps are about {one.minutes:.1f} minutes; {one.memory / 1e9:.1f} GB; "
        f"{one.trained_parameters / 1e6:.2f} M weights learn"
    )


def _show(done: Trained, *, probe_only: bool) -> None:
    left = f", {done.too_long} too long" if done.too_long else ""
    if not done.finished:
        output.print(f"{done.rows} rows{left}; nothing was trained" + ("" if probe_only else ": as you wished"))
        return
    loss = "" if done.loss is None else f", loss {done.loss:.3f}"
    resumed = f", from step {done.resumed_from}" if done.resumed_from else ""
    output.print(f"{done.steps} steps on {done.rows} rows{left}{resumed}{loss}: {done.folder}", markup=False)
    output.print(f"next: drag train export {done.folder} -o student.gguf", markup=False)
