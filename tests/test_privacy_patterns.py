"""Private strings that have a form, and what only looks like them. All of it is made up."""

from __future__ import annotations

import re

import pytest

from privacy import PrivacyError, Span
from privacy.checksums import aba, address, iban, luhn, ssn, vin
from privacy.context import impersonal
from privacy.detect import merge
from privacy.generalise import hint, is_city_level
from privacy.language import check_language
from privacy.patterns import pattern_detector
from privacy.public import PLACES
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
        "a::b and std::vector at 12:30:45, version 1.2.3",
        "in 2001 2002 2003 2004 the figures were 3.14159265358979",
        "my password is not working; my password is wrong",
        "look at python.org and meet at noon",
    ],
)
def test_near_misses_stay(text: str) -> None:
    assert found(text) == []


LAYOUTS = [
    *(("CARD", one) for one in (
        "4111111111111111", "4111-1111-1111-1111", "4111 1111 1111 1111", "4111.1111.1111.1111",
        "4111  1111  1111  1111",
        "4111_1111_1111_1111", "3782 822463 10005", "378282246310005", "5555 5555 5555 4444", "6011000990139424",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
    )),
    *(("IBAN", one) for one in (
        "DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "de89370400440532013000",
        "DE89-3704-0044-0532-0130-00",
        "GB82WEST12345698765432", "GB82 WEST 1234 5698 7654 32", "NL91 ABNA 0417 1643 00",
        "FR1420041010050500013M02606",
        "NO9386011117947", "DE 89 3704 0044 0532 0130 00", "MT84MALT011000012345MTLCAST001S",
    )),
    *(("SSN", one) for one in ("078-05-1120", "078 05 1120", "078.05.1120", "SSN 078051120", "social: 900-05-1120")),
    *(("EMAIL", one) for one in (
        "ann@mail.example", "Ann.Lee+x@sub.mail.example.org", "ann_lee@mail.co.uk", "ann-lee99@mail-host.example",
        "o'neil@mail.example", "ANN@MAIL.EXAMPLE", "ann@[10.1.2.3]", "ann.lee@gmail.com", "ann @ mail.org",
        "ann(at)mail.org", "ann [at] mail.org", "ann at gmail.com", "ann_at_mail_dot_org", "müller@mail.example",
    )),
    *(("PHONE", one) for one in (
        "+1 212 555 0123", "+1-212-555-0123", "+1 (212) 555-0123", "+1.212.555.0123", "+12125550123",
        "+1 212-555-0123 x89",
        "+44 20 7946 0958", "+44 (0)20 7946 0958", "+44(0)2079460958", "(+44) 20 7946 0958", "0044 20 7946 0958",
        "+49 170/1234567", "+91-98765-43210", "+ 33 1 23 45 67 89", "+33.1.23.45.67.89", "+86 138 0013 8000",
        "011 44 20 7946 0958", "1-212-555-0123", "(212)555-0123", "212.555.0123", "212 555 0123 ext. 4",
        "71-33-52-22", "Phone:\n60 56 85 91",
    )),
    *(("IP", one) for one in (
        "10.1.2.3", "203.0.113.77", "192.168.001.010", "192[.]168[.]7[.]12", "2001:db8::8a2e:370:7334", "fe80::1",
        "2001:0db8:85a3:0000:0000:8a2e:0370:7334", "::ffff:203.0.113.7", "2001:DB8::1",
    )),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), LAYOUTS)
@pytest.mark.parametrize("around", ["it is {}.", "({})", "{}", "we have {}, and more", "x: {}\nnext line"])
def test_layouts(kind: str, value: str, around: str) -> None:
    """Nothing of the value's digits and letters may be left, whatever stands around it."""
    text = around.format(value)
    kept = text
    for span in reversed(merge(pattern_detector(text))):
        kept = kept[: span.start] + kept[span.end :]
    number = value.split(" ", 1)[1] if value.startswith(("SSN", "social")) else value
    assert number not in kept
    assert not any(part in kept for part in re.findall(r"\d{3,}", number)), (kind, kept)


def test_the_ranges_decide_the_kind_of_a_social_security_number() -> None:
    assert found("078-05-1120") == [("SSN", "078-05-1120")]
    assert found("666-05-1120") == [("NUMBER", "666-05-1120")]
    assert found("sizes 666 05 1120") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("my card number is 4111 1111 1111 1112", "4111 1111 1111 1112"),
        ("IBAN: DE00 3704 0044 0532 0130 00", "DE00 3704 0044 0532 0130 00"),
        ("call me on 467 3395", "467 3395"),
        ("the pin is 4821", "4821"),
        ("my wifi password is sunflower", "sunflower"),
    ],
)
def test_the_word_beside_it_outweighs_the_checksum(text: str, value: str) -> None:
    assert value in [found_value for _, found_value in found(text)]


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


def test_the_city_of_an_address_stays_by_policy() -> None:
    assert is_city_level("LOCATION", "Lyon") == ("lyon" in PLACES)
    assert is_city_level("LOCATION", "Paris, France")
    assert not is_city_level("LOCATION", "Little Snoring, England")
    assert not is_city_level("PERSON", "Paris")


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
        "How are the walls of the castle built",
        "Isolation period of the disease:-",
        "The rules of the game are seen as demonstrating",
        'This question refers to the following passage. "I went to my father, who told me of his land." Who speaks',
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
        "Which of the following is a planet?\nName: Henrik Dahl",
        "Which of the following is a planet? henrik@mail.example",
        "This question refers to the following passage, says my colleague. What does it mean?",
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
        "leone mazzi\nnurse\nphone:\n0393 555\ne-mail:\nx@mail.com\nwebsite:\nhttps://www.host.com/",
        "E = mc^2; x -> y; def f(a): return a",
        "",
    ],
)
def test_english_and_short_texts_pass(text: str) -> None:
    check_language(text)
