"""`drag train eval`: the tuned student against its base, by what each says to the same rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from conftest import Command

from drag import open_student
from drag.errors import ModelError
from drag.prompts import ABSTENTION
from drag.testing import FakeModel
from drag.types import Prompt

NAMES = ("Mara", "Ivo", "Ada", "Piet", "Rosa", "Nils", "Jon", "Eva")
RECORDS = [
    {
        "id": f"r{n}",
        "question": f"who built tower {n}?",
        "answers": [name],
        "evidence": [f"Tower {n}: It was built by {name}."],
        "distractors": [f"Mill {n}{k}: It was moved." for k in range(4)],
    }
    for n, name in enumerate(NAMES)
]


class Base(FakeModel):
    """Says the name of even towers, Mara of the others, and never abstains; it is small, and asked so."""

    asked = 0
    broken = False
    weights_bytes = 1000
    styles: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__(name=type(self).__name__.lower())

    def _next(self, prompt: Prompt) -> Any:
        type(self).asked += 1
        type(self).styles.add(prompt.name)
        if type(self).broken:
            return ModelError("out of memory")
        text = prompt.messages[-1].content
        number = int(text.rpartition("tower ")[2].partition("?")[0])
        name = next((one for one in NAMES if f"built by {one}" in text), "")
        return self._say(number, name, text)

    def _say(self, number: int, name: str, text: str) -> str:
        del text
        return name if name and number % 2 == 0 else "Mara"


class Tuned(Base):
    """Says the name, cites it, and abstains where there is none."""

    asked = 0
    broken = False
    styles: ClassVar[set[str]] = set()

    def _say(self, number: int, name: str, text: str) -> str:
        place = next((line.partition("]")[0][1:] for line in text.splitlines() if "built by" in line), "")
        return f"{name} [{place}]" if name else ABSTENTION


@pytest.fixture(autouse=True)
def afresh() -> None:
    for one in (Base, Tuned):
        one.asked, one.broken = 0, False
        one.styles = set()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in RECORDS), "utf-8")
    return path


@pytest.fixture
def rows(command: Command, data: Path) -> Path:
    """Rows of which all but one or two are held out, a quarter of them without their gold."""
    out = data.parent / "rows.jsonl"
    flags = ("--style", "instructed", "--held-out", "0.99", "--missing", "0.25", "--evidence", "3")
    assert command("train", "data", data, "-o", out, *flags).code == 1  # none is left to train on
    return out


FAKES = ("--student", f"{__name__}:Base", "--tuned", f"{__name__}:Tuned")


def measured(command: Command, path: Path, *flags: str | Path) -> dict[str, Any]:
    outcome = command("train", "eval", path, *FAKES, "--json", "-", *flags)
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_both_are_asked_the_same_rows_with_and_without_evidence(command: Command, rows: Path) -> None:
    report = measured(command, rows)
    metrics, intervals = report["metrics"], report["intervals"]
    assert (report["n"], report["failures"]) == (8, 0)
    assert (metrics["rows/answerable"], metrics["rows/unanswerable"]) == (6, 2)
    held = [json.loads(line) for line in rows.read_text("utf-8").splitlines()]
    answerable = [int(row["id"][1:]) for row in held if row["reply"] != ABSTENTION]
    base = sum(number % 2 == 0 for number in answerable) / 6
    assert metrics["contains/base/evidence"] == pytest.approx(base, abs=1e-5)
    assert metrics["contains/tuned/evidence"] == metrics["f1/tuned/evidence"] == 1
    assert metrics["gain/evidence"] == pytest.approx(1 - base, abs=1e-5)
    assert metrics["gain_recall/evidence"] == pytest.approx(1 - metrics["recall/base/evidence"], abs=1e-5)
    assert intervals["gain/evidence"][0] <= metrics["gain/evidence"] <= intervals["gain/evidence"][1]
    assert metrics["mcnemar_p/evidence"] == pytest.approx(2 * 0.5 ** (6 - 6 * base), abs=1e-5)
    assert (metrics["contains/tuned/alone"], metrics["refused/answerable/tuned/alone"]) == (0, 1)
    assert metrics["gain/alone"] == -metrics["contains/base/alone"]


def test_abstention_is_measured_apart_from_answers(command: Command, rows: Path) -> None:
    metrics = measured(command, rows)["metrics"]
    assert (metrics["abstention_f1/base/evidence"], metrics["abstention_f1/tuned/evidence"]) == (0, 1)
    assert metrics["abstention_precision/base/evidence"] is None
    assert (metrics["refused/unanswerable/base/evidence"], metrics["refused/unanswerable/tuned/evidence"]) == (0, 1)
    assert metrics["refused/answerable/tuned/evidence"] == 0


def test_a_cited_distractor_costs_precision(command: Command, rows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert measured(command, rows)["metrics"]["citation_precision/tuned/evidence"] == 1

    def all_three(self: Tuned, number: int, name: str, text: str) -> str:
        del self, number, text
        return f"{name} [1][2][3]" if name else ABSTENTION

    monkeypatch.setattr(Tuned, "_say", all_three)
    metrics = measured(command, rows)["metrics"]
    assert metrics["citation_precision/tuned/evidence"] == pytest.approx(1 / 3, abs=1e-5)
    assert metrics["cited/tuned/evidence"] == 1


def test_each_is_asked_in_its_own_style(command: Command, rows: Path) -> None:
    report = measured(command, rows)
    assert (report["settings"]["base"]["style"], report["settings"]["tuned"]["style"]) == ("plain", "instructed")
    assert (Base.styles, Tuned.styles) == ({"answer-plain@1"}, {"answer-instructed@1"})
    Tuned.styles = set()
    measured(command, rows, "--style", "auto")
    assert Tuned.styles == {"answer-plain@1"}


def test_the_tuned_one_alone_is_told_to_quote(command: Command, data: Path) -> None:
    flags = ("--reply", "quoted", "--evidence-only", "--threshold", "0", "--embedder", "drag.testing:HashEmbedder")
    report = measured(command, data, *flags)
    settings = report["settings"]
    assert (settings["base"]["reply"], settings["tuned"]["reply"]) == ("written", "quoted")
    assert (Base.asked, Tuned.asked) == (8, 0)  # what is quoted is weighed, not generated
    assert report["metrics"]["contains/tuned/evidence"] == 1
    assert report["metrics"]["citation_precision/tuned/evidence"] == 1


def test_the_command_line_decides_by_the_bars(command: Command, rows: Path) -> None:
    good = command("train", "eval", rows, *FAKES, "--least", "contains/tuned/evidence=0.9", "--least", "gain/alone=-1")
    assert good.code == 0, good.err
    bad = command("train", "eval", rows, *FAKES, "--least", "contains/base/evidence=0.9")
    assert bad.code != 0
    assert "contains/base/evidence is" in bad.err
    assert "less than 0.9" in bad.err
    nothing = command("train", "eval", rows, *FAKES, "--least", "abstention_precision/base/evidence=0")
    assert nothing.code != 0  # a number that could not be measured reaches no bar
    unknown = command("train", "eval", rows, *FAKES, "--least", "gain/nowhere=0")
    assert unknown.code != 0
    assert "no metric 'gain/nowhere'; it has gain/evidence" in unknown.err


def test_a_run_goes_on_where_it_stood(command: Command, rows: Path, tmp_path: Path) -> None:
    first = measured(command, rows, "--run", "run.jsonl")
    assert (Base.asked, Tuned.asked) == (16, 16)
    second = measured(command, rows, "--run", "run.jsonl")
    assert (Base.asked, Tuned.asked) == (16, 16)
    assert first == second
    (tmp_path / "run.jsonl").write_text("".join((tmp_path / "run.jsonl").read_text().splitlines(True)[:-3]))
    assert measured(command, rows, "--run", "run.jsonl")["metrics"] == first["metrics"]
    assert Base.asked + Tuned.asked == 35


def test_failures_count_as_wrong_and_nothing_measured_is_an_error(command: Command, rows: Path) -> None:
    Tuned.broken = True
    outcome = command("train", "eval", rows, *FAKES, "--json", "-")
    assert outcome.code != 0
    assert "nothing was measured" in outcome.err
    report = json.loads(outcome.out)
    assert (report["failures"], report["metrics"]["contains/tuned/evidence"]) == (8, 0)


def test_questions_with_evidence_serve_too(command: Command, data: Path) -> None:
    unanswerable = {
        "id": "u",
        "question": "who built tower 9?",
        "answerable": False,
        "evidence": ["Tower 9: It is old."],
    }
    with data.open("a", encoding="utf-8") as file:
        file.write(json.dumps(unanswerable) + "\n")
    flags = (
        "--distractors",
        "2",
        "--embedder",
        "drag.testing:HashEmbedder",
        "--threshold",
        "0",
        "--style",
        "instructed",
    )
    report = measured(command, data, *flags)
    metrics = report["metrics"]
    assert (report["n"], metrics["rows/unanswerable"]) == (9, 1)
    assert report["settings"]["distractors"] == 2
    # A distractor that names a builder is answered from, unlike before: it was drawn for the unanswerable row, too.
    assert metrics["citation_precision/tuned/evidence"] < 1


def test_what_neither_was_trained_on(command: Command, rows: Path, tmp_path: Path) -> None:
    records = [
        {"id": str(n), "question": f"which is {word}?", "choices": [word, "other thing"], "answer": n % 2}
        for n, word in enumerate(("red", "blue", "green", "white"))
    ]
    (tmp_path / "choice.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records), "utf-8")
    metrics = measured(command, rows, "--forgetting", tmp_path / "choice.jsonl")["metrics"]
    # Both fakes choose the option whose words the question has: right where that is the first.
    assert metrics["forgetting/base"] == metrics["forgetting/tuned"] == 0.5
    assert (metrics["gain/forgetting"], metrics["mcnemar_p/forgetting"]) == (0, 1)


def test_speed_and_size(command: Command, rows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from drag.types import Reply, Usage

    for kind, seconds in ((Base, 2.0), (Tuned, 4.0)):
        plain = FakeModel.generate

        def timed(self: Any, prompts: Any, _plain: Any = plain, _seconds: float = seconds, **more: Any) -> Any:
            return [
                replace(one, usage=Usage(90, 10, _seconds)) if isinstance(one, Reply) else one
                for one in _plain(self, prompts, **more)
            ]

        monkeypatch.setattr(kind, "generate", timed)
    metrics = measured(command, rows)["metrics"]
    assert (metrics["tokens_per_second/base/evidence"], metrics["tokens_per_second/tuned/evidence"]) == (50, 25)
    assert metrics["ratio/tokens_per_second/alone"] == 0.5
    assert (metrics["bytes/base"], metrics["bytes/tuned"]) == (1000, 1000)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ((), "give what was tuned"),
        (("--tuned", "x", "--adapter", "y.gguf"), "give what was tuned"),
        (("--adapter", "none.gguf"), "there is no file none.gguf"),
        (("--tuned", "nonsense"), "'nonsense' is not a model"),
        ((*FAKES[2:], "--least", "gain"), "--least is 'gain'"),
        ((*FAKES[2:], "--least", "gain/evidence=much"), "--least is 'gain/evidence=much'"),
        ((*FAKES[2:], "--distractors", "2"), "--distractors goes with questions"),
    ],
)
def test_errors_are_one_line(command: Command, rows: Path, flags: Sequence[str], message: str) -> None:
    outcome = command("train", "eval", rows, "--student", f"{__name__}:Base", *flags)
    assert outcome.code != 0
    (line,) = [one for one in outcome.err.splitlines() if one.strip()]
    assert message in line


def test_rows_without_a_held_out_split(command: Command, data: Path) -> None:
    assert command("train", "data", data, "-o", "all.jsonl", "--style", "plain", "--held-out", "0").code == 0
    outcome = command("train", "eval", "all.jsonl", *FAKES)
    assert outcome.code != 0
    assert "holds no kept rows of the split held_out" in outcome.err


def test_without_the_arms_that_read_nothing(command: Command, data: Path) -> None:
    metrics = measured(command, data, "--evidence-only")["metrics"]
    assert metrics["contains/tuned/evidence"] == 1
    assert not [name for name in metrics if name.endswith("/alone")]
    assert Tuned.asked == len(RECORDS)


def test_a_student_that_is_open_already_stays_so() -> None:
    class Closing(FakeModel):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    one = Closing()
    with open_student(model=one) as student:
        assert student.model is one
    assert one.closed == 0


def test_the_evidence_of_a_pack(command: Command, data: Path) -> None:
    notes = data.parent / "notes"
    notes.mkdir()
    for record in RECORDS:
        (notes / f"{record['id']}.txt").write_text(str(record["evidence"][0]), "utf-8")
    embedder = ("--embedder", "drag.testing:HashEmbedder")
    outcome = command("build", "--documents", notes, "-o", "notes.pack", "--extractor", "none", *embedder)
    assert outcome.code == 0, outcome.err
    flags = ("--pack", "notes.pack", *embedder, "--threshold", "0", "--evidence-only")
    metrics = measured(command, data, *flags)["metrics"]
    assert metrics["contains/tuned/evidence"] > 0  # found by the search: the records' own is not looked at
    assert "citation_precision/tuned/evidence" not in metrics  # nobody says which piece is gold
    outcome = command("train", "eval", data, *FAKES, *flags, "--distractors", "2")
    assert outcome.code == 1
    assert "without --distractors" in outcome.err
