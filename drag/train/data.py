"""Rows to train on, from questions and packs, by each of the methods.

| method | the student reads | and is to say |
|---|---|---|
| raft | gold evidence among distractors | the record's answer, with its citations; "insufficient information" without the gold (Zhang et al., 2024, arXiv 2403.10131, but never labelled from what is not shown) |
| seqkd | the same | what a teacher said to it, filtered (Kim and Rush, EMNLP 2016) |
| explain | the same | a teacher's one sentence over the gold evidence, then the answer (Hsieh et al., ACL 2023) |
| self | the bare question | what it says itself when it reads the evidence (Snell et al., 2022, arXiv 2209.15189) |
| multi | as in seqkd | what most of several teachers said, or the first of them whose answer passes |
"""  # noqa: E501 - a table row

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

from drag.answer import style_of
from drag.errors import ConfigError
from drag.prompts import Style
from drag.protocols import Embedder, LanguageModel
from drag.train.data_items import Item, read_items, some
from drag.train.data_near import Near
from drag.train.data_plan import Plan
from drag.train.data_shown import estimated, labelled, show
from drag.train.data_teach import Watch, taught
from drag.train.data_text import holds_any, is_bare
from drag.train.rows import DROPPED, SPLITS, Row, Split
from drag.train.split import part
from drag.types import Evidence

__all__ = ["Plan", "Rows", "make_rows"]

Each = TypeVar("Each")


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows, kept and dropped, in the order of their sources, and the sizes of the groups that stayed together."""

    rows: tuple[Row, ...]
    groups: tuple[int, ...]

    @property
    def dropped(self) -> Mapping[str, int]:
        """How many rows were dropped, by the reason."""
        return Counter(one.verdict.removeprefix(DROPPED) for one in self.rows if not one.kept)

    def count(self, split: Split, *, missing: bool | None = None) -> int:
        """How many kept rows a split has; of those whose gold is missing, or of the others, where that is said."""
        return sum(one.kept and one.split == split and missing in (None, one.missing) for one in self.rows)


def _unwatched(items: Sequence[Each], doing: str, /) -> Iterable[Each]:
    del doing
    return items


def make_rows(
    files: Sequence[Path],
    plan: Plan,
    *,
    pack: Path | None = None,
    student: LanguageModel | None = None,
    teachers: Sequence[LanguageModel] = (),
    embedder: Callable[[], Embedder] | None = None,
    watch: Watch = _unwatched,
) -> Rows:
    """Make a row of every question of the files and the pack; those that cannot be trained on carry the reason.

    `student` decides on the style where the plan leaves it open, counts the tokens (about 1.4 a word without it) and
    is its own teacher for the method self. `embedder` is called where distractors have to be searched for; without
    one they are found by their words alone. `teachers` answer by themselves: wrapped by
    `drag.models.cached.with_store` they are asked nothing twice. Raises `ConfigError` for sources that cannot be read
    and for a plan that lacks a model.
    """
    if plan.style == "auto" and student is None:
        raise ConfigError("the style follows from the student: name one, or the style")
    if plan.method == "self":
        if student is None or teachers:
            raise ConfigError("the method self has one teacher, the student: name no other")
        teachers = [student]
    if plan.method in ("seqkd", "explain") and len(teachers) != 1:
        raise ConfigError(f"the method {plan.method} needs one teacher, there are {len(teachers)}")
    if plan.method == "multi" and len(teachers) < 2:
        raise ConfigError(f"the method multi needs two teachers or more, there are {len(teachers)}")
    if plan.method == "raft" and teachers:
        raise ConfigError("the method raft takes its answers from the records: it has no teacher")
    style: Style = style_of(student) if plan.style == "auto" and student is not None else _named(plan)
    items = some(read_items(files, pack), plan.limit, plan.seed)
    parted = part(items, plan.held_out, plan.seed)
    count = estimated if student is None else student.count_tokens
    with closing(_Distractors(items, parted.splits, plan, embedder)) as others:
        left_out = _without_gold(items, parted.splits, plan)
        shown = [
            show(
                items[place],
                parted.splits[place],
                others.of(place),
                plan,
                style=style,
                count=count,
                missing=place in left_out,
            )
            for place in watch(range(len(items)), "choosing evidence")
        ]
    if plan.method == "raft":
        rows = [labelled(one, plan, style) for one in shown]
    else:
        rows = taught(shown, teachers, plan, style, watch)
    return Rows(tuple(rows), parted.groups)


def _without_gold(items: Sequence[Item], splits: Sequence[Split], plan: Plan) -> set[int]:
    """The places of the rows whose gold is left out: the share of each split, drawn with the seed."""
    if plan.method == "self":
        return set()  # the student that reads nothing has nothing to find missing
    draw = random.Random(f"missing:{plan.seed}")  # noqa: S311 - a draw, no secret
    found: set[int] = set()
    for split in SPLITS:
        places = [place for place, item in enumerate(items) if splits[place] == split and item.gold]
        found.update(draw.sample(places, round(plan.missing * len(places))))
    return found


class _Distractors:
    """The texts that may stand beside an item's gold evidence: its record's own, then the hardest of other items.

    What is gold in the other split is none, for a text that is held out must not be seen in training, nor the other
    way round. Nor is what is gold for the item itself.
    """

    def __init__(
        self, items: Sequence[Item], splits: Sequence[Split], plan: Plan, embedder: Callable[[], Embedder] | None
    ) -> None:
        self._items = items
        self._splits = splits
        self._plan = plan
        self._embedder = embedder
        self._near: Near | None = None
        self._gold = {
            split: {text for item, own in zip(items, splits, strict=True) if own == split for text in _texts(item)}
            for split in SPLITS
        }

    def of(self, place: int) -> list[Evidence]:
        """As many as a row may show, if there are so many."""
        item, split, most = self._items[place], self._splits[place], self._plan.evidence[1]
        (other,) = (one for one in SPLITS if one != split)
        barred = self._gold[other] | _texts(item)
        answers = () if is_bare(item.question.gold) else item.question.gold

        def usable(one: Evidence) -> bool:
            return one.text not in barred and not holds_any(one.titled, answers)

        found = [one for one in item.distractors if usable(one)]
        random.Random(f"distractors:{self._plan.seed}:{item.question.id}").shuffle(found)  # noqa: S311 - a draw
        if len(found) < most:
            seen = {one.text for one in found}
            # Vectors of everything take minutes: not for the few that lack a distractor or two.
            search = self._search(item.question.text, vectors=not item.distractors)
            found += islice((one for one in search if one.text not in seen and usable(one)), most - len(found))
        return found

    def close(self) -> None:
        """Give back the index, if one was made."""
        if self._near is not None:
            self._near.close()

    def _search(self, question: str, *, vectors: bool) -> Iterable[Evidence]:
        if self._near is None:
            pool = [one for item in self._items for one in (*item.gold, *item.distractors)]
            self._near = Near(pool, self._embedder)
        return self._near.of(question, vectors=vectors)


def _texts(item: Item) -> set[str]:
    return {one.text for one in item.gold}


def _named(plan: Plan) -> Style:
    return "plain" if plan.style == "plain" else "instructed"
