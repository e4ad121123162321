"""Made-up private clauses in choice questions: the same under a seed, where they say they are, and counted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import Command

pytest.importorskip("faker", reason="pip install 'drag-slm[eval]'")

from drag.types import Question
from eval.inject import KINDS, STYLES, inject, person
from eval.leak_data import stands, units
from privacy import Gateway, Sanitizer, Span, pattern_detector

TEXT = "A kettle boils at 100 degrees, but not on a mountain. Which of these is the reason for that?"
ASKED = [Question(f"q{n}", TEXT, ("pressure", "cold"), ("pressure",)) for n in range(60)]


def test_the_same_seed_gives_the_same_rows() -> None:
    assert inject(ASKED, seed=3) == inject(ASKED, seed=3)
    first, second = inject(ASKED, seed=3), inject(ASKED, seed=4)
    assert sum(a.private == b.private for a, b in zip(first, second, strict=True)) == 0
    # A question's people depend on the question, not on its company.
    assert person("3:q1") == person("3:q1") != person("3:q2")


def test_the_marks_are_the_private_strings() -> None:
    for row in inject(ASKED, seed=1):
        assert tuple(row.text[one.start : one.end] for one in row.marks) == row.private
        assert 2 <= len(row.private) <= len(KINDS)
        assert {one.kind for one in row.marks} <= set(KINDS)
        found, absent = units(row)
        assert absent == 0
        assert all(unit.kinds for unit in found)


def test_every_style_and_kind_takes_its_turn() -> None:
    rows = inject(ASKED, seed=2)
    assert {row.style for row in rows} == set(STYLES)
    assert {one.kind for row in rows for one in row.marks} == set(KINDS)
    assert len({row.private for row in rows}) == len(rows)


@pytest.mark.parametrize("style", STYLES)
def test_the_question_survives(style: str) -> None:
    row = next(row for row in inject(ASKED, seed=5) if row.style == style)
    if style == "aside":
        inside = re.sub(r" \(.*\)(?=[ ,.]|$)", "", row.text, flags=re.DOTALL)
        assert inside == TEXT
        assert row.text[:5] == TEXT[:5]
        assert row.text[-5:] == TEXT[-5:]
    else:
        assert TEXT in row.text
        place = row.text.index(TEXT)
        assert (place == 0) is (style in ("appended", "signature", "casual"))
    if style == "casual":
        assert all(one == one.lower() for one in row.private)


def test_a_person_hangs_together() -> None:
    for number in range(40):
        one = person(str(number))
        assert one.name.split()[0].lower() in one.email or one.name.split()[1].lower() in one.email
        assert re.fullmatch(r"[\w.]+@[\w.-]+", one.email)
        assert re.search(r"555.{0,2}01\d\d$", one.phone)
        assert re.search(r", [A-Z]{2} \d{5}$", one.address)
        assert "\n" not in one.address


@pytest.mark.parametrize("detects", [True, False])
def test_the_command(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, detects: bool) -> None:
    """A sanitizer that knows everybody leaves nothing; one that knows forms leaves names."""
    files: list[Path] = []
    for name in ("one", "two"):
        records = [
            {"id": str(n), "question": TEXT, "choices": ["the pressure", "the cold"], "answer": 0} for n in range(12)
        ]
        files.append(tmp_path / f"{name}.jsonl")
        files[-1].write_text("".join(json.dumps(one) + "\n" for one in records))
    known = {value for name in ("one", "two") for n in range(12) for value in vars_of(person(f"0:{name}:{n}"))}

    def knows(text: str) -> list[Span]:
        found = [re.search(re.escape(value), text, re.IGNORECASE) for value in known]
        return [Span(one.start(), one.end(), "PERSON") for one in found if one]

    detectors: list[Any] = [pattern_detector, knows] if detects else [pattern_detector]

    def open_gateway(settings: Any, how: Any) -> Gateway:
        return Gateway(Sanitizer(detectors))

    monkeypatch.setattr("drag.models.gateway.open_gateway", open_gateway)
    arguments = ("eval", "leak", "--inject", *files, "--no-similarity", "--json", "-")
    done = command(*arguments, "--accuracy-limit", "5", "--student", "drag.testing:FakeTeacher")
    assert done.code == 0, done.err
    record = json.loads(done.out)
    metrics = record["metrics"]
    assert record["n"] == 24
    assert metrics["items_injected"] == metrics["units"]
    assert metrics["reduction"] == pytest.approx(1 - metrics["items_left"] / metrics["items_injected"], abs=1e-6)
    assert metrics["reduction"] == pytest.approx(1 - metrics["leak_units"], abs=1e-6)
    assert {"reduction/one", "reduction/two", "leak_units/casual", "leak_units/email"} <= metrics.keys()
    assert metrics["accuracy_n"] == 5
    assert {"accuracy/original", "accuracy/injected", "accuracy/sanitized", "mcnemar_p/injected"} <= metrics.keys()
    assert metrics["leak_units/email"] == 0
    assert metrics["leak_units/name"] == (0 if detects else 1)
    assert not any(stands(value, done.out + done.err) for value in known)
    bare = json.loads(command(*arguments, "--no-accuracy", "--limit", "6").out)
    assert bare["n"] == 6
    assert "accuracy_n" not in bare["metrics"]
    # `--accuracy` before DATA is a flag here, whatever click makes of it.
    flags = ("--limit", "4", "--no-similarity", "--json", "-", "--student", "drag.testing:FakeTeacher")
    flagged = command("eval", "leak", "--inject", "--accuracy", *files, *flags)
    assert json.loads(flagged.out)["settings"]["data"] == ["one.jsonl", "two.jsonl"]


def vars_of(one: Any) -> tuple[str, ...]:
    return tuple(getattr(one, kind) for kind in KINDS)
