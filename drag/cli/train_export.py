"""`drag train export`: what a run learnt, as a file for llama.cpp."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drag.cli.console import errors, output, write_json

if TYPE_CHECKING:
    from drag.train.export_gguf import Format


@click.command("export")
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    "out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The .gguf file; a description is written beside it.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["lora-gguf", "q8_0", "f16", "q4_0"]),
    default="lora-gguf",
    show_default=True,
    help="An adapter over the untouched student, or a whole model.",
)
@click.option("--student", metavar="SPEC", help="Where the student lies now.  [default: as it was trained]")
@click.option("--bound", type=click.FloatRange(min=0), help="Mean difference to torch that passes, in nats a token.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON on standard output.")
@click.pass_obj
def export(
    config: str | None,
    *,
    run: Path,
    out: Path,
    kind: Format,
    student: str | None,
    bound: float | None,
    as_json: bool,
) -> None:
    """Write the finished run in the folder RUN as a file that llama.cpp loads at once.

    Its log-probabilities are compared with torch's on a few rows; where they differ too much nothing is written.
    """
    from drag.cli.progress import fetching
    from drag.settings import Settings
    from drag.train.export import export as write

    with fetching(Settings.load(config)) as how, errors.status("writing and comparing with torch"):
        done = write(run, out, kind, student=student, bound=bound, how=how)
    if as_json:
        write_json({**dataclasses.asdict(done), "path": str(done.path)})
        return
    output.print(f"{done.path}: {done.size / 1e6:.1f} MB, {done.format}", markup=False)
    same = done.parity
    output.print(
        f"llama.cpp and torch: {same.mean:.4f} nats a token apart on {same.tokens} tokens (at most {done.bound} passes)"
    )
    if done.untouched is not None:
        output.print(f"without the adapter: {done.untouched.mean:.4f}")
