"""What documents are called, so that a name in a text leads to the document about it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from drag.lexical import title_keys
from drag.pack.rows import Reading
from drag.pack.store import each_in

_FIRST = "SELECT id FROM evidence WHERE document = ? ORDER BY n LIMIT ?"


class Titles(Reading):
    """The part of `Pack` that finds evidence by its document's title and by its date."""

    def evidence_about(self, keys: Sequence[str], *, namesakes: int = 4, pieces: int = 8) -> dict[str, list[list[str]]]:
        """Title key (see `drag.lexical.title_keys`) to the documents called so, each as the ids of its first pieces.

        At most `pieces` pieces a document. Unknown keys are left out, and those that more than `namesakes` documents
        have: they do not tell which is meant.
        """
        known = self._rows(
            "SELECT k.value FROM json_each(?) k WHERE EXISTS (SELECT 1 FROM titles t WHERE t.key = k.value)",
            (json.dumps(list(dict.fromkeys(keys))),),
        )
        found: dict[str, list[list[str]]] = {}
        for (key,) in known:
            documents = self._rows(
                "SELECT document FROM titles WHERE key = ? ORDER BY document LIMIT ?", (key, namesakes + 1)
            )
            if len(documents) <= namesakes:
                found[key] = [[row[0] for row in self._rows(_FIRST, (document, pieces))] for (document,) in documents]
        return found

    def evidence_between(self, first: str, last: str, limit: int) -> list[str]:
        """Ids of evidence dated from `first` to `last`, both included, at most `limit`, in order of time.

        ISO 8601 to the day. Days without a year (`04-28`) are those of any year.
        """
        day = "substr(date, 1, 10)" if len(first) == 10 else "substr(date, 6, 5)"
        rows = self._rows(
            f"SELECT id FROM evidence WHERE date != '' AND {day} BETWEEN ? AND ? ORDER BY {day}, date, n LIMIT ?",
            (first, last, limit),
        )
        return [row[0] for row in rows]


def put(connection: sqlite3.Connection, document: int, title: str) -> None:
    """Note what a document is called."""
    connection.executemany("INSERT INTO titles VALUES (?, ?)", [(key, document) for key in title_keys(title)])


def forget(connection: sqlite3.Connection, documents: Iterable[int]) -> None:
    """Forget what documents were called."""
    each_in(connection, ["DELETE FROM titles WHERE document IN"], list(documents))
