"""The options that evaluations share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

_common = (
    click.option("--limit", type=click.IntRange(min=1), help="Only N rows."),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of every draw."),
    click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write JSON; - for stdout."),
    click.option("--student", metavar="SPEC", help="Who answers.  [default: smollm2-135m]"),
    click.option("--embedder", metavar="SPEC", help="Who embeds.  [default: all-minilm-l6-v2]"),
)


def with_common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --limit, --seed, --json, --student and --embedder."""
    for option in reversed(_common):
        command = option(command)
    return command
