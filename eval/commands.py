"""`drag eval …`: registered in the entry-point group `drag.commands`."""

from __future__ import annotations

from pathlib import Path

import click

from eval.choice_commands import choice
from eval.common_options import with_common
from eval.compare_commands import compare
from eval.graph_commands import graph
from eval.grounding_commands import grounding
from eval.harness_commands import harness
from eval.open_commands import open_
from eval.privacy_commands import attack, leak
from eval.prompts_commands import prompts
from eval.retrieval_commands import retrieval
from eval.scale_commands import speed_retrieval
from eval.speed_graph import resolve_command
from eval.triples_commands import triples


@click.group(name="eval")
def evaluate() -> None:
    """Measure accuracy and speed on your own data."""


@evaluate.group()
def speed() -> None:
    """Ratios measured in one run."""


@speed.command("ask")
@with_common
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


for _command in (choice, compare, open_, prompts, graph, grounding, harness, leak, attack, retrieval, triples):
    evaluate.add_command(_command)
speed.add_command(speed_retrieval)
speed.add_command(resolve_command)
