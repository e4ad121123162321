"""The options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from drag.cli.console import output, write_json

if TYPE_CHECKING:
    from drag.dryrun import DryRun
    from drag.settings import Settings
    from privacy import Reviewer

Command = TypeVar("Command", bound=Callable[..., Any])


def privacy_options(command: Command) -> Command:
    """--policy, --audit, --approve and --dry-run."""
    options = (
        click.option(
            "--policy", type=click.Choice(["strict", "balanced", "off"]), help="What is replaced.  [default: balanced]"
        ),
        click.option(
            "--audit", type=click.Path(dir_okay=False, path_type=Path), help="Log what leaves: counts, never text."
        ),
        click.option("--approve", is_flag=True, default=None, help="Ask about each request before it leaves."),
        click.option("--dry-run", is_flag=True, help="Show what would leave, and send nothing."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def prompt_options(command: Command) -> Command:
    """--style, --order, --reading, --trim, --reply and --match: how a student reads and answers; auto: its profile."""
    options = (
        click.option(
            "--style", type=click.Choice(["auto", "plain", "instructed"]), help="How it is prompted.  [default: auto]"
        ),
        click.option(
            "--order",
            type=click.Choice(["auto", "best-first", "best-last"]),
            help="Where in its prompt the best evidence stands.  [default: auto]",
        ),
        click.option(
            "--reading",
            type=click.Choice(["auto", "together", "each"]),
            help="All evidence in one prompt, or each piece alone and the answers fused.  [default: auto]",
        ),
        click.option(
            "--trim",
            type=click.Choice(["auto", "off", "sentences"]),
            help="Cut evidence to the sentences that bear on the question.  [default: auto]",
        ),
        click.option(
            "--reply",
            type=click.Choice(["auto", "written", "quoted"]),
            help="The answer in its own words, or a sentence of the evidence.  [default: auto]",
        ),
        click.option(
            "--match",
            type=click.FloatRange(min=0),
            help="Weight of a choice's cosine to the evidence; 0: none.  [default: its profile's]",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def reviewer(settings: Settings) -> Reviewer | None:
    """Who is asked about each request: the person at the terminal, if the settings want that."""
    from drag.cli.review import approve

    return approve if settings.privacy.approve else None


def finish_dry_run(run: DryRun, model: str, *, as_json: bool) -> None:
    """Print a dry run; exit code 1 if the gateway would block something."""
    from drag.cli.review import as_records, show_dry_run

    if as_json:
        write_json(as_records(run))
    else:
        show_dry_run(output, run, model)
    if run.failures:
        click.get_current_context().exit(1)
