"""`drag ask`: a question to an answer with citations."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drag.cli.answered import Shown
from drag.cli.console import errors
from drag.cli.options import finish_dry_run, privacy_options, prompt_options, reviewer
from drag.errors import ConfigError

if TYPE_CHECKING:
    from drag.types import Question


@click.command()
@click.argument("question", required=False)
@click.option("--pack", type=click.Path(dir_okay=False, path_type=Path), help="The pack to answer from.")
@click.option("--questions", type=click.Path(dir_okay=False, exists=True, path_type=Path), help="A file of questions.")
@click.option("--choice", "choices", multiple=True, metavar="TEXT", help="An answer to choose from. Repeatable.")
@click.option("--student", metavar="SPEC", help="Who answers.  [default: smollm2-135m]")
@click.option("--evidence/--no-evidence", default=True, show_default=True, help="Give the student evidence to read.")
@click.option("--graph/--no-graph", default=True, show_default=True, help="Give the student triples to read.")
@click.option("--without", "off", multiple=True, metavar="STAGE", help="Switch a stage of retrieval off. Repeatable.")
@click.option("--explain", is_flag=True, help="Show how each piece of evidence was found.")
@click.option("--max-tokens", type=click.IntRange(min=1), help="Length of an answer, at most.  [default: 64]")
@prompt_options
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    help="Abstain if it is less likely that the evidence can answer; 0: never.  [default: 0.25]",
)
@click.option(
    "--unsure",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="Where the confidence is less, have the teacher write evidence into the pack, and answer again.",
)
@click.option("--teacher", metavar="SPEC", help="For --unsure: who writes.  [default: qwen2.5-coder-0.5b]")
@click.option("--base-url", metavar="URL", help="Endpoint of an openai: student or teacher.")
@privacy_options
@click.option("--json", "as_json", is_flag=True, help="Write JSON: an object, or one a line for several questions.")
@click.pass_obj
def ask(
    config: str | None,
    *,
    question: str | None,
    pack: Path | None,
    questions: Path | None,
    choices: tuple[str, ...],
    student: str | None,
    teacher: str | None,
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
    Without one the student answers alone, and says so. With --unsure a teacher is asked where the student is not sure
    of its answer; an openai: teacher sees the question without its private words.
    """
    from drag.cli.progress import building, fetching
    from drag.journeys import open_student
    from drag.retrieve.found import without_stages
    from drag.settings import Settings
    from drag.unsure import learn

    if explain and pack is None:
        raise ConfigError("--explain goes with --pack: without one nothing is looked for")
    asked = _asked(question, questions, choices)
    settings = Settings.load(config).override("ask", **flags).override("remote", base_url=base_url)
    settings = settings.override("models", student=student, teacher=teacher)
    least = settings.ask.unsure
    if teacher is not None and least is None:
        raise ConfigError("--teacher goes with --unsure: otherwise no teacher is asked")
    if least is not None and (pack is None or not evidence):
        raise ConfigError("--unsure needs --pack, which keeps what the teacher writes, and evidence to be read")
    settings = settings.model_copy(update={"retrieve": without_stages(settings.retrieve, off)})
    settings = settings.override("privacy", policy=policy, audit=audit, approve=approve)
    if dry_run:
        from drag.dryrun import ask_requests, build_requests

        with fetching(settings) as how:
            run = ask_requests(asked, pack, settings=settings, how=how, evidence=evidence, graph=graph)
            who = settings.models.student
            if least is not None:
                # Who would be unsure is not known: no student is asked.
                learned = build_requests(asked, settings=settings, how=how)
                who = settings.models.teacher if learned.remote else who
                run = learned.beside(run)
        finish_dry_run(run, who, as_json=as_json)
        return
    review = reviewer(settings)
    show = Shown(pack, explain=explain, as_json=as_json, indent=None if questions else 2, headed=len(asked) > 1)
    with fetching(settings) as how:
        with open_student(pack, settings=settings, how=how, review=review) as one:
            if pack is None:
                errors.print("no pack: the student answers alone", style="dim")
            again = [item for item in asked if not show.answer(one, item, evidence=evidence, graph=graph, least=least)]
        if not again or pack is None:
            return
        with building(len(again)) as on_stage:
            report = learn(again, pack, settings=settings, how=how, review=review, on_stage=on_stage)
        for failure in report.failures:
            errors.print(f"the teacher could not help: {failure.error}", style="yellow", markup=False)
        with open_student(pack, settings=settings, how=how, review=review) as one:
            for item in again:
                show.answer(one, item, evidence=evidence, graph=graph)


def _asked(question: str | None, file: Path | None, choices: tuple[str, ...]) -> list[Question]:
    from drag.questions import read_questions, to_question

    if (question is None) == (file is None):
        raise ConfigError("give one question, or --questions with a file of them")
    if choices and (file is not None or len(set(choices)) < 2):
        raise ConfigError("--choice goes with one question, and at least twice: there has to be something to choose")
    if file is not None:
        return read_questions(file)
    text = sys.stdin.read() if question == "-" else str(question)
    return [to_question({"id": "asked", "question": text, **({"choices": list(choices)} if choices else {})})]
