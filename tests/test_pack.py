"""The pack: what goes in comes out, whoever writes it twice leaves nothing behind, and damage is seen."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy
import pytest
from conftest import CLOCK, CUT, FIRST, MILL, SECOND, built, fact, ranked, rows, write

from drag.errors import PackError
from drag.pack import Built, Pack, PackWriter
from drag.pack.schema import DIGESTED
from drag.pack.verify import verify
from drag.types import Failure


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "a.pack", FIRST, SECOND)


def digest(path: Path) -> str:
    with Pack(path) as pack:
        return pack.digest()


def problems(path: Path) -> list[str]:
    with Pack(path) as pack:
        return verify(pack)


# --- writing and reading


def test_round_trip(path: Path) -> None:
    with PackWriter(path) as writer:
        writer.set_meta(teacher={"name": "fäke"}, build=[1, None])
        assert writer.meta("build") == [1, None]
        assert writer.meta("missing") is None
        assert writer.recipes() == {"one": "recipe of one", "two": "recipe of two"}
    with Pack(path) as pack:
        assert pack.questions() == [FIRST.question, SECOND.question]
        assert pack.ranked("one") == FIRST.evidence
        assert pack.ranked("two") == SECOND.evidence
        assert pack.ranked("three") == []
        assert {one.id for one in pack.evidence()} == {CLOCK.id, MILL.id}  # what was cut is not read
        assert pack.evidence([MILL.id, "unknown", CUT.id]) == [MILL, CUT]
        assert [(one.head, one.tail) for one in pack.graph()] == [("Ivo Lund", "mill"), ("Mara Finch", "Aldgate Clock")]
        assert list(pack.graph([MILL.id])) == [fact("Ivo Lund", "mill", MILL)]
        assert len(pack.graph([])) == 0
        assert pack.evidence_of_questions(["two", "one"]) == {"one": [CLOCK.id], "two": [MILL.id, CLOCK.id]}
        ids, vectors = pack.vectors("evidence")
        assert ids == sorted([CLOCK.id, MILL.id])
        # To the precision of float16, which is how they are kept.
        assert numpy.allclose(vectors[ids.index(CLOCK.id)], FIRST.vectors["evidence", CLOCK.id], atol=1e-3)
        assert pack.vectors("question")[0] == ["one", "two"]
        assert len(pack.vectors("triple")[0]) == 2
        assert pack.meta() == {"build": [1, None], "teacher": {"name": "fäke"}}
        counts = {"questions": 2, "evidence": 3, "kept_evidence": 2, "triples": 2, "kept_triples": 2, "vectors": 6}
        assert pack.counts() == {**counts, "documents": 0, "entities": 4, "failures": 0, "replies": 0}
        assert verify(pack) == []


def test_a_reader_writes_nothing(path: Path) -> None:
    with Pack(path) as pack, pytest.raises(PackError):
        pack._rows("DELETE FROM evidence")  # pyright: ignore[reportPrivateUsage]
    assert problems(path) == []


def test_a_transaction_is_whole_or_nothing(path: Path) -> None:
    before = digest(path)
    twice = Built(FIRST.question, "blind", ranked(MILL, MILL), [], {})
    with PackWriter(path) as writer, pytest.raises(PackError):
        writer.write(twice, "another recipe")
    assert digest(path) == before


def test_the_words_follow_the_table(path: Path) -> None:
    with Pack(path) as pack:
        best, *more = pack.search_words("built Aldgate's CLOCKS?", 9)
        assert best[0] == CLOCK.id
        assert [key for key, _ in more] == [MILL.id]
        assert best[1] > more[0][1]
        assert pack.search_words("moved", 9) == []  # it was cut
        assert len(pack.search_words("built", 1)) == 1
        for query in ("", "?!", '" OR NEAR(', "_ __", "a" * 9999, " ".join(f"w{n}" for n in range(3000))):
            assert pack.search_words(query, 3) == []
    write(path, built("two", CLOCK))
    with Pack(path) as pack:
        assert pack.search_words("mill Ghent", 9) == []
        assert pack.search_words("Aldgate", 9)[0][0] == CLOCK.id
    # FTS5's own check of the index, and the rows that it has.
    assert rows(path, "INSERT INTO evidence_words(evidence_words) VALUES ('integrity-check')") == []
    assert rows(path, "SELECT id FROM evidence_words_docsize") == rows(path, "SELECT n FROM evidence_vectors")


# --- replacing


def test_a_replaced_question_leaves_no_orphans(path: Path) -> None:
    write(path, built("two", CLOCK, failures=[Failure("two", "extract", "no reply")]))
    with Pack(path) as pack:
        assert [one.id for one in pack.questions()] == ["one", "two"]  # in its old place
        assert pack.evidence([MILL.id]) == []
        assert [one.head for one in pack.graph()] == ["Mara Finch"]
        assert MILL.id not in pack.vectors("evidence")[0]
        assert pack.failures() == [Failure("two", "extract", "no reply")]
        assert verify(pack) == []
    with PackWriter(path) as writer:
        assert list(writer.recipes()) == ["one"]  # what failed is not done
    write(path, built("two", CLOCK))
    with Pack(path) as pack:
        assert pack.failures() == []
    assert rows(path, "SELECT * FROM triple_evidence WHERE evidence NOT IN (SELECT n FROM evidence)") == []


@pytest.mark.parametrize(
    "before",
    [
        [built("one", MILL, CUT, CLOCK)],
        [built("one", CLOCK, CUT)],  # CUT was kept then: its vector must not stay
        [built("one", CLOCK, CUT, triples=[fact("Mara Finch", "Aldgate Clock", of) for of in (CLOCK, CUT)])],
        [built("one", CLOCK, failures=[Failure("one", "teach", "x")])],
        [FIRST, built("two", CLOCK, MILL)],
    ],
)
def test_a_rewritten_pack_is_the_pack_written_once(tmp_path: Path, path: Path, before: list[Built]) -> None:
    other = write(tmp_path / "b.pack", *before)
    write(other, FIRST, SECOND)
    assert digest(other) == digest(path)


# --- the digest


def test_the_digest_does_not_depend_on_how_the_pack_came_to_be(tmp_path: Path, path: Path) -> None:
    other = tmp_path / "b.pack"
    with PackWriter(other) as writer:
        writer.set_meta(teacher="fake")
        writer.put("key", "reply", model="fake", prompt="teach@1")
        writer.write(Built(FIRST.question, "blind", FIRST.evidence[::-1], [], FIRST.vectors), "x")
        writer.write(SECOND, "recipe of two")
        writer.write(FIRST, "recipe of one")
    assert rows(other, "SELECT id FROM evidence ORDER BY n") != rows(path, "SELECT id FROM evidence ORDER BY n")
    assert digest(other) == digest(path)


CHANGES = {
    "questions": "UPDATE questions SET gold = '[]' WHERE id = 'one'",
    "evidence": "UPDATE evidence SET source = 'document:9' WHERE source = 'document:2'",
    "question_evidence": "UPDATE question_evidence SET kept = 1",
    "triples": "UPDATE triples SET tail = 'clock' WHERE head = 'Ivo Lund'",
    "triple_evidence": "DELETE FROM triple_evidence WHERE triple = (SELECT min(n) FROM triples)",
    "question_triples": "UPDATE question_triples SET score = score / 2",
    "documents": "INSERT INTO documents VALUES (1, 'a', '', '', 'text', '', '', '')",
    "entities": "UPDATE entities SET name = upper(name)",
    "spellings": "UPDATE spellings SET type = 'PERSON'",
    "mentions": "DELETE FROM mentions WHERE entity = (SELECT min(n) FROM entities)",
    "evidence_vectors": "UPDATE evidence_vectors SET vector = zeroblob(128)",
    "vectors": "UPDATE vectors SET vector = zeroblob(256) WHERE kind = 'question'",
    "failures": "INSERT INTO failures VALUES ('one', 'teach', 'x')",
}


def test_every_content_table_is_tried() -> None:
    assert CHANGES.keys() == DIGESTED.keys()


@pytest.mark.parametrize("statement", CHANGES.values(), ids=CHANGES)
def test_the_digest_sees_every_content_table(path: Path, statement: str) -> None:
    before = digest(path)
    rows(path, statement)
    assert digest(path) != before


def test_the_digest_knows_where_a_value_ends(path: Path) -> None:
    rows(path, "UPDATE questions SET text = 'ab', choices = 'c'")
    before = digest(path)
    rows(path, "UPDATE questions SET text = 'a', choices = 'bc'")
    assert digest(path) != before


# --- damage


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE evidence SET text = text || '!' WHERE source = 'document:2'", "was changed after it was stored"),
        ("UPDATE evidence SET source = 'document:9' WHERE source = 'document:2'", "was changed"),
        ("UPDATE triples SET tail = 'mills' WHERE tail = 'mill'", "triple"),
        ("UPDATE triples SET tail = '' WHERE tail = 'mill'", "triple"),
        ("UPDATE evidence_vectors SET vector = zeroblob(128)", "evidence vectors"),
        ("UPDATE vectors SET vector = zeroblob(256) WHERE id = 'one'", "question vectors"),
        ("UPDATE vectors SET vector = zeroblob(8) WHERE id = 'one'", "dimensions"),
        ("UPDATE vectors SET vector = substr(vector, 2)", "vector"),
        ("UPDATE vectors SET vector = zeroblob(0)", "vector"),
        ("DELETE FROM evidence_vectors", "without a vector"),
        ("DELETE FROM vectors WHERE kind = 'question'", "without a vector"),
        ("UPDATE evidence_vectors SET vector = substr(vector, 2)", "vector"),
        ("UPDATE evidence_vectors SET vector = zeroblob(4)", "dimensions"),
        ("UPDATE question_evidence SET kept = 0 WHERE question_id = 'two'", "not kept"),
        ("UPDATE entities SET count = count + 1 WHERE key = 'mill'", "whose mentions were miscounted: 1 (mill)"),
        ("UPDATE spellings SET count = 7 WHERE name = 'mill'", "a spelling whose mentions were miscounted"),
        ("UPDATE mentions SET spelling = (SELECT max(spelling) FROM mentions)", "the spelling of another"),
        ("INSERT INTO entities VALUES (99, 'moon', 'Moon', '', 0)", "that nothing mentions"),
        ("UPDATE triple_evidence SET start = 5, stop = 900", "outside its evidence"),
        ("UPDATE evidence SET document = 9 WHERE source = 'document:2'", "a reference to nothing"),
        ("UPDATE question_evidence SET rank = rank + 1 WHERE question_id = 'two'", "ranks"),
        ("UPDATE question_evidence SET rank = 1 WHERE question_id = 'two'", "ranks"),
        ("UPDATE question_triples SET rank = rank + 1 WHERE question_id = 'two'", "ranks"),
        ("DELETE FROM evidence WHERE source = 'document:2'", "a reference to nothing"),
        ("DELETE FROM triples WHERE tail = 'mill'", "a reference to nothing"),
        ("INSERT INTO triple_evidence (triple, evidence) VALUES (77, 78)", "a reference to nothing"),
        ("DELETE FROM triple_evidence", "a triple without evidence"),
        ("DELETE FROM question_triples", "a triple without a question"),
        ("DELETE FROM question_evidence WHERE question_id = 'two'", "evidence without a question"),
        ("DELETE FROM question_evidence WHERE question_id = 'one'", "a question without evidence"),
        ("DROP TABLE triples", "triples"),
        ("ALTER TABLE evidence DROP COLUMN source", "source"),
        ("INSERT INTO evidence_words(evidence_words) VALUES ('delete-all')", "full-text"),
    ],
)
def test_verify_finds(path: Path, statement: str, named: str) -> None:
    assert problems(path) == []
    rows(path, statement)
    found = problems(path)
    assert any(named in problem for problem in found), found
    assert all("\n" not in problem for problem in found)


def test_verify_finds_a_scaled_vector(path: Path) -> None:
    key, blob = rows(path, "SELECT n, vector FROM evidence_vectors")[0]
    assert isinstance(blob, bytes)
    scaled = (numpy.frombuffer(blob, "<f2") * 1.1).astype("<f2").tobytes()
    rows(path, "UPDATE evidence_vectors SET vector = ? WHERE n = ?", scaled, key)
    (problem,) = problems(path)
    assert "not of length 1: 1" in problem
    assert str(key) in problem


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_verify_finds_a_truncated_file(path: Path, share: float) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    try:
        found = problems(path)
    except PackError:
        return
    assert "damaged" in found[0]


# --- what is no pack, and who may write


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE notes (text)")


@pytest.mark.parametrize("kind", ["text", "sqlite", "version", "truncated", "folder"])
def test_what_is_no_pack_is_refused_and_left_alone(tmp_path: Path, path: Path, kind: str) -> None:
    other = tmp_path / "other.pack"
    if kind == "text":
        other.write_text("Dear diary, this is no pack.\n" * 99)
    elif kind == "sqlite":
        foreign(other)
    elif kind == "version":
        shutil.copy(path, other)
        rows(other, "PRAGMA user_version = 99")
    elif kind == "truncated":
        other.write_bytes(path.read_bytes()[:50])
    else:
        other.mkdir()
    before = other.read_bytes() if other.is_file() else b""
    for use in (Pack, PackWriter):
        with pytest.raises(PackError) as caught:
            use(other)
        assert str(other) in str(caught.value)
        assert "\n" not in str(caught.value)
        assert ("version 99" in str(caught.value)) == (kind == "version")
    assert (other.read_bytes() if other.is_file() else b"") == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.pack", "other.pack"]


def test_a_missing_pack(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="there is no pack"):
        Pack(tmp_path / "missing.pack")
    with pytest.raises(PackError, match="there is no folder"):
        PackWriter(tmp_path / "missing" / "a.pack")
    assert list(tmp_path.iterdir()) == []


def test_one_writer_at_a_time(path: Path) -> None:
    with PackWriter(path):
        assert path.with_name("a.pack.lock").exists()
        with pytest.raises(PackError, match="another build is writing"):
            PackWriter(path)
        with Pack(path) as pack:  # who reads is not held up
            assert len(pack.questions()) == 2
    with PackWriter(path) as again:
        assert again.recipes()
    assert [one.name for one in path.parent.iterdir()] == ["a.pack"]


def test_a_reply_is_kept_at_once(path: Path) -> None:
    with PackWriter(path) as writer:
        writer.put("key", "réply", model="fake", prompt="teach@1")
        assert rows(path, "SELECT value, model, prompt FROM replies") == [("réply", "fake", "teach@1")]
        assert (writer.get("key"), writer.get("other")) == ("réply", None)
