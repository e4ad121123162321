"""Each piece read alone: options mixed by likelihood, open answers fused."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import CLOCK, MILL, Chat, Command, build, fact

from drag.answer import answer
from drag.errors import DragError, ModelError
from drag.profiles import Profile
from drag.read_each import TEMPERATURE, answer_each, choose_each, piece_weights
from drag.shown import Shown, shown
from drag.testing import FakeModel, HashEmbedder
from drag.types import Citation, Context, Evidence, Likelihood, Prompt, Question
from graphs import KnowledgeGraph

EACH = Profile(reading="each")
ASKED = Question("1", "Who built the Aldgate Clock?", ("Mara Finch", "Ivo Lund"))
OPEN = Question("1", "Who built the Aldgate Clock?")
TOWER = Evidence.of("Mara Finch came from Ghent.", "document:3")


def given(*texts: str) -> Shown:
    return Shown(texts, tuple(range(1, len(texts) + 1)), ())


class Says(FakeModel):
    """Says and scores by which piece stands in the prompt: `pieces` maps its text to what is said, and how likely."""

    def __init__(self, pieces: Mapping[str, tuple[str, Mapping[str, float]]]) -> None:
        super().__init__(name="says")
        self.pieces = pieces

    def _found(self, prompt: Prompt) -> tuple[str, Mapping[str, float]]:
        return next(said for text, said in self.pieces.items() if text in prompt.messages[-1].content)

    def _next(self, prompt: Prompt) -> str | DragError:
        return self._found(prompt)[0]

    def score(self, prompt: Prompt, continuations: Sequence[str]) -> list[Likelihood]:
        self.prompts.append(prompt)
        likely = self._found(prompt)[1]
        # Two tokens each: what counts is the mean.
        return [Likelihood((math.log(likely[one]),) * 2) for one in continuations]


# --- weights


def test_without_an_embedder_a_piece_weighs_by_its_rank() -> None:
    assert piece_weights("Who?", given("a", "b")) == pytest.approx([2 / 3, 1 / 3])
    turned = Shown(("b", "a"), (2, 1), ())
    assert piece_weights("Who?", turned) == pytest.approx([2 / 3, 1 / 3])  # the best first, wherever it stands


def test_with_an_embedder_by_its_cosine() -> None:
    texts = ("Who built the Aldgate Clock?", "Something else entirely")
    near, far = piece_weights(texts[0], given(*texts), HashEmbedder())
    vectors = HashEmbedder().encode(list(texts))
    assert near / far == pytest.approx(math.exp((1 - float(vectors[0] @ vectors[1])) / TEMPERATURE), rel=1e-4)
    assert near + far == pytest.approx(1)


# --- options


def test_shares_are_mixed_by_weight() -> None:
    one = Says(
        {"first": ("", {"Mara Finch": 0.5, "Ivo Lund": 0.5}), "second": ("", {"Mara Finch": 0.1, "Ivo Lund": 0.4})}
    )
    made = choose_each(one, ASKED, given("first", "second"), style="plain", profile=Profile(rule="total"))
    # Two tokens: 0.5² against 0.5², 0.1² against 0.4².
    mara = 2 / 3 * 0.5 + 1 / 3 * 0.01 / 0.17
    assert made.shares == pytest.approx([mara, 1 - mara])
    assert made.place == 1
    assert all(sum(text in prompt.messages[-1].content for text in one.pieces) == 1 for prompt in one.prompts)


def test_the_prior_is_read_once() -> None:
    model = FakeModel()
    made = choose_each(model, ASKED, given("one", "two", "three"), style="plain", profile=Profile(rule="pmi"))
    assert [one.name.partition("@")[0] for one in model.prompts].count("choose-prior") == 1
    assert len(model.prompts) == 4
    assert made.usage.prompt_tokens == sum(len(one.messages[0].content.split()) for one in model.prompts)


def test_a_distractor_sways_less_alone_than_beside_the_right_piece() -> None:
    class Confused(FakeModel):
        """Takes what stands last to be the answer."""

        def score(self, prompt: Prompt, continuations: Sequence[str]) -> list[Likelihood]:
            self.prompts.append(prompt)
            text = prompt.messages[-1].content
            return [Likelihood((-5.0 + 4 * text.rfind(one) / len(text),)) for one in continuations]

    context = Context((CLOCK, MILL))
    together = answer(Confused(), ASKED, context, style="plain", embedder=HashEmbedder())
    apart = answer(Confused(), ASKED, context, style="plain", profile=EACH, embedder=HashEmbedder())
    assert (together.text, apart.text) == ("Ivo Lund", "Mara Finch")
    assert apart.citations == (Citation(1, CLOCK, "overlap"),)
    assert 0.5 < (apart.confidence or 0) < 1


def test_the_facts_go_with_every_piece() -> None:
    graph = KnowledgeGraph([fact("Mara Finch", "Aldgate Clock", CLOCK)])
    for question in (ASKED, OPEN):
        model = FakeModel(["Mara Finch."] * 2)
        answer(model, question, Context((CLOCK, MILL), graph), style="plain", profile=EACH)
        asked = [one.messages[-1].content for one in model.prompts]
        assert sum(CLOCK.text in one for one in asked) == sum(MILL.text in one for one in asked) == len(asked) / 2
        assert all("Mara Finch built Aldgate Clock." in one for one in asked)


def test_one_piece_is_read_as_always() -> None:
    for question in (ASKED, OPEN):
        said = [
            answer(FakeModel(["Mara."]), question, Context((CLOCK,)), style="plain", profile=profile)
            for profile in (Profile(), EACH)
        ]
        assert (said[0].text, said[0].confidence, said[0].citations) == (
            said[1].text,
            said[1].confidence,
            said[1].citations,
        )


# --- open answers


def test_the_candidate_that_all_pieces_bear_out_wins() -> None:
    scores = {"Mara Finch.": 0.5, "Ivo Lund.": 0.2}
    model = Says({CLOCK.text: ("Ivo Lund.", scores), MILL.text: ("Mara Finch.", scores)})
    context = Context((CLOCK, MILL))
    fused = answer_each(model, OPEN, shown("Who?", context, EACH), style="plain", max_tokens=9)
    assert (fused.text, fused.numbers, fused.abstained) == ("Mara Finch.", (2,), False)
    # One reading of each piece to answer, one to score.
    assert len(model.prompts) == 4
    said = answer(model, OPEN, context, style="plain", profile=EACH)
    assert said.text == "Mara Finch."
    assert said.citations == ()  # it was read from the mill, where it does not stand


def test_the_piece_that_gave_the_answer_is_cited() -> None:
    scores = {"Mara Finch.": 0.9, "Ivo Lund.": 0.1}
    model = Says({CLOCK.text: ("Mara Finch.", scores), MILL.text: ("Ivo Lund.", scores)})
    for order in ("best-first", "best-last"):
        profile = Profile.model_validate({"reading": "each", "order": order})
        said = answer(model, OPEN, Context((MILL, CLOCK)), style="plain", profile=profile)
        assert (said.text, said.citations) == ("Mara Finch.", (Citation(2, CLOCK, "overlap"),))


def test_the_same_from_two_pieces_is_one_candidate_with_two_sources() -> None:
    scores = {"Mara Finch.": 0.5, "Ivo Lund.": 0.4}
    model = Says(
        {CLOCK.text: ("Mara Finch.", scores), MILL.text: ("Ivo Lund.", scores), TOWER.text: ("mara finch", scores)}
    )
    said = answer(model, OPEN, Context((CLOCK, MILL, TOWER)), style="plain", profile=EACH)
    assert [one.number for one in said.citations] == [1, 3]


def test_abstentions_drop_out() -> None:
    model = FakeModel(["Insufficient information.", "Mara Finch [2]."])
    said = answer(model, OPEN, Context((MILL, CLOCK)), style="instructed", profile=EACH)
    assert (said.text, said.abstained) == ("Mara Finch.", False)
    assert "[2] Mara Finch built" in model.prompts[1].messages[-1].content  # numbered as in the context
    assert said.citations == (Citation(2, CLOCK, "overlap"),)
    silent = answer(
        FakeModel(["Insufficient information."] * 2), OPEN, Context((MILL, CLOCK)), style="instructed", profile=EACH
    )
    assert (silent.abstained, silent.citations) == (True, ())


def test_a_model_that_cannot_score_votes() -> None:
    told = ["Ivo Lund.", "Mara Finch.", "Mara Finch"]
    three = shown("Who?", Context((MILL, CLOCK, TOWER)), EACH)
    # 1 against 1/2 + 1/3: the rank of the first weighs more than two behind it.
    assert answer_each(Chat(told), OPEN, three, style="plain", max_tokens=9).text == "Ivo Lund."
    turned = [told[1], told[0], told[2]]
    assert answer_each(Chat(turned), OPEN, three, style="plain", max_tokens=9).numbers == (1, 3)


def test_a_piece_that_fails_costs_only_itself() -> None:
    lost = ModelError("out of memory")
    said = answer(FakeModel([lost, "Mara Finch."]), OPEN, Context((MILL, CLOCK)), style="plain", profile=EACH)
    assert said.text == "Mara Finch."
    with pytest.raises(ModelError) as caught:
        answer(FakeModel([lost, lost]), OPEN, Context((MILL, CLOCK)), style="plain", profile=EACH)
    assert caught.value is lost


def test_the_answer_comes_at_once_and_counts_all_that_was_read() -> None:
    pieces: list[str] = []
    model = FakeModel(["Mara Finch."] * 2)
    said = answer(model, OPEN, Context((CLOCK, MILL)), style="plain", profile=EACH, on_text=pieces.append)
    assert pieces == ["Mara Finch."]
    assert said.usage.prompt_tokens == sum(len(one.messages[0].content.split()) for one in model.prompts)


# --- from the command line


class Follower(FakeModel):
    """Says the first name that it reads."""

    weights_bytes = 1

    def __init__(self) -> None:
        super().__init__(_first_name, name="follower")


def _first_name(prompt: Prompt) -> str:
    read = prompt.messages[-1].content.partition("Question:")[0]
    found = [(read.find(name), name) for name in ("Mara", "Ivo", "Ada") if name in read]
    return f"{min(found)[1]}." if found else "Nobody."


@pytest.fixture
def data(tmp_path: Path) -> Path:
    records: list[dict[str, Any]] = [
        {"question": f"Who built the old tower of {place}?", "answers": [name], "evidence": f"{name} built the tower."}
        for place, name in (("Halm", "Mara"), ("Tarn", "Ivo"), ("Vela", "Ada"))
    ]
    path = tmp_path / "data.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in records), "utf-8")
    return path


def test_the_flags_reach_the_student(command: Command, data: Path, tmp_path: Path) -> None:
    told = ("eval", "open", data, "--student", f"{__name__}:Follower", "--embedder", "drag.testing:HashEmbedder")
    told = (*told, "--distractors", "2", "--arm", "evidence", "--threshold", "0", "--json", "-")
    (tmp_path / "drag.toml").write_text("[ask]\nmargin = 2\n", "utf-8")
    tokens: dict[str, float] = {}
    for flags in (("--reading", "together"), ("--reading", "each"), ("--order", "best-last")):
        outcome = command(*told, *flags)
        assert outcome.code == 0, outcome.err
        report = json.loads(outcome.out)
        assert report["settings"][flags[0][2:]] == flags[1]
        tokens[flags[1]] = report["metrics"]["tokens/evidence"]
    assert tokens["each"] > 1.5 * tokens["together"]
    assert tokens["best-last"] == tokens["together"]
    outcome = command(*told, "--reading", "aloud")
    assert outcome.code != 0
    assert "aloud" in outcome.err


def test_ask_and_the_arms_of_choices_take_them_too(command: Command, tmp_path: Path) -> None:
    questions = [Question(str(n), f"What does number {n} hold?", ("gold", "dust"), ("dust",)) for n in range(2)]
    build(tmp_path / "a.pack", questions)
    (tmp_path / "drag.toml").write_text("[ask]\nthreshold = 0\n", "utf-8")
    told = ("ask", questions[0].text, "--pack", "a.pack", "--student", "drag.testing:FakeTeacher", "--json")
    spent = {
        reading: json.loads(command(*told, "--reading", reading).out)["usage"]["prompt_tokens"]
        for reading in ("together", "each")
    }
    assert spent["each"] > 2 * spent["together"]
    path = tmp_path / "choice.jsonl"
    records = [{"id": one.id, "question": one.text, "choices": one.choices, "answer": 1} for one in questions]
    path.write_text("\n".join(json.dumps(one) for one in records), "utf-8")
    choice = ("eval", "choice", path, "--pack", "a.pack", "--arm", "blind", "--student", "drag.testing:FakeTeacher")
    arms = {
        reading: json.loads(command(*choice, "--json", "-", "--reading", reading).out)["metrics"]["tokens/blind"]
        for reading in ("together", "each")
    }
    assert arms["each"] > 2 * arms["together"]


def test_a_wrong_setting_is_one_line(command: Command, tmp_path: Path) -> None:
    (tmp_path / "drag.toml").write_text('[ask]\norder = "worst-first"\n', "utf-8")
    outcome = command("ask", "Who?", "--student", f"{__name__}:Follower")
    assert outcome.code == 1
    assert len(outcome.err.splitlines()) == 1
    assert "ask.order" in outcome.err
