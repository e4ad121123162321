"""Less exact words for what identifies in combination: the year of a date, the ten years of an age.

They stand inside the placeholder (`<DATE_1984_1>`, `<AGE_30S_1>`), so that one token restores the whole.
"""

from __future__ import annotations

import re
from typing import Final

from privacy.public import PLACES

_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_NUMBER: Final = re.compile(r"\d{1,3}")
_OLD: Final = 90


def hint(kind: str, value: str) -> str:
    """What of `value` may be told, in capitals and digits; empty for nothing. Ages from 90 on are one band (HIPAA)."""
    if kind == "DATE":
        year = _YEAR.search(value)
        return year.group() if year else ""
    if kind == "AGE":
        number = _NUMBER.search(value)
        if number:
            age = int(number.group())
            return "90UP" if age >= _OLD else f"{age // 10 * 10}S"
    return ""


def is_city_level(kind: str, value: str) -> bool:
    """Whether `value` is a well-known town, state or country, or a row of them ("Lyon, France").

    That is what an address is generalised to: street, number, postcode and small places go, these stay.
    """
    parts = [" ".join(part.split()) for part in value.casefold().split(",")]
    return kind == "LOCATION" and all(part in PLACES for part in parts if part)
