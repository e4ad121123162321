"""Opening the SQLite file: version check, pragmas, and errors that say what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from drag.errors import PackError
from drag.pack.schema import APPLICATION_ID, TABLES, VERSION

# SQLite takes at most 32,766 parameters in a statement; lists of ids are short, but a caller may pass all of them.
_CHUNK = 10_000

# In KiB: room for the pages of the indexes, which a document touches all over. SQLite's own 2 MB are soon too few.
_CACHE = 64 * 1024


class Opened:
    """A pack that is open, to read or to write: a context manager that closes it."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A read-only connection. Raises `PackError` if `path` is missing, no pack, or of another version.

    A pack of version 1 is read through a copy in memory that is of this version; the file is left as it is.
    """
    if not path.is_file():
        raise PackError(f"there is no pack {path}")
    with readable(path):
        # A pack whose build was killed may hold a hot journal; only a connection that may write can roll it back.
        connection = _connect(path)
        try:
            if _check(connection, path) < VERSION:
                connection = _newer_copy(connection)
            connection.execute(f"PRAGMA cache_size = -{_CACHE}")
            connection.execute("PRAGMA query_only = ON")
        except BaseException:
            connection.close()
            raise
        return connection


def open_for_writing(path: Path) -> sqlite3.Connection:
    """A connection that may write; the tables are made if the file is new. Raises `PackError` as for reading.

    A pack of version 1 is brought to this version, in one transaction.
    """
    new = not path.exists() or path.stat().st_size == 0
    if new and not path.parent.is_dir():
        raise PackError(f"there is no folder {path.parent}")
    with readable(path):
        connection = _connect(path)
        try:
            # Before anything is changed: setting the journal mode alone rewrites the header of a foreign file.
            version = VERSION if new else _check(connection, path)
            # A rollback journal, not a write-ahead log: between transactions the pack is exactly one file.
            connection.execute("PRAGMA journal_mode = DELETE")
            # What is removed is overwritten, not only forgotten.
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute(f"PRAGMA cache_size = -{_CACHE}")
            if new:
                connection.executescript(
                    f"BEGIN; PRAGMA application_id = {APPLICATION_ID}; "
                    f"PRAGMA user_version = {VERSION}; {TABLES} COMMIT;"
                )
            elif version < VERSION:
                _migrate(connection)
            connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None]:
    """All of it or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def readable(path: Path) -> Generator[None]:
    """Turn SQLite's errors into a `PackError` that names the file."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise PackError(f"cannot use {path}: {error}") from error


def parts(keys: Iterable[Any]) -> Iterator[tuple[str, list[Any]]]:
    """`keys` in portions that a statement can take, each with its `(?,?,…)`."""
    every = list(keys)
    for start in range(0, len(every), _CHUNK):
        part = every[start : start + _CHUNK]
        yield f"({','.join('?' * len(part))})", part


def rows_in(connection: sqlite3.Connection, statement: str, keys: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    """Rows of a statement that ends in `IN`, for any number of keys."""
    for marks, part in parts(keys):
        yield from connection.execute(f"{statement} {marks}", part).fetchall()


def each_in(connection: sqlite3.Connection, statements: Sequence[str], keys: Iterable[Any]) -> None:
    """Run statements that end in `IN` for any number of keys, one statement after the other."""
    every = list(keys)
    for statement in statements:
        for marks, part in parts(every):
            connection.execute(f"{statement} {marks}", part)


def edited(connection: sqlite3.Connection) -> None:
    """Note that vectors were removed, or added before the last one: an index beside the pack has to look again."""
    connection.execute("INSERT INTO state VALUES ('edits', 1) ON CONFLICT DO UPDATE SET value = value + 1")


def _connect(path: Path | str) -> sqlite3.Connection:
    return sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)


def _check(connection: sqlite3.Connection, path: Path) -> int:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise PackError(f"{path} is not a pack")
    if not 1 <= version <= VERSION:
        raise PackError(f"{path} is a pack of version {version}; this is the code for version {VERSION}")
    return int(version)


def _newer_copy(connection: sqlite3.Connection) -> sqlite3.Connection:
    copy = _connect(":memory:")
    try:
        connection.backup(copy)
        _migrate(copy)
    except BaseException:
        copy.close()
        raise
    connection.close()
    return copy


def _migrate(connection: sqlite3.Connection) -> None:
    from drag.pack.migrate import migrate

    with transaction(connection):
        migrate(connection)
