"""Rows that share an answer, a text or an entity go together: what is held out does not occur in training."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drag.lexical import STOP, name_key
from drag.train.data_items import Item
from drag.train.data_text import BARE, normalised, title_of
from drag.train.rows import Split

# Two capitalised words or more, or one: initials, hyphens, apostrophes and the small words of names inside.
_SPAN = re.compile(
    r"\b[A-Z\u00c0-\u00de][\w’'.-]*(?:(?:\s+(?:of|the|de|von|van|la|le|du|del|di))*\s+[A-Z\u00c0-\u00de0-9][\w’'.-]*)*"
)
_SHORT = 3


@dataclass(frozen=True, slots=True)
class Parted:
    """The split of each item, in their order, and the sizes of the groups that were kept together, largest first."""

    splits: tuple[Split, ...]
    groups: tuple[int, ...]


def part(items: Sequence[Item], held_out: float, seed: int) -> Parted:
    """Hold out whole groups, drawn with the seed, until `held_out` of the items (a share, 0 to 1) are.

    A group that is larger than what is still wanted is trained on: the share is then missed by as much, and none at
    all is held out where all items hang together.
    """
    groups = grouped(items)
    wanted = round(held_out * len(items))
    order = list(range(len(groups)))
    random.Random(f"split:{seed}").shuffle(order)  # noqa: S311 - a draw, no secret
    out: set[int] = set()
    for place in order:
        if len(out) + len(groups[place]) <= wanted:
            out.update(groups[place])
    splits: tuple[Split, ...] = tuple("held_out" if place in out else "train" for place in range(len(items)))
    return Parted(splits, tuple(sorted((len(one) for one in groups), reverse=True)))


def grouped(items: Sequence[Item]) -> list[list[int]]:
    """The places of items that share a key, or are joined by others that do; each group, and all, in their order."""
    root = list(range(len(items)))

    def find(place: int) -> int:
        while root[place] != place:
            root[place] = root[root[place]]
            place = root[place]
        return place

    first: dict[tuple[str, str], int] = {}
    for place, item in enumerate(items):
        for key in keys_of(item):
            other = find(first.setdefault(key, place))
            mine = find(place)
            root[max(mine, other)] = min(mine, other)
    groups: dict[int, list[int]] = {}
    for place in range(len(items)):
        groups.setdefault(find(place), []).append(place)
    return list(groups.values())


def keys_of(item: Item) -> Iterator[tuple[str, str]]:
    """What an item may share with another: kind and key.

    An answer (normalised, blanks aside; not yes, no or a number of up to three digits), a gold text, a name: the title
    of a gold text, or an entity of the question, which are found by their capitals.
    """
    for answer in item.question.gold:
        key = normalised(answer).replace(" ", "")
        if key and key not in BARE and not (key.isdecimal() and len(key) <= _SHORT):
            yield "answer", key
    for one in item.gold:
        yield "text", normalised(one.text)
        yield "id", one.id
        title = name_key(one.title or title_of(one.text))
        if title:
            yield "name", title
    # What stands in brackets tells namesakes apart: `(1959 film)` is no entity.
    for span in _SPAN.finditer(re.sub(r"\([^()]*\)", " ", item.question.text)):
        words = span.group().split()
        # The word a question begins with has its capital from that.
        while words and words[0].casefold().rstrip(".,?'’") in STOP | {"who's", "what's"}:
            words = words[1:]
        name = name_key(re.sub(r"['’]s\b", "", " ".join(words)))
        if len(name) > _SHORT and not (span.start() == 0 and len(words) == 1):
            yield "name", name
