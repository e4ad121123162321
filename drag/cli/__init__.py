"""The `drag` command: finds its sub-commands through the entry-point group `drag.commands`.

A package adds a command by registering a `click.Command` there; `eval` does so, and nothing here names it. Command
modules import what is heavy inside their functions, so that `drag --help` stays quick.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import EntryPoint, entry_points

import click

from drag.cli.console import errors
from drag.errors import DragError, GraphError, PrivacyError

GROUP = "drag.commands"

# Two spinning OpenMP pools (torch and llama.cpp) starve each other on few cores; it has to be set before they load.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


class EntryPointGroup(click.Group):
    """A group whose commands are the entry points of the group `below`, loaded when they are looked at."""

    below = GROUP

    def _registered(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=self.below)}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._registered())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        point = self._registered().get(cmd_name)
        if point is None:
            return None
        try:
            command = point.load()
        except Exception as error:  # noqa: BLE001 - whatever a plug-in raises, it must not take the others with it
            problem = f"drag: the command '{cmd_name}' ({point.value}) cannot be loaded: {error}"
            errors.print(problem, style="yellow", markup=False)
            return None
        return command if isinstance(command, click.Command) else None


@click.group(cls=EntryPointGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="drag-slm", prog_name="drag")
@click.option("--config", type=click.Path(dir_okay=False), help="Settings file.  [default: drag.toml, if there is one]")
@click.pass_context
def cli(ctx: click.Context, config: str | None) -> None:
    """A small language model on your own device answers like a large one, and tells the large one nothing private."""
    ctx.obj = config


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; every error that we raise becomes one line on standard error."""
    try:
        code = cli.main(arguments, prog_name="drag", standalone_mode=False)
    except click.ClickException as error:
        errors.print(f"drag: {error.format_message()}", style="red", markup=False)
        return error.exit_code
    except (DragError, PrivacyError, GraphError) as error:
        errors.print(f"drag: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        return 1
    except (click.Abort, KeyboardInterrupt):
        errors.print("drag: interrupted", style="yellow")
        return 130
    except BrokenPipeError:
        # The reader of a pipe went away (`drag … | head`). Python would complain again while it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code if isinstance(code, int) else 0
