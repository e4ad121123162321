"""`drag eval open`, as a command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from drag.errors import ConfigError
from drag.types import Context
from eval.common_options import with_common


@click.command("open")
@click.argument("data", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_common
@click.option("--pack", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Search this pack.")
@click.option("--distractors", type=click.IntRange(min=0), default=0, show_default=True, help="Texts of other rows.")
@click.option("--max-tokens", type=click.IntRange(min=1), help="Length of an answer, at most.  [default: 64]")
@click.option(
    "--style", type=click.Choice(["auto", "plain", "instructed"]), help="How it is prompted.  [default: auto]"
)
@click.option("--threshold", type=click.FloatRange(0, 1), help="Abstain below; 0: never.  [default: 0.25]")
@click.pass_obj
def open_(
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
    **flags: Any,
) -> None:
    """Open questions: the student alone against the student with evidence.

    DATA holds `question`, `answers` and `evidence` a record. With --distractors the texts of other rows stand beside
    the row's own, and the product ranks them. With --pack the evidence and the triples are searched for in that pack
    instead, and the records need none. A record with `answerable: false` wants an abstention. With --seed 0 a --limit
    takes the first rows, with another a sample.
    """
    from contextlib import ExitStack

    from rich.progress import track

    from drag.answer import calibration_of
    from drag.cli.console import errors
    from drag.cli.progress import fetching
    from drag.journeys import open_student
    from drag.models.embed import load_embedder
    from drag.questions import read_questions
    from drag.settings import Settings
    from eval.draw import draw
    from eval.open import ask_arms, contexts, searched, summarise
    from eval.report import show

    if pack is not None and distractors:
        raise ConfigError("--distractors are put beside a record's own evidence, which --pack does not read")
    settings = Settings.load(config).override("ask", **flags).override("models", student=student, embedder=embedder)
    pool = [one for one in read_questions(data) if one.gold]
    questions = draw(pool, limit, seed)
    if pack is None:
        questions = [one for one in questions if one.evidence]
    if not questions:
        needed = "'answers'" if pack else "both 'answers' and 'evidence'"
        raise ConfigError(f"{data} holds no record with {needed}")
    with ExitStack() as stack:
        how = stack.enter_context(fetching(settings))
        asker = stack.enter_context(open_student(pack, settings=settings, how=how))
        if pack is not None:
            read = (searched(asker, one) for one in questions)
        else:
            given = contexts(
                questions,
                pool,
                distractors=distractors,
                seed=seed,
                embedder=load_embedder(settings.models.embedder, how) if distractors else None,
                limits=settings.ask,
                count_tokens=asker.model.count_tokens,
            )
            read = ({"alone": Context(), "evidence": one} for one in given)
        pairs = zip(questions, read, strict=True)
        rows = [
            ask_arms(
                asker.model,
                question,
                arms,
                style=asker.style,
                max_tokens=settings.ask.max_tokens,
                calibration=calibration_of(settings.ask),
            )
            for question, arms in track(
                pairs, "asking", total=len(questions), console=errors, disable=not errors.is_terminal
            )
        ]
        made_with = {
            "data": data.name,
            "pack": pack.name if pack else None,
            "student": asker.model.name,
            "style": asker.style,
            "distractors": distractors,
            "seed": seed,
            "limit": limit,
            "ask": settings.ask.model_dump(mode="json"),
        }
    report = summarise(rows, seed=seed, settings=made_with)
    show(report, file)
    if not report.measured:
        raise ConfigError("every row failed: nothing was measured")
