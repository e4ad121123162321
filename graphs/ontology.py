"""Ontologies: which relations a graph may have, and between what types of things."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from graphs.errors import GraphError

# Wikidata's own names for types that nobody named.
_CODE: Final = re.compile(r"Q\d+")
_YEAR: Final = re.compile(r"\b\d{3,4}\b")
_PEOPLE: Final = frozenset({"human", "person", "people", "athlete", "sportsperson", "actor", "politician", "writer"})


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation that is allowed, from a thing of type `head` to one of type `tail`; an empty type is any."""

    name: str
    head: str = ""
    tail: str = ""


@dataclass(frozen=True, slots=True)
class Ontology:
    """A named set of relations. Where a name is there twice, with other types, both count."""

    name: str
    relations: tuple[Relation, ...]
    types: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the relations, each once, in order."""
        return tuple(dict.fromkeys(one.name for one in self.relations))

    def find(self, name: str) -> tuple[Relation, ...]:
        """The relations of that name."""
        return tuple(one for one in self.relations if one.name == name)

    def allows(self, relation: str, tail: str) -> bool:
        """Whether `relation` is one of them and `tail` can be of its type, as far as its letters show.

        A person's name has no digits, a date has a year: what the words themselves rule out, not what only the
        world could tell.
        """
        found = self.find(relation)
        return any(fits(tail, tail_type(one)) for one in found)


def tail_type(relation: Relation) -> str:
    """The type of a relation's tail; `date` where the relation is one and its type is left open."""
    if not relation.tail and "date" in relation.name.casefold().split():
        return "date"
    return relation.tail


def fits(name: str, kind: str) -> bool:
    """Whether the letters of `name` allow that it is of the type `kind` (see `Ontology.allows`)."""
    if kind == "date":
        return _YEAR.search(name) is not None
    if set(kind.casefold().split()) & _PEOPLE:
        return not any(letter.isdigit() for letter in name)
    return True


def load_ontologies(path: Path) -> dict[str, Ontology]:
    """The ontologies of a JSON file, by name.

    The file is an object of name → {`types`: [name], `relations`: [{`name`, `head`, `tail`}]}, or one such
    ontology alone. Raises `GraphError` if it cannot be read or holds no relation.
    """
    try:
        value: object = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise GraphError(f"ontology {path}: {error}") from error
    if not isinstance(value, Mapping):
        raise GraphError(f"ontology {path}: it is no JSON object")
    table = cast("Mapping[str, Any]", value)
    if "relations" in table:
        table = {path.stem: table}
    return {name: _ontology(path, name, one) for name, one in table.items()}


def load_ontology(path: Path) -> Ontology:
    """All relations of a file as one ontology (see `load_ontologies`), for texts that do not say which they are of."""
    found = load_ontologies(path)
    if len(found) == 1:
        return next(iter(found.values()))
    relations = dict.fromkeys(relation for one in found.values() for relation in one.relations)
    return Ontology(
        path.stem, tuple(relations), tuple(dict.fromkeys(name for one in found.values() for name in one.types))
    )


def _ontology(path: Path, name: str, value: object) -> Ontology:
    table = _table(value)
    listed: object = table.get("relations")
    relations: list[Relation] = []
    for item in cast("Sequence[object]", listed) if isinstance(listed, list) else ():
        parts = _table(item)
        called, head, tail = (_text(parts.get(key)) for key in ("name", "head", "tail"))
        if not called:
            raise GraphError(f"ontology {path}: {name}: a relation needs a name")
        relation = Relation(called, head, tail)
        if relation not in relations:
            relations.append(relation)
    if not relations:
        raise GraphError(f"ontology {path}: {name}: it has no relations")
    types: object = table.get("types")
    named = (_text(one) for one in cast("Sequence[object]", types)) if isinstance(types, list) else ()
    return Ontology(name, tuple(relations), tuple(one for one in named if one))


def _table(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return "" if _CODE.fullmatch(text) else text
