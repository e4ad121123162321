"""`drag eval choice`, as a command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drag.cli.options import prompt_options
from drag.errors import ConfigError
from eval.common_options import with_common

if TYPE_CHECKING:
    from eval.choice_session import Plan

# Those of `drag.profiles`, which is not loaded for a list of commands; `none` asks no student.
_RULES = ("mean", "total", "characters", "pmi", "calibrated", "letters")
_out = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("data", type=click.Path(exists=True, path_type=Path))
@with_common
@click.option("--teacher", metavar="SPEC", help="Who writes evidence.  [default: qwen2.5-coder-0.5b]")
@click.option("--pack", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Evidence that is there.")
@click.option("--keep", type=_out, help="Build the evidence into this pack.  [default: one in the cache]")
@click.option(
    "--evidence-mode",
    "mode",
    type=click.Choice(["blind", "concluding"]),
    help="What the teacher saw.  [default: blind]",
)
@click.option("--self", "own", is_flag=True, help="Add the arm with evidence that the student wrote itself.")
@click.option(
    "--new-questions",
    "new",
    is_flag=True,
    help="Add the arms with evidence for the question in other words, and for other questions of its subject.",
)
@click.option(
    "--pieces",
    multiple=True,
    type=click.IntRange(min=1),
    metavar="K",
    help="Add an arm that reads the K best pieces of the question's own. Repeatable.",
)
@click.option(
    "--rankers",
    type=click.IntRange(min=1),
    metavar="K",
    help="Add arms that read K pieces: the best by similarity, by relevance, by both, and drawn.",
)
@click.option("--arm", "only", multiple=True, metavar="ARM", help="Only this arm. Repeatable.")
@click.option("--split", metavar="NAME", help="Split of a data set folder.  [default: validation, else test]")
@click.option(
    "--rule",
    type=click.Choice([*_RULES, "none"]),
    help="How the student weighs the options.  [default: its profile's]",
)
@click.option("--show-options/--hide-options", default=None, help="Options in the prompt.  [default: its profile's]")
@prompt_options
@click.option("--run", type=_out, help="Keep answers in this file.  [default: beside the pack, or in the cache]")
@click.option("--html", "page", type=_out, help="Write a report with plots.")
@click.option("--calibrate", is_flag=True, help="Choose the student's rule on this data, and keep it in its profile.")
@click.option(
    "--among",
    multiple=True,
    type=click.Choice(_RULES),
    help="With --calibrate: only these rules, and the student's own. Repeatable.",
)
@click.pass_obj
def choice(
    config: str | None,
    *,
    data: Path,
    limit: int | None,
    seed: int,
    file: Path | None,
    student: str | None,
    embedder: str | None,
    teacher: str | None,
    show_options: bool | None,
    rule: str | None,
    style: str | None,
    order: str | None,
    reading: str | None,
    trim: str | None,
    reply: str | None,
    match: float | None,
    page: Path | None,
    calibrate: bool,
    **plan: Any,
) -> None:
    """Questions with choices: does what the teacher knows arrive at the student?

    Asks the same questions in every arm: the student alone, with evidence, with triples, with both, with the evidence
    of another question (shuffled), and the teacher alone. Without --pack the teacher writes the evidence first. A run
    that was interrupted goes on where it stood.

    DATA holds `question`, `choices` and `answer` a record, or the fields of MMLU, ARC or MedMCQA; a file (JSON Lines,
    JSON, CSV, Parquet) or a folder of a Hugging Face data set.
    """
    from drag.cli.progress import fetching
    from drag.questions import read_questions
    from drag.settings import Settings
    from eval import html
    from eval.arms_html import page as rendered
    from eval.choice import choice_questions
    from eval.choice_measures import measured
    from eval.choice_session import Plan, calibrated, run
    from eval.draw import draw
    from eval.report import show

    options = None if show_options is None else "shown" if show_options else "hidden"
    settings = Settings.load(config).override("ask", rule=rule, options=options)
    settings = settings.override("ask", style=style, order=order, reading=reading, trim=trim, match=match, reply=reply)
    settings = settings.override("models", student=student, teacher=teacher, embedder=embedder)
    wanted = Plan(data=data, seed=seed, limit=limit, **plan)
    _check(wanted, calibrate=calibrate, page=page)
    questions = draw(choice_questions(read_questions(data, wanted.split), str(data)), limit, seed)
    with fetching(settings) as how:
        if calibrate:
            show(calibrated(wanted, questions, settings, how), file)
            return
        report = run(wanted, questions, settings, how)
    if page is not None:
        html.write(page, rendered(report))
    show(report, file)
    if not measured(report):
        raise ConfigError("every answer failed: nothing was measured")


def _check(plan: Plan, *, calibrate: bool, page: Path | None) -> None:
    """Raise `ConfigError` for options that contradict each other."""
    from eval.choice_session import arms_of

    if plan.pack is not None and plan.keep is not None:
        raise ConfigError("--pack names evidence that is there, --keep where new evidence goes: give one of them")
    if calibrate and (page is not None or plan.only or plan.own or plan.new or plan.pieces or plan.rankers):
        raise ConfigError("--calibrate compares rules, not arms: without --html and the options that name or add arms")
    if plan.among and not calibrate:
        raise ConfigError("--among names the rules that --calibrate compares: give both")
    known = arms_of(plan.mode or "blind", own=True, new=True)
    other = [arm for arm in plan.only if arm not in known and arm not in arms_of("concluding", own=True)]
    if other:
        raise ConfigError(f"there is no arm '{other[0]}'; there are: {', '.join(known)}")
