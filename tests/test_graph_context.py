"""Triples for a question: how well one fits, one passage after the other; and `drag eval graph`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Command

from drag.errors import ConfigError
from drag.types import Question
from eval.graph_context import Asked, Read, cut, kind_of, read_asked, said, summarise
from graphs import KnowledgeGraph, Triple
from graphs.asked import KIND, WORD, fit, in_turn
from graphs.paths import shortest_paths
from graphs.verbalise import sentence_around

DIRECTED = Triple("The Long Harbour", "directed by", "Emile Varga", "e1", "WORK_OF_ART", "PERSON")
BORN = Triple("Emile Varga", "born on", "12 May 1891", "e2", "PERSON", "DATE")
LIVED = Triple("Emile Varga", "lived with", "a parrot", "e2", "PERSON", "")
ASK = "When was the director of The Long Harbour born?"


def size(text: str) -> int:
    return len(text.split())


def test_the_relation_and_the_kind_of_tail_decide_what_fits() -> None:
    score = fit(ASK, ["The Long Harbour"])
    assert score(BORN) == pytest.approx(WORD + KIND)
    assert score(DIRECTED) == pytest.approx(WORD)
    assert score(LIVED) == 0
    # The words of what is named say nothing: every fact about it has them.
    assert score(Triple("x", "harbour of", "y")) == 0
    assert fit("Who was it?", [])(DIRECTED) == pytest.approx(KIND)


def test_each_passage_has_its_turn() -> None:
    more = [Triple("The Long Harbour", f"directed scene {n}", "it", "e1") for n in range(5)]
    scores = dict.fromkeys(more, 0.9) | {DIRECTED: 1.0, BORN: 0.2, LIVED: 0.1}
    groups = [[*more, DIRECTED], [LIVED, BORN]]
    assert in_turn(groups, scores, 2, lambda _: 1) == [DIRECTED, BORN]
    assert in_turn(groups, scores, 4, lambda _: 1) == [DIRECTED, BORN, more[0], LIVED]
    assert in_turn([[BORN], [BORN]], scores, 9, lambda _: 1) == [BORN]
    # What does not fit is passed over for what does.
    assert in_turn(groups, scores, 3, lambda one: 5 if one is DIRECTED else 1) == [BORN, more[0], LIVED]
    assert in_turn([], {}, 9, lambda _: 1) == []


def test_the_sentence_around_a_span() -> None:
    text = 'A. B. Varga was born in 1891.He said "No." Then he left.\nHe died in 1960.'
    born, left, died = text.index("born"), text.index("left"), text.index("died")
    assert sentence_around(text, (born, born + 4)) == "A. B. Varga was born in 1891."
    assert sentence_around(text, (left, left + 4)) == "Then he left."
    assert sentence_around(text, (died, died + 4)) == "He died in 1960."
    assert sentence_around(text, (left, died)) == "Then he left. He died in 1960."


def test_a_path_through_a_film_stands_before_one_through_a_nation() -> None:
    nation = [Triple(f"person {n}", "nationality", "American") for n in range(5)]
    film = [Triple("person 1", "acted in", "Zenith"), Triple("person 2", "directed", "Zenith")]
    found = shortest_paths(KnowledgeGraph([*nation, *film]), "person 1", "person 2")
    assert [way.entities[1] for way in found] == ["Zenith", "American"]


@pytest.mark.parametrize(
    ("gold", "kind"),
    [
        ([("The film", "director", "Ada"), ("Ada", "born", "1815")], "chain"),
        ([("Ada", "born", "1815"), ("Bea", "born", "1816")], "comparison"),
        ([("A", "director", "B"), ("B", "born", "1815"), ("C", "born", "1816")], "chain+comparison"),
        ([("A", "director", "Bé."), ("the bé", "born", "1815")], "chain"),
    ],
)
def test_the_type_follows_from_the_gold_triples(gold: list[tuple[str, str, str]], kind: str) -> None:
    assert kind_of(gold) == kind


def test_contexts_hold_their_budget() -> None:
    assert cut(["a b c", "d e f g"], 5, size) == ("a b c", "d e")
    assert cut(["a b c", "d e f g"], 3, size) == ("a b c",)
    assert cut(["a b"], 0, size) == ()
    assert said([DIRECTED, BORN], "sentences", 8, size) == ("The Long Harbour was directed by Emile Varga.",)
    grouped = said([BORN, LIVED], "grouped", 11, size)
    assert grouped == ("Emile Varga: born on 12 May 1891; lived with a parrot",)


def asked(key: str, answer: str, text: str = "When was she born?") -> Asked:
    return Asked(Question(key, text, gold=(answer,)), ("Ada", answer), "chain" if answer != "yes" else "comparison")


def test_the_measures() -> None:
    some = [asked("1", "1815"), asked("2", "1816"), asked("3", "yes")]
    read = [{"bm25": Read(("Ada",)), "graph": Read(facts=("Ada was born in 1815.", "1816"))} for _ in some]
    answers: list[dict[str, str | None]] = [{"bm25": "In 1814.", "graph": "In 1815."}, {"bm25": None, "graph": "1816"}]
    report = summarise(some, read, answers, seed=0, settings={})
    metrics = report.metrics
    assert metrics["tails/bm25"] == pytest.approx(0.5)
    assert metrics["tails/graph"] == pytest.approx(2.5 / 3)
    assert metrics["all_tails/graph/chain"] == 1
    assert (metrics["answer/bm25"], metrics["answer/graph"]) == (0, 1)
    assert (metrics["contains/bm25"], metrics["contains/graph"]) == (0, 1)
    assert metrics["p/contains/graph"] == pytest.approx(0.5)  # two questions, both gained
    assert report.failures == 1
    assert report.settings["questions_of"]["answer"] == 2  # `yes` stands in any text
    assert not asked("4", "born").telling


def test_the_command(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAG_CACHE", str(tmp_path / "cache"))
    corpus: list[dict[str, Any]] = [
        {"id": "p1", "title": "The Long Harbour", "text": "The Long Harbour was directed by Emile Varga."},
        {"id": "p2", "title": "Emile Varga", "text": "Varga was born in 1891."},
    ]
    question = {"id": "q", "question": ASK, "answers": ["1891"], "triples": [["E", "born", "1891"]]}
    files = [tmp_path / "corpus.jsonl", tmp_path / "questions.jsonl"]
    for file, rows in zip(files, (corpus, [question]), strict=True):
        file.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    fakes = ("--embedder", "drag.testing:HashEmbedder", "--student", "drag.testing:FakeTeacher", "--extractor", "none")
    outcome = command("eval", "graph", *files, *fakes, "--tokens", "40", "--json", "-")
    assert outcome.code == 0, outcome.err
    report = json.loads(outcome.out)
    assert (report["task"], report["n"]) == ("graph", 1)
    assert report["metrics"]["tails/text"] == 1
    assert report["metrics"]["tails/graph"] == 0  # no extractor: there are no triples
    assert {"contains/half", "answer/graph-arrows", "answer/graph-grouped"} <= report["metrics"].keys()
    files[1].write_text('{"question": "Who?"}', "utf-8")
    assert command("eval", "graph", *files, *fakes).code == 1
    with pytest.raises(ConfigError, match="no record"):
        read_asked(files[1])
