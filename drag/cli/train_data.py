"""`drag train data`: rows for `drag train run`."""

from __future__ import annotations

import re
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drag.cli.console import errors, output, write_json
from drag.cli.options import reviewer
from drag.errors import ConfigError

if TYPE_CHECKING:
    from drag.models import Fetching
    from drag.protocols import LanguageModel
    from drag.settings import Settings
    from drag.train.data import Rows


@click.command("data")
@click.argument("inputs", nargs=-1, metavar="INPUT...", type=click.Path(exists=True, path_type=Path))
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the rows go (JSON Lines).",
)
@click.option(
    "--method",
    type=click.Choice(["raft", "seqkd", "explain", "self", "multi"]),
    default="raft",
    show_default=True,
    help="What the student learns from.",
)
@click.option(
    "--pack", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Its questions and kept evidence, too."
)
@click.option("--teacher", "teachers", multiple=True, metavar="SPEC", help="Who writes replies. Repeatable for multi.")
@click.option("--student", metavar="SPEC", help="Whose style and tokens count.  [default: smollm2-135m]")
@click.option(
    "--embedder", metavar="SPEC", help="Who finds hard distractors; none: words.  [default: all-minilm-l6-v2]"
)
@click.option(
    "--style",
    type=click.Choice(["auto", "plain", "instructed"]),
    help="How it is prompted, as in `drag ask`.  [default: auto, by the student's size]",
)
@click.option("--evidence", default="5", show_default=True, metavar="N|A-B", help="Pieces shown; A-B: a drawn number.")
@click.option(
    "--missing", type=click.FloatRange(0, 1, max_open=True), default=0.2, show_default=True,
    help="Share of rows that go without their gold.",
)  # fmt: skip
@click.option(
    "--held-out", type=click.FloatRange(0, 1, max_open=True), default=0.1, show_default=True,
    help="Share of rows that are not trained on.",
)  # fmt: skip
@click.option("--max-tokens", type=click.IntRange(1), default=700, show_default=True, help="Budget of a prompt.")
@click.option("--reply-tokens", type=click.IntRange(1), default=96, show_default=True, help="Of a teacher's reply.")
@click.option(
    "--reply",
    type=click.Choice(["answer", "sentence", "line"]),
    default="answer",
    show_default=True,
    help="raft: say the bare answer, or the evidence's sentence or line (a chat's message) that holds it.",
)
@click.option("--route", is_flag=True, help="multi: the first teacher whose answer passes, instead of a vote.")
@click.option("--limit", type=click.IntRange(1), help="Only N rows, drawn from all.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of every draw.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON on standard output.")
@click.pass_obj
def data(
    config: str | None,
    *,
    inputs: tuple[Path, ...],
    out: Path,
    pack: Path | None,
    teachers: tuple[str, ...],
    student: str | None,
    embedder: str | None,
    style: str | None,
    evidence: str,
    as_json: bool,
    **flags: Any,
) -> None:
    """Make training rows from questions with evidence, and from packs.

    INPUT is JSON Lines with `question`, `answers`, `evidence` (the gold passages) and, where there are, `distractors`;
    or anything else that `drag build` reads. Prompts are those of `drag ask`.

    \b
    raft     the record's answer from gold evidence among distractors, with citations;
             "insufficient information" where the gold is left out
    seqkd    what the teacher answers from the same evidence, filtered
    explain  the teacher's one-sentence rationale, then the answer, filtered
    self     what the student answers with the evidence, for the student without it
    multi    what most teachers answer (--teacher repeated), or the first good one (--route)

    A row is never labelled from evidence that it does not show. Rows that share an answer, a gold text or an entity are
    held out together. Dropped rows stay in the file, with the reason. A teacher's replies are kept in
    OUT.replies.jsonl: run again after an interruption, it is asked nothing twice.
    """
    from drag.answer import style_of
    from drag.cli.progress import fetching, tracked
    from drag.models.embed import load_embedder
    from drag.profiles import profile_of
    from drag.settings import Settings
    from drag.train.data import Plan, make_rows
    from drag.train.rows import write_rows

    settings = Settings.load(config)
    settings = settings.override("ask", style=style).override("models", student=student)
    by_words = embedder == "none"
    settings = settings.override("models", embedder=None if by_words else embedder)
    plan = Plan(style=settings.ask.style, evidence=_between(evidence), **flags)
    if not inputs and pack is None:
        raise ConfigError("give INPUT, --pack, or both")
    if out in inputs:
        raise ConfigError(f"{out} is one of the inputs: write the rows elsewhere")
    # The method raft asks nobody.
    kept = None if plan.method == "raft" else out.with_name(f"{out.name}.replies.jsonl")
    with fetching(settings) as how, ExitStack() as open_:
        # A model is loaded only where its style, its tokens or its replies are needed.
        needed = plan.style == "auto" or student is not None or plan.method == "self"
        read_by = _open(settings.models.student, settings, how, open_, kept) if needed else None
        if read_by is not None:
            # As `ask` would: by the settings, by the student's profile, by its size.
            plan = replace(plan, style=style_of(read_by, profile_of(read_by, settings.ask)))
        made = make_rows(
            inputs,
            plan,
            pack=pack,
            student=read_by,
            teachers=[_open(spec, settings, how, open_, kept) for spec in teachers],
            embedder=None if by_words else lambda: load_embedder(settings.models.embedder, how),
            watch=tracked,
        )
    write_rows(out, made.rows)
    _show(made, out, as_json=as_json)
    if not made.count("train"):
        raise ConfigError(f"no row can be trained on: {out} says of each why")


def _open(spec: str, settings: Settings, how: Fetching, open_: ExitStack, kept: Path | None) -> LanguageModel:
    """A model that keeps its replies in the file `kept`, where there is one."""
    from drag.models import load_model
    from drag.models.cached import with_store
    from drag.models.gateway import set_review
    from drag.train.data_replies import ReplyFile

    model = open_.enter_context(closing(load_model(spec, settings, parallel=settings.models.parallel, how=how)))
    set_review(model, reviewer(settings))
    if kept is None:
        return model
    replies = open_.enter_context(closing(ReplyFile(kept)))
    return with_store(model, replies)


def _between(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", text.strip())
    if found is None:
        raise ConfigError(f"--evidence is '{text}': give a number, or two as in 2-5")
    return int(found[1]), int(found[2] or found[1])


def _show(made: Rows, out: Path, *, as_json: bool) -> None:
    from drag.train.rows import SPLITS

    counts = {split: {"rows": made.count(split), "missing": made.count(split, missing=True)} for split in SPLITS}
    largest = made.groups[0] if made.groups else 0
    if as_json:
        write_json(
            {
                "out": str(out),
                "rows": len(made.rows),
                **counts,
                "dropped": dict(made.dropped),
                "groups": {"count": len(made.groups), "largest": largest},
            }
        )
    else:
        from rich.table import Table

        table = Table(title=f"{out}: {len(made.rows)} rows", title_justify="left")
        table.add_column("rows")
        table.add_column("number", justify="right")
        for split, each in counts.items():
            table.add_row(f"kept, {split.replace('_', ' ')}", str(each["rows"]))
            table.add_row("  gold missing", str(each["missing"]))
        for reason, number in sorted(made.dropped.items(), key=lambda one: -one[1]):
            table.add_row(f"dropped: {reason}", str(number))
        table.add_row("groups that share an answer, text or entity", str(len(made.groups)))
        table.add_row("  the largest", str(largest))
        output.print(table)
    if len(made.groups) == 1 and len(made.rows) > 1:
        errors.print("all rows hang together by what they share: nothing could be held out", style="yellow")
