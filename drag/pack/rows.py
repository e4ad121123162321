"""Reading statements from a pack: what the parts of `Pack` share."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from drag.pack.store import Opened, open_for_reading, parts, readable


class Reading(Opened):
    """A pack that is read."""

    def __init__(self, path: Path | str) -> None:
        """Open the pack. Raises `PackError` if it is missing, broken or of an unknown version."""
        super().__init__(Path(path), open_for_reading(Path(path)))

    def _rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with readable(self.path):
            return self._connection.execute(statement, parameters).fetchall()

    def stream(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """Rows of a read-only statement, one after the other."""
        return self._stream(statement)

    def _stream(self, statement: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        with readable(self.path):
            yield from self._connection.execute(statement, parameters)

    def _rows_in(self, statement: str, keys: Sequence[Any], end: str = "") -> Iterator[tuple[Any, ...]]:
        """Rows of a statement that ends in `IN`, or in `IN (…)` and `end`, for any number of keys."""
        for marks, part in parts(keys):
            yield from self._rows(f"{statement} {marks} {end}", part)

    def check(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of a read-only statement, for `verify`; a statement that cannot be run gives its error as one row."""
        try:
            return self._connection.execute(statement).fetchall()
        except sqlite3.DatabaseError as error:
            return [(str(error),)]
