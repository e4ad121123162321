"""Arms in other numbers and orders of pieces, reports beside each other, and a teacher that decides by agreement."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import test_eval_choice as choice
from conftest import Chat, Command

from drag.errors import DragError, ModelError
from drag.settings import Build
from drag.teach import agreement, overlap, teach, teach_as
from drag.teach_prompts import decide, parse_decide
from drag.testing import FakeTeacher
from drag.types import Evidence, Prompt, Question, Ranked
from eval.choice_arms import more_arms, read_more
from eval.compare import lines, read_report

fresh = choice.fresh  # the fixture that every test of the arms runs in


class Rambler(choice.Knower):
    """Says what it knows third, after two facts that help nobody."""

    def _next(self, prompt: Prompt) -> str | DragError:
        said = super()._next(prompt)
        if isinstance(said, str) and "was built by" in said:
            (fact,) = json.loads(said)["evidence"]
            return json.dumps({"evidence": ["Towers are tall buildings.", "Many towers are old buildings.", fact]})
        return said


RAMBLING = ("--student", choice.FAKES[1], "--teacher", f"{__name__}:Rambler", *choice.FAKES[4:])


# --- numbers and orders of pieces


def piece(text: str, **signals: float) -> Ranked[Evidence]:
    return Ranked(Evidence.of(text, "teacher:fake"), 1, 0.0, signals)


def test_what_the_arms_read() -> None:
    ranked = [
        piece("near and no help", similarity=0.9, relevance=0.1),
        piece("far and helpful", similarity=0.1, relevance=0.9),
        piece("never judged", similarity=0.5),
    ]
    found = read_more(ranked, "blind", (1, 2), 1, seed=0)
    read = {arm: [one.text for one in context.evidence] for arm, context in found.items()}
    assert read["blind@1"] == ["near and no help"]
    assert read["blind@2"] == ["near and no help", "far and helpful"]
    assert read["rank-similarity"] == read["rank-fused"] == ["near and no help"]
    assert read["rank-relevance"] == ["far and helpful"]
    assert list(read) == more_arms("blind", (2, 1), 1)
    drawn = [read_more(ranked, "blind", (), 1, seed)["rank-unranked"].evidence[0].text for seed in range(30)]
    assert len(set(drawn)) == 3  # the draw does not follow the order
    assert drawn == [
        read_more(ranked[::-1], "blind", (), 1, seed)["rank-unranked"].evidence[0].text for seed in range(30)
    ]


def test_accuracy_against_the_number_of_pieces(command: Command, tmp_path: Path) -> None:
    flags = ("--pieces", "1", "--pieces", "3", "--rankers", "1", "--html", "page.html")
    metrics = choice.measured(command, choice.data(tmp_path), *flags, fakes=RAMBLING)["metrics"]
    assert metrics["accuracy/blind@3"] == 1  # the fact is among all three
    assert metrics["accuracy/blind@1"] <= 1
    assert metrics["accuracy/rank-similarity"] == 1  # it shares the question's words, the others do not
    assert metrics["accuracy/rank-unranked"] < 1
    assert "Accuracy against the number of pieces" in (tmp_path / "page.html").read_text("utf-8")


def test_a_pack_without_ranks_is_refused(command: Command, tmp_path: Path) -> None:
    choice.measured(command, choice.data(tmp_path))
    (tmp_path / "more").mkdir()
    strange = choice.data(tmp_path / "more", {**choice.record(1), "id": "unknown"})
    outcome = command(
        "eval", "choice", strange, *choice.FAKES[:2], *choice.FAKES[4:6], "--pack", "made.pack", "--pieces", "1"
    )
    assert outcome.code == 1
    assert "ranks no evidence of these questions" in outcome.err


# --- reports beside each other


def test_reports_beside_each_other(command: Command, tmp_path: Path) -> None:
    for mode in ("blind", "concluding"):
        fakes = (*choice.FAKES[:-1], f"{mode}.pack")
        outcome = command(
            "eval", "choice", choice.data(tmp_path), *fakes, "--evidence-mode", mode, "--json", f"{mode}.json"
        )
        assert outcome.code == 0, outcome.err
    outcome = command("eval", "compare", "blind.json", "concluding.json", "--html", "both.html")
    assert outcome.code == 0, outcome.err
    found = lines([read_report(tmp_path / f"{mode}.json") for mode in ("blind", "concluding")])
    assert [one.arm for one in found] == [
        "blind",
        "blind+graph",
        "shuffled",
        "concluding",
        "concluding+graph",
        "shuffled",
    ]
    first = found[0]
    assert (first.student, first.teacher, first.n, first.transfer) == ("believer", "knower", 8, 1)
    assert (first.alone, first.accuracy, first.gain) == (0.25, 1, 0.75)
    page = (tmp_path / "both.html").read_text("utf-8")
    assert "believer ← knower: concluding" in page
    assert page.count("<svg") == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not a report in JSON"),
        ("[]", "not a report of drag eval"),
        ('{"task": "leak", "n": 1, "metrics": {}, "intervals": {}, "settings": {}}', "a report of leak"),
        ('{"task": "choice", "n": 1, "metrics": {"a": "b"}, "intervals": {}, "settings": {}}', "not a report of"),
    ],
)
def test_what_is_no_report(command: Command, tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "r.json").write_text(text, "utf-8")
    outcome = command("eval", "compare", "r.json")
    assert outcome.code == 1
    assert problem in outcome.err
    assert len(outcome.err.strip().splitlines()) <= 2


# --- a decision by agreement


def test_agreement_is_of_most_samples() -> None:
    assert agreement(["Paris", "the city of Paris", "Rome"], 3) == ""  # "the city of Paris" shares too little with it
    assert agreement(["Paris", "in Paris", "Rome"], 3) == "Paris"
    assert agreement(["Rome", "Paris", "Oslo"], 3) == ""
    assert agreement(["Rome"], 3) == ""  # two samples failed
    assert agreement(["", "", ""], 3) == ""
    assert agreement(["Rome"], 1) == "Rome"


def test_overlap() -> None:
    assert overlap("the red fox", "red fox") == pytest.approx(0.8)
    assert overlap("", "") == 0


@pytest.mark.parametrize(
    ("reply", "said"),
    [("Paris.", "Paris"), ("\n**Paris**\nIt is big.", "Paris"), ("The answer is: Paris", "Paris"), ("  ", "")],
)
def test_a_short_answer(reply: str, said: str) -> None:
    assert parse_decide(reply) == said


class Decider(Chat):
    """Gives short answers from a list, one after the other, and facts."""

    def __init__(self, *answers: str | DragError) -> None:
        super().__init__(name="decider")
        self.answers = list(answers)

    def _next(self, prompt: Prompt) -> str | DragError:
        if prompt.name == "decide@1":
            return self.answers.pop(0)
        (said,) = FakeTeacher().generate([prompt])
        assert not isinstance(said, DragError)
        return said.text


ASKED = Question("1", "Who built the clock?")


def told(teacher: Decider, count: int = 3, **how: Any) -> list[str]:
    (found,) = teach(teacher, [ASKED], count, **how)
    return [one.text for one in found.pieces]


def test_what_most_samples_say_is_argued_for() -> None:
    teacher = Decider("Mara Finch", "Ivo Lund", "Mara Finch")
    pieces = told(teacher, decided=True)
    assert pieces[0] == "Who built the clock? Mara Finch"
    assert len(pieces) == 3
    asked = teacher.prompts[-1]
    assert asked.name == "teach-concluding@1"
    assert "Right answer: Mara Finch" in asked.messages[-1].content
    assert "Write 2 different facts" in asked.messages[-1].content  # what was decided is the third
    assert len({one.seed for one in teacher.prompts[:3]}) == 3


def test_without_agreement_there_are_facts_only() -> None:
    teacher = Decider("Mara Finch", "Ivo Lund", "Ada")
    pieces = told(teacher, decided=True)
    assert teacher.prompts[-1].name == "teach@1"
    assert len(pieces) == 3
    assert not any("Mara" in one or "Who built" in one for one in pieces)


def test_candidates_are_stated_where_samples_do_not_agree() -> None:
    pieces = told(Decider("Mara Finch", "Ivo Lund", "mara finch."), decided=True, candidates=True)
    assert pieces[0] == "Who built the clock? Mara Finch"  # two of three agree: no candidates
    teacher = Decider("Mara Finch", "Ivo Lund", "Ada")
    pieces = told(teacher, decided=True, candidates=True)
    assert pieces[0] == "Who built the clock? Mara Finch; Ivo Lund; Ada"
    assert len(pieces) == 3
    assert teacher.prompts[-1].name == "teach@1"  # nothing is argued for
    assert "Write 2 different facts" in teacher.prompts[-1].messages[-1].content
    # Each once, in the order in which they were first said.
    teacher = Decider("Ada", "Ivo", "ada", "Kim", "Lou")
    assert told(teacher, 1, decided=True, candidates=True, samples=5) == ["Who built the clock? Ada; Ivo; Kim; Lou"]
    teacher = Decider("Ada", "", "Ivo")
    assert told(teacher, 1, decided=True, candidates=True) == ["Who built the clock? Ada; Ivo"]
    assert [one.name for one in teacher.prompts] == ["decide@1"] * 3


def test_a_decision_alone_needs_no_facts() -> None:
    teacher = Decider("Ada", "Ada", "Ada")
    assert told(teacher, 1, decided=True) == ["Who built the clock? Ada"]
    assert [one.name for one in teacher.prompts] == ["decide@1"] * 3


def test_blind_stays_blind_and_undecided_unless_told() -> None:
    assert decide(Question("1", "Who?", ("Mara", "Ivo")), 0).messages[-1].content.count("Mara") == 0
    teacher = Decider()
    told(teacher)
    assert [one.name for one in teacher.prompts] == ["teach@1"]
    told(teacher, decided=True, samples=0)
    assert teacher.prompts[-1].name == "teach@1"


def test_by_default_it_decides_on_questions_that_have_choices() -> None:
    choosing = Question("2", "Who wound the clock?", ("Mara", "Ivo"))
    teacher = Decider("Kim", "Lou", "Ada")
    free, held = teach_as(teacher, [ASKED, choosing], Build(evidence=2))
    assert [one.name for one in teacher.prompts] == ["decide@1"] * 3 + ["teach@1"] * 2
    assert held.pieces[0].text == "Who wound the clock? Kim; Lou; Ada"
    assert not any(one.text.startswith("Who built") for one in free.pieces)
    assert not any("Ivo" in prompt.messages[-1].content for prompt in teacher.prompts)  # blind all the same
    teacher = Decider()
    teach_as(teacher, [choosing], Build(evidence=2, decide=False))
    assert [one.name for one in teacher.prompts] == ["teach@1"]


def test_concluding_without_choices_is_decided_by_samples() -> None:
    assert told(Decider("Ada", "Ada", "Ivo"), show_choices=True)[0] == "Who built the clock? Ada"


def test_samples_that_fail() -> None:
    down = ModelError("down")
    assert told(Decider("Ada", down, "Ada"), decided=True)[0] == "Who built the clock? Ada"
    (found,) = teach(Decider(down, down, down), [ASKED], 3, decided=True)
    assert found.failure is down  # and is tried again; until then the facts are there
    assert len(found.pieces) == 3


def test_a_decision_stands_without_the_facts_that_failed() -> None:
    class Mute(Decider):
        def _next(self, prompt: Prompt) -> str | DragError:
            return self.answers.pop(0) if prompt.name == "decide@1" else ModelError("no facts")

    (kept,) = teach(Mute("Ada", "Ada", "Ada"), [ASKED], 3, decided=True)
    assert [one.text for one in kept.pieces] == ["Who built the clock? Ada"]
    assert isinstance(kept.failure, ModelError)
    (lost,) = teach(Mute("Ada", "Ivo", "Kim"), [ASKED], 3, decided=True)
    assert isinstance(lost.failure, ModelError)
    assert not lost.pieces


def test_deciding_is_a_flag_of_build(command: Command, tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("Who built the clock?\n", "utf-8")
    flags = ("--teacher", "drag.testing:FakeTeacher", "--embedder", "drag.testing:HashEmbedder", "--evidence", "2")
    outcome = command("build", "q.txt", "-o", "a.pack", *flags, "--decide", "--samples", "2", "--json")
    assert outcome.code == 0, outcome.err
    assert (
        json.loads(command("build", "q.txt", "-o", "a.pack", *flags, "--decide", "--samples", "2", "--json").out)[
            "built"
        ]
        == 0
    )
    # Another number of samples is another recipe.
    assert json.loads(command("build", "q.txt", "-o", "a.pack", *flags, "--decide", "--json").out)["built"] == 1
    # So are candidates where samples differ.
    again = command("build", "q.txt", "-o", "a.pack", *flags, "--decide", "--candidates", "--json")
    assert json.loads(again.out)["built"] == 1
