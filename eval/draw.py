"""The rows and the choice questions of several files, under one limit."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from drag.errors import ConfigError
from drag.questions import read_questions
from drag.types import Question
from eval.leak_data import Row, read_rows

Item = TypeVar("Item")


def others(count: int, seed: int) -> list[int]:
    """For each of `count` places another one, drawn so that each is drawn once; its own where there is only one."""
    order = list(range(count))
    random.Random(f"another:{seed}").shuffle(order)  # noqa: S311 - a draw, no secret
    paired = dict(zip(order, [*order[1:], *order[:1]], strict=True))
    return [paired[place] for place in range(count)]


def rows_of(files: Sequence[Path], limit: int | None, seed: int) -> list[Row]:
    """The rows of files in the privacy shape. Raises `ConfigError`."""
    return [row for path, most in split(files, limit) for row in draw(read_rows(path), most, seed)]


def questions_of(files: Sequence[Path], limit: int | None, seed: int) -> list[Question]:
    """The choice questions of the files; their ids get the file's name before them, for two files may share some."""
    found: list[Question] = []
    for path, most in split(files, limit):
        usable = [one for one in read_questions(path) if one.choices and one.gold]
        if not usable:
            raise ConfigError(f"{path} holds no question with 'choices' and 'answer'")
        found += [replace(one, id=f"{path.stem}:{one.id}") for one in draw(usable, most, seed)]
    return found


def split(files: Sequence[Path], limit: int | None) -> list[tuple[Path, int | None]]:
    """The files, each with its even part of the limit; a file without a part is left out."""
    if limit is None:
        return [(path, None) for path in files]
    parts = [limit // len(files) + (place < limit % len(files)) for place in range(len(files))]
    return [(path, most) for path, most in zip(files, parts, strict=True) if most]


def draw(items: Sequence[Item], limit: int | None, seed: int) -> list[Item]:
    """The first `limit` items, or with a seed above zero as many drawn at random, in the file's order."""
    if limit is None or limit >= len(items):
        return list(items)
    if seed == 0:
        return list(items[:limit])
    return [items[i] for i in sorted(random.Random(seed).sample(range(len(items)), limit))]  # noqa: S311 - no secret
