"""`drag build`: questions, documents, or both, to a pack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from drag.cli import ingested
from drag.cli.console import errors, write_json
from drag.cli.ingested import SeveralDocuments
from drag.cli.options import finish_dry_run, privacy_options, reviewer
from drag.errors import ConfigError

if TYPE_CHECKING:
    from drag.pipeline import BuildReport


@click.command(cls=SeveralDocuments)
@click.argument("questions", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o", "--output", "pack", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The pack."
)
@click.option(
    "--documents",
    multiple=True,
    metavar="PATH...",
    type=click.Path(exists=True, path_type=Path),
    help="Files and folders; all paths up to the next option. Repeatable.",
)
@click.option(
    "--extractor", metavar="NAME", help="Triples of documents by spacy, llm, llm:SPEC or none.  [default: spacy]"
)
@click.option(
    "--triples-by",
    type=click.Choice(["teacher", "spacy"]),
    help="Triples of a question's evidence: the teacher's, or spaCy's.  [default: teacher]",
)
@click.option(
    "--ontology",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="Only the relations and types of this JSON file, for questions and documents.",
)
@click.option("--chunk", type=click.IntRange(min=10), help="Words of a piece of a document, about.  [default: 120]")
@click.option("--prune", is_flag=True, help="Remove the documents that are no longer at these paths.")
@click.option("--teacher", metavar="SPEC", help="Who writes the evidence.  [default: qwen2.5-coder-0.5b]")
@click.option("--embedder", metavar="SPEC", help="Who embeds it.  [default: all-minilm-l6-v2]")
@click.option("--evidence", type=click.IntRange(min=0), help="Pieces that the teacher writes; 0: none.  [default: 10]")
@click.option("--keep", type=click.IntRange(min=1), help="Pieces that are kept, at most.  [default: 5]")
@click.option("--keep-tokens", type=click.IntRange(min=1), help="Tokens of the kept pieces, at most.  [default: 400]")
@click.option("--show-choices/--hide-choices", default=None, help="Let the teacher see the choices.  [default: hide]")
@click.option("--show-evidence/--hide-evidence", default=None, help="Let it see a record's evidence.  [default: show]")
@click.option(
    "--decide/--no-decide",
    default=None,
    help="Let it decide on an answer before it writes evidence.  [default: where there are choices]",
)
@click.option("--samples", type=click.IntRange(min=0), help="Short answers that have to agree on that.  [default: 3]")
@click.option(
    "--candidates/--no-candidates",
    default=None,
    help="State them all where they do not agree.  [default: where there are choices]",
)
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
    questions: Path | None,
    pack: Path,
    documents: tuple[Path, ...],
    extractor: str | None,
    chunk: int | None,
    prune: bool,
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
    **flags: int | float | bool | str | None,
) -> None:
    """Make a pack of QUESTIONS, of documents, or of both.

    For QUESTIONS a teacher writes evidence, which is ranked and made a graph of.
    QUESTIONS is JSON Lines, CSV, or one question a line. A record's own `evidence` is kept beside the teacher's.
    Documents are cut into pieces that keep their title, date and place; no teacher is needed for them. Those that
    have not changed since they were read into the pack are left alone.

    With an openai: teacher private words are replaced before anything leaves, and the pack holds the placeholders too.
    Interrupted and run again, the build goes on where it stopped and pays for nothing twice. Exit code 1 if a
    question failed or a file could not be read; the failures stand in the pack and are tried again by the next run.
    """
    from drag.cli.progress import building, fetching, ingesting
    from drag.journeys import build as journey
    from drag.questions import read_questions
    from drag.settings import Settings

    settings = Settings.load(config).override("models", embedder=embedder, teacher=teacher)
    settings = settings.override("remote", base_url=base_url).override("build", **flags)
    settings = settings.override("privacy", policy=policy, audit=audit, approve=approve)
    settings = settings.override("documents", extractor=extractor, chunk=chunk)
    if questions is None and not documents:
        raise click.UsageError("give QUESTIONS, --documents, or both")
    if prune and not documents:
        raise ConfigError("--prune goes with --documents")
    asked = read_questions(questions)[:limit] if questions is not None else None
    if dry_run:
        from drag.dryrun import build_requests

        with fetching(settings) as how:
            run = build_requests(asked or [], documents=documents, settings=settings, how=how, keep_names=keep_names)
        finish_dry_run(run, settings.models.teacher, as_json=as_json)
        return
    review = reviewer(settings)
    with fetching(settings) as how, ingesting() as on_documents, building(len(asked or ())) as on_stage:
        report = journey(
            asked,
            pack,
            documents=documents,
            prune=prune,
            settings=settings,
            how=how,
            keep_names=keep_names,
            review=review,
            on_stage=on_stage,
            on_documents=on_documents,
        )
    _show(report, pack, questions=asked is not None, as_json=as_json)
    if asked is not None or settings.documents.extractor != "none":
        _warn_of_no_graph(pack)
    if report.failures or ingested.incomplete(report.documents):
        click.get_current_context().exit(1)


def _warn_of_no_graph(path: Path) -> None:
    """An extractor that finds nothing anywhere is more often the wrong one than evidence without a fact in it."""
    from drag.pack import Pack

    with Pack(path) as pack:
        counts = pack.counts()
    if counts["evidence"] and not counts["triples"]:
        errors.print("no triple was found in any evidence: the pack has no graph", style="yellow")


def _show(report: BuildReport, pack: Path, *, questions: bool, as_json: bool) -> None:
    if as_json:
        failures = [{"item_id": f.item_id, "stage": f.stage, "error": f.error} for f in report.failures]
        record = {
            "pack": str(pack),
            "built": report.built,
            "reused": report.reused,
            "dropped": report.dropped,
            "failures": failures,
        }
        write_json(record | ({"documents": ingested.as_record(report.documents)} if report.documents else {}))
    elif report.documents:
        ingested.show(report.documents)
    if report.dropped:
        errors.print(f"{report.dropped} pieces gave orders instead of evidence and were dropped", style="yellow")
    for failure in report.failures:
        errors.print(f"failed: {failure.item_id} ({failure.stage}): {failure.error}", style="yellow", markup=False)
    if questions and not as_json:
        summary = f"{pack}: {report.built} built, {report.reused} there already, {len(report.failures)} failures"
        errors.print(summary, markup=False)
