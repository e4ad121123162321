"""The full-text index of a pack: what goes in, and what comes out again.

It holds no content of its own, so a row is taken out by giving once more exactly what was put in. The version of
`drag.lexical.index_text` therefore stands in the pack, and another one means that the index is made anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from drag.lexical import INDEX_VERSION, index_text
from drag.pack import titles
from drag.pack.schema import SEARCHABLE
from drag.pack.store import rows_in

_ROWS = "SELECT n, title, text FROM evidence WHERE n IN"
_KNOWN = "SELECT id FROM evidence_words_docsize WHERE id IN"


def index(connection: sqlite3.Connection, rows: Iterable[tuple[int, str, str]]) -> None:
    """Put rows of (n, title, text) into the index; each must be new to it."""
    connection.executemany(
        "INSERT INTO evidence_words (rowid, title, text) VALUES (?, ?, ?)",
        [(n, index_text(title), index_text(text)) for n, title, text in rows],
    )


def unindex(connection: sqlite3.Connection, ns: Iterable[int]) -> None:
    """Take evidence out of the index, while its row still stands; what is not in the index is passed over.

    The words themselves are gone from the file after `optimise`.
    """
    known = [row[0] for row in rows_in(connection, _KNOWN, ns)]
    connection.executemany(
        "INSERT INTO evidence_words (evidence_words, rowid, title, text) VALUES ('delete', ?, ?, ?)",
        [(n, index_text(title), index_text(text)) for n, title, text in rows_in(connection, _ROWS, known)],
    )


def indexed(connection: sqlite3.Connection, ns: Iterable[int]) -> set[int]:
    """Those of `ns` that the index has."""
    return {int(row[0]) for row in rows_in(connection, _KNOWN, ns)}


def optimise(connection: sqlite3.Connection) -> None:
    """Write the index anew without what was taken out: FTS5 keeps the words of removed rows until then."""
    connection.execute("INSERT INTO evidence_words (evidence_words) VALUES ('optimize')")


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Make the index, and what documents are called, anew if another version of `drag.lexical` filled it."""
    if connection.execute("SELECT 1 FROM state WHERE key = 'words' AND value = ?", (INDEX_VERSION,)).fetchone():
        return
    connection.execute("INSERT INTO evidence_words (evidence_words) VALUES ('delete-all')")
    index(connection, connection.execute(f"SELECT n, title, text FROM evidence e WHERE {SEARCHABLE}"))
    connection.execute("DELETE FROM titles")
    for n, title in connection.execute("SELECT n, title FROM documents").fetchall():
        titles.put(connection, n, title)
    connection.execute("INSERT OR REPLACE INTO state VALUES ('words', ?)", (INDEX_VERSION,))
