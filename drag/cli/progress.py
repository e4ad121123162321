"""Progress bars, on standard error; silent where that is not a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    track,
)

from drag.cli.console import errors

if TYPE_CHECKING:
    from drag.ingest import Ingesting, OnDocuments
    from drag.models import Fetching
    from drag.settings import Settings
    from drag.stages import OnStage, Stage

_STAGES: dict[Stage, str] = {
    "teach": "the teacher writes evidence",
    "rank": "evidence is ranked",
    "extract": "triples are extracted",
    "write": "done",
}

Item = TypeVar("Item")


def _bars(*columns: ProgressColumn) -> Progress:
    shown = (TextColumn("{task.description}"), BarColumn(), *columns)
    return Progress(*shown, console=errors, disable=not errors.is_terminal)


@contextmanager
def downloads() -> Generator[Callable[[str, int, int], None]]:
    """A bar for what is fetched; call it with what that is, the bytes that are there, and all bytes.

    The bar is on the screen only while something is fetched: two live displays would fight over it.
    """
    bars = _bars(DownloadColumn(), TimeRemainingColumn())
    task = bars.add_task("", total=None)

    def show(what: str, done: int, total: int) -> None:
        if done >= total:
            bars.stop()
            return
        bars.start()
        bars.update(task, description=f"fetching {what}", completed=done, total=total)

    try:
        yield show
    finally:
        bars.stop()


@contextmanager
def fetching(settings: Settings) -> Generator[Fetching]:
    """How to get the models that are missing, with a bar for each that is fetched."""
    from drag.models import Fetching

    with downloads() as show:
        yield Fetching.of(settings, show)


@contextmanager
def building(total: int) -> Generator[OnStage]:
    """A bar over the questions of a build, which also says what is being done."""
    bars = _bars(MofNCompleteColumn(), TimeElapsedColumn())
    task = bars.add_task("", total=total)

    def show(stage: Stage, done: int, total: int) -> None:
        bars.start()
        bars.update(task, description=_STAGES[stage], completed=done, total=total)

    try:
        yield show
    finally:
        bars.stop()


@contextmanager
def ingesting() -> Generator[OnDocuments]:
    """What has been done with documents: how many there will be is known only when all have been read."""
    bars = _bars(TextColumn("{task.fields[done]}"), TimeElapsedColumn())
    task = bars.add_task("", total=None, done="")
    began = time.monotonic()

    def show(state: Ingesting) -> None:
        bars.start()
        rate = state.pieces / max(1e-3, time.monotonic() - began)
        done = f"{state.documents:,} documents, {state.pieces:,} pieces, {rate:,.0f}/s"
        unread = f", {state.unread:,} unread" if state.unread else ""
        bars.update(task, description=state.doing, done=done + unread)

    try:
        yield show
    finally:
        bars.stop()


def tracked(items: Iterable[Item], doing: str, total: int | None = None) -> Iterable[Item]:
    """`items`, with a bar on a terminal; `total` where they have no length."""
    return track(items, doing, total=total, console=errors, disable=not errors.is_terminal)
