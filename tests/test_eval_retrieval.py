"""`drag eval retrieval`: the measures, and the command from a corpus to a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Command

from drag.errors import ConfigError
from drag.settings import Retrieve
from drag.testing import HashEmbedder
from eval.retrieval import Arm, Asked, arms, read_asked, recall, summarise

EMBEDDER = ("--embedder", "drag.testing:HashEmbedder", "--extractor", "none")
CORPUS: list[dict[str, Any]] = [
    {"id": "p1", "title": "The Long Harbour (film)", "text": "The Long Harbour was directed by Emile Varga."},
    {"id": "p2", "title": "Emile Varga", "text": "Varga grew up in Győr."},
    *({"id": f"n{n}", "title": f"Note {n}", "text": f"Who was born where? Note {n} on directors."} for n in range(9)),
]
QUESTIONS: list[dict[str, Any]] = [
    {
        "id": 1,
        "question": "Where was the director of The Long Harbour born?",
        "evidence_ids": ["p1", "p2"],
        "type": "Two",
    },
    {"id": 2, "question": "Who directed The Long Harbour?", "evidence_ids": ["p1"], "type": "One"},
    {"id": 3, "question": "Who is nobody?", "evidence_ids": []},
]


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    return path


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    monkeypatch.setenv("DRAG_CACHE", str(tmp_path / "cache"))
    return lines(tmp_path / "corpus.jsonl", CORPUS), lines(tmp_path / "questions.jsonl", QUESTIONS)


def test_the_report(command: Command, files: tuple[Path, Path], tmp_path: Path) -> None:
    outcome = command("eval", "retrieval", *files, *EMBEDDER, "--json", "-")
    assert outcome.code == 0, outcome.err
    report = json.loads(outcome.out)
    assert (report["task"], report["n"], report["failures"]) == ("retrieval", 2, 0)
    metrics = report["metrics"]
    assert metrics["recall@5"] == metrics["all_gold@5"] == metrics["mrr"] == 1
    assert metrics["recall@5/Two"] == metrics["recall@5/One"] == 1
    assert metrics["latency_ms"] > 0
    assert metrics["recall@1"] == pytest.approx(0.75)
    # The second document shares no word with the question: only the name leads there.
    assert metrics["recall@5/bm25"] == pytest.approx(0.75)
    assert metrics["recall@5/graph"] == 1
    assert metrics["recall@5/without-graph"] < 1
    assert {"recall@5/dense", "recall@5/bm25+dense", "latency_ms/bm25"} <= metrics.keys()
    assert report["intervals"]["recall@5"] == [1, 1]
    assert "latency_ms" not in report["intervals"]
    settings = report["settings"]
    assert (settings["documents"], settings["without_gold"], settings["gold_not_in_corpus"]) == (11, 1, 0)
    assert settings["types"] == {"One": 1, "Two": 1}


def test_the_pack_is_kept_and_follows_the_corpus(
    command: Command, files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, questions = files
    encode = HashEmbedder.encode
    embedded: list[str] = []

    def counting(self: HashEmbedder, sentences: list[str], *, normalize_embeddings: bool = True) -> Any:
        embedded.extend(sentences)
        return encode(self, sentences, normalize_embeddings=normalize_embeddings)

    monkeypatch.setattr(HashEmbedder, "encode", counting)
    packs = tmp_path / "cache" / "eval"
    assert command("eval", "retrieval", *files, *EMBEDDER, "--no-stages").code == 0
    assert any("Note 1" in text for text in embedded)
    assert len(list(packs.glob("*.pack"))) == 1
    embedded.clear()
    assert command("eval", "retrieval", *files, *EMBEDDER, "--no-stages").code == 0
    assert set(embedded) == {row["question"] for row in QUESTIONS[:2]}
    lines(corpus, CORPUS[:1])
    outcome = command("eval", "retrieval", corpus, questions, *EMBEDDER, "--no-stages", "--json", "-")
    report = json.loads(outcome.out)
    assert len(list(packs.glob("*.pack"))) == 2
    assert report["settings"]["gold_not_in_corpus"] == 1
    assert report["metrics"]["recall@5"] == pytest.approx(0.75)
    assert not [name for name in report["metrics"] if "bm25" in name]


def test_a_pack_of_ones_own(command: Command, files: tuple[Path, Path], tmp_path: Path) -> None:
    outcome = command(
        "eval", "retrieval", *files, *EMBEDDER, "--pack", tmp_path / "own.pack", "--limit", 1, "--json", "-"
    )
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["n"] == 1
    assert (tmp_path / "own.pack").exists()
    assert not list((tmp_path / "cache").rglob("*.pack"))


def test_a_stage_can_be_left_out(command: Command, files: tuple[Path, Path]) -> None:
    outcome = command("eval", "retrieval", *files, *EMBEDDER, "--without", "graph", "--without", "names", "--json", "-")
    metrics = json.loads(outcome.out)["metrics"]
    assert metrics["recall@5"] < 1
    assert "recall@5/without-graph" not in metrics
    outcome = command("eval", "retrieval", *files, *EMBEDDER, "--without", "magic")
    assert outcome.code != 0
    assert "'magic' is not a stage of retrieval" in outcome.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "line 1: the record has no text under 'question'"),
        ('{"question": "Who?", "evidence_ids": "p1"}', "line 1: 'evidence_ids' is not a list"),
        ("\n[1]", "line 2: not a JSON object"),
        ("{", "line 1: not JSON"),
        ("", "holds no questions"),
    ],
)
def test_questions_that_cannot_be_read(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "q.jsonl").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=message):
        read_asked(tmp_path / "q.jsonl")


def test_nothing_to_measure(command: Command, files: tuple[Path, Path], tmp_path: Path) -> None:
    corpus, _ = files
    outcome = command("eval", "retrieval", corpus, lines(tmp_path / "none.jsonl", QUESTIONS[2:]), *EMBEDDER)
    assert outcome.code != 0
    assert "holds no question with 'evidence_ids'" in outcome.err


def test_the_measures() -> None:
    assert recall(["a", "b", "c"], ["c", "x"], 3) == 0.5
    assert recall(["a", "b", "c"], ["c"], 2) == 0
    asked = [Asked("1", "q", ("a", "b")), Asked("2", "q", ("z",), "T")]
    fused = Arm([["x", "a", "b"], ["1", "2", "3", "4", "5", "z"]], [0.010, 0.030])
    report = summarise(asked, {"fused": fused, "bm25": fused}, known={"a", "b"}, seed=0, settings={})
    assert report.metrics["recall@5"] == report.metrics["recall@5/bm25"] == report.metrics["all_gold@5"] == 0.5
    assert report.metrics["recall@5/T"] == 0
    assert report.metrics["recall@10"] == 1
    assert report.metrics["mrr"] == pytest.approx((1 / 2 + 1 / 6) / 2)
    assert report.metrics["latency_ms"] == pytest.approx(20)
    assert report.settings["gold_not_in_corpus"] == 1


def test_a_stage_that_is_off_is_not_compared() -> None:
    assert list(arms(Retrieve(), stages=False)) == ["fused"]
    compared = arms(Retrieve(people=0), stages=True)
    assert "without-people" not in compared
    assert compared["bm25"].dense == compared["dense"].words == compared["graph"].words == 0
