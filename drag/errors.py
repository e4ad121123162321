"""Every error that this package raises on purpose.

    DragError
    ├── ConfigError     a setting, a flag, a spec string or an input file is wrong
    ├── ModelError      a model could not be had or could not answer
    │   ├── ContextOverflow   the prompt does not fit the model's context window
    │   └── ModelUnavailable  unreachable, refused or timed out: trying again later may work
    ├── ReplyError      a model answered, but the reply could not be parsed
    └── PackError       the pack is missing, broken, locked or of another version
    PrivacyError        (privacy) the gateway refused to let something out
    GraphError          (graphs) a triple or a graph is not well formed

`DragError`, `PrivacyError` and `GraphError` are the three roots; the command line turns each into one line.
"""

from __future__ import annotations

from graphs.errors import GraphError
from privacy.errors import PrivacyError

__all__ = [
    "ConfigError",
    "ContextOverflow",
    "DragError",
    "GraphError",
    "ModelError",
    "ModelUnavailable",
    "PackError",
    "PrivacyError",
    "ReplyError",
]


class DragError(Exception):
    """Root of the errors of this package. `str(error)` is one line that a person can act on."""


class ConfigError(DragError):
    """A setting, a flag, a model spec or an input file is wrong."""


class ModelError(DragError):
    """A model is missing, broken, out of memory, or failed while it answered."""


class ContextOverflow(ModelError):
    """The prompt is longer than the model's context window."""


class ModelUnavailable(ModelError):
    """The model is unreachable, refused the call or timed out, after all retries."""


class ReplyError(DragError):
    """A reply could not be parsed.

    Carries the prompt and the reply for whoever debugs it, and keeps both out of `str()` and `repr()`: they may
    hold private words, and error messages end up in logs.
    """

    def __init__(self, message: str, *, prompt: str = "", reply: str = "") -> None:
        super().__init__(message)
        self.prompt = prompt
        self.reply = reply


class PackError(DragError):
    """The pack is missing, broken, locked by another build, or of a version that this code cannot read."""
