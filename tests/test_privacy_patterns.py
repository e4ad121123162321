"""Private strings that have a form, and what only looks like them. All of it is made up."""

from __future__ import annotations

import pytest

from privacy import PrivacyError, Span
from privacy.checksums import aba, address, iban, luhn, ssn, vin
from privacy.context import impersonal
from privacy.detect import merge
from privacy.generalise import hint
from privacy.language import check_language
from privacy.patterns import pattern_detector
from privacy.quasi import numbers_beside, quasi_detector


def found(text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in merge(pattern_detector(text))]


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (luhn, "4111111111111111", "4111111111111112"),
        (luhn, "378282246310005", "0000000000000000"),
        (iban, "DE89370400440532013000", "DE89370400440532013001"),
        (aba, "021000021", "021000022"),
        (aba, "011401533", "991401533"),
        (ssn, "078051120", "666051120"),
        (ssn, "219099999", "900051120"),
        (vin, "1M8GDM9AXKP042788", "1M8GDM9A1KP042788"),
        (address, "10.1.2.3", "127.0.0.1"),
        (address, "2001:db8::1", "2001:db8::1::2"),
    ],
)
def test_checksums(check: object, good: str, bad: str) -> None:
    assert callable(check)
    assert check(good)
    assert not check(bad)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("write to ann dot lee at mail dot org soon", "EMAIL", "ann dot lee at mail dot org"),
        ("reach me: ann.lee [at] mail [dot] com", "EMAIL", "ann.lee [at] mail [dot] com"),
        ("nic 00:1B:44:11:3a:b7 is down", "MAC", "00:1B:44:11:3a:b7"),
        ("the car 1M8GDM9AXKP042788 was sold", "VEHICLE", "1M8GDM9AXKP042788"),
        ("to 0x52908400098527886E0F7030069857D2E4169EE7", "CRYPTO", "0x52908400098527886E0F7030069857D2E4169EE7"),
        ("routing number 021000021 please", "ROUTING", "021000021"),
        ("passport no. X1234567, valid", "NUMBER", "X1234567"),
        ("follow @ann_lee84 there", "HANDLE", "@ann_lee84"),
        ("username: annlee_84", "HANDLE", "annlee_84"),
        ("CLIENT_SECRET=aZ3kd9Qm2Lx8Wp5tRv7b", "SECRET", "aZ3kd9Qm2Lx8Wp5tRv7b"),
        ("my password is Tr0ub4dor&3", "SECRET", "Tr0ub4dor&3"),
        ("x https://ann:pw@host.example/a", "URL", "https://ann:pw@host.example/a"),
    ],
)  # fmt: skip
def test_patterns(text: str, kind: str, value: str) -> None:
    assert found(text) == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        "look at the dot on the map at noon",
        "the ratio 00:1B:44 and 12:30:45",
        "@property\ndef name(self): ...  # see @dataclass",
        "routing tables have 021000022 entries",
        "the login page is required; the username is wrong",
        "ABCDEFGHJKLMNPRST is a row of letters",
        "token = next(iterator_of_words)",
        "order of magnitude, case 3, ticket price 45",
    ],
)
def test_near_misses_stay(text: str) -> None:
    assert found(text) == []


# --- quasi-identifiers


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("I was there on 12/03/1984.", "DATE", "12/03/1984"),
        ("since March 3rd, 2011 or so", "DATE", "March 3rd, 2011"),
        ("she was born in 1984 in spring", "DATE", "1984"),
        ("he is 47, I think", "AGE", "47"),
        ("a 47-year-old neighbour", "AGE", "47"),
        ("we live at 12 Elm Street now", "ADDRESS", "12 Elm Street"),
        ("my zip code is 60614", "ADDRESS", "60614"),
        ("in flat 4B upstairs", "ADDRESS", "flat 4B"),
    ],
)
def test_quasi_identifiers(text: str, kind: str, value: str) -> None:
    assert (kind, value) in [(one.kind, text[one.start : one.end]) for one in quasi_detector(text)]


@pytest.mark.parametrize(
    "text",
    ["the war ended in 1945", "he is 10 minutes late", "she was 3.5 km away", "I am 100% sure", "turned 180 degrees",
     "in the years 2011 to 2014", "a ratio of 3/4/5"],
)  # fmt: skip
def test_what_is_no_quasi_identifier(text: str) -> None:
    assert quasi_detector(text) == []


def test_numbers_beside_a_place() -> None:
    text = "Elm Road 12, Springfield 62701 in 1999"
    places = [Span(0, 8, "LOCATION"), Span(13, 24, "LOCATION")]
    assert {text[one.start : one.end] for one in numbers_beside(text, places)} == {"12", "62701"}


def test_hints_say_less() -> None:
    assert hint("DATE", "12/03/1984") == "1984"
    assert hint("AGE", "47") == "40S"
    assert hint("AGE", "93") == "90UP"
    assert hint("PERSON", "1984") == ""


# --- the whole text


@pytest.mark.parametrize(
    "text",
    [
        "Which of the following is the largest planet?",
        "The treaty that ended the war was signed in the city of",
        "Who painted the ceiling of the chapel?",
        'A man says "I am my own boss". What does he mean?',
    ],
)
def test_impersonal_questions(text: str) -> None:
    assert impersonal(text)


@pytest.mark.parametrize(
    "text",
    [
        "What should I tell my boss?",
        "Write a poem about the sea. Can you?",
        "Dear sir, which of the following?",
        "Our firm lost money. Why?",
        "The cat sat on the mat.",
    ],
)
def test_personal_or_no_questions(text: str) -> None:
    assert not impersonal(text)


@pytest.mark.parametrize(
    "text",
    [
        "Меня зовут Иван Петров, и я живу в Самаре",
        "我叫张伟，我住在上海市浦东新区世纪大道",
        "Mi hermano vive en la ciudad con su esposa y los niños, pero no sabe que el trabajo es para una empresa",
        "Mein Bruder wohnt mit der Familie in einem Haus und ist nicht zu Hause, weil er auf Reisen ist",
    ],
)
def test_other_languages_are_refused(text: str) -> None:
    with pytest.raises(PrivacyError) as caught:
        check_language(text)
    assert text.split(maxsplit=1)[0] not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "Mario Rossi, Via Roma 12, Milano, Italia",
        "Translate 'el perro come en la casa' into English, please, and say what each of the words means.",
        "What does 'Schadenfreude' mean?",
        "E = mc^2; x -> y; def f(a): return a",
        "",
    ],
)
def test_english_and_short_texts_pass(text: str) -> None:
    check_language(text)
