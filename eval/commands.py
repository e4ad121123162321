"""`drag eval …`: registered in the entry-point group `drag.commands`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from drag.errors import ConfigError
from eval.privacy_commands import attack, leak

_common = (
    click.option("--limit", type=click.IntRange(min=1), help="Only N rows."),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of every draw."),
    click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write JSON; - for stdout."),
    click.option("--student", metavar="SPEC", help="Who answers.  [default: smollm2-135m]"),
    click.option("--embedder", metavar="SPEC", help="Who embeds.  [default: all-minilm-l6-v2]"),
)


def _with_common(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_common):
        command = option(command)
    return command


@click.group(name="eval")
def evaluate() -> None:
    """Measure accuracy and speed on your own data."""


@evaluate.command("open")
@click.argument("data", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_with_common
@click.option("--distractors", type=click.IntRange(min=0), default=0, show_default=True, help="Texts of other rows.")
@click.option("--max-tokens", type=click.IntRange(min=1), help="Length of an answer, at most.  [default: 64]")
@click.option(
    "--style", type=click.Choice(["auto", "plain", "instructed"]), help="How it is prompted.  [default: auto]"
)
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
    distractors: int,
    **flags: Any,
) -> None:
    """Open questions: the student alone against the student with the evidence that DATA brings.

    DATA holds `question`, `answers` and `evidence` a record. With --distractors the texts of other rows stand beside
    the row's own, and the product ranks them. With --seed 0 a --limit takes the first rows, with another a sample.
    """
    from rich.progress import track

    from drag.answer import style_of
    from drag.cli.console import errors
    from drag.cli.progress import fetching
    from drag.models import load_model
    from drag.models.embed import load_embedder
    from drag.questions import read_questions
    from drag.settings import Settings
    from eval.draw import draw
    from eval.open import ask_arms, contexts, summarise
    from eval.report import show

    settings = Settings.load(config).override("ask", **flags).override("models", student=student, embedder=embedder)
    pool = [one for one in read_questions(data) if one.gold]
    questions = [one for one in draw(pool, limit, seed) if one.evidence]
    if not questions:
        raise ConfigError(f"{data} holds no record with both 'answers' and 'evidence'")
    with fetching(settings) as how:
        model = load_model(settings.models.student, settings, how=how)
        ranker = load_embedder(settings.models.embedder, how) if distractors else None
    try:
        given = contexts(
            questions,
            pool,
            distractors=distractors,
            seed=seed,
            embedder=ranker,
            limits=settings.ask,
            count_tokens=model.count_tokens,
        )
        style = style_of(model) if settings.ask.style == "auto" else settings.ask.style
        pairs = list(zip(questions, given, strict=True))
        rows = [
            ask_arms(model, question, context, style=style, max_tokens=settings.ask.max_tokens)
            for question, context in track(pairs, "asking", console=errors, disable=not errors.is_terminal)
        ]
    finally:
        model.close()
    made_with = {
        "data": data.name,
        "student": model.name,
        "style": style,
        "distractors": distractors,
        "seed": seed,
        "limit": limit,
        "ask": settings.ask.model_dump(),
    }
    report = summarise(rows, seed=seed, settings=made_with)
    show(report, file)
    if not report.measured:
        raise ConfigError("every row failed: nothing was measured")


@evaluate.group()
def speed() -> None:
    """Ratios measured in one run."""


@speed.command("ask")
@_with_common
@click.option("--evidence", type=click.IntRange(min=5), default=1000, show_default=True, help="Pieces in the pack.")
@click.option("--sanitize/--no-sanitize", default=True, show_default=True, help="Sanitize the question as well.")
@click.pass_obj
def speed_ask(
    config: str | None,
    *,
    limit: int | None,
    seed: int,
    file: Path | None,
    student: str | None,
    embedder: str | None,
    evidence: int,
    sanitize: bool,
) -> None:
    """What `drag ask` adds to the model's own time: sanitize, embed, retrieve, prompt. --limit: number of rounds."""
    from drag.cli.progress import fetching
    from drag.models import load_model
    from drag.models.embed import load_embedder
    from drag.models.gateway import open_sanitizer
    from drag.settings import Settings
    from eval.report import show
    from eval.speed import ask

    settings = Settings.load(config).override("models", student=student, embedder=embedder)
    with fetching(settings) as how:
        model = load_model(settings.models.student, settings, how=how)
        cleaner = open_sanitizer(settings, how) if sanitize else None
        try:
            report = ask(
                model,
                load_embedder(settings.models.embedder, how),
                settings.models.embedder,
                evidence=evidence,
                rounds=limit or 20,
                seed=seed,
                sanitize=(lambda text: cleaner.session().sanitize(text)) if cleaner else None,
            )
        finally:
            model.close()
    show(report, file)


for _command in (leak, attack):
    evaluate.add_command(_command)
