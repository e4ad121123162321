"""`drag train eval`, registered in the entry-point group `drag.train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from drag.errors import ConfigError
from eval.common_options import with_common


@click.command("eval")
@click.argument("data", metavar="ROWS", type=click.Path(exists=True, path_type=Path))
@with_common
@click.option("--adapter", metavar="FILE.gguf", help="What was trained: a LoRA adapter on the student.")
@click.option("--tuned", metavar="SPEC", help="Or the whole tuned model, as a model spec.")
@click.option(
    "--style",
    type=click.Choice(["auto", "plain", "instructed"]),
    help="How the tuned one is prompted.  [default: as its rows were]",
)
@click.option(
    "--reply",
    type=click.Choice(["auto", "written", "quoted"]),
    help="Whether the tuned one writes its answer or quotes it.  [default: as its profile]",
)
@click.option("--forgetting", type=click.Path(exists=True, path_type=Path), help="Choice questions, asked alone.")
@click.option("--distractors", type=click.IntRange(min=0), default=0, show_default=True, help="Texts of other rows.")
@click.option(
    "--pack", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Its evidence, as asked for."
)
@click.option("--evidence-only", is_flag=True, help="Leave out the arms without evidence.")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Abstain below, unasked; 0: never.  [default: 0.25]")
@click.option("--max-tokens", type=click.IntRange(min=1), help="Length of an answer, at most.  [default: 64]")
@click.option("--run", type=click.Path(dir_okay=False, path_type=Path), help="Keep answers here, and go on from it.")
@click.option("--least", multiple=True, metavar="METRIC=VALUE", help="Fail below this. Repeatable.")
@click.pass_obj
def tuned(
    config: str | None,
    *,
    data: Path,
    file: Path | None,
    student: str | None,
    embedder: str | None,
    tuned: str | None,
    adapter: str | None,
    least: tuple[str, ...],
    threshold: float | None,
    max_tokens: int | None,
    **plan: Any,
) -> None:
    """Measure a tuned student against its base: the exported file, with and without evidence.

    ROWS is what `drag train data` wrote, of which the held-out rows are asked, or questions with `answers` and
    `evidence`; --distractors adds texts of other rows to those, and --pack gives what `drag ask` finds there instead.
    The base is prompted in its own best style. Arms, on the same questions: base/evidence, tuned/evidence, base/alone,
    tuned/alone. --limit holds for --forgetting as well.
    Exit code not 0 where nothing could be measured or a --least is missed, as in --least gain/evidence=0.08.
    """
    from drag.cli.progress import fetching
    from drag.settings import Settings
    from eval.report import show
    from eval.train_measures import missed
    from eval.train_session import Plan, holds_rows, run

    bars = _bars(least)
    settings = Settings.load(config).override("models", student=student, embedder=embedder)
    settings = settings.override("ask", threshold=threshold, max_tokens=max_tokens)
    if (tuned is None) == (adapter is None):
        raise ConfigError("give what was tuned: --adapter FILE.gguf, or --tuned SPEC")
    if adapter is not None and adapter.endswith(".gguf") and not Path(adapter).is_file():
        raise ConfigError(f"there is no file {adapter}")
    if plan["distractors"] and holds_rows(data):
        raise ConfigError("training rows bring their distractors: --distractors goes with questions")
    spec = tuned or f"{settings.models.student}+{adapter}"
    wanted = Plan(data=data, tuned=spec, adapter=adapter or spec.partition("+")[2], **plan)
    with fetching(settings) as how:
        report = run(wanted, settings, how)
    show(report, file)
    if not report.measured:
        raise ConfigError("every row failed: nothing was measured")
    problems = missed(report, bars)
    if problems:
        raise ConfigError("; ".join(problems))


def _bars(given: tuple[str, ...]) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in given:
        name, equals, value = one.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            equals = ""
        if not equals or not name.strip():
            raise ConfigError(f"--least is '{one}': give METRIC=VALUE, as in gain/evidence=0.08")
    return found
