"""`drag eval speed retrieval` and the corpora that it makes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy
import pytest

from drag.errors import ConfigError
from drag.pack import Pack
from eval.scale import PlantedEmbedder, change
from eval.scale_corpus import COSINES, Recombined, read_texts
from tests.conftest import Command

TEXTS = [
    f"The old {thing} of Mara Finch was moved to Port {place} in 1871. In spring the people of {place} met Ivo Lund. "
    f"Nobody knew why {place} had a {thing}! It was built by Ada Brandt and sold to Nils Aker."
    for thing in ("clock", "bridge", "mill", "forge", "ferry")
    for place in ("Leeds", "Ghent", "Porto")
]
WORD = re.compile(r"\w+")


def made(path: Path, evidence: int = 240, seed: int = 0) -> Recombined:
    corpus = Recombined(TEXTS, evidence=evidence, questions=5, dimension=48, seed=seed)
    corpus.write(path)
    return corpus


def test_a_corpus_is_as_large_as_asked_and_repeatable(tmp_path: Path) -> None:
    for name in ("one", "two"):
        made(tmp_path / f"{name}.pack")
    made(tmp_path / "other.pack", seed=1)
    digests: list[str] = []
    for name in ("one", "two", "other"):
        with Pack(tmp_path / f"{name}.pack") as pack:
            digests.append(pack.digest())
            assert pack.counts()["kept_evidence"] == 240
            assert pack.counts()["documents"] == 30
    assert digests[0] == digests[1] != digests[2]


def test_neighbours_lie_where_they_were_planted(tmp_path: Path) -> None:
    corpus = made(tmp_path / "my.pack")
    with Pack(tmp_path / "my.pack") as pack:
        for one in corpus.questions():
            known, vectors = pack.vectors_of(one.ids)
            assert tuple(known) == one.ids
            assert (vectors @ one.vector).tolist() == pytest.approx(list(COSINES), abs=2e-3)
            (first,) = pack.evidence(one.ids[:1])
            asked, told = set(WORD.findall(one.text)), set(WORD.findall(first.titled))
            assert len(asked & told) >= 4


def test_sentences_keep_their_words_and_change_their_names(tmp_path: Path) -> None:
    made(tmp_path / "my.pack")
    with Pack(tmp_path / "my.pack") as pack:
        texts = [one.text for one in pack.evidence()]
        assert sum("was moved to" in text for text in texts) > 20
        assert not any("Mara Finch was moved" in text for text in texts)
        entities = [row[0] for row in pack.check("SELECT count FROM entities ORDER BY count DESC")]
        # Zipf: the first is mentioned many times as often as the middle one.
        assert entities[0] > 3 * entities[len(entities) // 2]
        mentioned = pack.check(
            "SELECT count(*) FROM mentions m JOIN entities t ON t.n = m.entity JOIN evidence e ON e.n = m.evidence "
            "WHERE instr(e.title || ' ' || e.text, t.name) = 0"
        )
        assert mentioned == [(0,)]


def test_the_vocabulary_grows_with_the_corpus() -> None:
    sizes: list[int] = []
    for evidence in (200, 2000):
        corpus = Recombined(TEXTS, evidence=evidence, questions=1, dimension=8)
        words = {w for batch in corpus.documents() for one in batch for e in one.evidence for w in WORD.findall(e.text)}
        sizes.append(len(words))
    assert sizes[1] > 1.5 * sizes[0]


def test_adding_and_removing_are_timed_only_if_they_worked(tmp_path: Path) -> None:
    corpus = made(tmp_path / "my.pack")
    vector = corpus.questions()[0].vector
    first = change(tmp_path / "my.pack", vector)
    assert all(value > 0 for value in first.values())
    assert set(first) == {"add_ms", "add_cpu_ms", "remove_ms", "forget_ms"}
    with Pack(tmp_path / "my.pack") as pack:
        assert pack.counts()["documents"] == 30
    # The vector of another: the document is not the nearest then.
    assert not numpy.isfinite(change(tmp_path / "my.pack", -vector * 0)["add_ms"])


def test_a_planted_embedder_spends_the_time_of_the_real_one() -> None:
    seen: list[list[str]] = []

    class Real:
        def encode(self, sentences: list[str], *, normalize_embeddings: bool = True) -> object:
            seen.append(sentences)
            return None

    vector = numpy.ones(3, numpy.float32)
    found = PlantedEmbedder({"a": vector}, Real()).encode(["a", "b"])
    assert found.shape == (2, 3)
    assert seen == [["a", "b"]]


def test_the_command_reports_every_size(tmp_path: Path, command: Command) -> None:
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text("".join(json.dumps({"id": str(n), "text": text}) + "\n" for n, text in enumerate(TEXTS)), "utf-8")
    call = ("eval", "speed", "retrieval", corpus, "--size", "300", "--size", "600", "--limit", "6", "--json", "-")
    outcome = command(*call, "--index", "ivf", "--folder", tmp_path)
    assert outcome.code == 0, outcome.err
    report = json.loads(outcome.out)
    names = {
        "build_rate",
        "pack_mb",
        "index_mb",
        "index_seconds",
        "open_ms",
        "latency_ms",
        "latency_p95_ms",
        "dense_ms",
    }
    names |= {"memory_mib", "cpu_ms", "add_ms", "remove_ms", "recall@10"}
    for size in ("300", "600"):
        assert names <= {name.split("/")[0] for name in report["metrics"] if f"/{size}" in name}
        assert report["metrics"][f"recall@10/{size}/0.8"] == 1.0
        assert 20 < report["metrics"][f"memory_mib/{size}"] < 4096
        assert report["metrics"][f"index_mb/{size}"] > 0
    assert report["settings"]["index"] == {"300": "ivf", "600": "ivf"}
    assert (report["task"], report["n"], report["failures"]) == ("speed", 12, 0)
    assert (tmp_path / "scale-600.pack").exists()


def test_a_corpus_that_is_none_is_one_line(tmp_path: Path, command: Command) -> None:
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text('{"id": "1"}\n', "utf-8")
    outcome = command("eval", "speed", "retrieval", wrong)
    assert outcome.code != 0
    assert outcome.err.count("\n") == 1
    assert "'text'" in outcome.err
    short = tmp_path / "short.jsonl"
    short.write_text('{"id": "1", "text": "One short text that says little."}\n', "utf-8")
    outcome = command("eval", "speed", "retrieval", short)
    assert outcome.code != 0
    assert "ten sentences" in outcome.err


def test_too_many_questions_are_refused() -> None:
    with pytest.raises(ConfigError, match="too few"):
        Recombined(TEXTS, evidence=5, questions=2)


def test_texts_are_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text('{"text": "a"}\n\n{"text": "b"}\n', "utf-8")
    assert read_texts(path) == ["a", "b"]
