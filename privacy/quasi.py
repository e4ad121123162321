"""What is private only beside a person: ages, full dates, house numbers, postcodes. By form and by the words around.

The year of a date, the band of an age and the city of an address can stay in the text: see `privacy.generalise`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from privacy.detect import Span, finds

_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\.?"
)
_DATE: Final = re.compile(
    r"(?i)(?<![\w./\-])(?:"
    r"(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.](?:[0-2]?\d|3[01])(?:[ T]\d{1,2}:\d\d(?::\d\d)?)?|"
    r"(?:[0-2]?\d|3[01])[-/.](?:[0-2]?\d|3[01])[-/.](?:(?:19|20)\d\d|\d\d)|"
    rf"{_MONTH} (?:[0-2]?\d|3[01])(?:st|nd|rd|th)?,? (?:19|20)\d\d|"
    rf"(?:[0-2]?\d|3[01])(?:st|nd|rd|th)?(?: of)? {_MONTH},? (?:19|20)\d\d"
    r")(?![\w/\-])"
)
_AGED: Final = re.compile(
    r"(?i)(?<![\w.$€£])\d{1,3}(?=[ -]?(?:years?|yrs?)[ -]?old\b|[ -]?y/?o\b|[ -]?years? of age\b)"
)
# "she is 34", but not "she is 34 % done" or "I am 10 minutes late".
_AGE: Final = re.compile(
    r"(?i)\b(?:aged?|age[:=]|age (?:of|is)|turn(?:s|ed|ing)?|i'?m|i am|i was|(?:he|she)(?:'s| is| was)|when i was) "
    r"(?:just |only |now )?(?P<v>\d{1,3})(?=[,.;:!?)]|$|\n| (?:and|but|when|now|today|this|next|last|in|on|at)\b)"
    r"(?![.,]\d)"
)
_BORN: Final = re.compile(r"(?i)\b(?:born|birth(?:day|date)?|d\.?o\.?b\.?)\b[^.\n]{0,20}?\b(?P<year>(?:19|20)\d\d)\b")
_STREET: Final = re.compile(
    r"(?<![\w.,])\d{1,5}[A-Za-z]?(?:[-/]\d{1,4})?,? (?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.? )?"
    r"(?:(?:[A-Z][\w'.\-]*|\d{1,3}(?:st|nd|rd|th)|de|la|of|the) ){1,4}"
    r"(?:St(?:reet)?|Ave(?:nue)?|R(?:oa)?d|Blvd|Boulevard|L(?:a)?n(?:e)?|Dr(?:ive)?|Court|Ct|Way|Pl(?:ace)?|Terrace|"
    r"Sq(?:uare)?|"
    r"Close|Crescent|Highway|Hwy|Parkway|Pkwy|Route|Circle|Row|Hill|Gardens|Loop|Trail|Plaza)\b"
)
_UNIT: Final = re.compile(
    r"(?i)\b(?:apt|apartment|suite|ste|unit|flat|room|p\.?o\.? ?box|postbox|building|bldg)\.?:? ?#? ?"
    r"(?=[\w\-]*\d)[\w\-]{1,8}\b|(?<=\bfloor )\d{1,3}\b"
)
_POSTCODE: Final = re.compile(
    r"\b(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|"
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|"
    r"N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]|AA|AE|AP) \d{5}(?:-\d{4})?)\b"
)
_ZIP_CUE: Final = re.compile(
    r"(?i)\b(?:zip(?: ?code)?|post(?:al)? ?code|pin ?code)\b(?:\W| is| was){0,6}"
    r"(?P<v>[A-Z]{0,2}\d[\w\-]{2,9}(?: \d[A-Z\d]{1,3})?)"
)
# A house number or postcode beside a street or a town that was found: "Elm Road 12", "4711 Springfield".
_BESIDE: Final = re.compile(
    r",?[ \n]{1,2}(?P<v>#?\d[\d\-]{0,9}[A-Za-z]?)(?![\w.%]|,\d|[ -](?:year|people|percent|million|billion|was|is|and))"
)
_AHEAD: Final = re.compile(r"(?<![\w.,:/$€£])(?P<v>\d[\d\-]{0,9}[A-Za-z]?),?[ \n]{1,2}$")
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_PREPOSITION: Final = re.compile(r"(?i)\b(?:in|since|of|from|until|by|during|for|the|season|year)\s$")


def quasi_detector(text: str) -> list[Span]:
    """Ages, full dates, years of birth, street lines, flat and box numbers and postcodes in normalised `text`."""
    return [
        *finds(_DATE, text, "DATE", 0.7),
        *finds(_AGED, text, "AGE", 0.7),
        *finds(_STREET, text, "ADDRESS", 0.7),
        *finds(_UNIT, text, "ADDRESS", 0.7),
        *finds(_POSTCODE, text, "ADDRESS", 0.7),
        *finds(_BORN, text, "DATE", 0.6, group="year"),
        *finds(_AGE, text, "AGE", 0.6, group="v"),
        *finds(_ZIP_CUE, text, "ADDRESS", 0.6, group="v"),
    ]


def numbers_beside(text: str, places: Sequence[Span]) -> list[Span]:
    """House numbers and postcodes that touch one of `places` (streets and towns) in normalised `text`."""
    spans: list[Span] = []
    for place in places:
        after = _BESIDE.match(text, place.end)
        if after and not (_YEAR.fullmatch(after["v"]) and "\n" not in after.group()):
            spans.append(Span(after.start("v"), after.end("v"), "ADDRESS", 0.6))
        before = _AHEAD.search(text[max(0, place.start - 16) : place.start])
        if before and not _YEAR.fullmatch(before["v"]):
            shift = max(0, place.start - 16)
            if not _PREPOSITION.search(text[: shift + before.start()][-12:]):
                spans.append(Span(shift + before.start("v"), shift + before.end("v"), "ADDRESS", 0.6))
    return spans
