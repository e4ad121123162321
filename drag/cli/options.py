"""The privacy options that `build` and `ask` share."""

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
