"""The documents journey: only what changed is done, whole or not at all, and what is gone goes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import answering, build, taught

from drag.documents import Unread
from drag.errors import ConfigError, DragError, ModelError, PackError
from drag.ingest import IngestReport, ingest
from drag.models.stored import ReplyStore
from drag.pack import Pack
from drag.pack.verify import verify
from drag.readers import DocumentReader, ModelDocuments, NoReader, open_reader
from drag.settings import Documents, Settings
from drag.testing import HashEmbedder
from drag.types import Evidence, Prompt, Question
from graphs import Triple
from graphs.spacy_reader import Mention, Reading

HASH = "drag.testing:HashEmbedder"
FAKES = ("--embedder", HASH, "--extractor", "none")


class Counting:
    """A reader that knows one fact about each piece, and counts what it is given."""

    by_document = False

    def __init__(self, identity: str = "counting") -> None:
        self.identity = identity
        self.read_texts: list[str] = []

    def read(self, evidence: Sequence[Evidence], store: ReplyStore) -> Sequence[Reading | DragError]:
        self.read_texts += [one.text for one in evidence]
        return [self._reading(one) for one in evidence]

    def _reading(self, one: Evidence) -> Reading:
        first, *_, last = one.text.split()
        triple = Triple(first, "precedes", last, one.id, "FIRST", "LAST", (0, len(first)), 0.9)
        return Reading((triple,), (Mention(first, "FIRST", 0, len(first)),))

    def close(self) -> None:
        pass


class CountingEmbedder(HashEmbedder):
    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode(self, sentences: list[str], *, normalize_embeddings: bool = True) -> object:  # type: ignore[override]
        self.seen += sentences
        return super().encode(sentences, normalize_embeddings=normalize_embeddings)


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "clock.md").write_text("# The Clock\n\nMara Finch built the Aldgate Clock in 1881.\n")
    (folder / "mill.txt").write_text("Ivo Lund built the mill of Ghent. It burned down in March.\n")
    (folder / "moon.txt").write_text("The moon is far away from Zutphen.\n")
    return folder


def run(
    *paths: Path | str,
    reader: DocumentReader | None = None,
    embedder: HashEmbedder | None = None,
    pack: str = "a.pack",
    prune: bool = False,
    chunk: int = 120,
) -> IngestReport:
    return ingest(
        paths or ["notes"],
        Path(pack),
        embedder=embedder or HashEmbedder(),
        embedder_name=HASH,
        reader=reader or Counting(),
        settings=Documents(chunk=chunk),
        prune=prune,
    )


def digest(path: str = "a.pack") -> str:
    with Pack(path) as pack:
        assert verify(pack) == []
        return pack.digest()


# --- what comes of it


def test_documents_become_evidence_with_title_and_place(notes: Path) -> None:
    report = run()
    assert (report.added, report.changed, report.unchanged) == (
        ("notes/clock.md", "notes/mill.txt", "notes/moon.txt"),
        (),
        0,
    )
    assert (report.unread, report.failures, report.removed) == ((), (), ())
    with Pack("a.pack") as pack:
        assert report.pieces == pack.counts()["evidence"] == 3
        (one,) = pack.evidence_of_document("notes/mill.txt")
        text = (notes / "mill.txt").read_text()
        start, end = (int(part) for part in one.source.removeprefix("document:notes/mill.txt#").split("-"))
        assert text[start:end] == one.text
        assert [Path(document.path) for document in pack.documents()] == sorted(notes.iterdir())
        assert [triple.head for triple in pack.graph([one.id])] == ["Ivo"]
        assert pack.mentions_of([one.id]) == {one.id: ["ivo"]}
        meta = pack.meta()
        assert (meta["embedder"], meta["documents"]["chunk"], meta["documents"]["reader"]) == (HASH, 120, "counting")


def test_titles_are_embedded_with_the_text(notes: Path) -> None:
    embedder = CountingEmbedder()
    run(embedder=embedder)
    with Pack("a.pack") as pack:
        assert sorted(embedder.seen) == sorted(one.titled for one in pack.evidence())


# --- only what changed


def test_what_has_not_changed_is_left_alone(notes: Path) -> None:
    run()
    before = digest()
    embedder, reader = CountingEmbedder(), Counting()
    report = run(embedder=embedder, reader=reader)
    assert (report.added, report.changed, report.unchanged, report.pieces) == ((), (), 3, 0)
    assert (embedder.seen, reader.read_texts) == ([], [])
    os.utime(notes / "mill.txt")  # touched, not changed
    assert run().unchanged == 3
    assert digest() == before


def test_only_what_changed_is_read(notes: Path) -> None:
    run()
    (notes / "mill.txt").write_text("Ivo Lund sold the mill.\n")
    (notes / "new.txt").write_text("A new note.\n")
    embedder, reader = CountingEmbedder(), Counting()
    report = run(embedder=embedder, reader=reader)
    assert (report.added, report.changed, report.unchanged) == (("notes/new.txt",), ("notes/mill.txt",), 2)
    assert reader.read_texts == ["Ivo Lund sold the mill.", "A new note."]
    assert len(embedder.seen) == 2
    with Pack("a.pack") as pack:
        assert pack.search_words("burned", 9) == []
    run(pack="once.pack")
    assert digest() == digest("once.pack")


@pytest.mark.parametrize("change", ["chunk", "reader"])
def test_another_recipe_reads_all_again(notes: Path, change: str) -> None:
    run()
    options = {"chunk": 10} if change == "chunk" else {"reader": Counting("another")}
    report = run(**options)  # pyright: ignore[reportArgumentType]
    assert (len(report.changed), report.unchanged) == (3, 0)
    assert run(**options).unchanged == 3  # pyright: ignore[reportArgumentType]


def test_the_order_of_documents_does_not_matter(notes: Path) -> None:
    run(notes / "moon.txt", notes / "clock.md")
    run(notes / "mill.txt")
    run(pack="b.pack")
    assert digest() == digest("b.pack")


def test_a_document_is_the_same_from_any_folder(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run()
    monkeypatch.chdir(notes)
    report = run(".", pack="../a.pack")
    assert (report.added, report.unchanged) == ((), 3)
    assert run("moon.txt", pack="../a.pack", prune=True).removed == ()


# --- what is gone, and what cannot be read


def test_prune_removes_what_is_gone_from_these_paths_only(notes: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "kept.txt").write_text("Kept elsewhere.\n")
    run("notes", "other")
    (notes / "moon.txt").unlink()
    (other / "kept.txt").unlink()
    assert run("notes").removed == ()
    report = run("notes", prune=True)
    assert report.removed == ("notes/moon.txt",)
    assert b"Zutphen" not in Path("a.pack").read_bytes()
    assert b"zutphen" not in Path("a.pack").read_bytes()
    with Pack("a.pack") as pack:
        assert [one.id for one in pack.documents()] == ["notes/clock.md", "notes/mill.txt", "other/kept.txt"]


def test_what_cannot_be_read_is_said_and_tried_again(notes: Path) -> None:
    (notes / "broken.pdf").write_bytes(b"%PDF-1.4 this is no PDF")
    report = run()
    (unread,) = report.unread
    assert isinstance(unread, Unread)
    assert unread.path == "notes/broken.pdf"
    assert unread.reason
    assert len(report.added) == 3
    with Pack("a.pack") as pack:
        (failure,) = pack.failures()
        assert (failure.item_id, failure.stage, failure.error) == ("notes/broken.pdf", "read", unread.reason)
    (notes / "broken.pdf").unlink()
    assert run().unread == ()
    with Pack("a.pack") as pack:
        assert pack.failures() == []


def test_what_cannot_be_read_any_more_keeps_what_was_read(notes: Path) -> None:
    run()
    (notes / "moon.txt").write_bytes(b"\x00\xff\xfe\x00" * 50)
    report = run(prune=True)
    assert [one.path for one in report.unread] == ["notes/moon.txt"]
    assert report.removed == ()
    with Pack("a.pack") as pack:
        assert [one.text for one in pack.evidence_of_document("notes/moon.txt")] == [
            "The moon is far away from Zutphen."
        ]


def test_a_path_that_is_not_there(notes: Path) -> None:
    with pytest.raises(ConfigError, match="there is no file or folder"):
        run("nothing")


# --- the pack that is there


def test_another_embedder_is_refused(notes: Path) -> None:
    run()
    with pytest.raises(PackError, match="vectors of the embedder"):
        ingest(["notes"], Path("a.pack"), embedder=HashEmbedder(), embedder_name="other", reader=NoReader())


def test_a_pack_without_names_takes_no_documents(notes: Path) -> None:
    from drag.pack import PackWriter

    with PackWriter(Path("a.pack")) as writer:
        writer.set_meta(embedder=HASH, privacy={"names": "hidden"})
    with pytest.raises(PackError, match="no real names"):
        run()


def test_questions_and_documents_in_one_pack(notes: Path) -> None:
    questions = [Question("clock", "Who built the Aldgate Clock?", evidence=("Mara Finch built it.",))]
    build(Path("a.pack"), questions)
    run()
    run(pack="b.pack")
    build(Path("b.pack"), questions)
    assert digest() == digest("b.pack")
    assert build(Path("a.pack"), questions).reused == 1
    assert run().unchanged == 3


# --- triples by a language model


def model_reader(reply: object = taught) -> ModelDocuments:
    return ModelDocuments(answering(reply))  # pyright: ignore[reportArgumentType]


def test_a_language_model_gives_triples_and_mentions(notes: Path) -> None:
    run(reader=model_reader())
    with Pack("a.pack") as pack:
        (one,) = pack.evidence_of_document("notes/moon.txt")
        (triple,) = pack.graph([one.id])
        assert (triple.head, triple.relation) == ("The", "holds")
        assert len(pack.mentions_of([one.id])[one.id]) == 2
        # They hold the document's words, and are of no more use.
        assert pack.counts()["replies"] == 0


def test_what_a_model_could_not_do_is_a_failure_and_nothing_is_paid_for_twice(notes: Path) -> None:
    asked: list[str] = []

    def reply(prompt: Prompt) -> str | DragError:
        asked.append(prompt.messages[-1].content)
        return ModelError("unreachable") if "March" in asked[-1] else taught(prompt)

    many = " ".join(f"Sentence number {n} of the mill is here." for n in range(12))
    (notes / "mill.txt").write_text(f"{many} It burned down in March.\n")
    report = run(reader=model_reader(reply), chunk=20)
    (failure,) = report.failures
    assert (failure.item_id, failure.stage, failure.error) == ("notes/mill.txt", "extract", "unreachable")
    with Pack("a.pack") as pack:
        assert pack.failures() == [failure]
        assert pack.counts()["replies"] > 0
        assert len(pack.evidence_of_document("notes/mill.txt")) > 2
    asked.clear()

    def answer(prompt: Prompt) -> str:
        asked.append(prompt.messages[-1].content)
        return taught(prompt)

    second = run(reader=model_reader(answer), chunk=20)
    assert (second.changed, second.unchanged, second.failures) == (("notes/mill.txt",), 2, ())
    assert len(asked) == 1
    assert "March" in asked[0]
    with Pack("a.pack") as pack:
        assert pack.counts()["replies"] == 0
        assert pack.failures() == []


def test_replies_about_a_document_go_with_it(notes: Path) -> None:
    def reply(prompt: Prompt) -> str | DragError:
        return ModelError("unreachable") if "Ivo" in prompt.messages[-1].content else taught(prompt)

    (notes / "moon.txt").write_text("Ivo is here.\n\n" + "The moon is far away from Zutphen. " * 30)
    run(reader=model_reader(reply), chunk=20)
    assert b"Zutphen" in Path("a.pack").read_bytes()
    (notes / "moon.txt").unlink()
    run(prune=True, reader=model_reader())
    assert b"Zutphen" not in Path("a.pack").read_bytes()


@pytest.mark.parametrize("spec", ["spicy", "llm:", "llama", ""])
def test_an_unknown_extractor(spec: str) -> None:
    from drag.models import Fetching

    with pytest.raises(ConfigError, match="is not an extractor"):
        open_reader(spec, Settings(), Fetching(allowed=False))


# --- interrupted


def test_killed_the_pack_holds_whole_documents_and_the_next_run_goes_on(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.jsonl"
    records = [
        {"id": f"d{n}", "title": f"Title {n}", "text": " ".join(f"Thing {n} holds word{n}x{m}." for m in range(80))}
        for n in range(600)
    ]
    corpus.write_text("\n".join(json.dumps(one) for one in records))

    def start(pack: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "drag", "build", "--documents", str(corpus), "-o", pack, *FAKES]
        # Whoever runs the tests in the background hands down that interrupts are ignored.
        before = signal.signal(signal.SIGINT, signal.SIG_DFL)
        try:
            return subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        finally:
            signal.signal(signal.SIGINT, before)

    assert start("whole.pack").wait() == 0
    with Pack(tmp_path / "whole.pack") as pack:
        whole = {one.id: one.pieces for one in pack.documents()}
    assert len(whole) == 600
    assert min(whole.values()) > 1
    for part in (0.2, 0.5):
        process = start("broken.pack")
        path = tmp_path / "broken.pack"
        wanted = part * (tmp_path / "whole.pack").stat().st_size
        while process.poll() is None and (not path.exists() or path.stat().st_size < wanted):
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL if part < 0.4 else signal.SIGINT)
        process.wait()
        with Pack(path) as pack:
            assert verify(pack) == []
            assert pack.counts()["documents"] < 600
            assert all(one.pieces == whole[one.id] for one in pack.documents())
    assert start("broken.pack").wait() == 0
    assert digest(str(tmp_path / "broken.pack")) == digest(str(tmp_path / "whole.pack"))
