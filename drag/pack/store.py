"""Opening the SQLite file: version check, pragmas, and errors that say what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from drag.errors import PackError
from drag.pack.schema import APPLICATION_ID, TABLES, VERSION


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A read-only connection. Raises `PackError` if `path` is missing, no pack, or of another version."""
    if not path.is_file():
        raise PackError(f"there is no pack {path}")
    with readable(path):
        # A pack whose build was killed may hold a hot journal; only a connection that may write can roll it back.
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        try:
            _check(connection, path)
            connection.execute("PRAGMA query_only = ON")
        except BaseException:
            connection.close()
            raise
        return connection


def open_for_writing(path: Path) -> sqlite3.Connection:
    """A connection that may write; the tables are made if the file is new. Raises `PackError` as for reading."""
    new = not path.exists() or path.stat().st_size == 0
    if new and not path.parent.is_dir():
        raise PackError(f"there is no folder {path.parent}")
    with readable(path):
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        try:
            if not new:
                # Before anything is changed: setting the journal mode alone rewrites the header of a foreign file.
                _check(connection, path)
            # A rollback journal, not a write-ahead log: between transactions the pack is exactly one file.
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("PRAGMA foreign_keys = ON")
            if new:
                connection.executescript(
                    f"BEGIN; PRAGMA application_id = {APPLICATION_ID}; "
                    f"PRAGMA user_version = {VERSION}; {TABLES} COMMIT;"
                )
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


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise PackError(f"{path} is not a pack")
    if version != VERSION:
        raise PackError(f"{path} is a pack of version {version}; this is the code for version {VERSION}")
