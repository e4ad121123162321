"""`drag graph`: the table, the files, and the views, on a pack made by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import networkx
import pytest

from drag.types import Evidence
from graphs import Triple
from tests.conftest import Command, built, rows, write

WHO = Evidence.of("The World Health Organization, also known as the WHO, is based in Geneva.", "teacher:fake")
MALARIA = Evidence.of("The WHO fights malaria. Geneva lies in Switzerland.", "teacher:fake")
BORN = Evidence.of("Ada Byron was born on 10 December 1815 in London.", "teacher:fake")
ALSO = Evidence.of("Ada Byron was born on 3 May 1816.", "teacher:fake")

FACTS = (
    Triple("World Health Organization", "is also known as", "WHO", WHO.id),
    Triple("World Health Organization", "is based in", "Geneva", WHO.id),
    Triple("the WHO", "fights", "malaria", MALARIA.id),
    Triple("Geneva", "lies in", "Switzerland", MALARIA.id),
    Triple("Ada Byron", "date of birth", "10 December 1815", BORN.id),
    Triple("Ada Byron", "born in", "London", BORN.id),
    Triple("Ada Byron", "born on", "3 May 1816", ALSO.id),
)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    first = built("one", WHO, MALARIA, triples=[one for one in FACTS if one.evidence_id in (WHO.id, MALARIA.id)])
    second = built("two", BORN, ALSO, triples=[one for one in FACTS if one.evidence_id in (BORN.id, ALSO.id)])
    return write(tmp_path / "my.pack", first, second)


def read(command: Command, *arguments: str | Path) -> Any:
    outcome = command("graph", *arguments, "--json")
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_the_table_shows_merged_facts(command: Command, pack: Path) -> None:
    found = command("graph", pack)
    assert found.code == 0
    assert "World Health Organization │ fights" in found.out
    assert "also known as" not in found.out  # its two ends are one entity
    shown = read(command, pack, "--limit", "2")
    assert len(shown) == 2
    assert set(shown[0]) >= {"head", "relation", "tail", "evidence_ids", "span", "confidence"}
    # Options may stand before the pack, and the command may be named.
    assert command("graph", "--limit", "2", pack).out == command("graph", "show", pack, "--limit", "2").out


def test_a_question_narrows_it(command: Command, pack: Path) -> None:
    assert {one["head"] for one in read(command, pack, "--question", "two")} == {"Ada Byron"}
    near = read(command, pack, "--question", "What does the WHO do in Switzerland?")
    assert {one["relation"] for one in near} == {"fights", "is based in", "lies in"}
    outcome = command("graph", pack, "--question", "Nothing of that?")
    assert outcome.code == 1
    assert "nothing in the graph is named" in outcome.err


@pytest.mark.parametrize("suffix", ["html", "svg", "graphml", "cypher", "jsonld", "csv"])
def test_every_format_is_written(command: Command, pack: Path, suffix: str) -> None:
    outcome = command("graph", pack, "-o", f"out.{suffix}", "--question", "one")
    assert outcome.code == 0, outcome.err
    text = (pack.parent / f"out.{suffix}").read_text("utf-8")
    assert "World Health Organization" in text
    assert "4 entities, 3 triples" in outcome.err
    if suffix == "graphml":
        assert networkx.parse_graphml(text).number_of_edges() == 3
    if suffix == "jsonld":
        assert "@context" in json.loads(text)
    if suffix == "svg":
        ElementTree.fromstring(text)  # noqa: S314
    if suffix == "html":
        # The whole graph is there, and what the question is about stands out.
        data = json.loads(text.partition('id="data">')[2].partition("</script>")[0])
        assert len(data["links"]) == 6
        assert sum(link[5] for link in data["links"]) == 3
        assert data["question"].startswith("Who built one")
        assert any("malaria" in one["text"] for one in data["evidence"])


def test_what_cannot_be_written_is_one_line(command: Command, pack: Path) -> None:
    for arguments in (("-o", "out.pdf"), ("-o", "nowhere/out.csv")):
        outcome = command("graph", pack, *arguments)
        assert outcome.code == 1
        assert outcome.err.count("\n") == 1
    assert command("graph", "missing.pack").code == 1
    assert command("graph", "split", "missing.pack", "A", "B").code == 1
    assert not (pack.parent / "missing.pack").exists()


def test_a_path_with_its_sources(command: Command, pack: Path) -> None:
    found = command("graph", "path", pack, "malaria", "Switzerland")
    assert found.code == 0
    assert "malaria ←fights— World Health Organization —is based in→ Geneva —lies in→ Switzerland" in found.out
    assert WHO.text in found.out
    (path,) = read(command, "path", pack, "malaria", "switzerland")
    assert [[(one["relation"], one["forward"]) for one in step] for step in path["steps"]] == [
        [("fights", False)], [("is based in", True)], [("lies in", True)],
    ]  # fmt: skip
    assert path["steps"][0][0]["evidence_ids"] == [MALARIA.id]
    apart = command("graph", "path", pack, "malaria", "London")
    assert (apart.code, apart.out) == (1, "")
    assert "did you mean" in command("graph", "path", pack, "Malariaa", "London").err


def test_neighbours_central_and_communities(command: Command, pack: Path) -> None:
    assert {one["name"] for one in read(command, "neighbours", pack, "who")} == {"Geneva", "malaria"}
    assert "Ada Byron" in command("graph", "neighbours", pack, "London").out
    central = read(command, "central", pack, "--limit", "1", "--by", "degree")
    assert [(one["name"], one["triples"]) for one in central] == [("Ada Byron", 3)]
    groups = read(command, "communities", pack)
    assert {"Ada Byron", "London"} <= set(groups[0]["entities"]) or {"Ada Byron", "London"} <= set(
        groups[1]["entities"]
    )
    assert all(one["summary"] for one in groups)
    assert "Ada Byron" in command("graph", "communities", pack).out
    assert command("graph", "communities", pack, "--method", "leiden").code == 1


def test_contradictions_with_their_sources(command: Command, pack: Path) -> None:
    (one,) = read(command, "contradictions", pack)
    assert {fact["tail"]: fact["evidence_ids"] for fact in one["facts"]} == {
        "10 December 1815": [BORN.id], "3 May 1816": [ALSO.id],
    }  # fmt: skip
    shown = command("graph", "contradictions", pack).out
    assert BORN.text in shown
    assert ALSO.text in shown


def test_merges_are_listed_split_and_joined_again(command: Command, pack: Path) -> None:
    (one,) = read(command, "merges", pack)
    assert one["name"] == "World Health Organization"
    assert {join["reason"] for join in one["joins"]} <= {"alias", "acronym"}
    before = rows(pack, "SELECT head, relation, tail FROM triples ORDER BY 1, 2, 3")
    assert command("graph", "split", pack, "WHO").code == 0
    assert read(command, "merges", pack) == []
    assert {one["head"] for one in read(command, pack, "--question", "one")} >= {"World Health Organization", "WHO"}
    assert rows(pack, "SELECT head, relation, tail FROM triples ORDER BY 1, 2, 3") == before
    assert command("graph", "join", pack, "WHO", "World Health Organization").code == 0
    assert [one["name"] for one in read(command, "merges", pack)] == ["WHO"]
    assert "one name only" in command("graph", "split", pack, "malaria").err
    assert command("graph", "join", pack, "WHO").code == 1


def test_rules_come_from_a_file_and_go_to_one(command: Command, pack: Path) -> None:
    rules = pack.parent / "rules.yaml"
    rules.write_text("different: [[WHO, World Health Organization]]\nsame: [[malaria, paludism]]\n", "utf-8")
    # What no triple names is another name of what one does.
    assert [one["names"] for one in read(command, "merges", pack, "--rules", rules)] == [["malaria", "paludism"]]
    assert [one["name"] for one in read(command, "merges", pack)] == ["World Health Organization"]
    saved = pack.parent / "saved.yaml"
    assert command("graph", "merges", pack, "--rules", rules, "--store", "--save", saved).code == 0
    assert [one["name"] for one in read(command, "merges", pack)] == ["malaria"]
    assert saved.read_text("utf-8") == (
        "same:\n- [malaria, paludism]\ndifferent:\n- [WHO, World Health Organization]\n"
    )
    rules.write_text("same: [[A]]", "utf-8")
    outcome = command("graph", "merges", pack, "--rules", rules)
    assert outcome.code == 1
    assert "rules.yaml" in outcome.err
    assert outcome.err.count("\n") == 1


def test_near_names_are_merged_by_the_embedder_of_the_pack(command: Command, pack: Path) -> None:
    outcome = command("graph", pack, "--similar")
    assert outcome.code == 1
    assert "embedder" in outcome.err
    rows(pack, "INSERT INTO meta VALUES ('embedder', '\"drag.testing:HashEmbedder\"')")
    assert command("graph", pack, "--similar").code == 0
