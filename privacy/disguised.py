"""Private strings in disguise: letters with marks between them, and encodings that anybody can undo.

What a language model reads at once is as good as plain: "j o h n", "j-o-h-n", base64, hexadecimal, percent and HTML
escapes, a known name in rot13 or backwards. What is found is hidden whole, whatever it says.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import urllib.parse
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

from privacy.detect import Span
from privacy.names import GIVEN, SURNAMES

# One character, the mark, one character …; words of such a run are parted by wider gaps. The last may end a sentence.
# Bounded: see `patterns`.
_ONE: Final = r"[^\s](?=[.,;:!?)\]\"']{0,3}(?!\S))"
_SPACED: Final = re.compile(rf"(?<!\S)[^\s](?: {_ONE}){{2,40}}(?:(?: {{2,4}}| ?[/|] ?)[^\s](?: {_ONE}){{1,40}}){{0,8}}")
_MARKED: Final = re.compile(
    r"(?<![^\W_])(?<![-.*~])[^\W_]([-._*~])[^\W_](?:\1[^\W_]){1,60}(?![-.*~]?[^\W_])"
    r"(?:(?: |\1\1|  )[^\W_](?:\1[^\W_]){1,60}(?![-.*~]?[^\W_])){0,8}"
)
_LEAST_LETTERS: Final = 4
_BASES: Final = frozenset("ACGTUN")
_BASE64: Final = re.compile(r"(?<![A-Za-z0-9+/_=\-])[A-Za-z0-9+/_\-]{8,4000}={0,2}(?![A-Za-z0-9+/_=])")
_HEX: Final = re.compile(r"(?i)(?<![0-9a-z])(?:0x)?(?:[0-9a-f]{2}){5,2000}(?![0-9a-z])")
_HEX_BYTES: Final = re.compile(
    r"(?i)(?<![0-9a-z])(?:\\x|0x)?[0-9a-f]{2}"
    r"(?:(?:[ :,]|, )?(?:\\x|0x)?[0-9a-f]{2}){3,800}(?![0-9a-z])"
)
_PERCENT: Final = re.compile(r"[\w.~+\-]{0,100}%[0-9A-Fa-f]{2}(?:[\w.~+\-]|%[0-9A-Fa-f]{2}){0,400}")
_ENTITIES: Final = re.compile(r"(?:&#(?:\d{2,6}|[xX][0-9a-fA-F]{2,5});){3,400}")
_ESCAPES: Final = re.compile(r"(?:\\u[0-9a-fA-F]{4}){3,400}")
_CODES: Final = re.compile(r"(?<![\d.])(?:\d{2,3}[ ,]{1,2}){3,400}\d{2,3}(?![\d.])")
_BINARY: Final = re.compile(r"(?<!\d)[01]{8}(?: ?[01]{8}){3,400}(?!\d)")
_WORD: Final = re.compile(r"(?<![^\W_])[A-Za-z]{4,20}(?![^\W_])")
_SHORT: Final = 16
_SHORTEST: Final = 10
_ALL_CASES: Final = 3
_TEXTUAL: Final = 0.75

Forms = Callable[[str], list[Span]]
"""Finds private forms (addresses, numbers) in plain text."""


def disguised(text: str, forms: Forms) -> list[Span]:
    """What stands in normalised `text` in disguise: runs of single letters, encodings of words, turned names."""
    spans = [*_apart(text, forms), *_turned(text)]
    spans += [Span(*one, "ENCODED", 0.9) for one in _encoded(text, forms)]
    return spans


def _apart(text: str, forms: Forms) -> Iterator[Span]:
    for pattern in (_SPACED, _MARKED):
        for match in pattern.finditer(text):
            run = match.group()
            mark = match[1] if pattern is _MARKED else " "
            joined = " ".join(re.sub(rf"(?<=\S){re.escape(mark)}(?=\S)", "", one) for one in re.split(r" {2,}", run))
            if _is_name(joined, mark) or forms(joined):
                yield Span(match.start(), match.end(), "SPELLED", 0.6)


def _is_name(joined: str, mark: str) -> bool:
    """Whether letters that were apart make words: not a formula, the row of the alphabet, a gene or an acronym."""
    letters = [c for c in joined if c.isalpha()]
    others = [c for c in joined if not c.isalnum() and not c.isspace()]
    low = "".join(letters).lower()
    steps = {ord(b) - ord(a) for a, b in pairwise(low)}
    if len(letters) < _LEAST_LETTERS + (mark == ".") or len(set(low)) < 3 or steps == {1} or _BASES.issuperset(letters):
        return False
    return len(others) * 4 <= len(letters) and not set(others) & set("+=*^<>|()")


def _encoded(text: str, forms: Forms) -> Iterator[tuple[int, int]]:
    for match in _PERCENT.finditer(text) if "%" in text else ():
        said = urllib.parse.unquote(match.group())
        escaped = match.group().count("%")
        if forms(said) or (escaped >= _LEAST_LETTERS and escaped * 2 > len(said) and _says(said)):
            yield match.span()
    for mark, pattern, read in _READERS:
        if mark is None or mark.search(text):
            yield from (match.span() for match in pattern.finditer(text) if _says(read(match.group())))


def _from_hex(run: str) -> str:
    digits = re.sub(r"(?i)0x|\\x|[^0-9a-f]", "", run)
    said = "" if len(digits) % 2 else _decoded(bytes.fromhex(digits))
    # A number without a letter or a mark is a number, unless it says a word and nothing else.
    return "" if run.isdigit() and not said.replace(" ", "").isalpha() else said


def _from_escapes(run: str) -> str:
    return "".join(chr(int(one, 16)) for one in run.split("\\u")[1:])


def _from_binary(run: str) -> str:
    bits = run.replace(" ", "")
    return _decoded(bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)))


def _from_codes(run: str) -> str:
    # The codes of letters lie close together; ages, weights and years of a table do not.
    codes = [int(one) for one in re.findall(r"\d+", run)]
    return "".join(map(chr, codes)) if _LETTER_CODES.issuperset(codes) else ""


_LETTER_CODES: Final = frozenset((32, *range(65, 91), *range(97, 123)))


def _from_base64(run: str) -> str:
    body = run.rstrip("=").translate(str.maketrans("-_", "+/"))
    # Without its padding a short run is far more often a word.
    cases = any(map(str.isdigit, body)) + any(map(str.islower, body)) + any(map(str.isupper, body))
    least = _SHORT if cases < _ALL_CASES else _SHORTEST
    if len(body) % 4 == 1 or (len(run) % 4 and len(body) < least):
        return ""
    plain_word = body.isalpha() and (body[1:].islower() or body.isupper())
    if body.isdigit() or (plain_word and not run.endswith("=")):
        return ""
    try:
        return _decoded(base64.b64decode(body + "=" * (-len(body) % 4), validate=True))
    except binascii.Error:
        return ""


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return ""


def _says(said: str) -> bool:
    """Whether decoded text is text: printable, mostly letters, digits and spaces, with letters or a long number."""
    if len(said) < 4 or not all(c.isprintable() or c in "\n\t" for c in said):
        return False
    usual = sum(c.isalnum() or c in " .,@'\n" for c in said)
    # Random bytes rarely make letters only; accents in a row are not a word either.
    letters = sum(c.isalpha() for c in said)
    digits = sum(c.isdigit() for c in said)
    return usual >= _TEXTUAL * len(said) and (letters >= 0.5 * len(said) or digits >= 6)


_READERS: Final[tuple[tuple[re.Pattern[str] | None, re.Pattern[str], Callable[[str], str]], ...]] = (
    # What has to stand somewhere in the text, the pattern, and what it says.
    (re.compile(r"[A-Za-z0-9+/_\-=]{8}"), _BASE64, _from_base64),
    (re.compile(r"[0-9A-Fa-f]{10}"), _HEX, _from_hex),
    (re.compile(r"[0-9A-Fa-f]{2}[ :,\\0-9a-fA-F]"), _HEX_BYTES, _from_hex),
    (re.compile("&#"), _ENTITIES, html.unescape),
    (re.compile(r"\\u"), _ESCAPES, _from_escapes),
    (re.compile(r"[01]{8}"), _BINARY, _from_binary),
    (re.compile(r"\d\d[ ,]{1,2}\d\d"), _CODES, _from_codes),
)


def _turned(text: str) -> Iterator[Span]:
    """Known names in rot13 or backwards, with the word beside them."""
    for match in _WORD.finditer(text):
        word = match.group().lower()
        if word in _TURNED:
            yield Span(match.start(), match.end(), "SPELLED", 0.6)


def _turn() -> frozenset[str]:
    names = {name for name in GIVEN | SURNAMES if len(name) > 4 and name.isascii()}
    turned = {codecs.encode(name, "rot13") for name in names} | {name[::-1] for name in names}
    return frozenset(turned) - names - _WORDS_TOO


# Names that are another word or name when they are turned.
_WORDS_TOO: Final = frozenset({"anele", "creel", "lager", "purely", "regal", "sinned", "sirrah"})
_TURNED: Final = _turn()
