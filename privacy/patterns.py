"""Private strings that have a form: secrets, addresses, numbers with checksums. Runs without any model."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import Final

from privacy.detect import Span

# Every quantifier is bounded or separated by a character that it cannot match: no text makes these slow.
_SECRET_FORMS: Final = "|".join(
    (
        r"\b(?:sk|pk|rk)[-_](?:[A-Za-z0-9]{2,12}[-_]){0,3}[A-Za-z0-9_\-]{16,200}",
        r"\bgh[pousr]_[A-Za-z0-9]{20,255}",
        r"\bgithub_pat_\w{20,255}",
        r"\bglpat-[\w\-]{18,64}",
        r"\bhf_[A-Za-z0-9]{20,64}",
        r"\bxox[abeprs]-[A-Za-z0-9\-]{10,200}",
        r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
        r"\bAIza[\w\-]{35}",
        r"\beyJ[\w\-]{8,4000}\.eyJ[\w\-]{4,4000}\.[\w\-]{8,4000}",
        r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]{1,8000}?-----END [A-Z ]{0,40}PRIVATE KEY-----",
    )
)
_SECRET = re.compile(_SECRET_FORMS)
_ASSIGNED = re.compile(
    r"(?i)\b(?:password|passwd|passphrase|pwd|secret|api[_ \-]?key|access[_ \-]?token|auth[_ \-]?token)"
    r"[\"']?\s{0,3}(?:=|:|\bis\b)\s{0,3}[\"']?(?P<value>[^\s\"',;<>]{6,200})"
)
_EMAIL = re.compile(r"(?<![\w.+%\-])[\w.+%'\-]{1,64}@(?:[\w\-]{1,63}\.){1,8}[\w\-]{1,62}\w")
_URL_LOGIN = re.compile(r"(?i)\b[a-z][a-z0-9+.\-]{1,15}://[^\s/@<>\"']{1,200}@[^\s<>\"']{1,500}")
_URL_PROFILE = re.compile(
    r"(?i)\b(?:https?://)?(?:[a-z0-9\-]{1,30}\.){0,2}"
    r"(?:linkedin\.com/(?:in|pub)|github\.com|gitlab\.com|twitter\.com|x\.com|facebook\.com|instagram\.com|"
    r"tiktok\.com|medium\.com|reddit\.com/u(?:ser)?|youtube\.com|t\.me|wa\.me|keybase\.io)/@?[\w.\-]{2,80}"
    r"(?:/[^\s<>\"']{0,300})?"
)
_URL_HOME = re.compile(r"(?i)\bhttps?://[^\s/<>\"']{1,200}/(?:~|users?/|people/|profile/|@)[\w.\-]{2,80}")
_PHONE = re.compile(r"(?<![\w+])(?:\+|00)[1-9](?:[\s.\-/()]{0,3}\d){6,14}(?!\d)")
_PHONE_US = re.compile(r"(?<![\w.\-])\(?\d{3}\)?[ .\-]{1,2}\d{3}[ .\-]\d{4}(?![\w\-])")
_SSN = re.compile(r"(?<![\w\-])\d{3}-\d{2}-\d{4}(?![\w\-])")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ \-]?[A-Za-z0-9]){11,30}(?![A-Za-z0-9])")
_CARD = re.compile(r"(?<![\d.])\d(?:[ \-]?\d){12,18}(?!\d)")
_IPV4 = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d)")
_IPV6 = re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
_DIGITS = re.compile(r"(?<!\d)(?<!\d\.)(?<!\d,)\d{10,}(?!\d)")
_END = ".,;:!?)'\"]"


def pattern_detector(text: str) -> list[Span]:
    """Secrets, e-mail, URLs with a user's name, phone, IBAN, card, IP and long digit runs in normalised `text`."""
    spans = [Span(m.start(), m.end(), "SECRET", 1.0) for m in _SECRET.finditer(text)]
    for match in _ASSIGNED.finditer(text):
        value = match["value"].rstrip(_END)
        # "the password is wrong" is no secret; what has a digit or a symbol in it may be one.
        if len(value) >= 6 and not value.isalpha():
            spans.append(Span(match.start("value"), match.start("value") + len(value), "SECRET", 0.9))
    for pattern in (_URL_LOGIN, _URL_PROFILE, _URL_HOME):
        spans += [Span(m.start(), m.start() + len(m.group().rstrip(_END)), "URL", 1.0) for m in pattern.finditer(text)]
    spans += [Span(m.start(), m.end(), "EMAIL", 1.0) for m in _EMAIL.finditer(text)]
    for pattern in (_PHONE, _PHONE_US):
        spans += [Span(m.start(), m.end(), "PHONE", 0.8) for m in pattern.finditer(text)]
    spans += [Span(m.start(), m.end(), "SSN", 0.8) for m in _SSN.finditer(text)]
    spans += _ibans(text)
    spans += _checked(_CARD, text, "CARD", lambda number: luhn(re.sub(r"\D", "", number)))
    spans += _checked(_IPV4, text, "IP", _address)
    spans += _checked(_IPV6, text, "IP", lambda value: value.count(":") > 2 and _address(value))
    spans += [Span(m.start(), m.end(), "NUMBER", 0.6) for m in _DIGITS.finditer(text)]
    return spans


def luhn(digits: str) -> bool:
    """Whether the checksum of a card number holds."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0 and len(set(digits)) > 1


def iban(value: str) -> bool:
    """Whether the checksum of a bank account number (compact, upper case) holds: ISO 7064, modulus 97."""
    return int("".join(str(int(c, 36)) for c in value[4:] + value[:4])) % 97 == 1


def _ibans(text: str) -> Iterator[Span]:
    for match in _IBAN.finditer(text):
        # The match runs on into the following words: try each end of a word, longest first.
        for end in range(match.end(), match.start() + 14, -1):
            if end < len(text) and text[end].isalnum():
                continue
            compact = re.sub(r"[ \-]", "", text[match.start() : end]).upper()
            if 15 <= len(compact) <= 34 and compact.isascii() and iban(compact):
                yield Span(match.start(), end, "IBAN", 1.0)
                break


def _checked(pattern: re.Pattern[str], text: str, kind: str, valid: Callable[[str], bool]) -> Iterator[Span]:
    return (Span(m.start(), m.end(), kind, 0.95) for m in pattern.finditer(text) if valid(m.group()))


def _address(value: str) -> bool:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    # The same on every machine, so it says nothing about anyone.
    return not (address.is_loopback or address.is_unspecified)
