"""Rows with private strings, a detector that finds some of them, and files of rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from eval.leak import Sent, through
from eval.leak_data import Mark, Row
from privacy import Gateway, Sanitizer, Span
from privacy.policy import Policy


def person(text: str) -> list[Span]:
    """Finds Ann and Leeds, and takes `tea` for somebody."""
    kinds = {"Ann": "PERSON", "Leeds": "LOCATION", "tea": "PERSON"}
    return [Span(m.start(), m.end(), kinds[m.group()]) for m in re.finditer("Ann|Leeds|tea", text)]


ENGLISH = Policy("test", foreign="refuse")


def clean(detector: Callable[[str], list[Span]] = person) -> Callable[[str], Sent]:
    return through(Gateway(Sanitizer([detector], policy=ENGLISH), timeout=5))


ROWS = [
    Row("a", "Ann of Leeds likes tea", ("Ann", "Leeds"), (Mark(0, 3, "PERSON"), Mark(7, 12, "GPE"))),
    Row("b", "Bo Lee met Ann", ("Bo Lee", "Ann", "Zed"), (Mark(0, 6, "PERSON"), Mark(11, 14, "PERSON"))),
    Row("c", "Nothing in it", ()),
    Row("d", "Приветик Bo", ("Bo",), (Mark(9, 11, "PERSON"),)),
]

PRIVATE = re.compile(r"Ann|Leeds|Bo Lee|Zed|tea")


def write(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    return path
