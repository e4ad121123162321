"""The reference pages of the command line and of the settings, written from the code.

    python -m drag.cli.reference > docs/cli.md
    python -m drag.cli.reference settings > docs/settings.md

A test compares the pages with what this prints, so the two cannot drift apart.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator

import click

from drag.cli import cli
from drag.settings import Section, Settings

_SETTINGS = """# Settings

Written by `python -m drag.cli.reference settings`; do not edit. One file, `drag.toml`, in the folder where `drag` runs,
or wherever `--config` says. A flag beats the file, the file beats the default. Keys of endpoints are never settings:
they stand in the environment.

```toml
[models]
teacher = "openai:gpt-4o-mini"

[remote]
base_url = "https://api.openai.com/v1"

[privacy]
deny = ["Project Falcon"]
```
"""


def pages(command: click.Command, context: click.Context, title: str) -> Iterator[str]:
    """The Markdown of a command and of all under it."""
    shown: list[str] = [f"## {title}", "", inspect.cleandoc(command.help or ""), ""]
    usage = " ".join(command.collect_usage_pieces(context))
    shown += [f"    {title} {usage}", ""]
    records = [record for one in command.get_params(context) if (record := one.get_help_record(context))]
    if records:
        shown += ["| option | |", "|---|---|"]
        shown += [f"| `{_cell(name)}` | {_cell(text)} |" for name, text in records]
        shown.append("")
    yield "\n".join(shown)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from pages(below, click.Context(below, context, name), f"{title} {name}")


def reference() -> str:
    """The whole page."""
    head = "# Command line\n\nWritten by `python -m drag.cli.reference`; do not edit.\n"
    return "\n".join([head, *pages(cli, click.Context(cli, **cli.context_settings), "drag")]).rstrip() + "\n"


def settings() -> str:
    """The page of the settings."""
    lines = [_SETTINGS]
    for section in Settings.model_fields:
        table: Section = getattr(Settings(), section)
        lines += [f"## [{section}]", "", "| setting | default | |", "|---|---|---|"]
        for name, one in type(table).model_fields.items():
            lines.append(f"| `{name}` | `{_cell(str(one.default))}` | {_cell(one.description or '')} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    sys.stdout.write(settings() if sys.argv[1:] == ["settings"] else reference())
