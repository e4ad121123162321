"""The entities of a pack, kept in step with what mentions them.

All of it is counted, so that adding or removing a document touches only what that document mentions, and so that a
pack does not depend on the order in which its documents came.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from drag.pack.store import each_in, rows_in
from graphs import normal_form


class Named(NamedTuple):
    """How a text names an entity: as it is written there, and what kind of thing it is (empty: not known)."""

    name: str
    type: str


# The most frequent spelling, one with a type first, then the shortest, then the first in alphabetical order.
_RENAME = """
UPDATE entities SET
    count = (SELECT sum(count) FROM spellings s WHERE s.entity = entities.n),
    (name, type) = (
        SELECT name, type FROM spellings s WHERE s.entity = entities.n
        ORDER BY s.count DESC, s.type = '', length(s.name), s.name, s.type LIMIT 1
    )
WHERE n IN"""

_key = lru_cache(65_536)(normal_form)


def mention(connection: sqlite3.Connection, found: Mapping[int, Sequence[Named]]) -> None:
    """Store what evidence mentions: evidence number to the names in it. None of it may have mentions already."""
    chosen = {n: _one_each(names) for n, names in found.items()}
    keys = {key for named in chosen.values() for key in named}
    entities = _numbers(connection, keys)
    written: Counter[tuple[int, str, str]] = Counter()
    for named in chosen.values():
        written.update((entities[key], one.name, one.type) for key, one in named.items())
    connection.executemany(
        "INSERT INTO spellings (entity, name, type, count) VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET count = count + excluded.count",
        [(*spelling, count) for spelling, count in written.items()],
    )
    spellings = {
        (entity, name, kind): n
        for n, entity, name, kind in rows_in(
            connection, "SELECT n, entity, name, type FROM spellings WHERE entity IN", entities.values()
        )
    }
    connection.executemany(
        "INSERT INTO mentions VALUES (?, ?, ?)",
        [
            (entities[key], n, spellings[entities[key], one.name, one.type])
            for n, named in chosen.items()
            for key, one in named.items()
        ],
    )
    each_in(connection, [_RENAME], entities.values())


def forget(connection: sqlite3.Connection, ns: Iterable[int]) -> None:
    """Take back all that the evidence with these numbers mentions."""
    evidence = list(ns)
    rows = list(rows_in(connection, "SELECT entity, spelling FROM mentions WHERE evidence IN", evidence))
    if not rows:
        return
    each_in(connection, ["DELETE FROM mentions WHERE evidence IN"], evidence)
    counts = Counter(spelling for _, spelling in rows)
    connection.executemany(
        "UPDATE spellings SET count = count - ? WHERE n = ?", [(count, n) for n, count in counts.items()]
    )
    entities = {entity for entity, _ in rows}
    each_in(connection, ["DELETE FROM spellings WHERE count = 0 AND n IN"], counts)
    left = {row[0] for row in rows_in(connection, "SELECT DISTINCT entity FROM spellings WHERE entity IN", entities)}
    each_in(connection, ["DELETE FROM entities WHERE n IN"], entities - left)
    each_in(connection, [_RENAME], left)


def _one_each(names: Sequence[Named]) -> dict[str, Named]:
    """Normal form to the one way of naming it that counts for this evidence: the most frequent, then the first."""
    ways: dict[str, Counter[Named]] = {}
    for one in names:
        if one.name.strip():
            ways.setdefault(_key(one.name), Counter())[one] += 1
    return {key: counted.most_common(1)[0][0] for key, counted in ways.items()}


def _numbers(connection: sqlite3.Connection, keys: Iterable[str]) -> dict[str, int]:
    """The numbers of entities; those that are new get one."""
    wanted = sorted(keys)
    select = "SELECT key, n FROM entities WHERE key IN"
    found = dict(rows_in(connection, select, wanted))
    new = [key for key in wanted if key not in found]
    connection.executemany("INSERT INTO entities (key, name, type, count) VALUES (?, '', '', 0)", [(k,) for k in new])
    return {**found, **dict(rows_in(connection, select, new))}
