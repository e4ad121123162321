"""`drag eval open`, as a command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from drag.errors import ConfigError
from eval.common_options import with_answering, with_common


@click.command("open")
@click.argument("data", type=click.Path(exists=True, path_type=Path))
@with_common
@click.option("--teacher", metavar="SPEC", help="Ask it as well: the arm that transfer is measured against.")
@click.option("--pack", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Search this pack.")
@click.option("--distractors", type=click.IntRange(min=0), default=0, show_default=True, help="Texts of other rows.")
@click.option("--controls", is_flag=True, help="Add the arms with another question's evidence, and the student's own.")
@click.option("--arm", "only", multiple=True, metavar="ARM", help="Only this arm. Repeatable.")
@with_answering
@click.option(
    "--run",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep answers in this file, and go on from it. For `drag eval grounding --fit`, too.",
)
@click.option("--html", "page", type=click.Path(dir_okay=False, path_type=Path), help="Write a report with plots.")
@click.pass_obj
def open_(
    config: str | None,
    *,
    data: Path,
    file: Path | None,
    student: str | None,
    embedder: str | None,
    teacher: str | None,
    limit: int | None,
    seed: int,
    pack: Path | None,
    distractors: int,
    controls: bool,
    only: tuple[str, ...],
    run: Path | None,
    page: Path | None,
    **flags: Any,
) -> None:
    """Open questions: the student alone against the student with evidence.

    DATA holds `question`, `answers` and `evidence` a record. With --distractors the texts of other rows stand beside
    the row's own, and the product ranks them. With --pack the evidence and the triples are searched for in that pack
    instead, and the records need none. A record with `answerable: false` wants an abstention. With --seed 0 a --limit
    takes the first rows, with another a sample. Arms: alone, evidence, with --pack graph and both; shuffled and self
    (--controls); teacher (--teacher).
    """
    from drag.cli.progress import fetching
    from drag.questions import read_questions
    from drag.settings import Settings
    from eval import html, open_session
    from eval.arms_html import page as rendered
    from eval.draw import draw
    from eval.report import show

    if pack is not None and distractors:
        raise ConfigError("--distractors are put beside a record's own evidence, which --pack does not read")
    settings = Settings.load(config).override("ask", **flags)
    settings = settings.override("models", student=student, embedder=embedder, teacher=teacher)
    plan = open_session.Plan(data, seed, limit, pack, distractors, only, controls, teacher is not None, run)
    open_session.arms_of(plan)
    pool = [one for one in read_questions(data) if one.gold]
    questions = draw(pool, limit, seed)
    if pack is None:
        questions = [one for one in questions if one.evidence]
    if not questions:
        needed = "'answers'" if pack else "both 'answers' and 'evidence'"
        raise ConfigError(f"{data} holds no record with {needed}")
    with fetching(settings) as how:
        report = open_session.run(plan, questions, pool, settings, how)
    if page is not None:
        html.write(page, rendered(report))
    show(report, file)
    if not report.measured:
        raise ConfigError("every row failed: nothing was measured")
