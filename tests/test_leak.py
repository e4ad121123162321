"""`drag eval leak`: every metric against a hand-computed case, and nothing private in what it writes."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
from conftest import Command

from drag.cli.console import output
from drag.errors import ConfigError, DragError
from drag.testing import FakeModel, HashEmbedder
from drag.types import Likelihood, Question
from eval.choices import Exam, accuracies, sit
from eval.draw import draw, questions_of, rows_of, split
from eval.html import page
from eval.leak import Sent, cosines, measure, ratio, ratio_intervals, shares, summarise, through, untouched
from eval.leak_data import (
    Mark,
    Row,
    Unit,
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
from eval.plots import Bar, Point, bars, scatter
from privacy import Gateway, Sanitizer, Span
from privacy.policy import Policy

# --- the words in which a leak is told


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


# --- the metrics


def person(text: str) -> list[Span]:
    """Finds Ann and Leeds, and takes `tea` for somebody."""
    kinds = {"Ann": "PERSON", "Leeds": "LOCATION", "tea": "PERSON"}
    return [Span(m.start(), m.end(), kinds[m.group()]) for m in re.finditer("Ann|Leeds|tea", text)]


ENGLISH = Policy("test", foreign="refuse")


def clean(detector: Callable[[str], list[Span]] = person) -> Callable[[str], Sent]:
    return through(Gateway(Sanitizer([detector], policy=ENGLISH), timeout=5))


ROWS = [
    Row("a", "Ann of Leeds likes tea", ("Ann", "Leeds"), (Mark(0, 3, "PERSON"), Mark(7, 12, "GPE"))),
    Row("b", "Bo Lee met Ann", ("Bo Lee", "Ann", "Zed"), (Mark(0, 6, "PERSON"), Mark(11, 14, "PERSON"))),
    Row("c", "Nothing in it", ()),
    Row("d", "Приветик Bo", ("Bo",), (Mark(9, 11, "PERSON"),)),
]


def test_the_metrics_by_hand() -> None:
    report = summarise(measure(ROWS, clean()), seed=0, settings={"data": "x"})
    known = {
        "leak_units": 1 / 5,  # Bo Lee, of Ann, Leeds, Bo Lee, Ann and the refused Bo
        "leak_units/PERSON": 1 / 4,
        "leak_units/GPE": 0,
        "leak_units/title": 1 / 5,
        "leak_units/latin": 1 / 5,
        "leak_units/sent": 1 / 4,
        "leak_rows": 1 / 3,
        "leak_rows/mean": (0 + 1 / 2 + 0) / 3,
        "leak_any_token": 1 / 5,
        "deleted_chars": (3 + 5 + 3 + 3) / (22 + 14 + 13),
        "deleted_chars/with_refused": (3 + 5 + 3 + 3 + 11) / (22 + 14 + 13 + 11),
        "private_chars": (3 + 5 + 6 + 3 + 2) / (22 + 14 + 13 + 11),
        "deleted_words/non_private": 1 / (3 + 1 + 3),  # tea, of: of likes tea, met, nothing in it
        "restore_exact": 1,
        "refused": 1 / 4,
        "refused/language": 1 / 4,
        "refused/fault": 0,
        "units": 5,
        "units_absent": 1,
    }
    assert {name: report.metrics[name] for name in known} == pytest.approx(known)
    assert (report.n, report.failures) == (4, 0)
    assert report.metrics["latency_ms/gateway"] >= report.metrics["latency_ms"] > 0
    low, high = report.intervals["leak_units"]
    assert 0 <= low <= 1 / 5 <= high <= 1
    assert "leak_units/lower" not in report.metrics


def test_any_token_sees_what_units_do_not() -> None:
    row = Row("a", "Ann Marlow is here", ("Ann Marlow",))
    report = summarise(measure([row], clean()), seed=0, settings={})
    assert (report.metrics["leak_units"], report.metrics["leak_any_token"]) == (0, 1)


def test_nothing_is_replaced_with_the_policy_off() -> None:
    report = summarise(measure(ROWS, untouched), seed=0, settings={})
    assert (report.metrics["leak_units"], report.metrics["deleted_chars"], report.metrics["refused"]) == (1, 0, 0)


def test_a_fault_is_a_refusal() -> None:
    def broken(text: str) -> list[Span]:
        raise RuntimeError(text)

    checked = measure(ROWS, clean(broken))
    report = summarise(checked, seed=0, settings={})
    assert (report.metrics["refused"], report.metrics["refused/fault"]) == (1, 3 / 4)
    assert report.failures == 3
    assert math.isnan(report.metrics["deleted_chars"])
    assert not re.search("Ann|Bo|Leeds", f"{checked!r} {ROWS!r} {checked[0].units!r} {clean()('Ann')!r}")


def test_intervals_draw_whole_rows() -> None:
    # Ten rows of ten units, all of a row leaked or none: the interval is that of ten draws, not of a hundred.
    table = {"x": [(10.0 * (n % 2), 10.0) for n in range(10)], "none": [(0.0, 0.0)] * 10}
    made = ratio_intervals(table, seed=1)
    assert made.keys() == {"x"}
    low, high = made["x"]
    assert (low, high) == (pytest.approx(0.2, abs=0.1), pytest.approx(0.8, abs=0.1))
    assert ratio_intervals(table, seed=1) == made
    assert ratio_intervals({"none": []}) == {}
    # Rows without the rare kind change nothing about its share.
    assert ratio_intervals({"x": [(1.0, 1.0)] + [(0.0, 0.0)] * 9})["x"] == (1.0, 1.0)
    assert math.isnan(ratio([(0, 0)]))
    assert numpy.isclose(ratio([(1, 2), (0, 2)]), 0.25)


def test_similarity_is_one_where_nothing_changes() -> None:
    checked = measure(ROWS, clean())
    found = cosines(checked, HashEmbedder(), batch=1)
    assert len(found) == 3
    assert found[0] == 1.0  # the row without anything private
    assert all(0 < value < 1 for value in found[1:])
    report = summarise(checked, seed=0, settings={}, similarities=found)
    assert report.metrics["similarity"] == pytest.approx(sum(found) / 3)


# --- accuracy


def test_accuracy_is_paired() -> None:
    right = {"original": [True, True, True, False], "sanitized": [True, False, False, False]}
    metrics, intervals = accuracies(Exam(right, 2), seed=0)
    assert metrics["accuracy/original"] == 0.75
    assert metrics["accuracy/sanitized"] == 0.25
    assert metrics["accuracy_change/original"] == -0.5
    assert metrics["mcnemar_p/original"] == 0.5
    assert (metrics["accuracy_n"], metrics["accuracy_refused"]) == (4, 2)
    assert intervals["accuracy_change/original"][1] <= 0


class Sees(FakeModel):
    """Knows the answer where it can read the name."""

    def score(self, prompt: Any, continuations: Any) -> Any:
        said = prompt.messages[-1].content
        if "fails" in said:
            raise DragError("out of memory")
        return [
            Likelihood((-0.1 if one == "Ann" and "Ann" in said.partition("\n")[0] else -1.0,)) for one in continuations
        ]


def test_the_student_reads_each_wording() -> None:
    asked = [
        Question("1", "Was it Ann or Cy?", ("Cy", "Ann"), ("Ann",)),
        Question("2", "Приветик?", ("a", "b"), ("a",)),
        Question("3", "This fails for Ann", ("a", "b"), ("a",)),
    ]
    student = Sees()
    exam = sit(student, asked, {}, clean(), style="plain")
    assert exam.refused == 1
    # The second did not get through; the third fails in both wordings, which is wrong and not left out.
    assert exam.right == {"original": [True, False], "sanitized": [False, False]}
    woven = sit(student, asked[:1], {"1": "I am Leeds. Was it Ann or Cy?"}, clean(), style="plain")
    assert woven.right.keys() == {"original", "injected", "sanitized"}


# --- reading


def write(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    return path


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


# --- the command


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


PRIVATE = re.compile(r"Ann|Leeds|Bo Lee|Zed|tea")


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
