"""Triples held to an ontology: what a text is about, what its words propose, what a model judges, and `--ontology`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from drag.errors import ConfigError, ModelError, ReplyError
from drag.extract_judge import JudgedExtractor, judgement
from drag.extraction import extraction, identity_of
from drag.models import Fetching
from drag.pack import Pack
from drag.settings import Settings
from drag.testing import FakeModel
from drag.types import Evidence, Likelihood, Prompt
from graphs.candidates import Candidate
from graphs.held import proposed
from graphs.lexicon import kind_of, signs
from graphs.names import Names
from graphs.ontology import Ontology, Relation, load_ontology
from graphs.spacy_reader import SpacyReader
from graphs.spacy_tree import Tree
from graphs.topic import topic
from tests.conftest import Command
from tests.test_spacy_reader import pipeline

FILMS = Ontology(
    "films",
    (
        Relation("director", "film", "human"),
        Relation("producer", "film", "human"),
        Relation("cast member", "film", "human"),
        Relation("characters", "film", "film character"),
        Relation("genre", "film", "film genre"),
        Relation("publication date", "film"),
        Relation("based on", "film", "written work"),
        Relation("country of origin", "film", "country"),
    ),
)
SPORT = Ontology("sport", (Relation("league", "human", "league"), Relation("member of sports team", "human", "club")))
FAKES = ("--embedder", "drag.testing:HashEmbedder")


def found(text: str, ontology: Ontology = FILMS, title: str = "") -> dict[tuple[str, str], int]:
    return {(one.relation.name, one.tail): one.sign for one in proposed(pipeline()(text), ontology, title)}


def about(text: str) -> str:
    tree = Tree(pipeline()(text))
    one = topic(tree, Names(tree, ""))
    return one.name if one else ""


class Judge(FakeModel):
    """Takes for stated what is said of the words in `stated`."""

    def __init__(self, *stated: str) -> None:
        super().__init__(name="judge")
        self.stated = stated

    def score(self, prompt: Prompt, continuations: Sequence[str]) -> list[Likelihood]:
        self.prompts.append(prompt)
        fact = prompt.messages[-1].content.rpartition("Fact: ")[2]
        return [Likelihood((-0.01 if any(word in fact for word in self.stated) else -3.0,)) for _ in continuations]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Dark Water is a 2012 film directed by Ada Brook.", "Dark Water"),
        ('"Glass Bell" is a song by Lena Fors.', "Glass Bell"),
        ("The Mills of Karst starred Ada Brook.", "The Mills of Karst"),
        ("The Norland national football team represents Norland.", "Norland national football team"),
        ("Ada Maria Brook (born 4 May 1970) is a writer.", "Ada Brook"),
        ("Based on a tale, Dark Water stars Ada Brook.", "Dark Water"),
        ("The film tells of the early years of Dark Water's heroine.", "Dark Water"),
        ('The music video for "Glass Bell" was directed by Ada Brook.', "Glass Bell"),
    ],
)
def test_what_a_text_is_about(text: str, name: str) -> None:
    assert about(text) == name


def test_a_sentence_that_names_nothing_goes_on_about_the_last_that_did() -> None:
    text = "Dark Water is a 2012 film. It was directed by Ada Brook. Glass Bell is a film by nobody."
    heads = {(one.head, one.tail) for one in proposed(pipeline()(text), FILMS, "Notes") if one.sign >= 2}
    assert {("Dark Water", "2012"), ("Dark Water", "Ada Brook")} <= heads
    assert not any(head == "Notes" for head, _ in heads)
    (one,) = [
        one for one in proposed(pipeline()("The film was directed by Ada Brook."), FILMS, "Notes") if one.sign >= 2
    ]
    assert (one.head, one.tail) == ("Notes", "Ada Brook")
    one = next(one for one in proposed(pipeline()(text), FILMS) if one.tail == "Ada Brook")
    assert text[one.start : one.end] == "Ada Brook"


def test_words_before_a_name_say_its_relation() -> None:
    says = found("Dark Water is a 2012 horror film directed by Ada Brook and Karl Lindt, and produced by Lena Fors.")
    led = {key for key, sign in says.items() if sign >= 2}
    assert led == {
        ("publication date", "2012"),
        ("genre", "horror film"),
        ("director", "Ada Brook"),
        ("director", "Karl Lindt"),
        ("producer", "Lena Fors"),
    }
    says = found("Dark Water starred Ada Brook as Mary Stone and Karl Lindt as Tom Gray.")
    led = {key for key, sign in says.items() if sign >= 2}
    assert led == {
        ("cast member", "Ada Brook"),
        ("cast member", "Karl Lindt"),
        ("characters", "Mary Stone"),
        ("characters", "Tom Gray"),
    }


def test_what_the_type_forbids_is_no_candidate() -> None:
    # a date is nobody, a team is no human, and a film needs a name
    assert ("director", "2012") not in found("Dark Water was directed in 2012 by Ada Brook.")
    assert found("The Norland national football team plays in the Premier League.", SPORT) == {}
    assert found("The film was directed by Ada Brook.") == {}


def test_a_relation_that_is_not_in_the_table_is_known_by_its_own_words() -> None:
    sign = signs(Relation("sculpted by", "statue", "human"))
    assert sign.kind == "person"
    assert sign.before is not None
    assert sign.before.search("was sculpted by")
    assert kind_of(Relation("x", "", "capital city")) == "place"
    assert kind_of(Relation("date of founding")) == "date"
    assert kind_of(Relation("x", "", "colour")) == "any"


def test_a_model_judges_what_the_words_propose() -> None:
    text = "Dark Water is a 2012 film directed by Ada Brook."
    model = Judge("director")
    (result,) = JudgedExtractor(model, FILMS, pipeline()).extract([Evidence.of(text, "d")])
    assert not isinstance(result, Exception)
    (one,) = result
    assert (one.head, one.relation, one.tail, one.tail_type) == ("Dark Water", "director", "Ada Brook", "human")
    assert one.span is not None
    assert text[slice(*one.span)] == "Ada Brook"
    assert one.confidence == pytest.approx(0.99, abs=0.001)
    # all judgements of a text share their prompt up to the fact
    first, second = (prompt.messages[-1].content.rpartition("Fact: ")[0] for prompt in model.prompts[:2])
    assert first == second
    (nothing,) = JudgedExtractor(Judge(), FILMS, pipeline()).extract([Evidence.of(text, "d")])
    assert isinstance(nothing, ReplyError)


def test_a_judgement_names_the_type_of_the_tail() -> None:
    one = Candidate("Dark Water", Relation("director", "film", "human"), "Ada Brook", 2, 0, 9)
    asked = judgement(Evidence.of("Text.", "d", title="Dark Water"), one).messages[-1].content
    assert asked == "Text: Dark Water: Text.\nAbout: Dark Water\nFact: director (human): Ada Brook"


def test_spacy_keeps_to_an_ontology() -> None:
    text = "Dark Water is a 2012 film directed by Ada Brook, who lives in Oslo."
    (reading,) = SpacyReader(pipeline(), ontology=FILMS).read([(text, "e1")])
    assert {one.relation for one in reading.triples} == {"director", "publication date"}
    assert "Oslo" in {one.name for one in reading.mentions}


def write(path: Path, **ontologies: Sequence[tuple[str, str, str]]) -> Path:
    table = {
        name: {"relations": [{"name": one, "head": head, "tail": tail} for one, head, tail in relations]}
        for name, relations in ontologies.items()
    }
    path.write_text(json.dumps(table), "utf-8")
    return path


def test_several_ontologies_of_a_file_are_one_and_count_by_what_they_say(tmp_path: Path) -> None:
    first = write(tmp_path / "a.json", film=[("director", "film", "human")], song=[("composer", "song", "human")])
    same = write(tmp_path / "b.json", all=[("director", "film", "human"), ("composer", "song", "human")])
    other = write(tmp_path / "c.json", all=[("director", "film", "human")])
    assert load_ontology(first).names == ("director", "composer")
    identities = [identity_of(load_ontology(one)) for one in (first, same, other)]
    assert identities[0] == identities[1] != identities[2]
    assert identity_of(None) == ""
    settings = Settings().override("build", ontology=str(tmp_path / "none.json"))
    with pytest.raises(ConfigError, match=r"none\.json"):
        extraction(settings, Fetching(allowed=False))


def test_build_keeps_to_an_ontology(tmp_path: Path, command: Command) -> None:
    pipeline()
    write(tmp_path / "films.json", film=[("director", "film", "human")])
    Path("notes.txt").write_text("Dark Water is a 2012 film directed by Ada Brook. Lena Fors lives in Oslo.", "utf-8")
    arguments = ("build", "--documents", "notes.txt", "-o", "a.pack", *FAKES, "--extractor", "spacy")
    assert command(*arguments, "--ontology", "films.json").code == 0
    with Pack("a.pack") as pack:
        assert [(one.head, one.relation, one.tail) for one in pack.graph()] == [("Dark Water", "director", "Ada Brook")]
    # without it the same document is read anew
    assert command(*arguments).code == 0
    with Pack("a.pack") as pack:
        assert {one.relation for one in pack.graph()} > {"lives in"}
    broken = command(*arguments, "--ontology", "notes.txt")
    assert (broken.code, len(broken.err.strip().splitlines()), "notes.txt" in broken.err) == (1, 1, True)


def test_questions_keep_to_an_ontology(tmp_path: Path, command: Command) -> None:
    pipeline()
    write(tmp_path / "films.json", film=[("director", "film", "human")])
    record = {"id": "q", "question": "Who directed Dark Water?", "evidence": "Dark Water is a film by Ada Brook."}
    record["evidence"] = "Dark Water is a film directed by Ada Brook."
    Path("q.jsonl").write_text(json.dumps(record), "utf-8")
    arguments = ("build", "q.jsonl", "-o", "a.pack", *FAKES, "--evidence", "0", "--relevance", "0")
    judge = ("--teacher", f"{__name__}:Director")
    assert command(*arguments, *judge, "--ontology", "films.json").code == 0
    with Pack("a.pack") as pack:
        assert [(one.head, one.relation, one.tail) for one in pack.graph()] == [("Dark Water", "director", "Ada Brook")]


def test_spacy_finds_the_triples_of_questions_too(command: Command) -> None:
    pipeline()
    record = {"id": "q", "question": "Who directed Dark Water?", "evidence": "Dark Water was directed by Ada Brook."}
    Path("q.jsonl").write_text(json.dumps(record), "utf-8")
    silent = ("--teacher", f"{__name__}:Silent")  # fails when it is asked to extract
    arguments = ("build", "q.jsonl", "-o", "a.pack", *FAKES, *silent, "--evidence", "0", "--relevance", "0")
    assert command(*arguments).code == 1
    assert command(*arguments, "--triples-by", "spacy").code == 0
    with Pack("a.pack") as pack:
        assert [(one.head, one.relation, one.tail) for one in pack.graph()] == [
            ("Dark Water", "directed by", "Ada Brook")
        ]


class Silent(FakeModel):
    """Fails at whatever it is asked."""

    def _next(self, prompt: Prompt) -> Any:
        return ModelError("nothing to say")


class Director(Judge):
    """Believes in directors."""

    def __init__(self) -> None:
        super().__init__("director")


def test_a_build_without_a_single_triple_says_so(command: Command) -> None:
    pipeline()
    Path("notes.txt").write_text("Nothing. At all. Quite so.", "utf-8")
    arguments = ("build", "--documents", "notes.txt", "-o", "a.pack", *FAKES)
    line = "no triple was found in any evidence"
    assert line in command(*arguments, "--extractor", "spacy").err
    assert line not in command(*arguments, "--extractor", "none").err
