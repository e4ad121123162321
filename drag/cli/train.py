"""`drag train …`: its sub-commands are the entry points of `drag.train`; the one that measures is `eval`'s."""

from __future__ import annotations

import click

from drag.cli import EntryPointGroup


class _Below(EntryPointGroup):
    below = "drag.train"


@click.group(cls=_Below)
def train() -> None:
    """Train the student to read: rows from packs and texts, a LoRA adapter, a file for llama.cpp."""
