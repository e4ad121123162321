"""`drag eval leak`: the object, the exit codes and the page; nothing private in what it writes."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from leaking import ENGLISH, PRIVATE, ROWS, clean, person, write

from drag.cli.console import output
from eval.html import page
from eval.leak import measure, shares, summarise
from eval.leak_data import (
    Unit,
)
from eval.plots import Bar, Point, bars, scatter
from privacy import Gateway, Sanitizer, Span
from privacy.policy import Policy


def nothing(text: str) -> list[Span]:
    return []


@pytest.fixture
def stubbed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stub detector for the real ones."""

    def open_gateway(settings: Any, how: Any) -> Gateway:
        return Gateway(Sanitizer([person], policy=ENGLISH))

    def fetched(name: str, kind: str, how: Any) -> Path:
        return Path(name)

    def open_sanitizer(policy: Policy, **_: Any) -> Sanitizer:
        # At a threshold above 0.2 nothing is found any more.
        return Sanitizer([person if policy.threshold < 0.2 else nothing], policy=ENGLISH)

    monkeypatch.setattr("drag.models.gateway.open_gateway", open_gateway)
    monkeypatch.setattr("privacy.opening.open_sanitizer", open_sanitizer)
    monkeypatch.setattr("drag.models.fetched", fetched)
    monkeypatch.setattr(output, "width", 200)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(
        tmp_path / "data.jsonl",
        *(
            {
                "id": row.id,
                "text": row.text,
                "private": list(row.private),
                "spans": [{"start": one.start, "end": one.end, "type": one.kind} for one in row.marks],
            }
            for row in ROWS
        ),
    )


@pytest.mark.usefixtures("stubbed")
def test_the_object_that_it_writes(command: Command, data: Path) -> None:
    done = command("eval", "leak", data, "--no-similarity", "--json", "-")
    assert done.code == 0, done.err
    record = json.loads(done.out)
    assert record.keys() == {"task", "n", "metrics", "intervals", "failures", "settings"}
    assert (record["task"], record["n"], record["failures"]) == ("leak", 4, 0)
    wanted = {"leak_units", "leak_rows", "leak_any_token", "deleted_chars", "restore_exact", "latency_ms"}
    assert wanted <= record["metrics"].keys()
    assert record["metrics"]["leak_units"] == 0.2
    assert record["settings"]["policy"] == "balanced"
    assert record["settings"]["data"] == ["data.jsonl"]


@pytest.mark.usefixtures("stubbed")
def test_max_leak_is_an_exit_code(command: Command, data: Path) -> None:
    assert command("eval", "leak", data, "--no-similarity", "--max-leak", "0.2").code == 0
    done = command("eval", "leak", data, "--no-similarity", "--max-leak", "0.1")
    assert done.code == 1
    assert done.err.strip() == "drag: leak_units is 0.2000, above --max-leak 0.1"
    assert "leak_units" in done.out


@pytest.mark.usefixtures("stubbed")
def test_what_could_not_be_measured_is_not_zero(command: Command, tmp_path: Path) -> None:
    empty = write(tmp_path / "empty.jsonl", {"text": "Nothing", "private": ["Zed"]})
    done = command("eval", "leak", empty, "--no-similarity")
    assert (done.code, done.err.strip()) == (1, "drag: no private string occurs in its text: nothing was measured")
    refused = write(tmp_path / "refused.jsonl", {"text": "Приветик Bo", "private": ["Bo"]})
    assert command("eval", "leak", refused, "--no-similarity", "--max-leak", "1").code == 1
    assert command("eval", "leak").code == 2
    assert command("eval", "leak", tmp_path / "missing.jsonl").code == 1


@pytest.mark.usefixtures("stubbed")
def test_nothing_private_without_show(command: Command, data: Path) -> None:
    arguments = ("eval", "leak", data, "--embedder", "drag.testing:HashEmbedder", "--curve", "--json", "out.json")
    done = command(*arguments, "--html", "out.html")
    assert done.code == 0, done.err
    written = Path("out.html").read_text("utf-8"), Path("out.json").read_text("utf-8")
    assert not PRIVATE.search("\n".join((done.out, done.err, *written)))
    shown = command(*arguments, "--html", "shown.html", "--show")
    assert "Bo Lee" in shown.out
    assert "Bo Lee" in Path("shown.html").read_text("utf-8")
    assert not PRIVATE.search(Path("out.json").read_text("utf-8"))
    # Only what leaked is shown.
    assert "Leeds" not in shown.out


@pytest.mark.usefixtures("stubbed")
def test_show_does_not_spoil_the_json(command: Command, data: Path) -> None:
    done = command("eval", "leak", data, "--no-similarity", "--json", "-", "--show")
    assert not PRIVATE.search(json.dumps(json.loads(done.out)))
    assert "Bo Lee" in done.err


@pytest.mark.usefixtures("stubbed")
def test_the_operating_points(command: Command, data: Path) -> None:
    done = command("eval", "leak", data, "--no-similarity", "--curve", "--json", "-")
    metrics = json.loads(done.out)["metrics"]
    assert (metrics["leak_units/off"], metrics["deleted_chars/off"]) == (1, 0)
    assert metrics["leak_units/balanced"] == metrics["leak_units"]
    assert metrics["leak_units/balanced@0.1"] == metrics["leak_units"]
    assert metrics["leak_units/balanced@0.3"] == 0.8  # all but the unit of the row that is refused
    off = json.loads(command("eval", "leak", data, "--no-similarity", "--policy", "off", "--json", "-").out)
    assert off["metrics"]["leak_units"] == 1
    assert off["settings"]["policy"] == "off"


@pytest.mark.usefixtures("stubbed")
def test_accuracy_of_other_questions(command: Command, data: Path, tmp_path: Path) -> None:
    record = {"question": "Was it Ann?", "choices": ["Ann", "Cy"], "answer": 0}
    exam = write(tmp_path / "exam.jsonl", *({**record, "id": str(n)} for n in range(4)))
    arguments = ("eval", "leak", data, "--no-similarity", "--json", "-", "--student", "drag.testing:FakeTeacher")
    metrics = json.loads(command(*arguments, "--accuracy", exam, "--accuracy-limit", "3").out)["metrics"]
    assert metrics["accuracy_n"] == 3
    assert metrics["accuracy/original"] == 1
    assert "accuracy/injected" not in metrics


# --- the page


def test_the_page_stands_alone() -> None:
    checked = measure(ROWS, clean())
    report = summarise(checked, seed=0, settings={"data": "<x>"})
    curve = {"off": {"leak_units": 1.0, "deleted_chars": 0.0}, "<b>": {"leak_units": 0.2, "deleted_chars": 0.3}}
    text = page(report, checked, curve=curve, limit=0.05)
    assert text.startswith("<!doctype html>")
    assert not re.search(r"<script|<link|<img|@import|url\(|https?://", text)
    assert text.count("<svg") == text.count("</svg>") == 4  # kind, casing, script, curve
    assert "<x>" not in text
    assert "<b>" not in text
    assert not PRIVATE.search(text)
    assert "Bo Lee" in page(report, checked, reveal=True)


def test_plots_are_well_formed_and_to_scale() -> None:
    from xml.etree.ElementTree import fromstring as parse

    drawn = parse(bars("t", [Bar("a", 0.2, (0.1, 0.4)), Bar("b", math.nan)], line=0.3))  # noqa: S314 - our own page
    widths = [float(one.attrib["width"]) for one in drawn.iter("rect")]
    assert widths == [pytest.approx(210), 0]
    assert "–" in "".join(drawn.itertext())
    points = parse(scatter("t", [Point("a", 0.2, 1.0), Point("b", 0.1, 0.0)], x="x", y="y"))  # noqa: S314 - our own page
    assert [(one.attrib["cx"], one.attrib["cy"]) for one in points.iter("circle")] == [
        ("290.0", "290.0"),
        ("520.0", "30.0"),
    ]


def test_a_unit_shows_nothing() -> None:
    assert "Ann" not in f"{Unit('Ann', (), 'Ann')!r}{shares(measure(ROWS[:1], clean()))!r}"


@pytest.mark.real_model
def test_the_real_sanitizer(command: Command, tmp_path: Path) -> None:
    rows = [
        {
            "text": f"My name is {name} and my e-mail is {mail}. How do I renew a passport?",
            "private": [name, mail],
        }
        for name, mail in (("Margaret Holloway", "m.holloway@mail.example"), ("Peter Brandt", "peter@brandt.example"))
    ]
    done = command("eval", "leak", write(tmp_path / "real.jsonl", *rows), "--no-similarity", "--json", "-")
    assert done.code == 0, done.err
    metrics = json.loads(done.out)["metrics"]
    assert metrics["units"] == 4
    assert metrics["leak_units"] == 0
    assert metrics["restore_exact"] == 1
    assert 0 < metrics["deleted_chars"] < 0.8
