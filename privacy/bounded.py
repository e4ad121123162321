"""A limit in time for work that somebody else wrote."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from privacy.errors import PrivacyError

Result = TypeVar("Result")

_LENGTH: Final = 10_000


def allowed(timeout: float, texts: Iterable[str]) -> float:
    """Seconds for a pass over `texts`: `timeout` for every 10,000 characters begun, for it takes time in proportion.

    A long text that is at work must not pass for a detector that hangs.
    """
    return timeout * max(1, math.ceil(sum(map(len, texts)) / _LENGTH))


def bounded(work: Callable[[], Result], timeout: float, what: str) -> Result:
    """The result of `work` in a thread of its own; any fault or `timeout` seconds without one is a `PrivacyError`.

    A thread that hangs is left behind: Python cannot end it, but its late result reaches nobody.
    """
    done: list[Result] = []
    faults: list[str] = []

    def run() -> None:
        try:
            done.append(work())
        except PrivacyError as error:
            faults.append(str(error))
        except BaseException as error:  # noqa: BLE001  # even an exit inside a detector has to block
            # Other errors may quote the text: only their kind is told, and the error itself is not kept.
            faults.append(f"{what} failed ({type(error).__name__}): nothing was sent")

    thread = threading.Thread(target=run, name="drag-privacy", daemon=True)
    thread.start()
    thread.join(timeout)
    if done:
        return done[0]
    raise PrivacyError(faults[0] if faults else f"{what} took more than {timeout:g} s: nothing was sent")
