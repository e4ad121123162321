"""`drag eval leak` and `drag eval attack`."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drag.cli.console import errors, output
from drag.errors import ConfigError, DragError

if TYPE_CHECKING:
    from drag.models import Fetching
    from drag.settings import Settings
    from drag.types import Question
    from eval.choices import Exam
    from eval.leak import Checked, Clean
    from eval.leak_data import Row
    from eval.report import Report
    from privacy import Gateway

POLICIES = ("strict", "balanced", "off")
THRESHOLDS = (0.1, 0.15, 0.3)
"""Other operating points of the policy `balanced` on the curve: the least score of a name that is hidden."""

_file = click.Path(dir_okay=False, path_type=Path)
_policy = click.option("--policy", type=click.Choice(POLICIES), help="What is replaced.  [default: balanced]")
_limit = click.option("--limit", type=click.IntRange(min=1), help="Only N rows.")
_seed = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of every draw.")
_json = click.option("--json", "file", type=_file, help="Write JSON; - for stdout.")


@click.command()
@click.argument("data", nargs=-1, type=_file)
@_policy
@click.option("--max-leak", type=click.FloatRange(0, 1), metavar="SHARE", help="Exit 1 if more of the units leak.")
@click.option("--inject", is_flag=True, help="DATA are choice questions: weave made-up private clauses in.")
@click.option(
    "--accuracy",
    metavar="[FILE]",
    is_flag=False,
    flag_value="",
    help="Choice questions to answer with and without sanitizing; with --inject those of DATA, as a matter of course.",
)
@click.option("--no-accuracy", is_flag=True, help="With --inject: no student.")
@click.option(
    "--accuracy-limit", type=click.IntRange(min=1), default=50, show_default=True, help="Questions for the student."
)
@click.option("--similarity/--no-similarity", default=True, show_default=True, help="Cosine to the original text.")
@click.option("--curve", is_flag=True, help="Measure several operating points as well.")
@_limit
@_seed
@_json
@click.option("--html", "page", type=_file, help="Write a report with plots.")
@click.option("--show", is_flag=True, help="Show the private strings that leaked, on the terminal and in the page.")
@click.option("--student", metavar="SPEC", help="Who answers.  [default: smollm2-135m]")
@click.option("--embedder", metavar="SPEC", help="Who embeds.  [default: all-minilm-l6-v2]")
@click.pass_obj
def leak(
    config: str | None,
    *,
    data: tuple[Path, ...],
    policy: str | None,
    max_leak: float | None,
    inject: bool,
    accuracy: str | None,
    no_accuracy: bool,
    accuracy_limit: int,
    similarity: bool,
    curve: bool,
    limit: int | None,
    seed: int,
    file: Path | None,
    page: Path | None,
    show: bool,
    **models: str | None,
) -> None:
    """What still stands in the text that would leave, how much is deleted for it, and what that costs.

    DATA holds `text`, `private` (the strings that must not leave) and optionally `spans` (`start`, `end`, `type`) a
    record. Every text goes through the gateway, but nothing is sent. No private string is ever shown without --show.
    Exit code 1 where more than --max-leak of the units leak, or where nothing could be measured.
    """
    from drag.cli.progress import fetching
    from drag.settings import Settings
    from eval import html
    from eval.choices import accuracies
    from eval.draw import questions_of, rows_of
    from eval.inject import inject as weave
    from eval.leak import cosines, summarise
    from eval.report import show as show_report

    settings = Settings.load(config).override("models", **models).override("privacy", policy=policy)
    if inject and accuracy:
        # The option takes a value where one follows: here that is the first of DATA.
        data, accuracy = (Path(accuracy), *data), ""
    if not data:
        raise click.UsageError("give DATA: a file of rows, or with --inject of choice questions")
    asked = questions_of(data, limit, seed) if inject else []
    rows = weave(asked, seed=seed) if inject else rows_of(data, limit, seed)
    exam = [] if no_accuracy else asked if inject else questions_of([Path(accuracy)], None, seed) if accuracy else []
    made_with: dict[str, Any] = {
        "data": [one.name for one in data],
        "policy": settings.privacy.policy,
        "inject": inject,
        "seed": seed,
        "limit": limit,
        "max_leak": max_leak,
    }
    with fetching(settings) as how:
        clean = _clean(settings, how)
        checked = _measure(rows, clean)
        embedder = _embedder(settings, how) if similarity else None
        made_with["embedder"] = settings.models.embedder if embedder else None
        report = summarise(
            checked, seed=seed, settings=made_with, similarities=cosines(checked, embedder) if embedder else ()
        )
        if not report.metrics["units"]:
            raise ConfigError("no private string occurs in its text: nothing was measured")
        if inject:
            report = _with(report, _reduction(data, asked, checked))
        if exam:
            drawn = random.Random(f"exam:{seed}").sample(exam, min(accuracy_limit, len(exam)))  # noqa: S311 - no secret
            metrics, intervals = accuracies(_exam(drawn, rows if inject else [], clean, settings, how), seed=seed)
            report = _with(report, metrics, intervals, student=settings.models.student)
        points = _curve(rows, settings, how) if curve else {}
    for name, at in points.items():
        report = _with(report, {f"{metric}/{name}": value for metric, value in at.items()})
    show_report(report, file)
    if show:
        _reveal(checked, errors if str(file) == "-" else output)
    if page is not None:
        html.write(page, html.page(report, checked, curve=points, limit=max_leak, reveal=show))
    if all(one.sent is None for one in checked):
        raise ConfigError("every row was refused: nothing was measured")
    found = report.metrics["leak_units"]
    if max_leak is not None and found > max_leak:
        raise DragError(f"leak_units is {found:.4f}, above --max-leak {max_leak:g}")


@click.command()
@_policy
@_limit
@_seed
@_json
@click.pass_obj
def attack(config: str | None, *, policy: str | None, limit: int | None, seed: int, file: Path | None) -> None:
    """What somebody who tries gets out: disguised words, canaries, poisoned evidence, linked sessions.

    Everybody in it is made up; --limit is their number (default 20). A malicious endpoint on the loopback address
    plays the teacher; nothing else is contacted.
    """
    from drag.cli.progress import fetching, tracked
    from drag.settings import Settings
    from eval.attack import against, people, summarise, values
    from eval.attack_paths import through
    from eval.report import show as show_report

    settings = Settings.load(config).override("privacy", policy=policy)
    if settings.privacy.policy == "off":
        raise ConfigError("with the policy off there is nothing to attack")
    crowd = people(limit or 20, seed)
    told = settings.override("privacy", deny=(*settings.privacy.deny, *(v for one in crowd for v in values(one))))
    with fetching(settings) as how:
        attacks = against(_gateway(settings, how), crowd) | through(_gateway(told, how), crowd[:6])
    results: dict[str, Any] = {}
    for name, one in tracked(attacks.items(), "attacking"):
        try:
            results |= one()
        except (DragError, OSError) as error:
            errors.print(f"{name} could not be tried: {type(error).__name__}", style="yellow")
            results[name] = None
    report = summarise(results, seed=seed, settings={"policy": settings.privacy.policy, "people": len(crowd)})
    show_report(report, file)
    if report.failures:
        raise ConfigError(f"{report.failures} attacks could not be tried: their share is not known")


def _gateway(settings: Settings, how: Fetching, threshold: float | None = None) -> Gateway:
    """The product's own, but for the log and the questions to the user: nothing of this is sent."""
    from drag.models import fetched
    from drag.models.gateway import open_gateway
    from drag.models.registry import load_registry
    from privacy import open_sanitizer
    from privacy.policy import policy

    gateway = open_gateway(settings, how)
    gateway.audit = gateway.review = None
    if threshold is not None:
        wanted = settings.privacy
        path = fetched(wanted.spacy, "spacy", how) if wanted.spacy in load_registry() else Path(wanted.spacy)
        chosen = policy(wanted.policy).change(threshold=threshold)
        gateway.sanitizer = open_sanitizer(chosen, spacy_path=path, deny=wanted.deny, allow=wanted.allow)
    return gateway


def _clean(settings: Settings, how: Fetching, threshold: float | None = None) -> Clean:
    from eval.leak import through, untouched

    return untouched if settings.privacy.policy == "off" else through(_gateway(settings, how, threshold))


def _embedder(settings: Settings, how: Fetching) -> Any:
    from drag.models.embed import load_embedder

    return load_embedder(settings.models.embedder, how)


def _measure(rows: Sequence[Row], clean: Clean) -> list[Checked]:
    from drag.cli.progress import tracked
    from eval.leak import measure

    return measure(tracked(rows, "sanitizing"), clean)


def _reduction(files: Sequence[Path], asked: Sequence[Question], checked: Sequence[Checked]) -> dict[str, float]:
    """`items_injected`, `items_left` and `reduction` = 1 - left / injected, the last also by file."""
    metrics: dict[str, float] = {}
    names = ["", *(path.stem for path in files)] if len(files) > 1 else [""]
    for name in names:
        mine = [one for one, q in zip(checked, asked, strict=True) if not name or q.id.startswith(f"{name}:")]
        injected = sum(len(one.units) for one in mine)
        left = sum(sum(one.leaked) for one in mine)
        if not name:
            metrics |= {"items_injected": injected, "items_left": left}
        metrics[f"reduction/{name}" if name else "reduction"] = 1 - left / injected if injected else float("nan")
    return metrics


def _exam(exam: Sequence[Question], rows: Sequence[Row], clean: Clean, settings: Settings, how: Fetching) -> Exam:
    """The student's answers to the questions as they are, with what was injected, and sanitized."""
    from drag.answer import style_of
    from drag.cli.progress import tracked
    from drag.models import load_model
    from eval.choices import sit

    injected = {row.id: row.text for row in rows}
    student = load_model(settings.models.student, settings, how=how)
    try:
        style = style_of(student) if settings.ask.style == "auto" else settings.ask.style
        shown = tracked(exam, "answering")
        return sit(student, shown, injected, clean, style=style)
    finally:
        student.close()


def _curve(rows: Sequence[Row], settings: Settings, how: Fetching) -> dict[str, dict[str, float]]:
    """`leak_units` and `deleted_chars` of every operating point: the policies, and `balanced` at other thresholds."""
    from eval.leak import ratio, shares

    points: dict[str, dict[str, float]] = {}
    for policy, threshold in [*((one, None) for one in POLICIES), *(("balanced", one) for one in THRESHOLDS)]:
        table = shares(_measure(rows, _clean(settings.override("privacy", policy=policy), how, threshold)))
        name = policy if threshold is None else f"{policy}@{threshold:g}"
        points[name] = {metric: ratio(table[metric]) for metric in ("leak_units", "deleted_chars")}
    return points


def _with(
    report: Report,
    metrics: Mapping[str, float],
    intervals: Mapping[str, tuple[float, float]] | None = None,
    **settings: object,
) -> Report:
    return replace(
        report,
        metrics={**report.metrics, **metrics},
        intervals={**report.intervals, **(intervals or {})},
        settings={**report.settings, **settings},
    )


def _reveal(checked: Sequence[Checked], to: Any) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title="private: what leaked", title_justify="left")
    for name in ("row", "string", "kind"):
        table.add_column(name)
    for one in checked:
        for unit, leaked in zip(one.units, one.leaked, strict=True):
            if leaked:
                table.add_row(Text(one.row.id), Text(unit.text), Text(", ".join(unit.kinds)))
    to.print(table)
