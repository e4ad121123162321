"""The entities of a pack, and what mentions them: all by index, whatever the size of the pack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drag.pack.rows import Reading


@dataclass(frozen=True, slots=True)
class Entity:
    """What evidence speaks of. `key` is its normal form, `count` the number of pieces of evidence that mention it."""

    key: str
    name: str
    type: str
    count: int


class Entities(Reading):
    """The part of `Pack` that is about entities."""

    def entities(self, keys: Sequence[str] | None = None) -> dict[str, Entity]:
        """Entities by key: those of `keys` that the pack knows, or all of it."""
        select = "SELECT key, name, type, count FROM entities"
        rows = self._rows(f"{select} ORDER BY key") if keys is None else self._rows_in(f"{select} WHERE key IN", keys)
        return {row[0]: Entity(*row) for row in rows}

    def entity_names(self, keys: Sequence[str] | None = None) -> dict[str, str]:
        """Key to the name that a person reads."""
        return {key: one.name for key, one in self.entities(keys).items()}

    def spellings(self, keys: Sequence[str] | None = None) -> dict[str, dict[str, int]]:
        """Key to how it is written, and how many pieces of evidence write it so."""
        select = "SELECT t.key, s.name, sum(s.count) FROM spellings s JOIN entities t ON t.n = s.entity"
        end = "GROUP BY t.key, s.name"
        rows = (
            self._rows(f"{select} {end} ORDER BY 1, 2")
            if keys is None
            else self._rows_in(f"{select} WHERE t.key IN", keys, end)
        )
        found: dict[str, dict[str, int]] = {}
        for key, name, count in rows:
            found.setdefault(key, {})[name] = count
        return found

    def mentions_of(self, evidence_ids: Sequence[str]) -> dict[str, list[str]]:
        """Evidence id to the keys of the entities that it mentions; evidence without any is left out."""
        found: dict[str, list[str]] = {}
        select = (
            "SELECT e.id, t.key FROM evidence e JOIN mentions m ON m.evidence = e.n JOIN entities t ON t.n = m.entity "
            "WHERE e.id IN"
        )
        for key, entity in self._rows_in(select, evidence_ids):
            found.setdefault(key, []).append(entity)
        return {key: sorted(found[key]) for key in evidence_ids if key in found}

    def named_in(self, evidence_ids: Sequence[str]) -> list[tuple[str, str, str]]:
        """Evidence id, how it writes an entity, and of what type, for each entity that it mentions."""
        select = (
            "SELECT e.id, s.name, s.type FROM evidence e JOIN mentions m ON m.evidence = e.n "
            "JOIN spellings s ON s.n = m.spelling WHERE e.id IN"
        )
        return sorted(self._rows_in(select, evidence_ids))

    def evidence_of_entities(self, keys: Sequence[str], limit_each: int) -> dict[str, list[str]]:
        """Key to the ids of the evidence that mentions it, in the order in which it was stored, at most `limit_each`.

        Unknown keys are left out.
        """
        statement = (
            "SELECT e.id FROM (SELECT m.evidence AS n FROM entities t JOIN mentions m ON m.entity = t.n "
            "WHERE t.key = ? ORDER BY m.evidence LIMIT ?) JOIN evidence e USING (n) ORDER BY n"
        )
        found = {key: [row[0] for row in self._rows(statement, (key, limit_each))] for key in dict.fromkeys(keys)}
        return {key: ids for key, ids in found.items() if ids}
