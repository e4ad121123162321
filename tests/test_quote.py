"""Answers quoted from the evidence: what can be quoted, how it is chosen, and how it is asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import pytest
from conftest import Command

from drag.answer import answer
from drag.models.registry import load_registry
from drag.profiles import Profile
from drag.quote import OPENING, opening, quote, sentences_shown
from drag.shown import shown
from drag.testing import FakeModel, HashEmbedder
from drag.types import Citation, Context, Evidence, Likelihood, Prompt, Question
from eval.open import quoting

QUOTED = Profile(reply="quoted")
CHAT = Evidence.of(
    "Mara: What shall we eat?\nBen: I want soup.\nMara: Rice for me! 🍚 With peas.", "chat:1", title="20250401_1200"
)
TOWN = Evidence.of("Copper covers the dome. Rents are high.", "document:1", title="Halm")


class Prefers(FakeModel):
    """Holds the continuations that begin with a text to be likely, one nat a token; all others three."""

    def __init__(self, *likely: str) -> None:
        super().__init__(["written"])
        self.likely = likely
        self.asked: list[str] = []

    def score(self, prompt: Prompt, continuations: Sequence[str]) -> list[Likelihood]:
        self.asked += continuations
        return [Likelihood((-1.0 if one.startswith(self.likely) else -3.0,) * 2) for one in continuations]


def chosen(student: FakeModel, question: str, *evidence: Evidence, embedder: HashEmbedder | None = None):
    context = Context(evidence)
    given = shown(question, context, QUOTED)
    return quote(student, Question("1", question), given, evidence, style="plain", max_tokens=9, embedder=embedder)


def test_sentences_without_titles_and_messages_with_names_can_be_quoted() -> None:
    context = Context((CHAT, TOWN, TOWN))
    assert sentences_shown(shown("?", context, Profile(order="best-last")), context.evidence) == {
        "Copper covers the dome.": 3,
        "Rents are high.": 3,
        "Mara: What shall we eat?": 1,
        "Ben: I want soup.": 1,
        "Mara: Rice for me! 🍚 With peas.": 1,
    }


def test_a_piece_that_begins_within_a_message_is_a_chat_all_the_same() -> None:
    cut = Evidence.of("and then some.\nBen: I want soup.\nMara: Rice.", "chat:1")
    assert list(sentences_shown(shown("?", Context((cut,)), QUOTED), [cut])) == cut.text.splitlines()
    wrapped = Evidence.of("Copper covers\nthe dome. Note: rents\nare high.", "document:1")
    first, *_ = sentences_shown(shown("?", Context((wrapped,)), QUOTED), [wrapped])
    assert first == "Copper covers the dome."


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("Mara: Rice for me! 🍚 With peas.", "Mara: Rice for me!"),
        ("🍚", "🍚"),
        ("It’s late.", "It’s late."),
        ("word " * 30, ("word " * 14).strip()),
        ("x" * 99, "x" * 99),
    ],
)
def test_the_opening(text: str, begins: str) -> None:
    assert opening(text) == begins
    assert len(opening("some words of " * 20)) <= OPENING


def test_the_student_chooses_what_is_said_in_full() -> None:
    student = Prefers("Mara: Rice")
    found = chosen(student, "What is it?", CHAT, TOWN)
    assert found is not None
    assert (found.text, found.number, found.logprob) == ("Mara: Rice for me! 🍚 With peas.", 1, -1.0)
    assert "Mara: Rice for me!" in student.asked
    assert found.usage.completion_tokens > 0


def test_what_is_near_the_question_needs_less() -> None:
    question = "Rents are high."
    assert chosen(Prefers("Copper"), question, TOWN).text == "Copper covers the dome."  # pyright: ignore[reportOptionalMemberAccess]
    assert chosen(Prefers("Copper"), question, TOWN, embedder=HashEmbedder()).text == question  # pyright: ignore[reportOptionalMemberAccess]


def test_of_many_sentences_the_nearest_are_weighed() -> None:
    many = Evidence.of(
        " ".join(f"Sentence number {n} is here." for n in range(30)) + " Copper covers it.", "document:1"
    )
    student = Prefers("Sentence")
    chosen(student, "What covers it? Copper", many, embedder=HashEmbedder())
    assert len(student.asked) == 12
    assert "Copper covers it." in student.asked


def test_a_quotation_is_the_answer_and_cites_its_piece() -> None:
    heard: list[str] = []
    said = answer(
        Prefers("Ben"),
        Question("1", "Who?"),
        Context((TOWN, CHAT)),
        style="plain",
        profile=QUOTED,
        on_text=heard.append,
    )
    assert (said.text, said.citations) == ("Ben: I want soup.", (Citation(2, CHAT, "quote"),))
    assert (heard, said.abstained) == ([said.text], False)


def test_without_evidence_and_without_scores_it_is_written() -> None:
    def written(student: object, context: Context) -> str:
        return answer(student, Question("1", "Who?"), context, style="plain", profile=QUOTED).text  # pyright: ignore[reportArgumentType]

    assert written(Prefers("Ben"), Context()) == "written"

    class Talks:
        name = identity = "talks"
        generate = FakeModel(["spoken"]).generate

        def count_tokens(self, text: str) -> int:
            return len(text)

    assert written(Talks(), Context((CHAT,))) == "spoken"


def test_what_was_found_may_be_too_little_to_quote() -> None:
    far = Context((TOWN,), cosine=0.01)
    said = answer(Prefers("Copper"), Question("1", "Who sings in Ghent?"), far, style="plain", profile=QUOTED)
    assert said.abstained


def test_a_kept_quotation_is_the_embedders_too() -> None:
    class Level(HashEmbedder):
        def encode(self, sentences: list[str], *, normalize_embeddings: bool = False) -> Any:
            return numpy.ones((len(sentences), 1), numpy.float32)

    keys = [quoting(QUOTED, "What covers it?", [TOWN.text], one) for one in (None, HashEmbedder(), Level())]
    assert len({str(one) for one in keys}) == 3
    assert quoting(Profile(), "What covers it?", [TOWN.text], HashEmbedder()) == []


def test_the_reader_quotes() -> None:
    assert load_registry()["reader"].profile.reply == "quoted"


def test_from_the_command_line(command: Command, tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text(json.dumps({"question": "What covers the dome?", "answers": ["copper"], "evidence": [TOWN.text]}))
    flags = ("--student", "drag.testing:FakeModel", "--embedder", "drag.testing:HashEmbedder", "--arm", "evidence")
    outcome = command("eval", "open", data, *flags, "--reply", "quoted", "--threshold", "0", "--json", "-")
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["metrics"]["contains/evidence"] == 1.0
    assert command("eval", "open", data, "--reply", "sung").code == 2
