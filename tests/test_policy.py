"""Policies, and what the whole sanitizer does under them, with the real pipeline. All texts are made up."""

from __future__ import annotations

import json
import re
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy import POLICIES, Policy, PrivacyError, Sanitizer, Span, open_sanitizer, pattern_detector
from privacy.introduced import introduced
from privacy.policy import policy
from privacy.public import is_public
from privacy.quasi import quasi_detector

DATA = Path(__file__).parents[2] / "shared" / "data"


def test_policies_are_named_and_checked() -> None:
    assert policy("balanced") is POLICIES["balanced"]
    assert policy("balanced").change(generalise=True).generalise
    for wrong in ({"threshold": 2.0}, {"foreign": "maybe"}, {"unheard_of": 1}):
        with pytest.raises(PrivacyError):
            policy("balanced").change(**wrong)
    with pytest.raises(PrivacyError, match="choose one of"):
        policy("lenient")


def test_off_has_no_detectors() -> None:
    one = open_sanitizer("off", spacy_path=Path("nowhere"))
    assert one.detectors == ()
    assert one.session().sanitize("My name is Margaret Holloway") == "My name is Margaret Holloway"


def test_kinds_can_be_switched_off() -> None:
    one = Sanitizer([pattern_detector], policy=Policy("mine", kinds_off=frozenset({"IP"}))).session()
    assert one.sanitize("10.1.2.3 a@b.example") == "10.1.2.3 <EMAIL_1>"


def test_generalised_placeholders_restore_exactly() -> None:
    one = Sanitizer([quasi_detector], policy=policy("balanced").change(generalise=True)).session()
    text = "She is 47, was born on 12 March 1977; he is 48 and lives at 12 Elm Street."
    out = one.sanitize(text)
    assert out == "She is <AGE_40S_1>, was born on <DATE_1977_1>; he is <AGE_40S_2> and lives at <ADDRESS_1>."
    assert one.restore(out) == text
    assert one.restore("age_40s_1 <date_1977_1> AGE_40S_2!") == "age_40s_1 12 March 1977 48!"


def test_spans_are_those_of_the_original() -> None:
    one = Sanitizer([pattern_detector]).session()
    text = "x\u200b a@b.example"
    one.sanitize(text)
    assert one.spans(text) == [Span(3, 14, "EMAIL", 1.0)]
    with pytest.raises(PrivacyError):
        one.spans("another text")


@pytest.mark.parametrize("name", ["France", "the United Nations", "Albert Einstein's", "NASA"])
def test_everybody_knows(name: str) -> None:
    assert is_public(name)


# --- properties

PIECES = st.sampled_from(
    ["ann@mail.example", "10.1.2.3", "+49 170 1234567", "4111 1111 1111 1111", "aged 47", "12/03/1984", "@ann_lee84",
     "<EMAIL_1>", "EMAIL_1", "<DATE_1977_1>", " ", ", ", "\n", "\u200b", "and ", "my password is Tr0ub4dor&3", "x"]
)  # fmt: skip
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=6)), max_size=10).map("".join)


def check(text: str, generalise: bool) -> None:
    how = POLICIES["balanced"].change(generalise=generalise, foreign="allow")
    one = Sanitizer([pattern_detector, quasi_detector], policy=how).session()
    out = one.sanitize(text)
    assert one.restore(out) == text
    given_out = set(re.findall(r"<[A-Z_0-9]+>", out)) - set(re.findall(r"<[A-Z_0-9]+>", text))
    assert all(token not in text for token in given_out)
    covered = sum(span.end - span.start for span in one.spans(text))
    assert covered <= len(text)


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.booleans())
def test_restoring_is_exact_and_placeholders_are_new(text: str, generalise: bool) -> None:
    check(text, generalise)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None)
@given(TEXTS, st.booleans())
def test_restoring_is_exact_and_placeholders_are_new_often(text: str, generalise: bool) -> None:
    check(text, generalise)


WORDS = st.lists(PIECES.filter(lambda one: "_" not in one and one != "\u200b"), max_size=8).map(" ".join)


def check_again(text: str) -> None:
    whole = Sanitizer([pattern_detector, quasi_detector])
    once = whole.session().sanitize(text)
    assert whole.session().sanitize(once) == once


@settings(max_examples=200, deadline=None)
@given(WORDS)
def test_what_was_sanitized_stays_as_it_is(text: str) -> None:
    check_again(text)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None)
@given(WORDS)
def test_what_was_sanitized_stays_as_it_is_often(text: str) -> None:
    check_again(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hello, my name is sherry gates and I work here", "sherry gates"),
        ("My name's Will Baker. Write to me", "Will Baker"),
        ("my full name is Ana de la Cruz, from Leeds", "Ana de la Cruz"),
        ("my name is april please help me", "april"),
        ("my last name: o'neil", "o'neil"),
        ("my name is Lee von", "Lee"),
    ],
)
def test_who_says_his_name(text: str, name: str) -> None:
    assert [text[one.start : one.end] for one in introduced(text)] == [name]


@pytest.mark.parametrize(
    "text", ["My name is on the list", "my name is spelled wrong", "my name is", "the name is Bond"]
)
def test_who_does_not(text: str) -> None:
    assert introduced(text) == []


# --- with the pipeline


@pytest.fixture(scope="module")
def balanced() -> Sanitizer:
    from drag.models.fetch import pull

    one = open_sanitizer("balanced", spacy_path=pull("en-core-web-md"))
    one.load()
    return one


@pytest.mark.real_model
@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("I work at Accenture in Leeds. How do I ask for a rise?", ("Accenture", "Leeds")),
        ("my name is priya raghunathan and i need help with my taxes", ("priya", "raghunathan")),
        ("MY BROTHER TOMASZ WILKOWSKI NEEDS A LAWYER IN KRAKOW", ("TOMASZ", "WILKOWSKI")),
        ("Dear Ms. Okonkwo,\nthank you for the interview.\nRegards,\nHenrik Dahl", ("Okonkwo", "Henrik", "Dahl")),
        ("ask maria about it, she knows my landlord", ("maria",)),
        ("hi, i'm john smith and my wife is called fatima", ("john", "smith", "fatima")),
        ("I am an analyst at Accenture.", ("Accenture",)),
        ("My employer is Accenture, what should I say in the review?", ("Accenture",)),
        ("I joined Siemens last year and live in Munich.", ("Siemens", "Munich")),
        ("My daughter goes to Oakridge Elementary in Denver.", ("Oakridge", "Denver")),
        ("I study at the University of Dundee and my tutor is Professor Abernathy.", ("Dundee", "Abernathy")),
        ("Margaret Hol\u200bloway's invoice: can we ask М\u0430rgaret to pay?", ("Margaret", "Hol\u200bloway")),
    ],
)
def test_what_ties_a_name_to_the_person_goes(balanced: Sanitizer, text: str, gone: Sequence[str]) -> None:
    one = balanced.session()
    out = one.sanitize(text)
    assert not [word for word in gone if re.search(rf"\b{word}\b", out, re.IGNORECASE)]
    assert one.restore(out) == text


@pytest.mark.real_model
@pytest.mark.parametrize(
    "text",
    [
        "What does Accenture do?",
        "How many people does Accenture employ?",
        "What does Siemens make?",
        "Who founded Microsoft?",
        "Where is the headquarters of Toyota?",
        "What is the capital of Denmark?",
        "Who was the first president of the United States?",
        "In which year did Albert Einstein publish the theory of general relativity?",
        "Which country borders both France and Poland?",
        "Which of the following gases do plants take in? (A) oxygen (B) carbon dioxide",
        "Why did Napoleon invade Russia in 1812?",
    ],
)
def test_public_subjects_stay(balanced: Sanitizer, text: str) -> None:
    assert balanced.session().sanitize(text) == text


@pytest.mark.real_model
def test_topics_tell_a_library_from_a_person(balanced: Sanitizer) -> None:
    import spacy

    from drag.models.fetch import pull
    from privacy.topics import Topics

    topics = Topics(spacy.load(pull("en-core-web-md"), exclude=["parser", "ner", "tagger", "tok2vec", "lemmatizer"]))
    tool, person, nothing = topics.of([topics.vector(word) for word in ("postgresql", "helen", "xqzvbn")], "is_")
    assert max(tool, key=lambda name: tool[name]) == "is_software"
    assert max(person, key=lambda name: person[name]) == "is_given"
    assert nothing == {}
    assert not Topics(spacy.blank("en"))


@pytest.mark.real_model
def test_an_address_becomes_its_city(balanced: Sanitizer) -> None:
    text = "I live at 12 Elm Street, Chicago, and my sister lives in Little Snoring."
    told = Sanitizer(balanced.detectors, policy=policy("balanced").change(generalise=True)).session()
    out = told.sanitize(text)
    assert "Chicago" in out
    assert not re.search(r"Elm|Snoring|12", re.sub(r"<[^>]*>", "", out))
    assert told.restore(out) == text
    assert "Chicago" not in balanced.session().sanitize(text)


AGAIN = [
    "My name is Margaret Holloway, I work at Acme Robotics in Springfield; mail me at m@mail.example.",
    "my brother tomasz wilkowski was born on 12 March 1977 in Krakow and is 47.",
    "Dear Ms. Okonkwo,\nthank you for the interview at Northwind Labs.\nRegards,\nHenrik Dahl\n+49 170 1234567",
    "Which of the following did Priya Raghunathan, of 12 Elm Street, Leeds LS1 4AP, say? (A) yes (B) no",
    "Can you call (212) 555-0123 and ask for Yusuf Demir about card 4111 1111 1111 1111?",
]


@pytest.mark.real_model
@pytest.mark.parametrize("text", AGAIN)
def test_a_second_pass_changes_nothing(balanced: Sanitizer, text: str) -> None:
    once = balanced.session().sanitize(text)
    assert "<" in once
    assert balanced.session().sanitize(once) == once


@pytest.mark.real_model
def test_another_language_is_refused(balanced: Sanitizer) -> None:
    with pytest.raises(PrivacyError, match="another script"):
        balanced.session().sanitize("Меня зовут Иван Петров, и я живу в Самаре.")


@pytest.mark.real_model
def test_eight_threads_agree_with_one(balanced: Sanitizer) -> None:
    texts = [
        f"My friend Margaret Holloway lives at {n} Elm Street; her mail is m{n}@mail.example." for n in range(1, 33)
    ]

    def one(text: str) -> str:
        return balanced.session().sanitize(text)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, texts)) == [one(text) for text in texts]


@pytest.mark.slow
@pytest.mark.real_model
def test_a_question_of_sixty_words_is_quick(balanced: Sanitizer) -> None:
    text = (
        "My colleague Margaret Holloway, who works at Acme Robotics in Springfield, asked me last week how the board "
        "could compare the cost of a new battery plant with the cost of a wind farm, given that the price of copper "
        "has doubled since the letter that we sent to the bank, and what else a careful engineer should take into "
        "account."
    )
    times: list[float] = []
    for _ in range(40):
        started = time.perf_counter()
        balanced.session().sanitize(text)
        times.append(time.perf_counter() - started)
    # 25 ms is the aim on an idle core; a busy one is given room.
    assert statistics.quantiles(times, n=10)[0] < 0.05


# --- on the development data: numbers only, never a row


def records(name: str) -> Iterator[dict[str, Any]]:
    file = DATA / name
    if not file.is_file():
        pytest.skip(f"{name} is not beside the checkout")
    for line in file.read_text("utf-8").splitlines():
        yield json.loads(line)


def stands(value: str, text: str) -> bool:
    words = [re.escape(word) for word in value.casefold().split()]
    return bool(words) and re.search(r"(?<!\w)" + r"\s+".join(words) + r"(?!\w)", text.casefold()) is not None


def measure(one: Sanitizer, name: str) -> tuple[float, float, dict[str, float]]:
    """(share of units that leak, share of characters deleted, leaks by kind); refused rows send and delete nothing."""
    units = leaked = deleted = characters = 0
    kinds: dict[str, float] = {}
    for record in records(name):
        text: str = record["text"]
        characters += len(text)
        private = [
            value for value in {value.casefold(): value for value in record["private"]}.values() if stands(value, text)
        ]
        units += len(private)
        session = one.session()
        try:
            out = session.sanitize(text)
        except PrivacyError:
            continue
        deleted += sum(span.end - span.start for span in session.spans(text))
        types = {text[at["start"] : at["end"]].casefold(): at["type"] for at in record.get("spans", ())}
        for value in private:
            if stands(value, out):
                leaked += 1
                kind = types.get(value.casefold(), "OTHER")
                kinds[kind] = kinds.get(kind, 0) + 1
    return leaked / units, deleted / characters, kinds


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.real_model
def test_leak_and_deletion_on_real_prompts(balanced: Sanitizer) -> None:
    leak, deleted, _ = measure(balanced, "privacy/pupa_tnb.jsonl")
    assert leak <= 0.075
    assert deleted <= 0.12


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.real_model
def test_leak_on_made_up_texts(balanced: Sanitizer) -> None:
    leak, _, kinds = measure(balanced, "privacy/synthetic_spans_dev.jsonl")
    assert leak <= 0.03
    assert not {"CREDIT_CARD", "IBAN_CODE", "US_SSN", "EMAIL_ADDRESS", "IP_ADDRESS"} & set(kinds)


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.real_model
@pytest.mark.parametrize(("name", "most"), [("arc_challenge_dev", 0.05), ("mmlu_redux_dev", 0.1), ("medmcqa_dev", 0.1)])
def test_questions_about_the_world_come_through(balanced: Sanitizer, name: str, most: float) -> None:
    rows = list(records(f"choice/{name}.jsonl"))
    changed = 0
    for row in rows:
        try:
            changed += balanced.session().sanitize(row["question"]) != row["question"]
        except PrivacyError:
            changed += 1
    assert changed / len(rows) <= most
