"""How sure an answer is: the features, the probabilities, abstaining on them, and the calibration file."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drag.answer import answer, calibration_of
from drag.confidence import (
    DEFAULT,
    Calibration,
    answerable_features,
    confidence_features,
    grounded_features,
    own_words,
    probability,
)
from drag.errors import ConfigError
from drag.settings import Ask
from drag.testing import FakeModel
from drag.types import Context, Evidence, Question

TEXT = "The Aldgate clock was built by Mara Finch in 1871."
GOOD = asdict(DEFAULT)
ASKED = Question("q", "Who built the Aldgate clock?")


def test_words_that_say_something() -> None:
    assert own_words("Who was building the towers?") == ["build", "tower"]


def test_features_of_evidence() -> None:
    found = answerable_features(ASKED.text, [TEXT, "Rain fell."], [0.7, 0.1])
    assert found == {"cosine": 0.7, "words": 1.0}
    assert answerable_features("Who saw the Leeds clock?", [TEXT], [0.2])["words"] == 1 / 3
    assert answerable_features("Who?", [], []) == {"cosine": 0.0, "words": 0.0}


@pytest.mark.parametrize(
    ("said", "run", "missing"),
    [
        ("Mara Finch", 1.0, 0),
        ("It was Mara Finch", 0.5, 0),
        ("Piet Adler", 0.0, 2),
        ("the Aldgate clock", 1.0, 0),  # adds nothing to the question: all its words are looked up
        ("", 0.0, 0),
    ],
)
def test_features_of_an_answer(said: str, run: float, missing: int) -> None:
    assert grounded_features(ASKED.text, [TEXT], said) == {"run": run, "unsupported": math.log1p(missing)}


@given(st.text(max_size=80), st.lists(st.text(max_size=80), max_size=3), st.text(max_size=40))
def test_features_stay_within_their_bounds(question: str, evidence: list[str], said: str) -> None:
    asked = answerable_features(question, evidence, [0.5] * len(evidence))
    found = grounded_features(question, evidence, said)
    assert 0 <= asked["words"] <= 1
    assert 0 <= found["run"] <= 1
    assert 0 < probability(DEFAULT.grounded, found) < 1


def test_what_stands_in_the_evidence_is_likelier() -> None:
    good, bad = (grounded_features(ASKED.text, [TEXT], said) for said in ("Mara Finch", "It was Piet Adler of Leeds."))
    assert probability(DEFAULT.grounded, good) > 0.5 > probability(DEFAULT.grounded, bad)
    near, far = (answerable_features(ASKED.text, [text], [cosine]) for text, cosine in ((TEXT, 0.8), ("Rain.", 0.1)))
    assert probability(DEFAULT.answerable, near) > 0.5 > probability(DEFAULT.answerable, far)
    sure, unsure = (confidence_features(share, share, -0.2) for share in (0.9, 0.2))
    assert probability(DEFAULT.confidence, sure) > probability(DEFAULT.confidence, unsure)


def read(cosine: float | None, text: str = TEXT) -> Context:
    return Context((Evidence.of(text, "document:1"),), cosine=cosine)


def test_a_student_is_not_asked_what_the_evidence_cannot_answer() -> None:
    student = FakeModel(["Piet Adler [1]"])
    said = answer(student, ASKED, read(0.0, "Rain fell on the hills."), style="instructed")
    assert (said.abstained, said.text, student.prompts) == (True, "insufficient information", [])
    assert said.answerable is not None
    assert said.answerable < DEFAULT.threshold
    assert answer(student, ASKED, read(0.9), style="instructed").text == "Piet Adler"


def test_the_threshold_can_be_set_and_switched_off() -> None:
    student = FakeModel(["Piet Adler"] * 2)
    far = read(0.0, "Rain fell on the hills.")
    never = calibration_of(Ask(threshold=0))
    assert not answer(student, ASKED, far, style="plain", calibration=never).abstained
    always = calibration_of(Ask(threshold=1))
    assert answer(student, ASKED, read(0.9), style="plain", calibration=always).abstained


def test_evidence_that_was_not_searched_for_is_never_refused() -> None:
    assert not answer(FakeModel(["x"]), ASKED, read(None, "Rain."), style="plain").abstained
    choice = replace(ASKED, choices=("Mara", "Piet"))
    assert not answer(FakeModel(["Mara"]), choice, read(0.0, "Rain."), style="plain").abstained


def test_a_calibration_file_comes_back(tmp_path: Path) -> None:
    changed = replace(DEFAULT, threshold=0.4, answerable={**DEFAULT.answerable, "bias": 1.5})
    changed.save(tmp_path / "c.json")
    assert Calibration.load(tmp_path / "c.json") == changed
    assert calibration_of(Ask(calibration=tmp_path / "c.json", threshold=0.1)) == replace(changed, threshold=0.1)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "Invalid JSON"),
        (json.dumps({**GOOD, "answerable": {"bias": 1}}), "'answerable' needs the weights bias, cosine, words"),
        (json.dumps({**GOOD, "threshold": "high"}), "threshold: Input should be a valid number"),
        (json.dumps({**GOOD, "threshold": 3}), "threshold: Input should be less than or equal to 1"),
        (json.dumps({"threshold": 0.1}), "answerable: Field required"),
    ],
)
def test_a_broken_calibration_is_refused(tmp_path: Path, content: str, problem: str) -> None:
    (tmp_path / "c.json").write_text(content, "utf-8")
    with pytest.raises(ConfigError, match=problem):
        Calibration.load(tmp_path / "c.json")
    with pytest.raises(ConfigError, match="No such file"):
        Calibration.load(tmp_path / "none.json")


# --- drag eval grounding


def records(*rows: dict[str, Any]) -> str:
    return "\n".join(json.dumps(row) for row in rows)


CLAIMS = records(
    *({"question": "Who built it?", "evidence": [f"{n} built it."], "answer": n, "grounded": True} for n in "KLMN"),
    *({"question": "Who built it?", "evidence": ["A built it."], "answer": n, "grounded": False} for n in "WXYZ"),
)
PASSAGES = records(
    *({"question": f"when did {n} sail", "evidence": [f"{n} sail in may"], "answerable": True} for n in ("ann", "bo")),
    *({"question": f"when did {n} sail", "evidence": ["rain fell"], "answerable": False} for n in ("cy", "di")),
)
EMBEDDER = ("--embedder", "drag.testing:HashEmbedder", "--json", "-")


def test_grounding_of_both_kinds(command: Any, tmp_path: Path) -> None:
    (tmp_path / "claims.jsonl").write_text(CLAIMS, "utf-8")
    (tmp_path / "passages.jsonl").write_text(PASSAGES, "utf-8")
    one = command("eval", "grounding", tmp_path / "claims.jsonl", *EMBEDDER)
    report = json.loads(one.out)
    assert (report["task"], report["n"]) == ("grounding", 8)
    assert (report["metrics"]["accuracy"], report["metrics"]["auroc"], report["metrics"]["coverage"]) == (1, 1, 0.5)
    assert report["metrics"]["selective_accuracy"] == 1
    both = json.loads(
        command("eval", "grounding", tmp_path / "claims.jsonl", tmp_path / "passages.jsonl", *EMBEDDER).out
    )
    metrics = both["metrics"]
    assert both["n"] == 12
    assert metrics["auroc/answerable"] == 1
    assert metrics["auroc"] == (metrics["auroc/answerable"] + metrics["auroc/grounded"]) / 2


def test_fitted_weights_are_written_and_used(command: Any, tmp_path: Path) -> None:
    (tmp_path / "passages.jsonl").write_text(PASSAGES, "utf-8")
    corpus = [{"id": str(n), "title": "", "text": f"ship {n} sailed in may of year {n}"} for n in range(8)]
    asked = [{"id": f"q{n}", "question": f"when did ship {n} sail", "evidence_ids": [str(n)]} for n in range(8)]
    (tmp_path / "corpus.jsonl").write_text(records(*corpus), "utf-8")
    (tmp_path / "asked.jsonl").write_text(records(*asked), "utf-8")
    pair = ("--retrieval", tmp_path / "corpus.jsonl", tmp_path / "asked.jsonl")
    done = command("eval", "grounding", tmp_path / "passages.jsonl", *EMBEDDER, "--fit", tmp_path / "w.json", *pair)
    assert done.code == 0, done.err
    assert "20 cases" in done.err
    fitted = Calibration.load(tmp_path / "w.json")
    assert fitted.answerable != DEFAULT.answerable
    assert fitted.grounded == DEFAULT.grounded  # nothing to fit it to
    again = command("eval", "grounding", tmp_path / "passages.jsonl", *EMBEDDER, "--calibration", tmp_path / "w.json")
    assert json.loads(again.out)["metrics"] == json.loads(done.out)["metrics"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "holds no records"),
        ('{"question": "x"}', "line 1: a record needs 'question' and 'evidence'"),
        ('{"question": "x", "evidence": "y"}', "line 1: a record needs 'answerable', or 'answer' and 'grounded'"),
        ('{"question": "x", "evidence": 3}', "'evidence' is neither a text nor a list of texts"),
        ("[1]", "line 1: not a JSON object"),
        ("{", "line 1: not JSON"),
    ],
)
def test_wrong_records_are_told_in_one_line(command: Any, tmp_path: Path, content: str, problem: str) -> None:
    (tmp_path / "d.jsonl").write_text(content, "utf-8")
    outcome = command("eval", "grounding", tmp_path / "d.jsonl", *EMBEDDER)
    assert outcome.code != 0
    assert problem in " ".join(outcome.err.split())


def test_cases_to_fit_need_fit(command: Any, tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text(PASSAGES, "utf-8")
    outcome = command("eval", "grounding", tmp_path / "d.jsonl", *EMBEDDER, "--open", tmp_path / "d.jsonl")
    assert "give --fit as well" in outcome.err
