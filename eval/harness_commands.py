"""`drag eval harness`, as a command."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("tasks", nargs=-1, required=True, metavar="TASK...")
@click.option(
    "--include",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder with task files of your own.",
)
@click.option("--student", metavar="SPEC", help="Who answers.  [default: smollm2-135m]")
@click.option("--pack", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="What it reads.")
@click.option(
    "--arm",
    type=click.Choice(["alone", "evidence", "graph", "both"]),
    help="What of the pack.  [default: both; alone without a pack]",
)
@click.option("--limit", type=click.IntRange(min=1), help="Only N rows of each task.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of every draw.")
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write JSON; - for stdout.")
@click.pass_obj
def harness(
    config: str | None,
    *,
    tasks: tuple[str, ...],
    include: Path | None,
    student: str | None,
    pack: Path | None,
    arm: str | None,
    limit: int | None,
    seed: int,
    file: Path | None,
) -> None:
    """Tasks of EleutherAI's lm-evaluation-harness, by a student that reads a pack.

    TASK is a task that the harness knows, or one of the folder --include. What the arm reads stands before the task's
    own prompt. For all options of the harness itself: python -m eval.harness --model drag ….
    """
    from eval.harness import measure
    from eval.report import show

    given = {"student": student, "pack": str(pack) if pack else None, "arm": arm, "config": config}
    arguments = {name: value for name, value in given.items() if value}
    show(measure(tasks, include, arguments, limit=limit, seed=seed), file)
