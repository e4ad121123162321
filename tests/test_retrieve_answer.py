"""From a question to what the student reads, and from its words to an answer with citations."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from conftest import CLOCK, CUT, MILL, Chat, built, fact, write

from drag.answer import SMALL, answer, style_of, support
from drag.errors import ModelError
from drag.pack import Pack
from drag.pipeline import Student
from drag.retrieve import Retriever
from drag.settings import Ask
from drag.testing import FakeModel, HashEmbedder
from drag.types import Citation, Context, Evidence, Likelihood, Prompt, Question
from graphs import KnowledgeGraph, Triple

MOON = Evidence.of("The moon is four hundred thousand kilometres away.", "teacher:fake")
QUESTION = Question("q", "Who built the Aldgate Clock?")


def words(text: str) -> int:
    return len(text.split())


@pytest.fixture
def pack(tmp_path: Path) -> Iterator[Pack]:
    clock = [fact("Mara Finch", "Aldgate Clock", CLOCK), Triple("Aldgate Clock", "stands in", "Leeds", CLOCK.id)]
    path = write(
        tmp_path / "a.pack",
        built("clock", CLOCK, CUT, kept=1, triples=clock),
        built("mill", MILL, triples=[fact("Ivo Lund", "mill", MILL)]),
        built("distance", MOON),
    )
    with Pack(path) as opened:
        yield opened


@pytest.fixture
def retriever(pack: Pack) -> Retriever:
    return Retriever(pack, HashEmbedder())


# --- search


@pytest.mark.parametrize(
    ("question", "best"),
    [("Who built the Aldgate Clock?", CLOCK), ("the mills in Ghent", MILL), ("How far away is the moon?", MOON)],
)
def test_search_finds(retriever: Retriever, question: str, best: Evidence) -> None:
    found = retriever.search(question)
    assert found[0].item == best
    assert found[0].signals.keys() >= {"dense", "words"}
    assert [one.rank for one in found] == list(range(1, len(found) + 1))
    assert CUT not in [one.item for one in found]


def test_words_are_found_in_another_form(retriever: Retriever) -> None:
    found = {one.item.id: one.signals for one in retriever.search("clocks")}
    assert "words" in found[CLOCK.id]  # the embedder does not know that they are the same
    assert found[CLOCK.id]["words"] > 0
    assert "words" not in found[MOON.id]


def test_a_question_of_the_pack_brings_its_evidence(retriever: Retriever) -> None:
    # No word of it stands in the evidence; the pack was built for this very question.
    signals = {one.item.id: one.signals for one in retriever.search("Who built distance?")}
    assert "words" not in signals[MOON.id]
    assert signals[MOON.id]["question"] == pytest.approx(1.0, abs=1e-4)
    assert max(one.get("question", 0) for key, one in signals.items() if key != MOON.id) < 1
    assert all("question" not in one.signals for one in retriever.search("Whose umbrella?"))


def test_search_is_limited(retriever: Retriever) -> None:
    assert len(retriever.search("built clock moon", limit=2)) == 2


def test_a_pack_without_evidence(tmp_path: Path) -> None:
    with Pack(write(tmp_path / "b.pack", built("clock"))) as empty:
        retriever = Retriever(empty, HashEmbedder())
        assert retriever.search("Who built clock?") == []
        assert retriever.context("Who built clock?", Ask(), words) == Context()


# --- the context


def test_the_context_holds_what_was_found_and_its_triples(retriever: Retriever) -> None:
    context = retriever.context(QUESTION.text, Ask(evidence=1), words)
    assert context.evidence == (CLOCK,)
    assert {(one.head, one.relation) for one in context.graph} == {
        ("Mara Finch", "built"),
        ("Aldgate Clock", "stands in"),
    }
    assert {one.evidence_id for one in context.graph} == {CLOCK.id}


def test_budgets(retriever: Retriever) -> None:
    everything = retriever.context(QUESTION.text, Ask(evidence=3, margin=2), words)
    assert len(everything.evidence) == 3
    first = words(everything.evidence[0].text)
    tight = retriever.context(QUESTION.text, Ask(evidence=3, margin=2, evidence_tokens=first), words)
    assert tight.evidence == everything.evidence[:1]
    one_fact = retriever.context(QUESTION.text, Ask(evidence=3, margin=2, graph_tokens=6), words)
    assert [(one.head, one.tail) for one in one_fact.graph] == [("Mara Finch", "Aldgate Clock")]


def test_either_half_can_be_left_out(pack: Pack) -> None:
    student = Student(FakeModel(), pack, HashEmbedder(), Ask(evidence=1))
    whole = student.context(QUESTION)
    assert student.context(QUESTION, graph=False) == Context(whole.evidence, cosine=whole.cosine)
    assert student.context(QUESTION, evidence=False) == Context((), whole.graph, whole.cosine)
    assert student.context(QUESTION, evidence=False, graph=False) == Context()
    assert len(whole.graph)


def test_the_best_triples_stand_first(tmp_path: Path) -> None:
    facts = [Triple(f"Thing {n}", "is near", "Cork", CLOCK.id) for n in range(5)] + [
        fact("Mara Finch", "Aldgate Clock", CLOCK)
    ]
    path = write(tmp_path / "b.pack", built("clock", CLOCK, triples=facts))
    with Pack(path) as pack:
        graph = Retriever(pack, HashEmbedder()).context(QUESTION.text, Ask(), words).graph
    assert next(iter(graph)).head == "Mara Finch"
    assert len(graph) == 6


# --- the student


def test_a_student_reads_the_pack(pack: Pack) -> None:
    model = FakeModel(["It was Mara Finch [1]."])
    one = Student(model, pack, HashEmbedder(), Ask(evidence=1, max_tokens=7, style="instructed")).ask(QUESTION)
    (prompt,) = model.prompts
    assert f"[1] {CLOCK.text}" in prompt.messages[-1].content
    assert "Aldgate Clock stands in Leeds." in prompt.messages[-1].content
    assert (prompt.max_tokens, prompt.name.partition("@")[0]) == (7, "answer-instructed")
    assert one.text == "It was Mara Finch."
    assert one.citations == (Citation(1, CLOCK, "model"),)
    assert one.context.evidence == (CLOCK,)
    assert one.answerable is not None
    assert one.confidence is not None
    assert 0.5 < one.confidence < 1  # the answer stands in evidence that is about the question
    assert one.usage.completion_tokens == 5


def test_without_a_pack_the_student_answers_alone() -> None:
    model = FakeModel(["Mara."])
    one = Student(model).ask("Who built it?")
    assert (one.question.text, one.text, one.citations, one.context) == ("Who built it?", "Mara.", (), Context())
    assert one.confidence == pytest.approx(math.exp(-0.5))
    assert "vidence" not in "".join(message.content for message in model.prompts[0].messages)


def test_a_pack_without_its_embedder_is_not_silently_left_out(pack: Pack) -> None:
    with pytest.raises(Exception, match="embedder"):
        Student(FakeModel(), pack)


@pytest.mark.parametrize(
    ("size", "style"), [(None, "instructed"), (SMALL - 1, "plain"), (SMALL, "instructed"), (0, "plain")]
)
def test_the_style_follows_the_size_of_the_weights(size: int | None, style: str) -> None:
    class Sized(FakeModel):
        weights_bytes = size

    assert style_of(Sized()) == style
    assert Student(Sized()).style == style
    assert Student(Sized(), settings=Ask(style="plain")).style == "plain"
    if size is None:
        assert style_of(FakeModel()) == style


# --- answers


def said(reply: str, *evidence: Evidence, question: Question = QUESTION) -> tuple[list[tuple[int, str]], bool]:
    one = answer(FakeModel([reply]), question, Context(evidence), style="instructed")
    return [(cited.number, cited.basis) for cited in one.citations], one.abstained


def test_citations() -> None:
    assert said("Ivo Lund [2], and [1]. [9]", CLOCK, MILL) == ([(2, "model"), (1, "model")], False)
    assert said("Mara Finch.", MILL, CLOCK) == ([(2, "overlap")], False)
    assert said("Mara Finch [7].", MILL, CLOCK) == ([(2, "overlap")], False)
    assert said("Nobody knows.", MILL, CLOCK) == ([], False)
    assert said("Mara Finch.") == ([], False)
    assert said("", CLOCK) == ([], False)


def test_abstention_is_no_answer_and_cites_nothing_by_chance() -> None:
    about = Evidence.of("There is insufficient information about it.", "document:1")
    assert said("Insufficient information.", about) == ([], True)
    assert said("Insufficient information [1].", about) == ([(1, "model")], True)


def numbers(text: str, question: str, *evidence: Evidence) -> list[int]:
    return [one.number for one in support(text, question, evidence)]


def test_support() -> None:
    # The question's own words are no support; an answer of nothing else is looked for by them.
    assert numbers("The Aldgate Clock was built by Mara.", "Who built the Aldgate Clock?", MILL, CLOCK) == [2]
    assert numbers("The clock was built by Ada.", "Who built the clock?", CLOCK) == []
    assert numbers("Aldgate Clock", "Is it the Aldgate Clock?", MILL, CLOCK) == [2]
    # Two pieces that hold half each; a piece that adds no word is not named; equal pieces: the first.
    assert numbers("Mara Finch, Ghent", "Where?", MILL, CLOCK) == [1, 2]
    assert numbers("Mara Finch", "Who?", CLOCK, CLOCK) == [1]
    # Half of the words is enough, less is not.
    assert numbers("Mara Tarn", "Who?", CLOCK) == [1]
    assert numbers("Mara Tarn Vela", "Who?", CLOCK) == []
    assert numbers("of the and", "Who?", CLOCK) == []
    assert numbers("", "Who?", CLOCK) == []
    assert numbers("Mara", "Who?") == []
    # Words, not parts of words, in any case.
    assert numbers("MARA", "Who?", CLOCK) == [1]
    assert numbers("mar", "Who?", CLOCK) == []


class Scorer(FakeModel):
    """Knows the log-probabilities of the tokens of each choice."""

    def __init__(self, **choices: tuple[float, ...]) -> None:
        super().__init__()
        self.choices = choices

    def score(self, prompt: Prompt, continuations: Sequence[str]) -> list[Likelihood]:
        self.prompts.append(prompt)
        return [Likelihood(self.choices[one]) for one in continuations]


def test_a_choice_is_the_most_likely_text_per_token() -> None:
    question = Question("q", "Who?", ("ivo", "mara", "ada"))
    scorer = Scorer(ivo=(-1.0,), mara=(-0.5, -0.5, -0.5), ada=(-2.0,))
    one = answer(scorer, question, Context((CLOCK,)), style="plain")
    assert one.text == "mara"  # not the shortest, which has the highest sum
    assert one.citations == (Citation(1, CLOCK, "overlap"),)
    shares = [math.exp(mean) for mean in (-0.5, -1.0, -2.0)]
    assert one.confidence == pytest.approx(shares[0] / sum(shares))
    assert CLOCK.text in scorer.prompts[0].messages[-1].content
    tied = answer(Scorer(ivo=(-1.0,), mara=(-1.0,), ada=(-1.0,)), question, Context(), style="plain")
    assert (tied.text, tied.confidence) == ("ivo", pytest.approx(1 / 3))


def test_choices_of_a_model_that_cannot_score_are_generated() -> None:
    model = Chat(["mara"])
    assert answer(model, Question("q", "Who?", ("ivo", "mara")), Context(), style="plain").text == "mara"
    assert "ivo" in model.prompts[0].messages[-1].content


def test_streaming_and_errors() -> None:
    pieces: list[str] = []
    answer(FakeModel(["Mara Finch [1]."]), QUESTION, Context((CLOCK,)), style="plain", on_text=pieces.append)
    assert "".join(pieces) == "Mara Finch [1]."
    lost = ModelError("out of memory")
    with pytest.raises(ModelError) as caught:
        answer(FakeModel([lost]), QUESTION, Context(), style="plain")
    assert caught.value is lost


def test_facts_are_read_without_evidence() -> None:
    graph = KnowledgeGraph([fact("Mara Finch", "Aldgate Clock", CLOCK)])
    for style in ("plain", "instructed"):
        model = FakeModel(["Mara"])
        answer(model, QUESTION, Context((), graph), style=style)
        text = model.prompts[0].messages[-1].content
        assert "Mara Finch built Aldgate Clock." in text
        assert "vidence" not in text  # there is none to speak of
