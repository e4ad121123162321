"""Detection, sanitizing and restoring, without the network and (but for the last tests) without a model."""

from __future__ import annotations

import copy
import pickle
import re
import socket
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy import PrivacyError, Sanitizer, Sealed, Session, Span, pattern_detector
from privacy.detect import Detector, detect, merge
from privacy.normalise import normalise


def finds(kind: str, *values: str) -> Detector:
    """A detector that finds the given strings."""

    def detector(text: str) -> list[Span]:
        return [Span(m.start(), m.end(), kind) for value in values for m in re.finditer(re.escape(value), text)]

    return detector


PEOPLE = finds("PERSON", "Margaret Holloway", "Mary-Ann O'Neil", "张伟", "Will Brown", "José")


def session(*detectors: Detector, deny: tuple[str, ...] = (), allow: tuple[str, ...] = ()) -> Session:
    return Sanitizer(detectors or (PEOPLE, pattern_detector), deny, allow).session()


# --- normalising


def test_normalise_sees_through_disguises_and_maps_back() -> None:
    text = "x Ｍａｒｇａｒｅｔ Hol\u200blo\u00adway \u0410nna e\u0301 ﬁn"
    normal = normalise(text)
    assert normal.text == "x Margaret Holloway Anna é fin"
    at = normal.text.index("Holloway")
    start, end = normal.original(at, at + 8)
    assert text[start:end] == "Hol\u200blo\u00adway"


def test_normalise_leaves_other_scripts_alone() -> None:
    assert normalise("Привет, Москва. Καλημέρα κόσμε").text == "Привет, Москва. Καλημέρα κόσμε"


@given(st.text())
def test_normalise_offsets_are_inside_and_in_order(text: str) -> None:
    normal = normalise(text)
    assert len(normal.text) == len(normal.starts) == len(normal.ends)
    assert all(0 <= a < b <= len(text) for a, b in zip(normal.starts, normal.ends, strict=True))
    assert list(normal.starts) == sorted(normal.starts)


# --- patterns


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("mail ann.lee+x@mail.example.org now", "EMAIL", "ann.lee+x@mail.example.org"),
        ("key sk-proj-abcdefghijklmnop1234 here", "SECRET", "sk-proj-abcdefghijklmnop1234"),
        ("token ghp_abcdefghijklmnopqrstuvwxyz0123456789", "SECRET", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"),
        ("aws AKIAIOSFODNN7EXAMPLE", "SECRET", "AKIAIOSFODNN7EXAMPLE"),
        ("password: hunter2!x,", "SECRET", "hunter2!x"),
        ("see https://github.com/ann-lee/x.", "URL", "https://github.com/ann-lee/x"),
        ("postgres://ann:pw@db.example/x", "URL", "postgres://ann:pw@db.example/x"),
        ("call +49 (170) 123-4567 today", "PHONE", "+49 (170) 123-4567"),
        ("call (212) 555-0123 today", "PHONE", "(212) 555-0123"),
        ("iban DE89 3704 0044 0532 0130 00 please", "IBAN", "DE89 3704 0044 0532 0130 00"),
        ("card 4111 1111 1111 1111.", "CARD", "4111 1111 1111 1111"),
        ("ssn 078-05-1120", "SSN", "078-05-1120"),
        ("host 192.168.7.12.", "IP", "192.168.7.12"),
        ("host 2001:db8::8a2e:370:7334", "IP", "2001:db8::8a2e:370:7334"),
        ("id 12345678901", "NUMBER", "12345678901"),
    ],
)
def test_patterns_find(text: str, kind: str, value: str) -> None:
    found = merge(pattern_detector(text))
    assert [(one.kind, text[one.start : one.end]) for one in found] == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        "Which planet is the hottest?",
        "The speed of light is 299792458 m/s; pi is 3.14159265358979.",
        "On 2024-01-15 at 10:30:45 version 3.11.4 came out, see https://docs.python.org/3/library/re.html",
        "std::vector and 127.0.0.1; the password is wrong; 4111 1111 1111 1112 is no card",
        "In 1969, 384400 km away; 8,000,000,000 people",
    ],
)
def test_patterns_leave_public_text(text: str) -> None:
    assert pattern_detector(text) == []


@pytest.mark.parametrize(
    "text", ["a" * 50_000, "1 " * 25_000, "a.b@" * 12_000, "::" * 25_000, "A_" * 25_000, "1-" * 20_000, "%61" * 15_000]
)
def test_no_text_makes_patterns_slow(text: str) -> None:
    # Time of this process: the machine may have other things to do.
    started = time.process_time()
    one = session(pattern_detector)
    assert one.restore(one.sanitize(text)) == text
    assert time.process_time() - started < 5


# --- spans


def test_merge_unites_overlaps_and_keeps_neighbours() -> None:
    spans = [Span(5, 9, "B", 0.9), Span(0, 6, "A", 0.5), Span(9, 12, "C", 0.1)]
    assert merge(spans) == [Span(0, 9, "B", 0.9), Span(9, 12, "C", 0.1)]


@pytest.mark.parametrize(
    "nonsense",
    [None, "text", [(0, 1)], [Span(0, 99, "X")], [Span(-1, 1, "X")], [Span(2, 2, "X")], [Span(0, 1, "x y")],
     [Span(0, 1, "X", float("nan"))], {"a": 1}],
)  # fmt: skip
def test_nonsense_of_a_detector_is_an_error(nonsense: object) -> None:
    def detector(text: str) -> list[Span]:
        return nonsense  # pyright: ignore[reportReturnType]  # that is the point

    with pytest.raises(PrivacyError) as caught:
        detect([detector], "secret words")
    assert "secret" not in str(caught.value)


def test_an_exception_of_a_detector_does_not_carry_the_text_on() -> None:
    def detector(text: str) -> list[Span]:
        raise ValueError(text)

    with pytest.raises(PrivacyError) as caught:
        detect([detector], "secret words")
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


# --- sanitizing


def test_values_and_name_parts_are_replaced_everywhere_with_one_number() -> None:
    one = session()
    first, second = one.sanitize_all(
        ["Ask Holloway.", "Margaret Holloway, MARGARET HOLLOWAY's dog and Margaret\u200b!"]
    )
    assert first == "Ask <PERSON_1>."
    assert second == "<PERSON_1B>, <PERSON_1C>'s dog and <PERSON_1D>\u200b!"
    assert one.restore(first + second) == "Ask Holloway.Margaret Holloway, MARGARET HOLLOWAY's dog and Margaret\u200b!"
    assert one.counts == {"PERSON": 4}


def test_everyday_words_that_are_names_too_stay() -> None:
    assert session().sanitize("Will Brown will eat brown bread, said Brown.") == (
        "<PERSON_1> will eat brown bread, said <PERSON_1B>."
    )


def test_scripts_without_spaces() -> None:
    assert session().sanitize_all(["张伟", "我叫张伟。"]) == ["<PERSON_1>", "我叫<PERSON_1>。"]


def test_deny_and_allow() -> None:
    one = session(deny=("Project  Falcon", "Holloway"), allow=("Margaret Holloway", "info@mail.example"))
    text = "project\nFALCON, Falconry, Margaret Holloway, info@mail.example, ann@mail.example"
    out = one.sanitize(text)
    assert out == "<PRIVATE_1>, Falconry, Margaret <PRIVATE_2>, info@mail.example, <EMAIL_1>"
    assert one.restore(out) == text


def test_placeholders_do_not_occur_in_the_input() -> None:
    text = "<PERSON_1>, person_2 and PERSON_3B are examples. Margaret Holloway, a@b.example"
    one = session()
    out = one.sanitize(text)
    assert out == "<PERSON_1>, person_2 and PERSON_3B are examples. <PERSON_2>, <EMAIL_1>"
    assert one.restore(out) == text
    # It turns up only after the number was given out: then it is replaced itself.
    late = one.sanitize("What is <PERSON_2>?")
    assert late == "What is <TEXT_1>?"
    assert one.restore(late) == "What is <PERSON_2>?"


def test_text_that_spells_a_placeholder_around_a_find() -> None:
    one = session(finds("PERSON", "Margaret"), finds("ID", "2#"))
    text = "Margaret has PERSON_12#"
    out = one.sanitize(text)
    assert "Margaret" not in out
    assert one.restore(out) == text


def test_restoring_is_tolerant_but_never_guesses() -> None:
    one = session()
    one.sanitize("Margaret Holloway")
    assert (
        one.restore("<person_1> [PERSON_1] PERSON_1's") == "Margaret Holloway [Margaret Holloway] Margaret Holloway's"
    )
    for unknown in ("<PERSON_2>", "person_1", "PERSON_11", "xPERSON_1", "PERSON_1_x", "<PERSON_1Z>", "<PERSON>"):
        assert one.restore(unknown) == unknown


def test_numbers_are_the_same_every_time() -> None:
    texts = ["Mary-Ann O'Neil met 张伟", "and Margaret Holloway", "José, Will Brown, a@b.example +49 170 1234567"]
    assert session().sanitize_all(texts) == session().sanitize_all(texts)


def test_a_session_keeps_its_words_to_itself() -> None:
    one = session(deny=("Falcon",))
    one.sanitize("Margaret Holloway and Falcon")
    shown = f"{one!r} {one} {one.secrets!r} {one.stream()!r} {Sanitizer([PEOPLE], deny=['Falcon'])!r}"
    assert "Holloway" not in shown
    assert "alcon" not in shown
    for secret in (one, one.stream()):
        with pytest.raises(TypeError):
            pickle.dumps(secret)
        with pytest.raises(TypeError):
            copy.deepcopy(secret)
    one.wipe()
    assert not one.secrets
    with pytest.raises(PrivacyError):
        one.restore("<PERSON_1>")


def test_only_the_gateway_seals() -> None:
    with pytest.raises(PrivacyError):
        Sealed(b"raw", object())  # pyright: ignore[reportArgumentType]  # a type error first
    with pytest.raises(TypeError):
        Sealed(b"raw")  # pyright: ignore[reportCallIssue]  # the same


# --- properties

ODD = [
    *(
        "Margaret Holloway",
        "margaret",
        "José",
        "Jose\u0301",
        "张伟",
        "Ｈｏｌｌｏｗａｙ",
        "a@b.example",
        "+49 170 1234567",
    ),
    *("<PERSON_1>", "PERSON_1", "PERSON_", "<TEXT_1>", "<PERSON_X1>", "<", ">", "_1", "1", "B"),
    *(" ", "\u200b", "İ", "ß", "\x00"),
]
PIECES = st.one_of(
    st.text(max_size=8),
    st.sampled_from(ODD),
)
TEXTS = st.lists(PIECES, max_size=8).map("".join)


def digits(text: str) -> list[Span]:
    """Finds in the middle of words, next to each other and overlapping: worse than any real detector."""
    return [Span(m.start(), m.end(), "ID") for m in re.finditer(r"[0-9]|_.|[A-F]+", text)]


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=3), st.booleans())
def test_restore_undoes_sanitize(texts: list[str], wild: bool) -> None:
    one = session(PEOPLE, pattern_detector, *([digits] if wild else []), deny=("margaret",))
    for batch in (texts, texts[::-1]):
        out = one.sanitize_all(batch)
        assert [one.restore(text) for text in out] == batch
        assert not any("Holloway" in one.mask(text) and "Margaret Holloway" in text for text in out)


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.lists(st.integers(1, 6), max_size=30))
def test_a_stream_restores_what_the_whole_restores(text: str, cuts: list[int]) -> None:
    one = session()
    one.sanitize("Margaret Holloway, margaret, a@b.example")
    text += "<person_1>PERSON_1 <EMAIL_1> <PERSON_1B"
    stream = one.stream()
    out, rest = "", text
    for cut in cuts:
        out, rest = out + stream.feed(rest[:cut]), rest[cut:]
    assert out + stream.feed(rest) + stream.finish() == one.restore(text)


# --- with Presidio and spaCy


@pytest.fixture(scope="module")
def presidio() -> Detector:
    from drag.models.fetch import pull
    from privacy import PresidioDetector

    return PresidioDetector(pull("en-core-web-md"))


def test_a_missing_pipeline_is_an_error_and_no_download() -> None:
    from privacy import PresidioDetector

    with pytest.raises(PrivacyError, match="missing"):
        PresidioDetector(Path("nowhere"))("text")


@pytest.mark.real_model
def test_presidio_finds_names_and_calls_nobody(presidio: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    text = (
        "My name is Margaret Holloway, I work at Acme Robotics in Springfield since 1999.\n"
        "Mail margaret@holloway.example or https://www.holloway.example/me, card 4111 1111 1111 1111."
    )
    presidio("load")
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    one = Sanitizer([presidio, pattern_detector]).session()
    out = one.sanitize(text)
    assert not re.search(r"(?i)margaret|holloway@|acme|springfield|4111", out)
    assert "I work at <" in out
    assert one.restore(out) == text


@pytest.mark.real_model
@pytest.mark.parametrize(
    "text",
    [
        "Which planet is the hottest?",
        "Who wrote the first novel about robots, and in which year?",
        "What is the boiling point of water in degrees Celsius?",
        "Why did the French eat 20% more bread on 14 July 1789?",
    ],
)
def test_public_questions_pass(presidio: Detector, text: str) -> None:
    assert Sanitizer([presidio, pattern_detector]).session().sanitize(text) == text
