"""Retrieval from documents: names, the second hop, dates, people, and what each stage adds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
from conftest import Command

from drag.documents import Document, chunks
from drag.errors import ConfigError, ModelError
from drag.index import frequency
from drag.lexical import match_query
from drag.pack import Ingested, Pack, PackWriter
from drag.retrieve import STAGES, Retriever, Search, without_stages
from drag.retrieve.rerank import CrossEncoderRanker
from drag.settings import Ask, Retrieve
from drag.testing import HashEmbedder
from graphs.spacy_reader import Reading

# The film does not share a word with what is asked of its director; the others do.
FILM = ("film", "The Long Harbour (1951 film)", "The Long Harbour is a drama directed by Émile Varga.")
FILM_2 = ("film2", "Night Orchard", "Night Orchard is a comedy directed by Ida Bloom.")
DIRECTOR = ("director", "Emile Varga", "Varga grew up in Győr and studied engraving.")
DIRECTOR_2 = ("director2", "Ida Bloom", "Bloom, of Cork, kept bees.")
NOISE = [
    (f"noise{n}", f"Notes {n}", f"Where was the director of the film born? Question {n} about birth and films.")
    for n in range(12)
]
CHAT = [
    ("c1", "chat", "AnnaKnox: The parcel has come.\nBen: Good.", "2026-04-08T09:00"),
    ("c2", "chat", "Ben: The parcel has come, Anna.\nCleo: Good.", "2026-05-09T17:00"),
    ("c3", "chat", "Ben: We should paint the fence.\nCleo: In green.", "2026-06-01T10:00"),
    ("c4", "chat", "Cleo: I sold the old piano today.\nBen: At last.", "2026-07-01T10:00"),
]


def put(path: Path, *documents: tuple[str, ...]) -> Path:
    """A pack of documents: (id, title, text) or (id, title, text, date)."""
    with PackWriter(path) as writer:
        for key, title, text, *rest in documents:
            document = Document(key, title, text, rest[0] if rest else "")
            pieces = chunks(document)
            vectors = HashEmbedder().encode([one.titled for one in pieces])
            writer.put_documents([Ingested(document, pieces, vectors, [Reading() for _ in pieces])])
    return path


@pytest.fixture
def pack(tmp_path: Path) -> Iterator[Pack]:
    path = put(tmp_path / "a.pack", FILM, FILM_2, DIRECTOR, DIRECTOR_2, *NOISE)
    with Pack(path) as opened:
        yield opened


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Pack]:
    with Pack(put(tmp_path / "c.pack", *CHAT)) as opened:
        yield opened


def ids(search: Search) -> list[str]:
    return [one.evidence.source.removeprefix("document:").partition("#")[0] for one in search.found]


BORN = "Where was the director of film The Long Harbour born?"


def test_the_second_hop_follows_the_name(pack: Pack) -> None:
    search = Retriever(pack, HashEmbedder()).explain(BORN)
    assert set(ids(search)[:2]) == {"film", "director"}
    assert search.names == ("The Long Harbour",)
    by_id = dict(zip(ids(search), search.found, strict=True))
    assert by_id["film"].why == ("names The Long Harbour",)
    assert by_id["director"].why == ("Émile Varga in The Long Harbour (1951 film)",)
    assert by_id["director"].signals["graph"] == 1
    without = Retriever(pack, HashEmbedder(), Retrieve(graph=0)).explain(BORN)
    assert "director" not in ids(without)[:5]


def test_a_comparison_gets_both_sides(pack: Pack) -> None:
    question = "Which film has the director born first, The Long Harbour or Night Orchard?"
    assert set(ids(Retriever(pack, HashEmbedder()).explain(question))[:4]) == {
        "film",
        "film2",
        "director",
        "director2",
    }


@pytest.mark.parametrize("stage", ["words", "dense", "names", "graph"])
def test_a_stage_that_is_off_has_no_part(pack: Pack, stage: str) -> None:
    on = Retriever(pack, HashEmbedder()).explain(BORN)
    off = Retriever(pack, HashEmbedder(), without_stages(Retrieve(), (stage,))).explain(BORN)
    assert any(stage in one.parts for one in on.found)
    assert not any(stage in one.parts or stage in one.signals for one in off.found)


def test_without_vectors_nothing_is_embedded(pack: Pack) -> None:
    class Broken:
        def encode(self, sentences: list[str], *, normalize_embeddings: bool = True) -> Any:
            raise AssertionError("nobody asked for a vector")

    retriever = Retriever(pack, Broken(), Retrieve(dense=0, question=0))
    assert set(ids(retriever.explain(BORN))[:2]) == {"film", "director"}
    assert len(retriever.context(BORN, Ask(), lambda text: len(text.split())).evidence) == 3


def test_the_parts_are_the_score_and_ranks_begin_at_one(pack: Pack) -> None:
    found = Retriever(pack, HashEmbedder()).explain(BORN).found
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    for one in found:
        assert one.score == pytest.approx(sum(one.parts.values()))
        assert one.parts.keys() == one.ranks.keys() == one.signals.keys()
    for stage in {name for one in found for name in one.ranks}:
        best = max((one for one in found if stage in one.signals), key=lambda one: one.signals[stage])
        assert best.ranks[stage] == 1


def test_a_date_in_the_question(chat: Pack) -> None:
    for question, wanted in [("the parcel on 8 April", "c1"), ("the parcel in May 2026", "c2"), ("in June", "c3")]:
        assert ids(Retriever(chat, HashEmbedder()).explain(question))[0] == wanted
    search = Retriever(chat, HashEmbedder()).explain("in June")
    assert search.found[0].signals["dates"] == 1
    assert "dates" not in Retriever(chat, HashEmbedder(), Retrieve(dates=0)).explain("in June").found[0].signals


def test_who_speaks(chat: Pack) -> None:
    # Anna stands in both; in one of them she is the one who says it.
    found = (
        Retriever(chat, HashEmbedder(), Retrieve(dense=0, words=0.001)).explain("the parcel that Anna mentions").found
    )
    by_id = {one.evidence.source.partition("#")[0].removeprefix("document:"): one for one in found}
    assert by_id["c1"].signals["people"] == 1
    assert "people" not in by_id["c2"].signals


def test_a_title_that_many_documents_have_names_none(tmp_path: Path) -> None:
    some = [(f"d{n}", "Minutes", f"Minutes of meeting {n}.") for n in range(5)]
    with Pack(put(tmp_path / "a.pack", *some[:4])) as opened:
        assert len(opened.evidence_about(["minutes", "unknown"])["minutes"]) == 4
    with Pack(put(tmp_path / "b.pack", *some)) as opened:
        assert opened.evidence_about(["minutes"]) == {}


def test_a_large_pack_is_searched_by_rare_words_and_judged_by_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [(f"d{n}", f"Sheet {n}", f"The parish kept ledgers of timber and of wool, volume {n}.") for n in range(30)]
    texts += [
        (f"e{n}", f"Leaf {n}", f"A quern was found in a field with some other things, item {n}.") for n in range(6)
    ]
    texts.append(
        ("gold", "Leaf", "A quern was found by the parish, which kept it, and a field with it, and a few others.")
    )
    question = "Which parish kept a quern?"
    monkeypatch.setattr(frequency, "FREQUENT", 10)
    only = Retrieve(dense=0, names=0, graph=0, dates=0, people=0, candidates=6)
    with Pack(put(tmp_path / "a.pack", *texts)) as opened:
        monkeypatch.setattr(frequency, "SMALL", 10)
        assert frequency.Frequencies(opened).affordable(match_query(question))[0] == '"quern"'
        large = Retriever(opened, HashEmbedder(), only).explain(question)
    assert large.found[0].evidence.source.startswith("document:gold#")
    assert large.found[0].signals["words"] > large.found[1].signals["words"]
    assert not [one for one in large.found if one.evidence.source.startswith("document:d")]


def test_what_is_removed_is_no_longer_found_by_name(tmp_path: Path) -> None:
    path = put(tmp_path / "a.pack", FILM, DIRECTOR)
    with PackWriter(path) as writer:
        writer.remove_documents(["director"])
        writer.vacuum()
    assert b"emile varga" not in path.read_bytes().lower()
    with Pack(path) as opened:
        assert opened.evidence_about(["emile varga"]) == {}
        assert ids(Retriever(opened, HashEmbedder()).explain(BORN)) == ["film"]


def test_the_context_keeps_what_a_name_led_to(pack: Pack) -> None:
    # Its cosine alone is far below the best one's.
    context = Retriever(pack, HashEmbedder()).context(BORN, Ask(evidence=2, margin=0.0), lambda text: len(text.split()))
    assert {one.title for one in context.evidence} == {"The Long Harbour (1951 film)", "Emile Varga"}


def test_the_context_says_nothing_twice(tmp_path: Path) -> None:
    bread = [(f"b{n}", "Bread", "Alice: Your bread is here, come and get it.", f"2026-04-0{n}") for n in range(1, 6)]
    other = ("o", "Oven", "Alice: The oven that bakes your bread is cold.")
    with Pack(put(tmp_path / "b.pack", *bread, other)) as opened:
        ask = Ask(evidence=3, margin=2)
        kept = Retriever(opened, HashEmbedder()).context("Alice and the bread", ask, lambda text: 1).evidence
        assert len(kept) == 2
        assert {one.title for one in kept} == {"Bread", "Oven"}
        every = Retriever(opened, HashEmbedder(), Retrieve(repeats=1)).context(
            "Alice and the bread", ask, lambda text: 1
        )
        assert len(every.evidence) == 3


def test_an_unknown_stage() -> None:
    with pytest.raises(ConfigError, match="'wrods' is not a stage"):
        without_stages(Retrieve(), ("wrods",))
    assert without_stages(Retrieve(reranker="x"), STAGES).reranker == ""


# --- the second look


def test_a_reranker_reorders(pack: Pack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[str, int]] = []

    def score(self: CrossEncoderRanker, question: str, texts: list[str]) -> list[float]:
        asked.append((question, len(texts)))
        return [float("bees" in text) for text in texts]

    monkeypatch.setattr(CrossEncoderRanker, "score", score)
    settings = Retrieve(reranker=str(tmp_path), reranked=4)
    question = "Night Orchard or The Long Harbour: whose director was born first?"
    search = Retriever(pack, HashEmbedder(), settings).explain(question)
    plain = Retriever(pack, HashEmbedder()).explain(question)
    assert asked == [(question, 4)]
    assert set(ids(search)[:4]) == set(ids(plain)[:4])
    assert ids(search)[4:] == ids(plain)[4:]
    (judged,) = [one for one in search.found if one.signals.get("reranker") == 1]
    assert judged.evidence.title == "Ida Bloom"
    assert judged.ranks["reranker"] == 1
    assert judged.rank <= next(one.rank for one in plain.found if one.evidence == judged.evidence)


def test_a_reranker_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a cross-encoder"):
        CrossEncoderRanker(str(tmp_path / "nowhere"))
    with pytest.raises(ModelError, match="cannot load the cross-encoder"):
        CrossEncoderRanker(str(tmp_path)).score("q", ["text"])
    assert CrossEncoderRanker(str(tmp_path)).score("q", []) == []


@pytest.fixture
def tiny_encoder(tmp_path: Path) -> Path:
    """A cross-encoder of a few thousand random weights."""
    transformers: Any = pytest.importorskip("transformers")
    torch: Any = pytest.importorskip("torch")
    pytest.importorskip("sentence_transformers")
    torch.manual_seed(0)
    folder = tmp_path / "encoder"
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "film", "bees", "who", "kept"]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(vocabulary), "utf-8")
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.BertConfig(vocab_size=len(vocabulary), num_labels=1, **shape)
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def test_a_real_cross_encoder(tiny_encoder: Path, pack: Pack) -> None:
    scores = CrossEncoderRanker(str(tiny_encoder)).score("who kept the bees", ["the film", "bees"])
    assert len(scores) == 2
    assert all(score is not None and numpy.isfinite(score) for score in scores)
    assert scores[0] != scores[1]
    search = Retriever(pack, HashEmbedder(), Retrieve(reranker=str(tiny_encoder), reranked=3)).explain(BORN)
    assert ["reranker" in one.signals for one in search.found[:4]] == [True, True, True, False]


# --- the command line


def test_ask_explains(command: Command, tmp_path: Path) -> None:
    path = put(tmp_path / "x.pack", FILM, DIRECTOR, *CHAT)
    with PackWriter(path) as writer:
        writer.set_meta(embedder="drag.testing:HashEmbedder")
    asked = ("ask", f"{BORN} And in June?", "--pack", path, "--student", "drag.testing:FakeTeacher", "--json")
    plain = json.loads(command(*asked).out)
    assert "retrieval" not in plain
    explained = json.loads(command(*asked, "--explain").out)["retrieval"]
    assert explained["names"] == ["The Long Harbour"]
    assert explained["periods"] == ["06-01 to 06-30"]
    assert {"embed", "search"} == explained["seconds"].keys()
    (director,) = [one for one in explained["found"] if one["title"] == "Emile Varga"]
    assert director["parts"]["graph"] > 0
    assert director["ranks"]["graph"] == 1
    assert director["why"] == ["Émile Varga in The Long Harbour (1951 film)"]
    off = json.loads(command(*asked, "--explain", "--without", "graph").out)["retrieval"]
    assert not any("graph" in one["parts"] for one in off["found"])


def test_ask_shows_a_table(command: Command, tmp_path: Path) -> None:
    path = put(tmp_path / "x.pack", FILM, DIRECTOR)
    with PackWriter(path) as writer:
        writer.set_meta(embedder="drag.testing:HashEmbedder")
    outcome = command("ask", BORN, "--pack", path, "--student", "drag.testing:FakeTeacher", "--explain")
    for part in ("score", "graph", "names in the question: The Long Harbour", "search"):
        assert part in outcome.err
    assert "score" not in outcome.out


def test_nothing_to_explain(command: Command, tmp_path: Path) -> None:
    outcome = command("ask", "Who?", "--student", "drag.testing:FakeTeacher", "--explain")
    assert outcome.code != 0
    assert "--explain goes with --pack" in outcome.err
    path = put(tmp_path / "x.pack", FILM)
    outcome = command("ask", "Who?", "--pack", path, "--student", "drag.testing:FakeTeacher", "--without", "luck")
    assert outcome.code != 0
    assert "'luck' is not a stage" in outcome.err
