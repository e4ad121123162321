"""What one pack says and another does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from drag.pack.read import Pack

# What is compared, its statement (a key, what is shown of it, and all that makes a change), in the order of the keys.
_STATEMENTS: Final = {
    "documents": "SELECT id, title, digest, date, kind, recipe FROM documents ORDER BY id",
    "questions": (
        "SELECT id, text, choices, gold, mode, (SELECT group_concat(evidence_id || kept, ' ') FROM "
        "(SELECT evidence_id, kept FROM question_evidence q WHERE q.question_id = questions.id ORDER BY rank)) "
        "FROM questions ORDER BY id"
    ),
    "evidence": "SELECT id, text, title, date, place FROM evidence ORDER BY id",
    "triples": (
        "SELECT id, head || ' | ' || relation || ' | ' || tail, (SELECT group_concat(e.id, ' ') FROM "
        "(SELECT e.id FROM triple_evidence o JOIN evidence e ON e.n = o.evidence WHERE o.triple = triples.n "
        "ORDER BY e.id) e) FROM triples ORDER BY id"
    ),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """Of one kind of thing: ids and what a person reads of them, in the order of the ids.

    `added` stands in the second pack only, `removed` in the first only, `changed` in both and not alike: a document
    by its content or how it was made, a question by its text or its evidence, evidence by its title, date or place, a
    triple by who says it.
    """

    added: tuple[tuple[str, str], ...]
    removed: tuple[tuple[str, str], ...]
    changed: tuple[tuple[str, str], ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def compare(first: Pack, second: Pack) -> dict[str, Difference]:
    """The difference of two packs in documents, questions, evidence and triples.

    Vectors, scores and settings are not compared: see `Pack.digest` for whether two packs are the same in all.
    """
    return {what: _compared(first, second, statement) for what, statement in _STATEMENTS.items()}


def _compared(first: Pack, second: Pack, statement: str) -> Difference:
    """Both sides are read in the order of their keys, side by side: neither is ever held as a whole."""
    added: list[tuple[str, str]] = []
    removed: list[tuple[str, str]] = []
    changed: list[tuple[str, str]] = []
    before, after = first.stream(statement), second.stream(statement)
    old, new = next(before, None), next(after, None)
    while old is not None or new is not None:
        if new is None or (old is not None and old[0] < new[0]):
            removed.append(_shown(old))
            old = next(before, None)
        elif old is None or new[0] < old[0]:
            added.append(_shown(new))
            new = next(after, None)
        else:
            if old[1:] != new[1:]:
                changed.append(_shown(new))
            old, new = next(before, None), next(after, None)
    return Difference(tuple(added), tuple(removed), tuple(changed))


def _shown(row: tuple[Any, ...] | None) -> tuple[str, str]:
    return (str(row[0]), str(row[1])) if row is not None else ("", "")


def rows(differences: dict[str, Difference]) -> Iterator[tuple[str, int, int, int]]:
    """Kind, and how many were added, removed and changed."""
    for what, one in differences.items():
        yield what, len(one.added), len(one.removed), len(one.changed)
