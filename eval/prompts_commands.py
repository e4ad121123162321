"""`drag eval prompts`, as a command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from drag.errors import ConfigError
from eval.common_options import with_answering, with_common


@click.command("prompts")
@click.argument("data", type=click.Path(exists=True, path_type=Path))
@with_common
@click.option("--pack", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Search this pack.")
@click.option("--distractors", type=click.IntRange(min=0), default=0, show_default=True, help="Texts of other rows.")
@click.option("--full", is_flag=True, help="Every combination of order, reading and trim.")
@click.option("--variant", "only", multiple=True, metavar="NAME", help="Only the default and this one. Repeatable.")
@click.option("--margin", type=click.FloatRange(min=0), help="How far below the best cosine; 2: any.  [default: 0.2]")
@with_answering
@click.option(
    "--run",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep answers in this file, and go on from it.",
)
@click.option("--keep-profile", "keep", is_flag=True, help="Put the best form into the student's profile.")
@click.pass_obj
def prompts(
    config: str | None,
    *,
    data: Path,
    limit: int | None,
    seed: int,
    file: Path | None,
    student: str | None,
    embedder: str | None,
    pack: Path | None,
    distractors: int,
    full: bool,
    only: tuple[str, ...],
    run: Path | None,
    keep: bool,
    **flags: Any,
) -> None:
    """How a student reads best: its own prompt against others, on the same questions.

    Against the prompt of its profile stands one that differs in the order of the evidence, in reading each piece
    alone, in cutting it to sentences, in the number of pieces and of tokens, and with --pack in the triples. DATA
    holds open questions with `evidence`, beside which --distractors puts texts of other rows, or questions (open or
    with choices) that --pack is searched for. --keep-profile keeps the best order, reading and trim if they are
    better by more than one standard error of the paired difference.
    """
    from drag.cli.progress import fetching
    from drag.questions import read_questions
    from drag.settings import Settings
    from eval import prompt_session
    from eval.choice import choice_questions
    from eval.draw import draw
    from eval.report import show

    if pack is not None and distractors:
        raise ConfigError("--distractors are put beside a record's own evidence, which --pack does not read")
    settings = Settings.load(config).override("ask", **flags).override("models", student=student, embedder=embedder)
    plan = prompt_session.Plan(data, seed, limit, pack, distractors, full, only, keep, run)
    pool = [one for one in read_questions(data) if one.gold]
    if any(one.choices for one in pool):
        pool = choice_questions(pool, str(data))
    questions = [one for one in draw(pool, limit, seed) if pack is not None or one.evidence]
    if not questions:
        needed = "answers" if pack else "answers and 'evidence', which is needed without --pack"
        raise ConfigError(f"{data} holds no question with {needed}")
    with fetching(settings) as how:
        report = prompt_session.run(plan, questions, pool, settings, how)
    show(report, file)
    if not report.measured:
        raise ConfigError("every question failed: nothing was measured")
