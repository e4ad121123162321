"""`drag build`: questions to a pack."""

from __future__ import annotations

from pathlib import Path

import click

from drag.cli.console import errors, write_json
from drag.cli.options import finish_dry_run, privacy_options, reviewer


@click.command()
@click.argument("questions", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o", "--output", "pack", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The pack."
)
@click.option("--teacher", metavar="SPEC", help="Who writes the evidence.  [default: qwen2.5-coder-0.5b]")
@click.option("--embedder", metavar="SPEC", help="Who embeds it.  [default: all-minilm-l6-v2]")
@click.option("--evidence", type=click.IntRange(min=0), help="Pieces that the teacher writes; 0: none.  [default: 10]")
@click.option("--keep", type=click.IntRange(min=1), help="Pieces that are kept, at most.  [default: 5]")
@click.option("--keep-tokens", type=click.IntRange(min=1), help="Tokens of the kept pieces, at most.  [default: 400]")
@click.option("--show-choices/--hide-choices", default=None, help="Let the teacher see the choices.  [default: hide]")
@click.option("--show-evidence/--hide-evidence", default=None, help="Let it see a record's evidence.  [default: show]")
@click.option("--similarity", type=click.FloatRange(min=0), help="Weight of the cosine similarity.  [default: 1]")
@click.option(
    "--relevance", type=click.FloatRange(min=0), help="Weight of the teacher's judgement; 0: skip.  [default: 1]"
)
@click.option("--document", type=click.FloatRange(min=0), help="Weight of a record's own evidence.  [default: 1]")
@click.option("--base-url", metavar="URL", help="Endpoint of an openai: teacher.")
@privacy_options
@click.option("--keep-names", is_flag=True, help="Store real names, even though the teacher is remote.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N questions.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON on standard output.")
@click.pass_obj
def build(
    config: str | None,
    *,
    questions: Path,
    pack: Path,
    limit: int | None,
    as_json: bool,
    teacher: str | None,
    embedder: str | None,
    base_url: str | None,
    policy: str | None,
    audit: Path | None,
    approve: bool | None,
    dry_run: bool,
    keep_names: bool,
    **flags: int | float | bool | None,
) -> None:
    """Write evidence for QUESTIONS, rank it, make a graph of it, and store it all in a pack.

    QUESTIONS is JSON Lines, CSV, or one question a line. A record's own `evidence` is kept beside the teacher's.
    With an openai: teacher private words are replaced before anything leaves, and the pack holds the placeholders too.
    Interrupted and run again, the build goes on where it stopped and pays for nothing twice. Exit code 1 if a
    question failed; the failures stand in the pack and are tried again by the next run.
    """
    from drag.cli.progress import building, fetching
    from drag.journeys import build as journey
    from drag.questions import read_questions
    from drag.settings import Settings

    settings = Settings.load(config).override("models", embedder=embedder, teacher=teacher)
    settings = settings.override("remote", base_url=base_url).override("build", **flags)
    settings = settings.override("privacy", policy=policy, audit=audit, approve=approve)
    asked = read_questions(questions)[:limit]
    if dry_run:
        from drag.dryrun import build_requests

        with fetching(settings) as how:
            run = build_requests(asked, settings=settings, how=how, keep_names=keep_names)
        finish_dry_run(run, settings.models.teacher, as_json=as_json)
        return
    review = reviewer(settings)
    with fetching(settings) as how, building(len(asked)) as on_stage:
        report = journey(
            asked, pack, settings=settings, how=how, keep_names=keep_names, review=review, on_stage=on_stage
        )
    if as_json:
        failures = [{"item_id": f.item_id, "stage": f.stage, "error": f.error} for f in report.failures]
        write_json(
            {
                "pack": str(pack),
                "built": report.built,
                "reused": report.reused,
                "dropped": report.dropped,
                "failures": failures,
            }
        )
    if report.dropped:
        errors.print(f"{report.dropped} pieces gave orders instead of evidence and were dropped", style="yellow")
    for failure in report.failures:
        errors.print(f"failed: {failure.item_id} ({failure.stage}): {failure.error}", style="yellow", markup=False)
    if not as_json:
        summary = f"{pack}: {report.built} built, {report.reused} there already, {len(report.failures)} failures"
        errors.print(summary, markup=False)
    if report.failures:
        click.get_current_context().exit(1)
