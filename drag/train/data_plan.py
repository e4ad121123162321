"""What is asked for when rows are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from drag.errors import ConfigError
from drag.train.rows import METHODS, Method


@dataclass(frozen=True, slots=True)
class Plan:
    """How rows are made.

    `evidence` is the least and the most pieces that are shown; each row draws a number between. `missing` is the share,
    0 to 1, of rows whose gold evidence is left out. `held_out` is the share of rows to hold out. `max_tokens` is the
    budget of a prompt, `reply_tokens` that of a teacher's reply. `route` takes, of several teachers, the first whose
    answer passes the filter, instead of their vote. `reply` is what raft has the student say: the bare answer, or the
    sentence or the line (in a chat: the message) of the gold evidence in which it stands. Raises `ConfigError` for a
    value that cannot be.
    """

    method: Method = "raft"
    style: Literal["auto", "plain", "instructed"] = "auto"
    evidence: tuple[int, int] = (5, 5)
    missing: float = 0.2
    held_out: float = 0.1
    max_tokens: int = 700
    reply_tokens: int = 96
    reply: Literal["answer", "sentence", "line"] = "answer"
    limit: int | None = None
    route: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        least, most = self.evidence
        if self.method not in METHODS:
            raise ConfigError(f"'{self.method}' is no method: give one of {', '.join(METHODS)}")
        if not 1 <= least <= most:
            raise ConfigError("the pieces of evidence to show are a number from 1, or two: 2-5")
        for name, share in (("missing", self.missing), ("held_out", self.held_out)):
            if not 0 <= share < 1:
                raise ConfigError(f"{name} is {share}: it is a share from 0 up to, but not including, 1")
        if self.max_tokens < 1 or self.reply_tokens < 1:
            raise ConfigError("a budget is at least one token")
        if self.limit is not None and self.limit < 1:
            raise ConfigError("a limit is at least one row")
        if self.reply != "answer" and self.method != "raft":
            raise ConfigError("whole sentences and lines are replies of the method raft: others have a teacher's words")
        if self.route and self.method != "multi":
            raise ConfigError("a route leads through several teachers: it goes with the method multi")
