"""Held-out figures: what is fitted never sees the rows that it is measured on. All texts are made up."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from drag.models.fetch import pull
from eval.held_out import Source, fold_of, held_out, main, summarise
from eval.leak import Clean, Sent
from eval.leak_data import Row
from privacy import PrivacyError

FOLDS = 3


def source(name: str, private: bool) -> Source:
    """90 rows; each has a candidate like those of its own fold only, and one like all others."""
    folds = [fold_of(name, place, FOLDS) for place in range(90)]
    rows = [Row(str(place), f"Ann asks {place}", ("Ann",) if private else ()) for place in range(90)]
    examples = [[({f"fold{fold}": 1.0}, private, 1.0), ({"all": 1.0}, False, 1.0)] for fold in folds]
    return Source(name, rows, examples, folds)


def replacing(seen: list[frozenset[str]], fitted: Callable[[], Clean]) -> Callable[[float, Mapping[str, float]], Clean]:
    def with_weights(bias: float, weights: Mapping[str, float]) -> Clean:
        seen.append(frozenset(weights))
        return fitted()

    return with_weights


def test_folds_are_the_same_each_time_and_of_like_size() -> None:
    folds = [fold_of("mine", place, 5) for place in range(1000)]
    assert folds == [fold_of("mine", place, 5) for place in range(1000)]
    assert all(150 < folds.count(fold) < 250 for fold in range(5))


def test_a_row_is_never_measured_with_weights_that_saw_it() -> None:
    seen: list[frozenset[str]] = []
    texts: list[list[str]] = []

    def fitted() -> Clean:
        mine: list[str] = []
        texts.append(mine)

        def clean(text: str) -> Sent:
            mine.append(text)
            return Sent(text, (), True, 0.0, 0.0)

        return clean

    one = source("mine", private=True)
    checked = held_out([one], FOLDS, replacing(seen, fitted))
    assert len(checked["mine"]) == len(one.rows)
    for fold, (names, sent) in enumerate(zip(seen, texts, strict=True)):
        assert f"fold{fold}" not in names
        assert names & {f"fold{other}" for other in range(FOLDS) if other != fold}
        assert set(sent) == {row.text for row, place in zip(one.rows, one.folds, strict=True) if place == fold}


def test_the_metrics_by_hand() -> None:
    def fitted() -> Clean:
        def clean(text: str) -> Sent:
            if text.endswith("9"):
                raise PrivacyError("a fault")
            found = text.endswith(("0", "1"))
            return Sent(text.replace("Ann", "<P>") if found else text, ((0, 3),) if found else (), True, 0.0, 0.0)

        return clean

    sources = [source("mine", private=True), source("exam", private=False)]
    report = summarise(held_out(sources, FOLDS, replacing([], fitted)), 0, {})
    # Of ten rows seven leak: two are replaced, one is refused. A refused question is changed, too.
    assert report.metrics["leak_units/mine"] == pytest.approx(0.7)
    assert report.metrics["changed/exam"] == pytest.approx(0.3)
    assert report.failures == 18
    assert report.n == 180
    low, high = report.intervals["leak_units/mine"]
    assert 0.5 < low < 0.7 < high < 0.9


def test_one_fold_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["pipeline", "private", "spans", "questions", "--folds", "1"])
    assert "at least 2" in capsys.readouterr().err


@pytest.mark.real_model
def test_the_command(tmp_path: Path) -> None:
    pipeline = pull("en-core-web-md")
    names = ["Margaret Holloway", "Tomasz Wilkowski", "Priya Raman", "Wei Chen", "Olga Petrova", "Carlos Mendez"]
    private = [{"text": f"I met {one} in room {at}.", "private": [one]} for at, one in enumerate(names * 12)]
    questions = [{"question": f"What is the mass of {at} moles of Sodium Chloride in Kilograms?"} for at in range(60)]
    paths: list[Path] = []
    for name, records in (("private", private), ("spans", private[:30]), ("questions", questions)):
        paths.append(tmp_path / f"{name}.jsonl")
        paths[-1].write_text("".join(json.dumps(one) + "\n" for one in records), "utf-8")
    report = main([str(pipeline), *map(str, paths), "--folds", "2", "--json", str(tmp_path / "out.json")])
    assert report.metrics["leak_units/private"] < 0.2
    assert report.metrics["changed/questions"] < 0.5
    assert json.loads((tmp_path / "out.json").read_text("utf-8"))["n"] == 162
