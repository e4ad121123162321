"""What rows are made of: questions with their gold evidence, from files and from a pack."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from drag.errors import ConfigError
from drag.questions import read_questions
from drag.train.data_text import title_of
from drag.types import Evidence, Question


@dataclass(frozen=True, slots=True)
class Item:
    """A question, the evidence that belongs to it and what its record gives as distractors; both may be empty.

    `question.gold` holds the accepted answers. `spare` says that not all of the gold evidence is needed: the pieces
    that a pack kept each speak for themselves, those of a record go together.
    """

    question: Question
    gold: tuple[Evidence, ...]
    distractors: tuple[Evidence, ...] = ()
    spare: bool = False


def read_items(files: Sequence[Path], pack: Path | None = None) -> list[Item]:
    """The items of all files, then those of the pack. With several sources an id gets the source's name before it.

    A file is anything that `drag.questions.read_questions` reads; records of JSON Lines may have `distractors`, a
    list of texts. Raises `ConfigError` or `PackError`.
    """
    found = [(path.stem, _of_file(path)) for path in files]
    if pack is not None:
        found.append((pack.stem, _of_pack(pack)))
    if not found:
        raise ConfigError("there is nothing to make rows of: give a file of questions, or a pack")
    if len(found) == 1:
        return found[0][1]
    items = [
        replace(one, question=replace(one.question, id=f"{name}:{one.question.id}"))
        for name, each in found
        for one in each
    ]
    ids = [one.question.id for one in items]
    if len(set(ids)) < len(ids):
        raise ConfigError("two sources have the same name and share ids: rename one of them")
    return items


def some(items: Sequence[Item], limit: int | None, seed: int) -> list[Item]:
    """At most `limit` of the items, drawn with the seed, in their order."""
    if limit is None or limit >= len(items):
        return list(items)
    places = random.Random(f"limit:{seed}").sample(range(len(items)), limit)  # noqa: S311 - a draw, no secret
    return [items[place] for place in sorted(places)]


def evidence_of(text: str) -> Evidence:
    """A passage of a record. Its source is its title: the same passage of two records is one piece of evidence."""
    return Evidence.of(text, f"document:{title_of(text) or 'text'}")


def _of_file(path: Path) -> list[Item]:
    questions = read_questions(path)
    others = _distractors(path) if path.suffix in (".jsonl", ".ndjson") else [()] * len(questions)
    return [
        Item(replace(one, evidence=()), _pieces(one.evidence), _pieces(texts))
        for one, texts in zip(questions, others, strict=True)
    ]


def _distractors(path: Path) -> list[tuple[str, ...]]:
    """The distractors of each record; that the lines are records was seen to before."""
    import json

    found: list[tuple[str, ...]] = []
    for number, line in enumerate(path.read_text("utf-8-sig").split("\n"), 1):
        if line.strip():
            value: object = cast("dict[str, Any]", json.loads(line)).get("distractors") or list[Any]()
            texts = cast("list[Any]", value) if isinstance(value, list) else [None]
            if not all(isinstance(one, str) for one in texts):
                raise ConfigError(f"{path}, line {number}: 'distractors' is no list of texts")
            found.append(tuple(str(one) for one in texts if str(one).strip()))
    return found


def _pieces(texts: Sequence[str]) -> tuple[Evidence, ...]:
    return tuple({one.id: one for one in (evidence_of(text) for text in texts if text.strip())}.values())


def _of_pack(path: Path) -> list[Item]:
    from drag.pack import Pack

    with Pack(path) as pack:
        kept = {one.id: tuple(r.item for r in pack.ranked(one.id) if r.kept) for one in pack.questions()}
        return [Item(one, kept[one.id], spare=True) for one in pack.questions()]
