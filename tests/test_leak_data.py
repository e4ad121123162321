"""The words in which a leak is told, and the files that hold rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from leaking import write

from drag.errors import ConfigError
from eval.draw import draw, questions_of, rows_of, split
from eval.leak_data import (
    Mark,
    Row,
    any_token,
    casing,
    covered,
    places,
    read_rows,
    script,
    stands,
    tokens,
    units,
    words_outside,
)


@pytest.mark.parametrize(
    ("words", "text", "found"),
    [
        ("Ann", "ann was here", True),
        ("Ann", "Annual", False),
        ("Ann", "Joann", False),
        ("ann", "the ANN's", True),
        ("Ann", "ann_1", False),
        ("Ann Lee", "ann lee.", True),
        ("Ann Lee", "ann  lee", False),
        ("+44 20", "tel:+44 20", True),
        ("+44 20", "+44 201", False),
        ("$5", "US$5", True),
        ("Straße", "STRASSE 3", True),
        ("(a.b*", "x (a.b*", True),
        ("PERSON", "<PERSON_1>", False),
    ],
)
def test_whole_words_case_folded(words: str, text: str, found: bool) -> None:
    assert stands(words, text) is found
    assert bool(list(places(words, text))) is found


def test_places_are_those_of_the_original() -> None:
    text = "die große STRASSE, Straße 3"
    assert [text[start:end] for start, end in places("straße", text)] == ["STRASSE", "Straße"]


def test_units_are_distinct_and_occur() -> None:
    row = Row(
        "1", "Ann met Bo. ANN left.", ("Ann", "Ann", "Bo", "Cy", "", " "), (Mark(0, 3, "PERSON"), Mark(8, 10, "PET"))
    )
    found, absent = units(row)
    assert [(one.text, one.kinds) for one in found] == [("Ann", ("PERSON",)), ("Bo", ("PET",))]
    assert absent == 1
    # The casing is that of the text, not of the list.
    folded = units(Row("3", "So ANN LEE said", ("ann lee",)))[0][0]
    assert (folded.written, folded.groups) == ("ANN LEE", ("upper", "latin"))
    # A unit that the data set marks twice as different things counts once in each.
    twice = Row("2", "Lee in Lee", ("Lee",), (Mark(0, 3, "PERSON"), Mark(7, 10, "GPE"), Mark(7, 10, "GPE")))
    assert units(twice)[0][0].kinds == ("PERSON", "GPE")
    assert units(twice)[0][0].groups == ("PERSON", "GPE", "title", "latin")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ann lee", "lower"),
        ("ANN-LEE 5", "upper"),
        ("Ann Lee", "title"),
        ("University of Leeds", "title"),
        ("iPhone", "mixed"),
        ("Ann lives here", "mixed"),
        ("2024-01-01", "none"),
        ("", "none"),
    ],
)
def test_casing(text: str, name: str) -> None:
    assert casing(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [("Ann 5", "latin"), ("Анна", "cyrillic"), ("Annа", "several"), ("王", "cjk"), ("5-5", "none"), ("Ünal", "latin")],
)
def test_script(text: str, name: str) -> None:
    assert script(text) == name


def test_tokens_and_any_token() -> None:
    assert tokens("The University of Leeds, R 2") == {"university", "leeds"}
    assert any_token("University of Leeds", "the university")
    assert not any_token("University of Leeds", "the <ORGANIZATION_1> of it")
    assert any_token("R 2", "r 2")


def test_words_and_characters() -> None:
    text = "Ann likes red tea"
    assert covered(text, [(0, 5), (3, 9), (20, 30)]) == 9
    assert covered(text, []) == 0
    # Non-private: likes, red, tea. The deleted span touches two of them and the private word.
    assert words_outside(text, [(0, 3)], [(0, 5), (10, 11)]) == (3, 2)


# --- reading


def test_rows_of_a_file(tmp_path: Path) -> None:
    spans = [{"start": 0, "end": 3, "type": "PERSON"}]
    file = write(tmp_path / "a.jsonl", {"id": 7, "text": "Ann", "private": ["Ann"]}, {"text": "Ann", "spans": spans})
    first, second = read_rows(file)
    assert (first.id, first.private, first.marks) == ("7", ("Ann",), ())
    assert (second.id, second.private, second.marks) == ("2", ("Ann",), (Mark(0, 3, "PERSON"),))


@pytest.mark.parametrize(
    "bad",
    [
        '{"text": "secret word"}',
        '{"private": ["secret word"]}',
        '{"text": 5, "private": []}',
        '{"text": "secret word", "private": "secret"}',
        '{"text": "secret word", "private": [], "spans": [{"start": 5, "end": 99}]}',
        '{"text": "secret word", "private"',
        '["secret word"]',
    ],
)
def test_a_bad_line_is_named_and_not_quoted(tmp_path: Path, bad: str) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"text": "x", "private": []}\n' + bad)
    with pytest.raises(ConfigError, match="line 2") as raised:
        read_rows(file)
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_limit_is_shared_by_the_files(tmp_path: Path) -> None:
    files = [Path("a"), Path("b"), Path("c")]
    assert split(files, None) == [(one, None) for one in files]
    assert [most for _, most in split(files, 5)] == [2, 2, 1]
    assert [path for path, _ in split(files, 1)] == files[:1]
    assert draw([1, 2, 3], 2, 0) == [1, 2]
    assert draw([1, 2, 3], None, 5) == [1, 2, 3]
    drawn = draw(list(range(50)), 5, 3)
    assert drawn == sorted(drawn) == draw(list(range(50)), 5, 3) != draw(list(range(50)), 5, 4)
    record = {"id": "1", "question": "Who?", "choices": ["a", "b"], "answer": 0}
    one, two = write(tmp_path / "one.jsonl", record), write(tmp_path / "two.jsonl", record)
    assert [q.id for q in questions_of([one, two], None, 0)] == ["one:1", "two:1"]
    with pytest.raises(ConfigError, match="choices"):
        questions_of([write(tmp_path / "three.jsonl", {"question": "Who?"})], None, 0)
    rows = write(tmp_path / "rows.jsonl", {"text": "a", "private": []}, {"text": "b", "private": []})
    assert [one.text for one in rows_of([rows, rows], 3, 0)] == ["a", "b", "a"]
