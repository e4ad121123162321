"""Words in the full-text index, titles, and time expressions."""

from __future__ import annotations

import sqlite3
from datetime import date

import pytest

from drag.dates import Period, periods
from drag.lexical import index_text, match_query, name_key, title_keys


def finds(text: str, question: str) -> bool:
    """Whether SQLite's own index finds the text by the question, as packs are indexed."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5(text, tokenize='porter unicode61 remove_diacritics 2')")
    connection.execute("INSERT INTO t VALUES (?)", (index_text(text),))
    match = match_query(question)
    return bool(match) and connection.execute("SELECT 1 FROM t WHERE t MATCH ?", (match,)).fetchone() is not None


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("JenniferMoore: see you", "jennifer"),
        ("JenniferMoore: see you", "JenniferMoore"),
        ("Jennifer Moore said so", "JenniferMoore"),
        ("read by BBCNews today", "bbc"),
        ("born 5 October 1987", "1987-10-05"),
        ("born October 5th, 1987", "19871005"),
        ("Time: 20260408_08:38", "8 April 2026"),
        ("Time: 20260408_08:38", "April 8"),
        ("the 3rd of May", "May 3"),
        ("a well-kept garden", "kept"),
        ("the clocks", "clock"),
        ("Café", "cafe"),
        ("room 1204", "1204"),
    ],
)
def test_the_index_finds(text: str, question: str) -> None:
    assert finds(text, question)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("the 3rd of May", "June 3"),
        ("what is the time that it has", "Who is it that built the clock?"),
    ],
)
def test_the_index_does_not_find(text: str, question: str) -> None:
    assert not finds(text, question)


def test_common_words_count_where_there_are_no_others() -> None:
    assert match_query("Who built the clock?") == '"built" OR "clock"'
    assert match_query("The Who") == '"the" OR "who"'
    assert match_query("?!") == ""
    assert '"' not in match_query('say "NEAR(a b)"').replace('"say"', "").replace('"near"', "").replace('"b"', "")


def test_words_side_by_side_count_once_more_but_for_names() -> None:
    assert match_query("Which standout character does Ida Bloom like?").split(" OR ")[-1] == '"standout character"'
    assert '"ida bloom"' not in match_query("Which standout character does Ida Bloom like?")
    assert '"low-fat milk"' not in match_query("low-fat milk")
    assert match_query("low-fat milk").split(" OR ") == ['"low"', '"fat"', '"milk"', '"low fat"', '"fat milk"']
    assert match_query("cats, dogs") == '"cats" OR "dogs"'
    assert match_query("the clock of the tower") == '"clock" OR "tower"'


def test_a_title_is_found_without_its_bracket_accents_and_article() -> None:
    assert title_keys("The Rack (1915 film)") == ("rack 1915 film", "rack")
    assert title_keys("Émile  Chautard!") == ("emile chautard",)
    assert title_keys("(…)") == ()
    assert name_key("THE CRANE-WIFE") == name_key("Crane Wife")
    assert name_key("The") == "the"  # a name has to be called something


TODAY = date(2026, 11, 22)  # a Sunday


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("What happened on 8 April 2026?", "2026-04-08", "2026-04-08"),
        ("on 20260706?", "2026-07-06", "2026-07-06"),
        ("on January 6th", "01-06", "01-06"),
        ("feedback in July?", "07-01", "07-31"),
        ("in February 2024", "2024-02-01", "2024-02-29"),
        ("between May and July 2026", "2026-05-01", "2026-07-31"),
        ("from 3 May 2026 to 7 May", "2026-05-03", "2026-05-07"),
        ("before 5 May 2026", "0000-01-01", "2026-05-05"),
        ("since March 2025", "2025-03-01", "9999-12-31"),
        ("released in 1999", "1999-01-01", "1999-12-31"),
        ("yesterday", "2026-11-21", "2026-11-21"),
        ("last week", "2026-11-09", "2026-11-15"),
        ("last month", "2026-10-01", "2026-10-31"),
        ("three days ago", "2026-11-19", "2026-11-19"),
    ],
)
def test_periods(question: str, first: str, last: str) -> None:
    assert periods(question, TODAY) == [Period(first, last)]


@pytest.mark.parametrize(
    "question",
    ["You may ask", "He will march on", "on 31 February 2026", "99 days ahead", "at 25:99", "20269999"],
)
def test_what_is_no_time(question: str) -> None:
    assert periods(question, TODAY) == []


def test_how_well_a_date_fits() -> None:
    april = Period("04-01", "04-30")
    assert april.covers("2026-04-08T08:38") == april.covers("1999-04-30") == 1
    assert april.covers("2026-05-01") == april.covers("") == 0
    (at_five,) = periods("on 2026-04-28 at 5 PM", TODAY)
    assert at_five.covers("2026-04-28T17:00") == 1
    assert at_five.covers("2026-04-28T09:00") == 0.5
    (fridays,) = periods("on Friday in March", TODAY)
    assert fridays.covers("2026-03-06") == 1
    assert fridays.covers("2026-03-07") == 0
    (before,) = periods("before 5 May 2026", TODAY)
    assert before.covers("2020-01-01") == 0.5
    assert before.covers("2026-05-06") == 0
    assert Period("12-20", "01-10").covers("2025-01-02") == 1  # over the turn of the year
