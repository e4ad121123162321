"""Sentences, and chunks with their exact places."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drag.documents import Document, Section, chunks, sentences
from drag.errors import ConfigError


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    "parts",
    [
        ["One ends.", "Two begins."],
        ["Dr. Smith met Mr. J. R. Jones at 3.15 p.m. near St. Paul.", "He left."],
        ["It cost 3.50 dollars.", "That was in 1999.", "Prices rose."],
        ["He lives in the U.S. and works for Acme Inc. there.", "She does not."],
        ["It moved to the U.S.", "The rest stayed."],
        ['"Why?" he asked.', 'She said "No."', "Then they went!"],
        ["See e.g. Fig. 3 for more, cf. Sec. 2.", "Done."],
        ["Wait... what is it?", "Nothing (really).", "Good."],
        ["今日は晴れです。", "明日は雨でしょう！", "「はい。」", "そうです。"],
        ["यह पहला वाक्य है।", "यह दूसरा है।"],
        ["هل هذا سؤال؟", "نعم هو سؤال."],
        ["Was it I?", "It was I.", "We know."],
        ["There was no.", "It was clear that no. 5 won."],
        ["Things to buy:", "- milk and bread", "- eggs", "2. apples"],
    ],
)
def test_sentences_end_where_they_end(parts: list[str]) -> None:
    # A blank stands between sentences, none after a full-width mark, a line end between the items of a list.
    gaps = ("" if part[-1] in "。！」" else " " if part[-1] in '.?!)।؟"' else "\n" for part in parts)
    text = "".join(map("".join, zip(parts, gaps, strict=True)))
    assert split(text) == parts


@given(st.text(max_size=400))
def test_sentences_hold_every_character(text: str) -> None:
    spans = sentences(text)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())


FRAGMENTS = "the cat Dr. sat. on? a\nmat! 3.5 明日は雨。 Ünï 👩‍👧 - e.g. https://x.example/" + "a" * 60
words = st.sampled_from([*FRAGMENTS.split(" "), "\n\n"])


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = ""
    sections: list[Section] = []
    kind = draw(st.sampled_from(["none", "heading", "page", "message"]))
    for number in range(1, draw(st.integers(1, 6))):
        start = len(text)
        text += " ".join(draw(st.lists(st.one_of(words, st.text(max_size=8)), max_size=120)))
        day = draw(st.integers(1, 3))
        sections.append(
            Section(
                start,
                len(text),
                heading=f"H{number}" if kind == "heading" else "",
                page=number if kind == "page" else 0,
                message=number if kind == "message" else 0,
                date=f"2024-03-0{day}T10:0{number}" if kind == "message" else "",
                speaker="Ann" if kind == "message" else "",
            )
        )
        text += draw(st.sampled_from(["\n", "\n\n", " \r\n\r\n", ""]))
    return Document("d", "T", text, "2020-01-01", sections=() if kind == "none" else tuple(sections))


@settings(max_examples=300, deadline=None)
@given(documents(), st.integers(10, 200))
def test_a_chunk_is_its_span_and_nothing_is_lost(document: Document, size: int) -> None:
    found = chunks(document, size=size)
    seen: list[tuple[int, int]] = []
    for one in found:
        start, end = map(int, one.source.removeprefix("document:d#").split("-"))
        assert document.text[start:end] == one.text
        assert one.text.strip() == one.text != ""
        assert one.title == "T"
        seen.append((start, end))
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(seen))
    covered = "".join("".join(one.text.split()) for one in found)
    sections = document.sections or (Section(0, len(document.text)),)
    whole = "".join(document.text[section.start : section.end] for section in sections)
    assert covered == "".join(whole.split())


@settings(max_examples=100, deadline=None)
@given(documents())
def test_no_chunk_crosses_a_day(document: Document) -> None:
    for one in chunks(document, size=20):
        start, end = map(int, one.source.split("#")[1].split("-"))
        days = {s.date[:10] for s in document.sections if s.start < end and s.end > start and s.date}
        assert len(days) <= 1
        assert not days or one.date[:10] in days


SENTENCES = [f"Sentence number {n} tells of a thing that happened to somebody on that day." for n in range(200)]


def test_long_text_is_cut_between_sentences_into_even_chunks() -> None:
    found = chunks(Document("d", "T", " ".join(SENTENCES)), size=120)
    assert " ".join(one.text for one in found) == " ".join(SENTENCES)
    lengths = [len(one.text.split()) for one in found]
    assert all(80 <= length <= 168 for length in lengths)
    assert all(one.text.endswith(".") and one.text.startswith("Sentence") for one in found)
    assert found[0].place == "line 1"


def test_paragraphs_are_kept_whole_where_they_fit() -> None:
    paragraphs = [" ".join(SENTENCES[n : n + 4]) for n in range(0, 60, 4)]
    found = chunks(Document("d", "T", "\n\n".join(paragraphs)), size=120)
    assert "\n\n".join(one.text for one in found) == "\n\n".join(paragraphs)
    assert found[0].place == "lines 1-3"
    assert found[1].place.startswith("lines 5-")


def test_an_endless_sentence_is_cut_after_a_comma_and_an_endless_word_anywhere() -> None:
    text = ", ".join(f"and thing number {n} of the list" for n in range(200))
    found = chunks(Document("d", "", text), size=50)
    assert len(found) > 10
    assert all(one.text.endswith(",") for one in found[:-1])
    blob = chunks(Document("d", "", "x" * 50_000), size=50)
    assert "".join(one.text for one in blob) == "x" * 50_000
    assert len(blob) > 20


def test_text_without_blanks_between_words_is_cut_by_its_length() -> None:
    text = "".join(f"これは{n}番目の文です。" for n in range(200))
    found = chunks(Document("d", "", text), size=50)
    assert "".join(one.text for one in found) == text
    assert all(one.text.endswith("。") and len(one.text) <= 160 for one in found)


def sectioned(*parts: tuple[str, int]) -> Document:
    text = ""
    sections: list[Section] = []
    for heading, count in parts:
        start = len(text)
        text += "\n\n".join([heading, " ".join(SENTENCES[:count])]).strip()
        sections.append(Section(start, len(text), heading))
        text += "\n\n"
    return Document("d", "T", text, sections=tuple(sections))


def test_a_heading_begins_a_chunk_and_names_the_place() -> None:
    found = chunks(sectioned(("Methods", 10), ("Results", 25), ("End", 9)), size=120)
    assert [one.place for one in found] == ["Methods", "Results", "Results", "Results", "End"]
    assert [one.text.split("\n")[0] for one in found if "\n" in one.text] == ["Methods", "Results", "End"]


def test_tiny_sections_join_what_follows_and_the_last_what_precedes() -> None:
    found = chunks(sectioned(("Title", 0), ("Methods", 9), ("Thanks", 1)), size=120)
    assert [one.place for one in found] == ["Methods"]
    assert found[0].text.startswith("Title\n\nMethods") and "Thanks" in found[0].text


def test_pages_are_counted_over_a_chunk() -> None:
    text = " ".join(SENTENCES[:30])
    middle = text.index("Sentence number 12") + 20  # a page ends inside a sentence
    document = Document("d", "T", text, sections=(Section(0, middle, page=3), Section(middle, len(text), page=4)))
    found = chunks(document, size=120)
    assert [one.place for one in found] == ["page 3", "pages 3-4", "page 4"]
    assert all(one.text.endswith(".") for one in found)


def chat(*messages: tuple[str, str, int]) -> Document:
    text = ""
    sections: list[Section] = []
    for number, (speaker, date, count) in enumerate(messages, 1):
        line = f"{speaker}: " + " ".join(SENTENCES[:count])
        sections.append(Section(len(text), len(text) + len(line), "", 0, number, date, speaker))
        text += line + "\n"
    return Document("d", "T", text, kind="chat", sections=tuple(sections))


def test_a_chat_is_cut_between_messages_at_silences_and_at_days() -> None:
    found = chunks(
        chat(
            ("Ann", "2024-03-01T10:00", 4),
            ("Bob", "2024-03-01T10:01", 4),
            ("Ann", "2024-03-01T18:00", 4),
            ("Bob", "2024-03-02T09:00", 1),
        ),
        size=120,
    )
    assert [(one.place, one.date) for one in found] == [
        ("messages 1-2", "2024-03-01T10:00"),
        ("message 3", "2024-03-01T18:00"),
        ("message 4", "2024-03-02T09:00"),
    ]
    assert all(re.match(r"(Ann|Bob): ", one.text) for one in found)


def test_a_long_message_says_who_goes_on() -> None:
    found = chunks(chat(("Ann", "2024-03-01T10:00", 30), ("Bob", "2024-03-01T10:01", 1)), size=120)
    assert found[0].place == "message 1"
    assert found[1].place == "message 1 (Ann, continued)"
    assert found[-1].place == "messages 1-2 (Ann, continued)"


def test_a_small_document_is_one_chunk_and_an_empty_one_none() -> None:
    document = Document("a/b.txt", "T", "  One. Two.\n", "2024-01-02")
    (only,) = chunks(document)
    assert (only.text, only.source, only.title, only.date, only.place) == (
        "One. Two.",
        "document:a/b.txt#2-11",
        "T",
        "2024-01-02",
        "",
    )
    assert chunks(Document("d", "T", " \n ")) == []


def test_a_size_that_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="the least is 10"):
        chunks(Document("d", "", "x"), size=9)


def test_the_digest_tells_what_was_read() -> None:
    one = Document("d", "T", "text", "2024-01-01")
    assert one.digest == Document("other", "T", "text", "2024-01-01", path="elsewhere").digest
    others = [
        Document("d", "U", "text", "2024-01-01"),
        Document("d", "T", "texts", "2024-01-01"),
        Document("d", "T", "text", "2024-01-02"),
        Document("d", "T", "text", "2024-01-01", sections=(Section(0, 4, date="2024-01-03"),)),
        Document("d", "Tt", "ext", "2024-01-01"),
    ]
    assert len({one.digest, *(other.digest for other in others)}) == 6
