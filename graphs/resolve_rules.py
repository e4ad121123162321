"""What a person decided about names: which are the same and which are not. A small YAML file, or plain values.

same:
  - [WHO, World Health Organization]
different:
  - [Springfield (Illinois), Springfield (Ohio)]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, cast

from graphs.errors import GraphError
from graphs.triple import normal_form

Names = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """Lists of two names or more: those of a `same` list are one entity, those of a `different` list never are.

    Names are matched by their normal form. Raises `GraphError` where a list has one name only, where two names of a
    `different` list have one normal form, or where `same`, through all its lists, joins what `different` parts.
    """

    same: Names = ()
    different: Names = ()

    def __post_init__(self) -> None:
        for what, lists in (("same", self.same), ("different", self.different)):
            for names in lists:
                if len(names) < 2:
                    raise GraphError(f"'{what}' takes lists of two names or more, not {list(names)}")
                if not all(name.strip() for name in names):
                    raise GraphError(f"'{what}' holds a blank name")
        group = self._groups()
        for names in self.different:
            for one, other in combinations(names, 2):
                a, b = normal_form(one), normal_form(other)
                if a == b:
                    raise GraphError(
                        f"{one!r} and {other!r} are one name but for case and signs: they cannot be parted"
                    )
                if group.get(a, a) == group.get(b, b):
                    raise GraphError(f"{one!r} and {other!r} are both 'same' and 'different'")

    def _groups(self) -> dict[str, str]:
        group: dict[str, str] = {}
        for names in self.same:
            keys = {normal_form(name) for name in names}
            roots = {group.get(key, key) for key in keys}
            root = min(roots)
            group |= dict.fromkeys(keys, root)
            group = {key: root if old in roots else old for key, old in group.items()}
        return group

    @property
    def parted(self) -> frozenset[tuple[str, str]]:
        """Pairs of normal forms that must not be joined, each in alphabetical order."""
        found: set[tuple[str, str]] = set()
        for names in self.different:
            for one, other in combinations(sorted({normal_form(name) for name in names}), 2):
                found.add((one, other))
        return frozenset(found)

    def joining(self, *names: str) -> Rules:
        """These rules and one list more under `same`; a list of `different` that forbids it gives way."""
        return Rules(_with(self.same, names), _without(self.different, names))

    def parting(self, *names: str) -> Rules:
        """These rules and one list more under `different`; a list of `same` that forbids it gives way."""
        return Rules(_without(self.same, names), _with(self.different, names))

    def __add__(self, other: Rules) -> Rules:
        """Both together. Raises `GraphError` where they contradict each other."""
        return Rules(
            tuple(dict.fromkeys(self.same + other.same)), tuple(dict.fromkeys(self.different + other.different))
        )

    def record(self) -> dict[str, list[list[str]]]:
        """The rules as plain values, for YAML or JSON."""
        return {
            "same": [list(names) for names in self.same],
            "different": [list(names) for names in self.different],
        }

    @classmethod
    def of(cls, record: object) -> Rules:
        """Rules from plain values. Raises `GraphError` where they have another shape."""
        if record is None:
            return cls()
        if not isinstance(record, Mapping):
            raise GraphError("merge rules are 'same' and 'different', each a list of lists of names")
        values = cast("Mapping[object, object]", record)
        unknown = [str(key) for key in values if key not in ("same", "different")]
        if unknown:
            raise GraphError(f"merge rules know 'same' and 'different', not {unknown[0]!r}")
        return cls(_lists("same", values.get("same")), _lists("different", values.get("different")))


def read_rules(text: str) -> Rules:
    """Rules from the text of a YAML file. Raises `GraphError`, in one line, where it is not one."""
    import yaml

    try:
        return Rules.of(yaml.safe_load(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark is not None else ""
        raise GraphError(f"{where}not YAML: {getattr(error, 'problem', None) or 'it cannot be read'}") from error


def write_rules(rules: Rules) -> str:
    """The text of a YAML file that `read_rules` reads back as it was."""
    import yaml

    lines = [
        f"{what}:\n" + "".join(f"- {_flow(yaml, names)}\n" for names in lists) if lists else f"{what}: []\n"
        for what, lists in rules.record().items()
    ]
    return "".join(lines)


def _flow(yaml: Any, names: Sequence[str]) -> str:
    text: str = yaml.safe_dump(list(names), default_flow_style=True, allow_unicode=True, width=10**9)
    return text.strip()


def _lists(what: str, value: object) -> Names:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise GraphError(f"'{what}' is a list of lists of names")
    found: list[tuple[str, ...]] = []
    for names in cast("list[object]", value):
        if not isinstance(names, list):
            raise GraphError(f"'{what}' is a list of lists of names, not of {names!r}")
        for name in cast("list[object]", names):
            if not isinstance(name, str):
                raise GraphError(f"'{what}' holds {name!r}, which is no text: put it in quotes")
        found.append(tuple(cast("list[str]", names)))
    return tuple(found)


def _with(lists: Names, names: Sequence[str]) -> Names:
    return lists if tuple(names) in lists else (*lists, tuple(names))


def _without(lists: Names, names: Sequence[str]) -> Names:
    """The lists without those that say of two of `names` what is now to be said otherwise."""
    keys = {normal_form(name) for name in names}
    return tuple(one for one in lists if len(keys & {normal_form(name) for name in one}) < 2)
