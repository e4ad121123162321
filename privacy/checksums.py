"""Whether a number can be what it looks like: its check digits. Each takes the bare digits or letters."""

from __future__ import annotations

import ipaddress
from typing import Final

_VIN_LETTERS: Final = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True)
)
_VIN_VALUES: Final = _VIN_LETTERS | {str(digit): digit for digit in range(10)}
_VIN_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_LENGTH: Final = 17


def luhn(digits: str) -> bool:
    """Cards and IMEIs (ISO/IEC 7812-1, annex B). A row of one digit is no number."""
    if len(set(digits)) == 1:
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def iban(value: str) -> bool:
    """Bank accounts, compact and in upper case (ISO 13616: ISO 7064, modulus 97)."""
    return int("".join(str(int(c, 36)) for c in value[4:] + value[:4])) % 97 == 1


def aba(digits: str) -> bool:
    """Routing numbers of American banks: nine digits, weights 3, 7, 1, a prefix that is in use."""
    prefix = int(digits[:2])
    in_use = prefix <= 12 or 21 <= prefix <= 32 or 61 <= prefix <= 72 or prefix == 80
    total = sum(int(digit) * (3, 7, 1)[place % 3] for place, digit in enumerate(digits))
    return len(digits) == 9 and in_use and total % 10 == 0 and total > 0


def ssn(digits: str) -> bool:
    """American social security numbers: areas 000, 666 and from 900, group 00 and serial 0000 are never given out."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return len(digits) == 9 and area not in {"000", "666"} and area < "900" and group != "00" and serial != "0000"


def vin(value: str) -> bool:
    """Vehicle numbers in upper case with the check digit of North America (49 CFR 565.15)."""
    if len(value) != _VIN_LENGTH or any(c not in _VIN_VALUES for c in value):
        return False
    rest = sum(_VIN_VALUES[c] * weight for c, weight in zip(value, _VIN_WEIGHTS, strict=True)) % 11
    return value[8] == ("X" if rest == 10 else str(rest))


def address(value: str) -> bool:
    """Internet addresses, but for those that are the same on every machine and say nothing about anyone."""
    if value.count(".") == 3 and ":" not in value:
        # Some write each number with three digits; `ipaddress` takes these for octal and refuses.
        value = ".".join(one.lstrip("0") or "0" for one in value.split("."))
    try:
        found = ipaddress.ip_address(value)
    except ValueError:
        return False
    return not (found.is_loopback or found.is_unspecified)
