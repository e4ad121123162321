"""Numbers that have a form: cards, accounts, social security, telephones, internet and hardware addresses.

A checksum decides where digits alone would be anything; the word beside a number ("card", "IBAN", "SSN") outweighs it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from privacy.checksums import aba, address, iban, luhn, ssn, vin
from privacy.detect import Span, finds

# Every quantifier is bounded or separated by a character that it cannot match: no text makes these slow.
_EXTENSION: Final = r"(?:,? ?(?:x|ext\.?|extension) ?\d{1,6})?"
_PHONE: Final = re.compile(
    r"(?i)(?<![\w+])(?:\(?\+ ?|\(?00|011[ .\-])\(?[1-9](?:[^\S\n]{0,2}[.\-/()]{0,2}[^\S\n]{0,1}\d){6,14}"
    rf"{_EXTENSION}(?!\d)"
)
_PHONE_US: Final = re.compile(
    r"(?i)(?<![\w.\-+])(?:1[ .\-])?(?:\(\d{3}\)[ .\-]{0,2}|\d{3}[ .\-/]{1,2})\d{3}[ .\-]\d{4}"
    rf"{_EXTENSION}(?![\w\-])"
)
# National layouts: a trunk zero, or pairs; nine digits at least, so that no date is one.
_PHONE_NATIONAL: Final = re.compile(
    r"(?<![\w.,/\-])(?:\(0\d{1,4}\)|0\d{1,4})"
    r"(?:[ .\-/]\d{5,8}|(?P<s>[ .\-])\d{2,4}(?:(?P=s)\d{2,4}){1,4})(?![\w\-]|[.,]\d)"
)
# Four pairs with hyphens, as in Denmark: no date has four parts.
_PHONE_PAIRS: Final = re.compile(r"(?<![\w.,/\-])\d{2}(?:-\d{2}){3}(?![\w\-]|[.,]\d)")
_PHONE_CUE: Final = re.compile(
    r"(?i)\b(?:phone|tel|telephone|mobile|cell|cellphone|call|text|sms|fax|whatsapp|ring|dial|landline|"
    r"reach (?:me|us|him|her|them)|contact)\b(?:[^\d\n+]{0,25}|\W{0,3}:[ \t*]{0,3}\n[ \t]{0,3})"
    r"(?P<v>\(?\d(?:[ .\-/()]{0,2}\d){6,13})(?!\d|[.,]\d)"
)
_NATIONAL_LEAST: Final = 9
_SSN: Final = re.compile(r"(?<![\w\-])\d{3}-\d{2}-\d{4}(?![\w\-])")
_SSN_LOOSE: Final = re.compile(r"(?<![\w.\-])(?P<v>\d{3}(?P<s>[ ._/])\d{2}(?P=s)\d{4})(?![\w\-]|[.,]\d)")
_SSN_CUE: Final = re.compile(
    r"(?i)\b(?:ssn|social(?: security)?)\b[^\d\n]{0,25}(?P<v>\d{3}[ ._/\-]{0,2}\d{2}[ ._/\-]{0,2}\d{4})(?!\d)"
)
_IBAN: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[ \-]?\d{2}(?:[ \-.]?[A-Za-z0-9]){11,30}(?![A-Za-z0-9])")
_IBAN_CUE: Final = re.compile(
    r"(?i)\biban\b[^\w\n]{0,5}(?:(?:number|no|is)\b[^\w\n]{0,3}){0,2}"
    r"(?P<v>(?-i:[A-Z]{2})[ \-]?\d{2}(?:[ \-]?(?-i:[A-Z0-9]){2,4}){3,8})(?![A-Za-z0-9])"
)
# Every beginning of a group is tried: another number may stand before the card's, or behind it.
_CARD: Final = re.compile(
    r"(?<!\w)(?<!\d[.,])(?=(?P<v>\d{12,19}(?!\w)|\d(?:[ \-]\d){12,18}(?![\w\-])|"
    r"\d{3,6}(?:(?: {1,2}|[.\-_/])\d{2,7}){2,4}(?!\w)))"
)
_CARD_CUE: Final = re.compile(
    r"(?i)\b(?:card|visa|master ?card|amex|american express|maestro|discover|credit|debit|cc)\b[^\d\n]{0,30}"
    r"(?P<v>\d(?:[ .\-]{0,2}\d){11,18})(?!\d)"
)
_IPV4: Final = re.compile(r"(?<![\d.])\d{1,3}(?:(?:\.|\[\.\]|\(\.\)|\[dot\])\d{1,3}){3}(?![\d.]*\d)")
_IPV6: Final = re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
_DIGITS: Final = re.compile(r"(?<!\d)(?<!\d\.)(?<!\d,)\d{10,}(?!\d)")
_MAC: Final = re.compile(r"(?<![\w:\-])(?:[0-9A-Fa-f]{2}([:\-]))(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:\-])")
_MAC_DOTTED: Final = re.compile(r"(?<![\w.])(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}(?![\w.])")
_VIN: Final = re.compile(r"\b[A-HJ-NPR-Z0-9]{17}\b")
_ABA: Final = re.compile(r"(?i)\b(?:routing|aba|rtn)\b[^\d\n]{0,25}(?P<v>\d{9})(?!\d)")
_CRYPTO: Final = re.compile(r"\b(?:0x[0-9a-fA-F]{40}|bc1[02-9ac-hj-np-z]{25,60}|[13][1-9A-HJ-NP-Za-km-z]{25,34})\b")
_PIN: Final = re.compile(
    r"(?i)\b(?:pin|cvv2?|cvc2?|otp|passcode|security code|verification code)\b(?: (?:code|number|is|was))?[^\w\n]{1,3}"
    r"(?P<v>\d{3,8})\b(?![.,]\d)"
)
# Numbers that only their label gives away: accounts, passports, licences, tax and insurance numbers.
_LABELLED: Final = re.compile(
    r"(?i)\b(?:account|acct|passport|licen[cs]e|driver'?s licen[cs]e|policy|member(?:ship)?|insurance|tax|ssn|"
    r"social security|"
    r"national insurance|nhs|medical record|mrn|patient|employee|student|customer|order|case|ticket|booking|reference)"
    r"(?: (?:id|no|nr|num|number|code))?\.?(?: is| was|[:#=]| ){1,3}(?P<v>[A-Z]{0,3}[\-]?\d[\dA-Z\-]{4,19})\b"
)
_ANY_DIGIT: Final = re.compile(r"\d")
_SEPARATED: Final = re.compile(r"[ .\-_/]{1,2}(?=\d+$)")


def number_spans(text: str) -> list[Span]:
    """Cards, accounts, social security numbers, telephones, addresses of machines and long digit runs."""
    spans = _addresses(text)
    if not _ANY_DIGIT.search(text):
        return spans
    spans += _valid(_VIN, text, "VEHICLE", lambda value: not value.isdigit() and not value.isalpha() and vin(value))
    spans += _valid(_CRYPTO, text, "CRYPTO", mixed)
    spans += [Span(m.start("v"), m.end("v"), "ROUTING", 0.9) for m in _ABA.finditer(text) if aba(m["v"])]
    spans += finds(_LABELLED, text, "NUMBER", 0.5, group="v")
    spans += finds(_PIN, text, "SECRET", 0.8, group="v")
    spans += finds(_PHONE, text, "PHONE", 0.8)
    spans += finds(_PHONE_US, text, "PHONE", 0.8)
    spans += finds(_PHONE_PAIRS, text, "PHONE", 0.6)
    spans += finds(_PHONE_CUE, text, "PHONE", 0.7, group="v")
    national = (m for m in _PHONE_NATIONAL.finditer(text) if sum(map(str.isdigit, m.group())) >= _NATIONAL_LEAST)
    spans += [Span(m.start(), m.end(), "PHONE", 0.6) for m in national]
    spans += _social(text)
    spans += _ibans(text)
    spans += finds(_IBAN_CUE, text, "IBAN", 0.9, group="v")
    spans += _cards(text)
    spans += finds(_CARD_CUE, text, "CARD", 0.9, group="v")
    spans += finds(_DIGITS, text, "NUMBER", 0.6)
    return spans


def mixed(value: str) -> bool:
    """Whether `value` has digits and letters."""
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def _addresses(text: str) -> list[Span]:
    spans = _valid(_IPV4, text, "IP", lambda value: address(re.sub(r"\[\.\]|\(\.\)|\[dot\]", ".", value)))
    if ":" in text:
        spans += _valid(_IPV6, text, "IP", _is_ipv6)
    spans += finds(_MAC, text, "MAC")
    spans += _valid(_MAC_DOTTED, text, "MAC", mixed)
    return spans


def _is_ipv6(value: str) -> bool:
    # Two colons are also "a::b" of programs: then a first group of an address that is in use has three digits or more.
    whole = value.count(":") > 2 or (len(value.partition(":")[0]) > 2 and any(map(str.isdigit, value)))
    return whole and address(value)


def _social(text: str) -> Iterator[Span]:
    for match in _SSN.finditer(text):
        # The form says enough; the ranges say whether it can be one.
        valid = ssn(re.sub(r"\D", "", match.group()))
        yield Span(match.start(), match.end(), "SSN" if valid else "NUMBER", 0.8)
    for match in _SSN_LOOSE.finditer(text):
        if ssn(re.sub(r"\D", "", match.group())):
            yield Span(match.start(), match.end(), "SSN", 0.7)
    yield from finds(_SSN_CUE, text, "SSN", 0.85, group="v")


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
            number = _SEPARATED.split(number)[0] if re.search(r"[ .\-_/]\d{2,}$", number) else ""


def _ibans(text: str) -> Iterator[Span]:
    for match in _IBAN.finditer(text):
        # The match runs on into the following words: try each end of a word, longest first.
        for end in range(match.end(), match.start() + 14, -1):
            if end < len(text) and text[end].isalnum():
                continue
            compact = re.sub(r"[ \-.]", "", text[match.start() : end]).upper()
            if 15 <= len(compact) <= 34 and compact.isascii() and compact[2:4].isdigit() and iban(compact):
                yield Span(match.start(), end, "IBAN", 1.0)
                break


def _valid(pattern: re.Pattern[str], text: str, kind: str, valid: Callable[[str], bool]) -> list[Span]:
    return [Span(m.start(), m.end(), kind, 0.95) for m in pattern.finditer(text) if valid(m.group())]
