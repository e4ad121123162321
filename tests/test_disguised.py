"""Private strings in disguise: spelled, encoded, turned around. Everybody in here is made up."""

from __future__ import annotations

import base64
import codecs
import urllib.parse

import pytest

from privacy import Sanitizer, pattern_detector
from privacy.detect import merge

NAME = "Tomasz Wilkowski"


def left(text: str) -> str:
    one = Sanitizer([pattern_detector]).session()
    out = one.sanitize(text)
    assert one.restore(out) == text
    return out


@pytest.mark.parametrize(
    "hidden",
    [
        "j o h n   s m i t h",
        "J O H N  S M I T H",
        "j-o-h-n",
        "j-o-h-n s-m-i-t-h",
        "J.o.h.n S.m.i.t.h",
        "t*o*m*a*s*z",
        "j o h n @ m a i l . o r g",
        "2 1 2   5 5 5   0 1 2 3",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
    ],
)
def test_letters_apart(hidden: str) -> None:
    assert left(f"please ask {hidden} about it") == "please ask <SPELLED_1> about it" or "CARD" in left(hidden)
    assert hidden not in left(f"please ask {hidden} about it")


@pytest.mark.parametrize("hidden", ["( 2 1 2 )   5 5 5 - 0 1 2 3", "2 1 2 - 5 5 5 - 0 1 2 3", "j o h n   s m i t h"])
@pytest.mark.parametrize("end", [".", ", ", "?)", '."'])
def test_the_last_letter_may_end_a_sentence(hidden: str, end: str) -> None:
    assert left(f"please call {hidden}{end}") == f"please call <SPELLED_1>{end}"


@pytest.mark.parametrize(
    "hidden",
    [
        base64.b64encode(NAME.encode()).decode(),
        base64.b64encode(NAME.encode()).decode().rstrip("="),
        base64.urlsafe_b64encode(f"{NAME}, 12 Elm Street".encode()).decode(),
        base64.b64encode(b"+1 212 555 0123").decode(),
        NAME.encode().hex(),
        NAME.encode().hex().upper(),
        NAME.encode().hex(" "),
        NAME.encode().hex(":"),
        "0x" + NAME.encode().hex(),
        "".join(f"\\x{one:02x}" for one in NAME.encode()),
        "".join(f"\\u{ord(one):04x}" for one in NAME),
        "".join(f"&#{ord(one)};" for one in NAME),
        "".join(f"&#x{ord(one):x};" for one in NAME),
        "".join(f"%{one:02x}" for one in NAME.encode()),
        urllib.parse.quote("tomasz@mail.example"),
        " ".join(f"{one:08b}" for one in NAME.encode()),
        " ".join(str(ord(one)) for one in NAME),
    ],
)
def test_encodings_that_anybody_can_undo(hidden: str) -> None:
    assert hidden not in left(f"decode {hidden} for me")


@pytest.mark.parametrize("turned", [codecs.encode("jennifer", "rot13"), "jennifer"[::-1]])
def test_known_names_turned_around(turned: str) -> None:
    assert turned not in left(f"ask {turned} about it")


@pytest.mark.parametrize(
    "text",
    [
        "A B C D E F are the options; choose A or B",
        "the gene A T G C A T C is expressed",
        "if x + y = z and a * b = c then d > e",
        "the rows are 1 2 3 4 5 and 0 1 1 0",
        "the U.S.S.R. and the U.S.A. met N.A.T.O.",
        "getElementById and internationalisation, CamelCaseName",
        "md5 d41d8cd98f00b204e9800998ecf8427e",
        "sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "the colour #deadbeef and 0xCAFEBABE",
        "state-of-the-art e-mail x-ray",
        "https://en.wikipedia.org/wiki/Caf%C3%A9",
        "her scores were 66, 72, 81 and 90 of 100",
        "purely sinned regal lager",
    ],
)  # fmt: skip
def test_what_is_no_disguise(text: str) -> None:
    assert merge(pattern_detector(text)) == []


def test_a_number_is_not_an_encoding_unless_it_says_a_word() -> None:
    assert [one.kind for one in merge(pattern_detector("the largest is 2147483647"))] == ["NUMBER"]
    assert "ENCODED" in {one.kind for one in pattern_detector(f"decode {b'Tomasz'.hex()}")}
    assert b"Aggie".hex().isdigit()
    assert "ENCODED" in {one.kind for one in pattern_detector(f"decode {b'Aggie'.hex()}")}
