"""Documents in a pack: whole or absent, found again by number, word, entity and triple, and gone without a trace."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy
import pytest
from conftest import CLOCK, FIRST, SECOND, rows, write

from drag.documents import Document
from drag.errors import PackError
from drag.pack import Built, Ingested, Pack, PackWriter
from drag.pack.verify import verify
from drag.testing import HashEmbedder
from drag.types import Evidence, Failure
from graphs import Triple
from graphs.spacy_reader import Mention, Reading


def ingested(key: str, *pieces: tuple[str, Sequence[tuple[str, str, str]]]) -> Ingested:
    """A document of pieces, each a text and the triples in it."""
    evidence, readings, place = list[Evidence](), list[Reading](), 0
    for text, triples in pieces:
        one = Evidence.of(text, f"document:{key}#{place}-{place + len(text)}", title=key.title(), date="2026-03-01")
        place += len(text) + 1
        evidence.append(one)
        facts = [Triple(*parts, one.id, "PERSON", "", (0, len(text)), 0.5) for parts in triples]
        names = [name for head, _, tail in triples for name in (Mention(head, "PERSON", 0, 1), Mention(tail, "", 1, 2))]
        readings.append(Reading(tuple(facts), tuple(names)))
    vectors = HashEmbedder().encode([one.titled for one in evidence])
    document = Document(key, key.title(), "\n".join(text for text, _ in pieces), path=f"{key}.txt")
    return Ingested(document, evidence, vectors, readings, "recipe")


HARBOUR = ingested(
    "harbour",
    ("Mara Finch built the Aldgate Clock.", [("Mara Finch", "built", "Aldgate Clock")]),
    ("The xylophonist Ulrica Vantongeren moved to Zutphen.", [("Ulrica Vantongeren", "moved to", "Zutphen")]),
)
MARKET = ingested("market", ("The market of Ghent has mara finch.", [("market", "has", "mara finch")]))
# Words that stand in the one document and nowhere else.
SECRETS = ("xylophonist", "Ulrica", "Vantongeren", "Zutphen", "ulrica", "vantongeren", "zutphen", "harbour", "Harbour")


def put(path: Path, *all_ingested: Ingested) -> Path:
    with PackWriter(path) as writer:
        writer.put_documents(all_ingested)
    return path


def digest(path: Path) -> str:
    with Pack(path) as pack:
        assert verify(pack) == []
        return pack.digest()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return put(tmp_path / "a.pack", HARBOUR, MARKET)


def test_what_goes_in_comes_out(path: Path) -> None:
    first, second = HARBOUR.evidence
    with Pack(path) as pack:
        harbour, market = pack.documents()
        assert (harbour.id, harbour.title, harbour.kind, harbour.path) == ("harbour", "Harbour", "text", "harbour.txt")
        assert (harbour.digest, harbour.recipe, harbour.pieces) == (HARBOUR.document.digest, "recipe", 2)
        assert pack.documents_of(["market", "none"]) == {"market": market}
        assert pack.evidence_of_document("harbour") == [first, second]
        assert pack.evidence() == list(pack.evidence_rows()) == [first, second, *MARKET.evidence]
        assert pack.evidence([second.id]) == [second]
        (fact,) = pack.graph([second.id])
        assert (fact.head, fact.relation, fact.tail) == ("Ulrica Vantongeren", "moved to", "Zutphen")
        assert (fact.evidence_id, fact.head_type, fact.tail_type) == (second.id, "PERSON", "")
        assert (fact.span, fact.confidence) == ((0, len(second.text)), 0.5)
        assert len(pack.graph()) == len(list(pack.facts())) == 3
        counts = pack.counts()
        assert (counts["documents"], counts["evidence"], counts["kept_evidence"], counts["kept_triples"]) == (
            2,
            3,
            3,
            3,
        )


def test_words_of_title_and_text_are_found(path: Path) -> None:
    with Pack(path) as pack:
        assert [key for key, _ in pack.search_words("xylophonists", 9)] == [HARBOUR.evidence[1].id]
        titled = [key for key, _ in pack.search_words("Harbour?", 9)]
        assert sorted(titled) == sorted(one.id for one in HARBOUR.evidence)
        by_title = pack.search_match("market OR xylophonist", 9, title=9)
        assert by_title[0][0] == MARKET.evidence[0].id
        assert [key for key, _ in pack.search_match("market OR xylophonist", 1, title=0)] != by_title[0][0]


def test_entities_join_what_mentions_them(path: Path) -> None:
    ids = [HARBOUR.evidence[0].id, MARKET.evidence[0].id]
    with Pack(path) as pack:
        found = pack.entities(["mara finch", "nobody"])
        assert list(found) == ["mara finch"]
        mara = found["mara finch"]
        # Both spellings are as frequent; the one with a type stands first.
        assert (mara.name, mara.type, mara.count) == ("Mara Finch", "PERSON", 2)
        assert pack.spellings(["mara finch"]) == {"mara finch": {"Mara Finch": 1, "mara finch": 1}}
        assert pack.evidence_of_entities(["mara finch", "nobody"], 9) == {"mara finch": ids}
        assert pack.evidence_of_entities(["mara finch"], 1) == {"mara finch": ids[:1]}
        assert pack.mentions_of([*ids, "nothing"]) == {
            ids[0]: ["aldgate clock", "mara finch"],
            ids[1]: ["mara finch", "market"],
        }
        assert pack.entity_names()["zutphen"] == "Zutphen"


def test_vectors_by_number(path: Path) -> None:
    with Pack(path) as pack:
        ((numbers, matrix),) = pack.vector_rows()
        ids = pack.ids_of([int(n) for n in numbers])
        wanted = {
            piece.id: row for one in (HARBOUR, MARKET) for piece, row in zip(one.evidence, one.vectors, strict=True)
        }
        for n, row in zip(numbers, matrix, strict=True):
            assert numpy.allclose(row, wanted[ids[int(n)]], atol=1e-3)
        assert [len(part) for part, _ in pack.vector_rows(batch=2)] == [2, 1]
        assert [len(part) for part, _ in pack.vector_rows(after=int(numbers[1]))] == [1]
        assert list(pack.vector_numbers()) == list(numbers)
        assert pack.numbers_of(list(wanted)) == {key: n for n, key in ids.items()}
        known, some = pack.vectors_of([MARKET.evidence[0].id, "nothing"])
        assert known == [MARKET.evidence[0].id]
        assert numpy.allclose(some, MARKET.vectors, atol=1e-3)
        assert pack.vector_state() == (int(numbers[-1]), 0)


def test_a_number_is_never_given_twice(path: Path) -> None:
    with Pack(path) as pack:
        last, edits = pack.vector_state()
    with PackWriter(path) as writer:
        assert writer.remove_document("market")
        assert not writer.remove_document("market")
    with Pack(path) as pack:
        assert pack.vector_state()[1] > edits
    put(path, MARKET)
    with Pack(path) as pack:
        assert pack.vector_state()[0] > last


def test_a_changed_document_replaces_the_old_one(path: Path) -> None:
    put(path, ingested("harbour", ("The harbour is empty.", [])))
    with Pack(path) as pack:
        assert [one.text for one in pack.evidence_of_document("harbour")] == ["The harbour is empty."]
        assert pack.search_words("Zutphen", 9) == []
        assert "zutphen" not in pack.entities()
        # What the other document says as well is still there, by the only name that it has now.
        assert pack.entity_names(["mara finch"]) == {"mara finch": "mara finch"}
        assert [one.head for one in pack.graph()] == ["market"]
        assert verify(pack) == []


def test_the_order_and_the_way_do_not_matter(tmp_path: Path, path: Path) -> None:
    other = put(
        tmp_path / "b.pack", MARKET, ingested("moon", ("Mara Finch saw the moon.", [("Mara Finch", "saw", "moon")]))
    )
    put(other, ingested("harbour", ("It was otherwise once.", [("it", "was", "mara  finch")])))
    put(other, HARBOUR)
    with PackWriter(other) as writer:
        assert writer.remove_documents(["moon", "nothing"]) == ["moon"]
    assert digest(other) == digest(path)


def test_documents_beside_questions(tmp_path: Path, path: Path) -> None:
    write(path, FIRST, SECOND)
    other = put(write(tmp_path / "b.pack", FIRST, SECOND), HARBOUR, MARKET)
    assert digest(path) == digest(other)
    with Pack(path) as pack:
        # The same fact by the record's evidence and by the document: one triple, two that say it.
        said = [one.evidence_id for one in pack.facts() if one.tail == "Aldgate Clock"]
        assert sorted(said) == sorted([CLOCK.id, HARBOUR.evidence[0].id])
        assert pack.entities(["mara finch"])["mara finch"].count == 3
    with PackWriter(path) as writer:
        writer.remove_documents(["harbour", "market"])
    assert digest(path) == digest(write(tmp_path / "c.pack", FIRST, SECOND))
    put(path, HARBOUR, MARKET)
    write(path, SECOND, FIRST)
    assert digest(path) == digest(other)


@pytest.mark.parametrize("also", [[], [FIRST, SECOND]])
def test_nothing_of_a_removed_document_remains(tmp_path: Path, also: list[Built]) -> None:
    path = write(tmp_path / "a.pack", *also)
    filler = [ingested(f"d{n}", (f"Piece {n} of filler number {n}.", [(f"a{n}", "is", f"b{n}")])) for n in range(300)]
    failure = Failure("harbour", "extract", "Ulrica Vantongeren was too much")
    failed = Ingested(HARBOUR.document, HARBOUR.evidence, HARBOUR.vectors, HARBOUR.readings, "recipe", [failure])
    put(path, *filler[:150], failed, *filler[150:])
    before = path.read_bytes()
    vector = HARBOUR.vectors[1].astype("<f2").tobytes()
    assert all(word.encode() in before for word in SECRETS[:7])
    assert vector in before
    with PackWriter(path) as writer:
        writer.remove_document("harbour")
        writer.vacuum()
    after = path.read_bytes()
    assert [word for word in SECRETS if word.encode() in after] == []
    assert vector not in after
    assert HARBOUR.document.digest.encode() not in after
    assert not any(one.id.encode() in after for one in HARBOUR.evidence)
    with Pack(path) as pack:
        assert verify(pack) == []
        assert len(pack.documents()) == 300
        assert pack.failures() == []


def test_a_document_is_whole_or_absent(path: Path) -> None:
    before = digest(path)
    broken = ingested("new", ("One.", []), ("Two.", []))
    broken = Ingested(broken.document, broken.evidence, broken.vectors, broken.readings[:1])
    with PackWriter(path) as writer, pytest.raises(ValueError):
        writer.put_documents([MARKET, broken])
    assert digest(path) == before
    twice = Ingested(broken.document, [*broken.evidence, broken.evidence[0]], broken.vectors, broken.readings)
    with PackWriter(path) as writer, pytest.raises(PackError):
        writer.put_document(twice.document, twice.evidence, twice.vectors, twice.readings)
    assert digest(path) == before


def test_a_document_with_a_failure_is_not_done(path: Path) -> None:
    with PackWriter(path) as writer:
        assert writer.documents_done(["harbour", "market", "x"]).keys() == {"harbour", "market"}
        failures = [Failure("market", "extract", "no reply")]
        writer.put_document(MARKET.document, MARKET.evidence, MARKET.vectors, MARKET.readings, failures=failures)
        assert writer.documents_done(["harbour", "market", "x"]).keys() == {"harbour"}
        writer.put_document(MARKET.document, MARKET.evidence, MARKET.vectors, MARKET.readings)
        assert writer.documents_done(["market"])["market"] == (MARKET.document.digest, "")
    with Pack(path) as pack:
        assert pack.failures() == []


def test_another_way_to_split_words_fills_the_index_anew(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drag.pack.words.INDEX_VERSION", 99)
    monkeypatch.setattr("drag.pack.words.index_text", lambda text: f"{text} always")  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    PackWriter(path).close()
    with Pack(path) as pack:
        assert len(pack.search_match("always", 9)) == 3
        assert verify(pack) == []
    with PackWriter(path) as writer:
        writer.remove_documents(["harbour", "market"])
    assert rows(path, "SELECT count(*) FROM evidence_words_docsize") == [(0,)]
    assert rows(path, "INSERT INTO evidence_words(evidence_words) VALUES ('integrity-check')") == []


# --- damage that only documents can have

DAMAGE = [
    ("UPDATE documents SET id = 'other' WHERE id = 'market'", "not the one its evidence names"),
    ("DELETE FROM documents WHERE id = 'market'", "a reference to nothing"),
    ("DELETE FROM evidence_vectors WHERE n = 1", "without a vector"),
    ("DELETE FROM mentions WHERE evidence = 1", "miscounted"),
]


@pytest.mark.parametrize(("statement", "named"), DAMAGE)
def test_verify_finds(path: Path, statement: str, named: str) -> None:
    rows(path, statement)
    with Pack(path) as pack:
        assert any(named in problem for problem in verify(pack))


def test_the_digest_knows_documents_but_not_their_path(path: Path) -> None:
    before = digest(path)
    rows(path, "UPDATE documents SET path = 'elsewhere'")
    assert digest(path) == before
    for change in ("title = 'x'", "date = '2000'", "place = 'x'"):
        rows(path, f"UPDATE evidence SET {change} WHERE n = 1")  # noqa: S608 - constants
        with Pack(path) as pack:
            assert pack.digest() != before
            before = pack.digest()


def test_the_tables_can_be_read_by_any_tool(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        found = connection.execute(
            "SELECT d.title, e.text FROM mentions m JOIN entities t ON t.n = m.entity JOIN evidence e ON e.n = "
            "m.evidence JOIN documents d ON d.n = e.document WHERE t.name = 'Zutphen'"
        ).fetchall()
    assert found == [("Harbour", HARBOUR.evidence[1].text)]


def test_the_sanitizer_reads_titles_places_names_and_paths(path: Path) -> None:
    from drag.pack.privacy import scan
    from privacy import Sanitizer, pattern_detector

    def found() -> list[str]:
        with Pack(path) as pack:
            return sorted(one.table for one in scan(pack, Sanitizer([pattern_detector]), {"EMAIL"}))

    assert found() == []
    secret = "ann.bell@example.org"
    rows(path, "UPDATE evidence SET place = ? WHERE n = 1", f"from {secret}")
    rows(path, "UPDATE documents SET title = ?, path = ? WHERE id = 'market'", secret, f"/home/{secret}/x")
    rows(path, "UPDATE entities SET name = ? WHERE key = 'zutphen'", secret)
    rows(path, "UPDATE spellings SET name = ? WHERE name = 'Zutphen'", secret)
    assert found() == ["documents", "documents", "entities", "evidence", "spellings"]


def test_the_index_beside_the_pack_does_not_outlive_what_was_removed(path: Path) -> None:
    from drag.index import index_path
    from drag.journeys import remove_documents

    index_path(path).write_bytes(HARBOUR.vectors[0].tobytes())
    assert remove_documents(path, ["harbour"]) == ["harbour"]
    assert not index_path(path).exists()
    index_path(path).write_bytes(b"x")
    with PackWriter(path) as writer:
        writer.vacuum()
    assert not index_path(path).exists()
