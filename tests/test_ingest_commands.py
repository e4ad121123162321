"""Documents from Python and from the command line: build, add, list, remove, vacuum, and where an answer is from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import test_ingest as ingesting
from conftest import CLOCK, Command, fact

import drag
from drag.errors import ConfigError
from drag.pack import Pack
from drag.pack.verify import verify
from drag.readers import ModelDocuments
from drag.settings import Settings
from drag.testing import FakeTeacher
from drag.types import Evidence

FAKES = ingesting.FAKES
HASH = ingesting.HASH
notes = ingesting.notes


# --- from Python and from the command line


def test_build_from_python(notes: Path) -> None:
    settings = Settings().override("models", embedder=HASH).override("documents", extractor="none")
    report = drag.build(documents=["notes"], pack="a.pack", settings=settings)
    assert report.documents is not None
    assert (report.built, len(report.documents.added)) == (0, 3)
    with pytest.raises(ConfigError, match="nothing to build from"):
        drag.build(pack="a.pack", settings=settings)
    with pytest.raises(ConfigError, match="needs a pack"):
        drag.build(documents=["notes"], settings=settings)


def test_no_teacher_is_loaded_for_documents(notes: Path, command: Command) -> None:
    # The folder of the fixture and of the command are the same; a teacher that cannot be had would be an error.
    assert command("build", "--documents", "notes", "-o", "a.pack", *FAKES, "--teacher", "nobody").code == 0


def test_build_by_the_command_line(notes: Path, command: Command) -> None:
    (notes / "broken.pdf").write_bytes(b"%PDF-1.4 this is no PDF")
    files = sorted(str(one) for one in notes.iterdir())
    first = command("build", "--documents", *files, "-o", "a.pack", *FAKES)
    assert first.code == 1
    assert "unread: notes/broken.pdf: " in first.err
    assert [line.split()[1:-1] for line in first.out.splitlines() if "added" in line] == [["added", "│", "3"]]
    again = command("build", "-o", "a.pack", "--documents", "notes", "--documents", "notes/moon.txt", *FAKES, "--json")
    assert again.code == 1
    record = json.loads(again.out)["documents"]
    assert (record["added"], record["unchanged"], record["unread"][0]["path"]) == (0, 3, "notes/broken.pdf")
    (notes / "broken.pdf").unlink()
    both = command("build", "q.jsonl", "--documents", "notes", "-o", "b.pack", *FAKES)
    assert (both.code, "q.jsonl" in both.err) == (2, True)
    Path("q.jsonl").write_text('{"question": "Who built the Aldgate Clock?"}')
    teacher = ("--teacher", "drag.testing:FakeTeacher", "--evidence", "3")
    assert command("build", "q.jsonl", "--documents", "notes", "-o", "b.pack", *FAKES, *teacher).code == 0
    with Pack("b.pack") as pack:
        counts = pack.counts()
        assert (counts["questions"], counts["documents"]) == (1, 3)
        assert verify(pack) == []


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (("build", "-o", "a.pack"), 2, "give QUESTIONS, --documents, or both"),
        (("build", "-o", "a.pack", "--documents", "nothing"), 2, "nothing"),
        (("build", "-o", "a.pack", "--documents", "notes", *FAKES[:2], "--extractor", "spicy"), 1, "not an extractor"),
        (("build", "-o", "a.pack", "--documents", "notes", *FAKES, "--chunk", "2"), 2, "chunk"),
        (("pack", "add", "none.pack", "notes"), 1, "there is no pack"),
        (("pack", "remove", "none.pack", "x"), 1, "there is no pack"),
        (("pack", "documents", "none.pack"), 1, "there is no pack"),
        (("pack", "vacuum", "none.pack"), 1, "there is no pack"),
    ],
)
def test_a_mistake_is_one_line(
    notes: Path, command: Command, arguments: tuple[str, ...], code: int, named: str
) -> None:
    outcome = command(*arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert named in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_add_list_and_remove(notes: Path, command: Command) -> None:
    assert command("build", "--documents", "notes/clock.md", "-o", "a.pack", *FAKES).code == 0
    added = command("pack", "add", "a.pack", "notes", "--extractor", "none", "--json")
    assert json.loads(added.out)["ids"]["added"] == ["notes/mill.txt", "notes/moon.txt"]
    shown = command("pack", "documents", "a.pack")
    assert all(name in shown.out for name in ("notes/clock.md", "The Clock", "notes/moon.txt"))
    listed = json.loads(command("pack", "documents", "a.pack", "--json").out)
    assert (listed[0]["id"], listed[0]["evidence"]) == ("notes/clock.md", 1)
    assert json.loads(command("pack", "info", "a.pack", "--json").out)["documents"] == 3
    assert command("pack", "remove", "a.pack", "nothing").code == 1
    assert command("pack", "remove", "a.pack", "notes/m*").out == "removed: notes/mill.txt\nremoved: notes/moon.txt\n"
    raw = Path("a.pack").read_bytes()
    assert not any(word in raw for word in (b"Zutphen", b"zutphen", b"Ghent", b"ghent", b"moon.txt", b"burn"))
    assert command("pack", "remove", "a.pack", str(notes / "clock.md"), "--json").code == 0
    assert command("pack", "documents", "a.pack").out == "no documents\n"
    assert command("pack", "verify", "a.pack").code == 0


def test_vacuum_leaves_no_trace_of_what_changed(notes: Path, command: Command) -> None:
    command("build", "--documents", "notes", "-o", "a.pack", *FAKES)
    (notes / "moon.txt").write_text("Nothing.\n")
    told = command("build", "--documents", "notes", "-o", "a.pack", *FAKES)
    assert "drag pack vacuum" in told.err
    assert command("pack", "vacuum", "a.pack").code == 0
    raw = Path("a.pack").read_bytes()
    assert b"Zutphen" not in raw
    assert b"zutphen" not in raw


def test_an_answer_names_document_date_and_place(notes: Path, command: Command) -> None:
    (notes / "mill.txt").unlink()
    (notes / "chat.txt").write_text("Time: 20260412_08:11\nAlice: The bread of Hailey is ready at the Aldgate mill.\n")
    command("build", "--documents", "notes", "-o", "a.pack", *FAKES)
    student = ("--student", "test_cli:Reader")
    record = json.loads(command("ask", "Is the bread of Hailey ready?", "--pack", "a.pack", *student, "--json").out)
    (cited,) = record["citations"]
    assert (cited["document"], cited["path"]) == ("notes/chat.txt", str(notes / "chat.txt"))
    assert cited["date"].startswith("2026-04-12")
    assert cited["title"]
    with Pack("a.pack") as pack:
        (one,) = pack.evidence_of_document("notes/chat.txt")
    assert cited["source"] == f"document:notes/chat.txt#{cited['start']}-{cited['end']}"
    assert record["evidence"][0]["id"] == one.id == cited["evidence_id"]
    shown = command("ask", "Is the bread of Hailey ready?", "--pack", "a.pack", *student).out
    assert f" · notes/chat.txt {cited['start']}-{cited['end']}, by model" in shown
    assert "2026-04-12" in shown


def test_the_link_opens_the_file(notes: Path) -> None:
    from drag.cli.cite import line

    one = Evidence.of("Moon.", "document:notes/moon.txt#0-5", title="Moon", date="2026-03-01", place="line 1")
    shown = line(one, {"notes/moon.txt": str(notes / "moon.txt")})
    assert shown.plain == "Moon · 2026-03-01 · line 1 · notes/moon.txt 0-5"
    assert [span.style.link for span in shown.spans] == [(notes / "moon.txt").as_uri()]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    assert [span.style.link for span in line(one, {}).spans] == []  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    assert line(CLOCK, {}).plain == CLOCK.source
    assert fact("a", "b", CLOCK).evidence_id == CLOCK.id


def test_a_fake_teacher_is_a_reader_too() -> None:
    reader = ModelDocuments(FakeTeacher())
    assert reader.by_document
    assert "extract" in reader.identity
