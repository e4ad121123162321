"""Showing what would leave, as a coloured diff, and asking about it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

import click
from rich.console import Console
from rich.text import Text

from drag.cli.console import errors

if TYPE_CHECKING:
    from drag.dryrun import DryRun
    from privacy import Review, Verdict


def show_change(console: Console, before: str, after: str, title: str = "") -> None:
    """Print one text: what is replaced in red and struck through, what stands there instead in green."""
    from privacy.difference import changes

    line = Text()
    if title:
        line.append(f"{title}: ", style="bold")
    for piece in changes(before, after):
        if piece.changed:
            line.append(piece.before, style="red strike")
            line.append(piece.after, style="green")
        else:
            line.append(piece.after)
    console.print(line, markup=False)


def show_request(console: Console, review: Review) -> None:
    """Print one request: each of its texts as a diff, its other fields as they are, and the counts by kind."""
    console.print(f"to {review.model or 'the model'}", style="bold", markup=False)
    before = dict(_texts(review.original))
    for title, text in _texts(review.request):
        show_change(console, before.get(title, ""), text, title)
    console.print(counted(review.counts), style="dim", markup=False)


def counted(counts: Mapping[str, int]) -> str:
    """Counts by kind, as one line."""
    return ", ".join(f"{kind} × {count}" for kind, count in counts.items()) or "nothing was replaced"


def show_dry_run(console: Console, run: DryRun, model: str) -> None:
    """Print all requests of a dry run, and what the gateway would block."""
    if not run.remote:
        errors.print(f"nothing would leave: {model} runs on this device", markup=False)
    for number, review in enumerate(run.reviews):
        if number:
            console.print()
        show_request(console, review)
    for failure in run.failures:
        errors.print(f"blocked: {failure.item_id} ({failure.stage}): {failure.error}", style="yellow", markup=False)
    if run.remote:
        count = len(run.reviews)
        errors.print(
            f"dry run: {count} request{'' if count == 1 else 's'}, nothing was sent", style="dim", markup=False
        )


def as_records(run: DryRun) -> dict[str, Any]:
    """A dry run as JSON shows it: what would leave and the counts, without the original words."""
    return {
        "remote": run.remote,
        "requests": [{"request": one.request, "counts": dict(one.counts)} for one in run.reviews],
        "blocked": [{"item_id": one.item_id, "stage": one.stage, "error": one.error} for one in run.failures],
    }


def approve(review: Review) -> Verdict:
    """Ask the person at the terminal: send, edit in $EDITOR, or refuse. Where there is no terminal, refuse."""
    if not at_a_terminal():
        from privacy import PrivacyError

        raise PrivacyError("nobody is there to approve the request (not a terminal): nothing was sent")
    try:
        show_request(errors, review)
        choice = click.prompt(
            "send this? [a]pprove, [e]dit, [r]efuse",
            type=click.Choice(["a", "e", "r"]),
            default="r",
            show_choices=False,
            err=True,
        )
        return _edited(review) if choice == "e" else "send" if choice == "a" else "refuse"
    except click.Abort:
        # Ctrl-C ends the command, not just this request.
        raise KeyboardInterrupt from None


def at_a_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _edited(review: Review) -> Verdict:
    text = click.edit(json.dumps(review.request, ensure_ascii=False, indent=2), extension=".json")
    if text is None:
        return "refuse"
    try:
        request: object = json.loads(text)
    except ValueError:
        request = None
    if not isinstance(request, dict):
        errors.print("that is not a JSON object: refused", style="yellow")
        return "refuse"
    return cast("dict[str, Any]", request)


def _texts(request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The texts of a chat request with a title each; what is no message as JSON."""
    messages = cast("list[dict[str, Any]]", request.get("messages", []))
    for number, message in enumerate(messages, 1):
        yield f"{number}. {message.get('role', '')}", str(message.get("content", ""))
    for name, value in request.items():
        if name not in ("model", "messages"):
            yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
