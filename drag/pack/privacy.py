"""Is there anything private in a pack? Every text that it holds, cached replies included, read by the sanitizer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from drag.pack.read import Pack

if TYPE_CHECKING:
    from privacy import Sanitizer

# Table, what names its row, and the columns that hold people's words; read together, as a person would.
_PROSE: Final = (
    ("questions", "id", ("text", "choices", "gold")),
    ("documents", "id", ("title",)),
    ("evidence", "id", ("title", "place", "text")),
    ("triples", "id", ("head", "relation", "tail")),
    ("entities", "n", ("name",)),
    ("spellings", "n", ("name",)),
    ("failures", "item_id", ("error",)),
    ("replies", "key", ("value",)),
)
# Names of models and settings: what finds people's names would take half of them for one.
_FORMS: Final = (
    ("questions", "id", ("id",)),
    ("documents", "id", ("id", "path")),
    ("evidence", "id", ("source",)),
    ("failures", "item_id", ("item_id", "stage")),
    ("replies", "key", ("model", "prompt")),
    ("meta", "key", ("value",)),
)
_COUNTS: Final = re.compile(r"\b[A-Z_]+ × \d+")


@dataclass(frozen=True, slots=True)
class Found:
    """What one row holds: counts by kind; the strings themselves are not shown by `repr`."""

    table: str
    row: str
    kinds: Mapping[str, int]
    strings: Sequence[tuple[str, str]] = field(repr=False, default=())

    def __reduce_ex__(self, protocol: object) -> str:
        raise TypeError("private words cannot be pickled or copied")


def scan(pack: Pack, sanitizer: Sanitizer, kinds: AbstractSet[str] | None = None) -> Iterator[Found]:
    """Rows of `pack` that hold something that `sanitizer` would not let leave, of any kind or of `kinds` only.

    Placeholders are no finds. Public names in evidence are finds where the policy hides public names. Raises
    `PrivacyError` if a detector fails.
    """
    from privacy import Sanitizer, pattern_detector

    forms = Sanitizer([pattern_detector])
    forms.lists = sanitizer.lists
    sanitizer.load()
    for tables, eyes in ((_PROSE, sanitizer), (_FORMS, forms)):
        for table, key, columns in tables:
            statement = f"SELECT {', '.join((key, *columns))} FROM {table} ORDER BY {key}"
            for row, *values in pack.check(statement):
                text = _text(table, values)
                found = _look(eyes, text)
                wanted = [one for one in found if kinds is None or one[0] in kinds]
                if wanted:
                    counts = {kind: sum(1 for other, _ in wanted if other == kind) for kind, _ in wanted}
                    yield Found(table, str(row), dict(sorted(counts.items())), wanted)


def _look(sanitizer: Sanitizer, text: str) -> list[tuple[str, str]]:
    """(kind, string) of what is private in `text`, each string once."""
    from privacy.returned import generic
    from privacy.vault import issued, kind_of

    plain = generic(text)
    session = sanitizer.session()
    try:
        words = issued(session, [session.sanitize(plain)])
        found = [(kind_of(name), word) for name, word in words.items()]
        if not found:
            # What a policy generalises leaves no placeholder: there the counts are all there is.
            found = [(kind, "") for kind, count in session.counts.items() for _ in range(count)]
        return found
    finally:
        session.wipe()


def _text(table: str, values: Sequence[Any]) -> str:
    words = [word for value in values for word in _strings(value)]
    if table == "failures":
        # "PERSON × 2": kinds that the gateway counted, and nobody's name.
        words = [_COUNTS.sub("", word) for word in words]
    return " ".join(words) if table == "triples" else "\n".join(words)


def _strings(value: Any) -> Iterator[str]:
    """The strings of a column; of one that is JSON, and of strings that are JSON themselves, those inside."""
    if isinstance(value, str):
        inner: object = value
        if value.lstrip()[:1] in ("{", "["):
            try:
                inner = json.loads(value)
            except ValueError:
                inner = value
        if isinstance(inner, str):
            yield inner
        else:
            yield from _strings(inner)
    elif isinstance(value, Mapping):
        for key, one in cast("Mapping[str, Any]", value).items():
            # Keys of ours and of the prompts' schemas: words of the protocol.
            yield from _strings(one) if key != "finish" else ()
    elif isinstance(value, (list, tuple)):
        for one in cast("Sequence[Any]", value):
            yield from _strings(one)
