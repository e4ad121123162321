"""`drag ask`: a question to an answer with citations."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drag.cli import cite, explained
from drag.cli.console import errors, output, write_json
from drag.cli.options import finish_dry_run, privacy_options, reviewer
from drag.errors import ConfigError

if TYPE_CHECKING:
    from drag.types import Answer, Question


@click.command()
@click.argument("question", required=False)
@click.option("--pack", type=click.Path(dir_okay=False, path_type=Path), help="The pack to answer from.")
@click.option("--questions", type=click.Path(dir_okay=False, exists=True, path_type=Path), help="A file of questions.")
@click.option("--student", metavar="SPEC", help="Who answers.  [default: smollm2-135m]")
@click.option("--evidence/--no-evidence", default=True, show_default=True, help="Give the student evidence to read.")
@click.option("--graph/--no-graph", default=True, show_default=True, help="Give the student triples to read.")
@click.option("--without", "off", multiple=True, metavar="STAGE", help="Switch a stage of retrieval off. Repeatable.")
@click.option("--explain", is_flag=True, help="Show how each piece of evidence was found.")
@click.option("--max-tokens", type=click.IntRange(min=1), help="Length of an answer, at most.  [default: 64]")
@click.option(
    "--style", type=click.Choice(["auto", "plain", "instructed"]), help="How it is prompted.  [default: auto]"
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    help="Abstain if it is less likely that the evidence can answer; 0: never.  [default: 0.25]",
)
@click.option("--base-url", metavar="URL", help="Endpoint of an openai: student.")
@privacy_options
@click.option("--json", "as_json", is_flag=True, help="Write JSON: an object, or one a line for several questions.")
@click.pass_obj
def ask(
    config: str | None,
    *,
    question: str | None,
    pack: Path | None,
    questions: Path | None,
    student: str | None,
    evidence: bool,
    graph: bool,
    off: tuple[str, ...],
    explain: bool,
    base_url: str | None,
    policy: str | None,
    audit: Path | None,
    approve: bool | None,
    dry_run: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Answer QUESTION on this device; `-` reads it from standard input.

    With a pack the student reads the evidence and the triples found in it, and the answer says which it rests on.
    Without one the student answers alone, and says so.
    """
    from drag.cli.progress import fetching
    from drag.journeys import open_student
    from drag.retrieve.found import without_stages
    from drag.settings import Settings

    if explain and pack is None:
        raise ConfigError("--explain goes with --pack: without one nothing is looked for")
    asked = _asked(question, questions)
    settings = Settings.load(config).override("ask", **flags).override("remote", base_url=base_url)
    settings = settings.override("models", student=student)
    settings = settings.model_copy(update={"retrieve": without_stages(settings.retrieve, off)})
    settings = settings.override("privacy", policy=policy, audit=audit, approve=approve)
    if dry_run:
        from drag.dryrun import ask_requests

        with fetching(settings) as how:
            run = ask_requests(asked, pack, settings=settings, how=how, evidence=evidence, graph=graph)
        finish_dry_run(run, settings.models.student, as_json=as_json)
        return
    review = reviewer(settings)
    with fetching(settings) as how, open_student(pack, settings=settings, how=how, review=review) as one:
        if pack is None:
            errors.print("no pack: the student answers alone", style="dim")
        for number, item in enumerate(asked):
            if as_json:
                answer = one.ask(item, evidence=evidence, graph=graph)
                record = as_record(answer, pack)
                if explain and one.search is not None:
                    record["retrieval"] = explained.as_record(one.search)
                write_json(record, indent=None if questions else 2)
                _tell_dropped(one.dropped)
                continue
            if len(asked) > 1:
                output.print(f"{'' if number == 0 else chr(10)}[bold]{_plain(item.text)}[/]")
            answer = one.ask(item, evidence=evidence, graph=graph, on_text=_stream)
            _finish(answer, pack)
            if explain and one.search is not None:
                explained.show(one.search)
            _tell_dropped(one.dropped)


def _asked(question: str | None, file: Path | None) -> list[Question]:
    from drag.questions import read_questions, to_question

    if (question is None) == (file is None):
        raise ConfigError("give one question, or --questions with a file of them")
    if file is not None:
        return read_questions(file)
    text = sys.stdin.read() if question == "-" else str(question)
    return [to_question({"id": "asked", "question": text})]


def _stream(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _tell_dropped(count: int) -> None:
    if count:
        errors.print(f"{count} pieces of the pack gave orders instead of evidence and were left out", style="yellow")


def _finish(answer: Answer, pack: Path | None) -> None:
    """What follows the streamed text: the choice that was scored, and the sources."""
    unasked = answer.abstained and not answer.usage.completion_tokens
    if answer.question.choices or unasked:
        _stream(answer.text)
    _stream("\n")
    if answer.abstained:
        why = f", with a probability of {1 - answer.answerable:.0%}" if answer.answerable is not None else ""
        output.print(f"The evidence does not carry an answer{why}.", style="dim", markup=False)
    elif answer.answerable is not None and answer.confidence is not None:
        output.print(f"  confidence {min(answer.confidence, 0.99):.0%}", style="dim", highlight=False)
    paths = cite.paths_of(pack, [one.evidence for one in answer.citations])
    for citation in answer.citations:
        output.print(f"  [{citation.number}] {citation.evidence.text}", style="cyan", markup=False)
        source = cite.line(citation.evidence, paths)
        output.print("      ", source, f", by {citation.basis}", style="dim", markup=False, sep="")
    if answer.context.evidence and not answer.citations and not answer.abstained:
        output.print("  no piece of the evidence supports this answer", style="yellow")


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def as_record(answer: Answer, pack: Path | None) -> dict[str, Any]:
    """An answer as JSON shows it; `pack` is the one that it was found in, None if the student answered alone."""
    usage = answer.usage
    read = [*answer.context.evidence, *(one.evidence for one in answer.citations)]
    paths = cite.paths_of(pack, read)
    return {
        "id": answer.question.id,
        "question": answer.question.text,
        "answer": answer.text,
        "alone": pack is None,
        "abstained": answer.abstained,
        "confidence": answer.confidence,
        "answerable": answer.answerable,
        "citations": [
            {"number": one.number, "basis": one.basis, "evidence_id": one.evidence.id}
            | {name: value for name, value in cite.as_record(one.evidence, paths).items() if name != "id"}
            for one in answer.citations
        ],
        "evidence": [cite.as_record(one, paths) for one in answer.context.evidence],
        "triples": [[one.head, one.relation, one.tail] for one in answer.context.graph],
        "usage": {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "seconds": round(usage.seconds, 3),
            "cost": usage.cost,
        },
    }
