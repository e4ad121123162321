"""Private strings that have a form: secrets, addresses, numbers with checksums. Runs without any model."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Final

from privacy.checksums import aba, address, iban, luhn, vin
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
# Every beginning of a group is tried: another number may stand before the card's, or behind it.
_CARD = re.compile(
    r"(?<![\w.])(?=(?P<v>\d{12,19}(?!\w)|\d(?:[ \-]\d){12,18}(?![\w\-])|\d{3,6}(?:[ \-]\d{2,7}){2,4}(?!\w)))"
)
_IPV4 = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d)")
_IPV6 = re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
_DIGITS = re.compile(r"(?<!\d)(?<!\d\.)(?<!\d,)\d{10,}(?!\d)")
_MAC = re.compile(r"(?<![\w:\-])(?:[0-9A-Fa-f]{2}([:\-]))(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:\-])")
_VIN = re.compile(r"\b[A-HJ-NPR-Z0-9]{17}\b")
_ABA = re.compile(r"(?i)\b(?:routing|aba|rtn)\b[^\d\n]{0,25}(?P<v>\d{9})(?!\d)")
_CRYPTO = re.compile(r"\b(?:0x[0-9a-fA-F]{40}|bc1[02-9ac-hj-np-z]{25,60}|[13][1-9A-HJ-NP-Za-km-z]{25,34})\b")
# Numbers that only their label gives away: accounts, passports, licences, tax and insurance numbers.
_LABELLED = re.compile(
    r"(?i)\b(?:account|acct|passport|licen[cs]e|driver'?s licen[cs]e|policy|member(?:ship)?|insurance|tax|ssn|"
    r"social security|"
    r"national insurance|nhs|medical record|mrn|patient|employee|student|customer|order|case|ticket|booking|reference)"
    r"(?: (?:id|no|nr|num|number|code))?\.?(?: is| was|[:#=]| ){1,3}(?P<v>[A-Z]{0,3}[\-]?\d[\dA-Z\-]{4,19})\b"
)
_HANDLE = re.compile(r"(?<![\w@./&=])@(?P<v>[A-Za-z][\w.]{2,30})(?<!\.)(?![\w@(])")
_USER = re.compile(
    r"(?i)\b(?:user ?name|user ?id|login|handle|nick(?:name)?|screen name)\b(?: is|:|=|: @)\s{0,2}[\"'@]{0,2}"
    r"(?P<v>[\w.\-]{3,40})"
)
_ENTROPIC = re.compile(
    r"(?i)\b[\w\-]{0,30}(?:key|token|secret|pass|pwd|auth|credential)[\w\-]{0,20}[\"']?\s{0,3}[=:]\s{0,3}[\"']?"
    r"(?P<v>[A-Za-z0-9+/_\-.~]{16,200}={0,2})"
)
# "ann dot lee at gmail dot com", "ann [at] example (dot) org".
_SPOKEN = re.compile(
    r"(?i)(?<![\w.])[a-z0-9][\w\-]{0,30}(?:(?: ?[(\[{] ?dot ?[)\]}] ?| dot |\.)[\w\-]{1,30}){0,3}"
    r"(?: ?[(\[{] ?at ?[)\]}] ?| at | @ )"
    r"[a-z0-9\-]{2,30}(?:(?: ?[(\[{] ?dot ?[)\]}] ?| dot | ?\. ?)[a-z0-9\-]{2,20}){0,2}"
    r"(?: ?[(\[{] ?dot ?[)\]}] ?| dot )(?:com|org|net|edu|gov|io|co|info|biz|me|uk|de|fr|in|us|ca|au|eu|example)\b"
)
_NO_USER = frozenset({"and", "is", "not", "the", "wrong", "for", "page", "form", "field", "required", "password"})
# What stands after an at sign in program text.
_AT = frozenset(
    """
    abstractmethod app author autowired bean cached_property charset classmethod component controller dataclass
    decorator deprecated entity font-face import include input keyframes media mixin override param parameterized
    property pytest repository requestmapping restcontroller return returns service staticmethod supports test throws
    transactional types value
    """.split()  # noqa: SIM905  # one word each
)
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
    for pattern in (_EMAIL, _SPOKEN):
        spans += [Span(m.start(), m.end(), "EMAIL", 1.0) for m in pattern.finditer(text)]
    spans += [Span(m.start(), m.end(), "MAC", 1.0) for m in _MAC.finditer(text)]
    spans += _checked(_VIN, text, "VEHICLE", lambda value: not value.isdigit() and not value.isalpha() and vin(value))
    spans += [Span(m.start(), m.end(), "CRYPTO", 0.9) for m in _CRYPTO.finditer(text) if _mixed(m.group())]
    spans += [Span(m.start("v"), m.end("v"), "ROUTING", 0.9) for m in _ABA.finditer(text) if aba(m["v"])]
    spans += [Span(m.start("v"), m.end("v"), "NUMBER", 0.5) for m in _LABELLED.finditer(text)]
    spans += [Span(m.start(), m.end(), "HANDLE", 0.7) for m in _HANDLE.finditer(text) if m["v"].lower() not in _AT]
    users = (m for m in _USER.finditer(text) if m["v"].lower() not in _NO_USER)
    spans += [Span(m.start("v"), m.end("v"), "HANDLE", 0.8) for m in users]
    spans += [Span(m.start("v"), m.end("v"), "SECRET", 0.8) for m in _ENTROPIC.finditer(text) if _random(m["v"])]
    for pattern in (_PHONE, _PHONE_US):
        spans += [Span(m.start(), m.end(), "PHONE", 0.8) for m in pattern.finditer(text)]
    spans += [Span(m.start(), m.end(), "SSN", 0.8) for m in _SSN.finditer(text)]
    spans += _ibans(text)
    spans += _cards(text)
    spans += _checked(_IPV4, text, "IP", address)
    spans += _checked(_IPV6, text, "IP", lambda value: value.count(":") > 2 and address(value))
    spans += [Span(m.start(), m.end(), "NUMBER", 0.6) for m in _DIGITS.finditer(text)]
    return spans


def _mixed(value: str) -> bool:
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def _random(value: str) -> bool:
    """Whether a value is too even to be a word or a name: over 3.2 bits a character, letters and digits."""
    counts = [value.count(c) / len(value) for c in set(value)]
    return _mixed(value) and -sum(share * math.log2(share) for share in counts) > 3.2


def _cards(text: str) -> Iterator[Span]:
    end = 0
    for match in _CARD.finditer(text):
        number = match["v"]
        # Longest first, whole groups only; what lies inside a card is none of its own.
        while match.start() >= end and number:
            digits = re.sub(r"\D", "", number)
            if len(digits) < 12:
                break
            if len(digits) <= 19 and luhn(digits):
                end = match.start() + len(number)
                yield Span(match.start(), end, "CARD", 0.95)
                break
            number = re.split(r"[ \-](?=\d+$)", number)[0] if re.search(r"[ \-]\d{2,}$", number) else ""


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
