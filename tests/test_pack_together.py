"""Several packs: one made of two is the one that would have been built, and a difference is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import CLOCK, FIRST, SECOND, Command, built, rows, write
from test_pack_documents import HARBOUR, MARKET, digest, ingested, put

from drag.errors import PackError
from drag.pack import Pack, PackWriter
from drag.pack.difference import compare
from drag.pack.join import join
from drag.types import Failure


def begun(path: Path, **meta: Any) -> Path:
    with PackWriter(path) as writer:
        writer.set_meta(**{"embedder": "hash", "privacy": {"names": "kept"}, **meta})
    return path


@pytest.fixture
def one(tmp_path: Path) -> Path:
    return write(put(begun(tmp_path / "one.pack"), HARBOUR), FIRST)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    return write(put(begun(tmp_path / "two.pack"), MARKET), SECOND)


def test_one_of_two_is_the_one_that_would_have_been_built(tmp_path: Path, one: Path, two: Path) -> None:
    both = tmp_path / "both.pack"
    report = join([one, two], both)
    assert (report.documents, report.questions, report.replaced) == (1, 1, 0)
    assert digest(both) == digest(write(put(begun(tmp_path / "once.pack"), HARBOUR, MARKET), FIRST, SECOND))
    with Pack(both) as pack, Pack(one) as first:
        assert {**pack.meta()} == {**first.meta()}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["both.pack", "once.pack", "one.pack", "two.pack"]


def test_what_is_the_same_stands_there_once(tmp_path: Path, one: Path) -> None:
    join([one, one, one], tmp_path / "both.pack")
    assert digest(tmp_path / "both.pack") == digest(one)


def test_failures_and_replies_come_along(tmp_path: Path, one: Path, two: Path) -> None:
    failed = [Failure("two", "extract", "no reply")]
    write(two, built("two", CLOCK, failures=failed))
    with PackWriter(two) as writer:
        writer.put("key", "reply", model="m", prompt="p")
        writer.replies_about("x").put("other", "reply", model="m", prompt="p")
        writer.note_unread([Failure("a.pdf", "read", "broken")])
    join([one, two], tmp_path / "both.pack")
    with Pack(tmp_path / "both.pack") as pack:
        assert pack.failures() == [Failure("a.pdf", "read", "broken"), *failed]
    assert rows(tmp_path / "both.pack", "SELECT key, document FROM replies ORDER BY key") == [
        ("key", ""),
        ("other", "x"),
    ]


@pytest.mark.parametrize(
    ("prefer", "text"), [("first", "Mara Finch built"), ("second", "It is otherwise."), ("newer", "Mara Finch built")]
)
def test_who_stays(tmp_path: Path, one: Path, two: Path, prefer: Any, text: str) -> None:
    put(two, ingested("harbour", ("It is otherwise.", [])))
    rows(one, "UPDATE documents SET date = '2026-03-01'")
    with pytest.raises(PackError, match=r"the document harbour is another one in .*two\.pack: say with --prefer"):
        join([one, two], tmp_path / "both.pack")
    assert not (tmp_path / "both.pack").exists()
    report = join([one, two], tmp_path / "both.pack", prefer)
    assert report.replaced == (prefer == "second")
    with Pack(tmp_path / "both.pack") as pack:
        assert pack.evidence_of_document("harbour")[0].text.startswith(text)
    # The other way round the newer one is the second.
    join([two, one], tmp_path / "turned.pack", "newer")
    with Pack(tmp_path / "turned.pack") as pack:
        assert pack.evidence_of_document("harbour")[0].text.startswith("Mara Finch built")


def test_questions_that_differ(tmp_path: Path, one: Path) -> None:
    other = begun(tmp_path / "other.pack")
    with PackWriter(other) as writer:
        writer.write(built("one", CLOCK), "another recipe")
    with pytest.raises(PackError, match="the question one is another one"):
        join([one, other], tmp_path / "both.pack")
    join([one, other], tmp_path / "both.pack", "second")
    with Pack(tmp_path / "both.pack") as pack:
        assert len(pack.ranked("one")) == 1


@pytest.mark.parametrize("meta", [{"embedder": "other"}, {"privacy": {"names": "hidden"}}])
def test_what_does_not_go_together_is_refused(tmp_path: Path, one: Path, two: Path, meta: dict[str, Any]) -> None:
    begun(two, **meta)
    with pytest.raises(PackError, match="differ in"):
        join([one, two], tmp_path / "both.pack")
    with pytest.raises(PackError, match="is there already"):
        join([one, one], two)
    with pytest.raises(PackError, match="there is no folder"):
        join([one, one], tmp_path / "none" / "x.pack")
    with pytest.raises(PackError, match="there is no pack"):
        join([tmp_path / "none.pack", one], tmp_path / "both.pack")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.pack", "two.pack"]


# --- the difference


def test_the_same(tmp_path: Path, one: Path) -> None:
    other = put(write(begun(tmp_path / "other.pack"), FIRST), HARBOUR)
    with Pack(one) as first, Pack(other) as second:
        assert not any(compare(first, second).values())


def test_what_differs(one: Path, two: Path) -> None:
    put(two, HARBOUR, ingested("moon", ("The moon.", [("moon", "is", "far")])))
    put(one, ingested("market", ("The market of Bruges.", [])))
    with Pack(one) as first, Pack(two) as second:
        found = compare(first, second)
    assert [key for key, _ in found["documents"].added] == ["moon"]
    assert [key for key, _ in found["documents"].changed] == ["market"]
    assert found["documents"].removed == ()
    assert [key for key, _ in found["questions"].added] == ["two"]
    assert [key for key, _ in found["questions"].removed] == ["one"]
    assert "The moon." in [text for _, text in found["evidence"].added]
    assert "The market of Bruges." in [text for _, text in found["evidence"].removed]
    assert "moon | is | far" in [text for _, text in found["triples"].added]


def test_a_changed_question_and_changed_evidence(tmp_path: Path, one: Path) -> None:
    other = put(write(begun(tmp_path / "other.pack"), built("one", CLOCK)), HARBOUR)
    rows(other, "UPDATE evidence SET date = '1999' WHERE document IS NOT NULL")
    with Pack(one) as first, Pack(other) as second:
        found = compare(first, second)
    assert [key for key, _ in found["questions"].changed] == ["one"]
    assert len(found["evidence"].changed) == 2
    # The question's own evidence no longer says it, the document still does.
    assert [text for _, text in found["triples"].changed] == ["Mara Finch | built | Aldgate Clock"]


# --- the commands


def test_merge_and_diff_by_the_command_line(command: Command, tmp_path: Path, one: Path, two: Path) -> None:
    merged = command("pack", "merge", one, two, "-o", "both.pack", "--json")
    assert json.loads(merged.out) == {"pack": "both.pack", "documents": 1, "questions": 1, "replaced": 0}
    assert command("pack", "merge", one, "-o", "x.pack").code == 2
    assert (
        command("pack", "merge", one, two, "-o", "both.pack").err
        == "drag: both.pack is there already: choose another file\n"
    )
    same = command("pack", "diff", "both.pack", "both.pack")
    assert (same.code, "+" in same.out) == (0, False)
    other = command("pack", "diff", one, "both.pack", "--limit", "1")
    assert other.code == 1
    assert "+ documents market  Market" in other.out
    assert "+ questions two  Who built two?" in other.out
    record = json.loads(command("pack", "diff", one, "both.pack", "--json").out)
    assert record["documents"] == {"added": ["market"], "removed": [], "changed": []}
    assert command("pack", "diff", one, "none.pack").code == 1
