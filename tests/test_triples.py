"""`drag eval triples`: the matching rules by hand-computed cases, ontologies, and the command end to end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drag import extract_prompts
from drag.cli import run
from drag.errors import ConfigError, ReplyError
from drag.extract import OntologyExtractor
from drag.testing import FakeModel
from drag.types import Evidence, Prompt
from eval.triples import Row, hallucinated, ontology_of, read_rows, scores
from eval.triples_facts import coverage
from eval.triples_links import Linked, links
from eval.triples_match import Parts, carb_counts, closed_counts, match, normalised, open_counts, strict_counts
from eval.triples_usage import FileStore
from graphs import GraphError, Triple
from graphs.ontology import Ontology, Relation, fits, load_ontologies

FILMS = Ontology("Film Ontology", (Relation("director", "film", "human"), Relation("publication date", "film")))
SPORT = Ontology("Sports Ontology", (Relation("league", "human", "league"),))
TEXT = "Dark Water is a 2012 film directed by Ada Brook."


def test_a_match_counts_tokens_part_by_part() -> None:
    gold: Parts = ("Mr. Baker", "found", "an opening under the house")
    assert match(gold, gold) == (1, 1)
    # 2 + 1 + 2 of 5 tokens said are right, 5 of 8 gold tokens are found
    assert match(gold, ("Mr. Baker", "found", "an opening")) == (1, 5 / 8)
    assert match(gold, ("Mr. Baker", "saw", "an opening")) == (0, 0)
    assert match(("a", "is", "b"), ("a", "be", "b")) == (1, 1)
    # a quotation may stand on either side of who said it
    assert match(("it rains", "said", "Ada"), ("Ada", "said", "it rains")) == (1, 1)
    assert match(("it rains", "knew", "Ada"), ("Ada", "knew", "it rains"))[0] == pytest.approx(1 / 4)


def test_open_sets_are_multi_match_for_precision_and_one_to_one_for_recall() -> None:
    gold: list[Parts] = [("a", "sees", "b"), ("a", "sees", "c")]
    said: list[Parts] = [("a", "sees", "b"), ("a", "sees", "b d")]
    counts = open_counts(gold, said)
    assert (counts.right, counts.said) == (1 + 3 / 4, 2)  # both fit the first
    assert (counts.found, counts.gold) == (pytest.approx(1 + 2 / 3), 2)  # the second is left for the second
    other = carb_counts(gold, said)
    assert other.right == pytest.approx(1 + 2 / 4)
    assert other.found == pytest.approx(1 + 2 / 3)
    assert open_counts(gold, []).found == 0
    assert open_counts([], said).right == 0


def test_exact_scoring_normalises_marks_case_and_dates() -> None:
    assert normalised(("Ca n't Stop", "publication date", "01 January 1989")) == normalised(
        ("Can't stop", "Publication  date", "1989")
    )
    assert normalised(("x", "y", "09 September 2010"))[2] == normalised(("x", "y", "September 9, 2010"))[2]
    assert normalised(("x", "y", "31 February 2010"))[2] == "31february2010"
    gold: list[Parts] = [("X", "director", "Y")]
    said: list[Parts] = [("x", "director", "Y."), ("x", "cost", "5")]
    assert (strict_counts(gold, said).right, strict_counts(gold, said).said) == (1, 2)
    assert closed_counts(gold, said).said == 1


def test_scores_count_a_failed_row_as_empty() -> None:
    rows = [Row("1", "a sees b", gold=(("a", "sees", "b"),)), Row("2", "c sees d", gold=(("c", "sees", "d"),))]
    metrics, intervals = scores(rows, [[Triple("a", "sees", "b")], None], held=False, seed=0)
    assert (metrics["precision"], metrics["recall"]) == (1, 0.5)
    assert intervals["recall"][0] <= 0.5 <= intervals["recall"][1]
    assert hallucinated(rows, [[Triple("a", "sees", "nobody")], None]) == 0.5


def test_an_ontology_file_is_read_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "o.json"
    path.write_text(
        json.dumps({"Film": {"types": ["film"], "relations": [{"name": "cost ", "head": "film", "tail": "Q5"}]}})
    )
    (one,) = load_ontologies(path).values()
    assert one == Ontology("Film", (Relation("cost", "film", ""),), ("film",))
    for broken in ("[]", "{", '{"a": {"relations": []}}', '{"a": {"relations": [{"head": "x"}]}}'):
        path.write_text(broken)
        with pytest.raises(GraphError, match=str(path.name)):
            load_ontologies(path)
    assert not fits("1989", "human")
    assert not fits("soon", "date")
    assert fits("Ada Brook", "human")


def test_a_row_says_which_ontology_it_is_of() -> None:
    both = {one.name: one for one in (FILMS, SPORT)}
    assert ontology_of(Row("ont_3_sport_test_2", "x"), both) is SPORT
    assert ontology_of(Row("7", "x", ontology="Film Ontology"), both) is FILMS
    with pytest.raises(ConfigError, match="which ontology"):
        ontology_of(Row("7", "x"), both)


def evidence() -> Evidence:
    return Evidence.of(TEXT, "document:x")


def test_records_become_triples_that_text_and_ontology_bear_out() -> None:
    reply = json.dumps(
        [
            {
                "name": "Dark Water",
                "facts": [
                    {"director": ["Ada Brook", "Lena Fors", "2012"]},
                    {"publication date": ["2012", "soon"]},
                    {"genre": ["film"]},
                ],
            },
            {"name": "film", "facts": [{"director": ["Ada Brook"]}]},
        ]
    )
    found = extract_prompts.parse_records(reply, evidence(), FILMS)
    # Fors stands nowhere, 2012 is nobody, genre is no relation here, and `film` is no name
    assert [(one.head, one.relation, one.tail) for one in found] == [
        ("Dark Water", "director", "Ada Brook"),
        ("Dark Water", "publication date", "2012"),
    ]
    assert (found[0].head_type, found[0].tail_type, found[1].tail_type) == ("film", "human", "date")
    for broken in ("", "no", "[]", "[1, null]"):
        with pytest.raises(ReplyError):
            extract_prompts.parse_records(broken, evidence(), FILMS)


def test_the_prompt_shares_its_beginning_and_allows_only_the_ontology() -> None:
    first, second = (extract_prompts.records(Evidence.of(text, "d"), FILMS) for text in (TEXT, "Other."))
    assert first.messages[:-1] == second.messages[:-1]
    text = json.dumps(first.schema)
    assert '"director"' in text
    assert '"publication date"' in text
    # what the examples show is itself usable
    shown = Evidence.of(first.messages[1].content, "d")
    assert len(extract_prompts.parse_records(first.messages[2].content, shown, FILMS)) == 3


def test_a_model_that_states_nothing_is_reported() -> None:
    def silent(prompt: Prompt) -> str:
        return '[{"name": "Dark Water", "facts": []}]'

    (result,) = OntologyExtractor(FakeModel(silent), FILMS).extract([evidence()])
    assert isinstance(result, ReplyError)
    assert "no fact" in str(result)


def test_links_join_head_and_tail_in_either_direction() -> None:
    question = Linked((("Dark Water", "director", "Ada Brook"), ("Ada Brook", "born", "Oslo")), ("p1",))
    metrics, _ = links(
        [question], {"p1": [Triple("Ada Brook", "directed", "Dark Water (film)"), Triple("x", "in", "Oslo")]}
    )
    assert metrics == {"linked": 0.5, "tail": 1.0}


def test_a_fact_is_carried_by_its_own_graph_only() -> None:
    from drag.testing import HashEmbedder

    rows = [Row("1", "x", facts=("Ada Brook built mills",)), Row("2", "x", facts=("Penguins swim fast",))]
    triples = [[Triple("Ada Brook", "built", "mills")], [Triple("Penguins", "swim", "fast")]]
    metrics, _ = coverage(rows, triples, HashEmbedder())
    assert metrics == {"fact_coverage": 1.0, "fact_coverage/other": 0.0}
    assert coverage(rows, [None, None], HashEmbedder())[0]["fact_coverage"] == 0


def test_kept_replies_survive_and_a_foreign_file_is_refused(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "kept")
    store.put("a", "1", model="m", prompt="p")
    store.put("b", "2", model="m", prompt="p")
    store.drop("a")
    again = FileStore(tmp_path / "kept")
    assert (again.get("a"), again.get("b")) == (None, "2")
    (tmp_path / "other").write_text("hello")
    with pytest.raises(ConfigError, match="kept replies"):
        FileStore(tmp_path / "other")


def test_rows_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    for line, problem in (('{"id": "1"}', "no 'text'"), ('{"text": "x", "triples": [["a"]]}', "a triple is")):
        path.write_text(line)
        with pytest.raises(ConfigError, match=problem):
            read_rows(path)
    path.write_text('{"text": "x"}')
    with pytest.raises(ConfigError, match="no record"):
        read_rows(path)


def test_the_command_measures_spacy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.test_spacy_reader import pipeline

    pipeline()
    data = tmp_path / "open_dev.jsonl"
    data.write_text(json.dumps({"id": "1", "text": "Ada built the mill .", "triples": [["Ada", "built", "the mill"]]}))
    assert run(["eval", "triples", str(data), "--json", "-"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["metrics"]["f1"] == 1
    assert report["metrics"]["ratio/spacy"] > 0
    assert report["settings"]["style"] == "open"
    assert run(["eval", "triples", str(data), "--extractor", "magic"]) != 0
