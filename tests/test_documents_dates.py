"""Dates in stamps, metadata and file names."""

from __future__ import annotations

import pytest

from drag.documents.dates import date_in_name, loose_date, parse_date


@pytest.mark.parametrize(
    ("stamp", "date"),
    [
        ("2024-03-12", "2024-03-12"),
        ("20240312_09:15", "2024-03-12T09:15"),
        ("20240312_0915", "2024-03-12T09:15"),
        ("20240312091530", "2024-03-12T09:15:30"),
        ("2024/3/1 9:05 PM", "2024-03-01T21:05"),
        ("2024-03-12T09:15:30.123Z", "2024-03-12T09:15:30"),
        ("2024-03-12T09:15:30+02:00", "2024-03-12T09:15:30"),
        ("[13/03/24, 12:00:01 am]", "2024-03-13T00:00:01"),
        ("3/13/2024 8:00", "2024-03-13T08:00"),
        ("12.03.2024 um 09:15", "2024-03-12T09:15"),
        ("12 March 2024 at 9 pm", "2024-03-12T21:00"),
        ("12. März 2024", "2024-03-12"),
        ("Tuesday, March 12th, 2024", "2024-03-12"),
        ("Tue Mar 12 09:15:30 2024", "2024-03-12T09:15:30"),
        ("2024年3月12日", "2024-03-12"),
        ("2024-13-12", ""),
        ("2023-02-29", ""),
        ("12 Foo 2024", ""),
        ("25:99", ""),
        ("1984", ""),
        ("version 1.2.3", ""),
        ("192.168.1.1", ""),
    ],
)
def test_stamps(stamp: str, date: str) -> None:
    assert parse_date(stamp) == date


def test_dates_of_metadata_and_file_names() -> None:
    assert parse_date("3/4/2024") == "2024-04-03"
    assert parse_date("3/4/2024", "month") == "2024-03-04"
    assert loose_date(1710234930) == loose_date("1710234930") == loose_date(1710234930123) == "2024-03-12T09:15:30"
    assert loose_date("Tue, 12 Mar 2024 09:15:30 +0500") == "2024-03-12T09:15:30"
    assert [loose_date(value) for value in (True, None, 1984, "soon", [2024], float("nan"), 1e300)] == [""] * 7
    assert date_in_name("IMG_20240312_091530.txt") == "2024-03-12T09:15:30"
    assert date_in_name("notes 12.03.2024") == "2024-03-12"
    assert date_in_name("part 20249912 of 1234567890") == ""
