"""Evidence cut to the sentences that bear on the question, and the order in which it stands."""

from __future__ import annotations

import pytest

from drag.answer import answer
from drag.profiles import Profile
from drag.shown import shown
from drag.testing import FakeModel, HashEmbedder
from drag.trim import chat_messages, names_of, trimmed
from drag.types import Citation, Context, Evidence

QUESTION = "Which metal covers the dome of the library?"
LONG = Evidence.of(
    "The town has two bridges. It was founded by fishermen. Copper covers the dome of the library. Rents are high.",
    "document:1",
    title="Halm",
)


def cut(text: str, question: str = QUESTION, title: str = "") -> str:
    (left,) = trimmed(question, [Evidence.of(text, "document:1", title=title)])
    return left


def test_what_bears_on_the_question_stays_under_its_title() -> None:
    assert trimmed(QUESTION, [LONG]) == ["Halm: Copper covers the dome of the library."]
    # Many corpora put the title into the text.
    assert cut(LONG.titled) == "Halm: Copper covers the dome of the library."


def test_a_title_that_stood_in_a_sentence_cut_away_comes_back() -> None:
    text = "Dr. Halm's Town is old. Gulls cry. Copper covers the dome of the library."
    assert cut(text, title="Dr. Halm's Town") == "Dr. Halm's Town: Copper covers the dome of the library."
    marked = cut("Gulls cry. Nets dry. Copper covers the dome of the library.", title="No. 5: A Tale")
    assert marked == "No. 5: A Tale: Copper covers the dome of the library."


@pytest.mark.parametrize("text", ["", "One.", "The town is old. Rents are high."])
def test_two_sentences_or_fewer_are_left_alone(text: str) -> None:
    assert cut(text) == text


def test_sentences_without_a_blank_between_them_are_parted() -> None:
    assert cut("Gulls cry.Copper covers the dome of the library.Nets dry.") == "Copper covers the dome of the library."
    assert cut("It runs Node.js and more. Nets dry.") == "It runs Node.js and more. Nets dry."


def test_one_sentence_stays_where_none_bears_on_it() -> None:
    assert cut("The sea is cold. Gulls cry. Nets dry.") == "The sea is cold."


def test_several_good_sentences_keep_their_order() -> None:
    text = "The dome is of metal. Gulls cry. Copper covers the library. Nets dry. A dome covers the library."
    left = cut(text)
    assert left == "Copper covers the library. A dome covers the library." or left.startswith("The dome is of metal.")
    assert "Gulls" not in left
    assert left.index("Copper covers the library.") < left.index("A dome covers the library.")


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    text = "The library is big. The library is old. The library is loved. Zinc is a metal."
    assert "Zinc" in cut(text, "Which metal has the library?")


def test_a_name_of_the_question_keeps_its_sentence_and_the_next() -> None:
    text = "Gulls cry. Ada Vela came in May. She never left again. Copper covers the dome of the library. Nets dry."
    left = cut(text, "Which metal did Ada Vela see on the dome of the library?")
    assert left == "Ada Vela came in May. She never left again. Copper covers the dome of the library."


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Who built the Aldgate Clock in 1783?", ["aldgate clock", "1783"]),
        ("Which of the two came first?", []),
        ("Name the clock.", []),
        ("Was it Ivo Lund or the Duke of Tarn?", ["ivo lund", "duke of tarn"]),
    ],
)
def test_names(question: str, names: list[str]) -> None:
    assert names_of(question) == names


def test_an_embedder_finds_what_shares_no_weighty_word() -> None:
    class Near(HashEmbedder):
        """To it a sentence about greenish sheets is what the question asks."""

        def encode(self, sentences: list[str], *, normalize_embeddings: bool = True):
            return super().encode(
                ["roofing" if "sheets" in one or one.endswith("?") else one for one in sentences],
                normalize_embeddings=normalize_embeddings,
            )

    piece = Evidence.of("Gulls cry. Nets dry. Greenish sheets lie on it. The sea is cold.", "document:1")
    assert trimmed("What is it roofed with?", [piece]) == ["Gulls cry."]
    assert trimmed("What is it roofed with?", [piece], Near()) == ["Greenish sheets lie on it."]


def test_of_a_chat_whole_messages_are_kept() -> None:
    chat = "Ben: Morning! It rains.\nMara: I moved the roof tiles.\nThey are green.\nBen: Good. Bye.\nIvo: Is it late?"
    assert chat_messages(chat)[1] == "Mara: I moved the roof tiles.\nThey are green."
    cut = "Mara: I moved the roof tiles.\nThey are green.\nBen: Good. Bye."  # who answers her stays, too
    assert trimmed("What did Mara move?", [Evidence.of(chat, "chat:1")]) == [cut]
    assert trimmed("What did Mara move?", [Evidence.of(chat, "chat:1", title="May")]) == [f"May: {cut}"]
    assert chat_messages("Mara: one line") == chat_messages("A text.\nMara: x\nBen: y") == []


# --- in the prompt

CLOCK = Evidence.of("Mara Finch built the Aldgate Clock.", "document:1")
MILL = Evidence.of("Ivo Lund built the mill of Ghent.", "document:2")


def test_the_best_may_stand_last_and_keeps_its_number() -> None:
    context = Context((CLOCK, MILL, LONG))
    profile = Profile(order="best-last")
    given = shown(QUESTION, context, profile)
    assert (given.texts, given.numbers) == ((LONG.titled, MILL.text, CLOCK.text), (3, 2, 1))
    model = FakeModel(["Mara Finch [1]."])
    said = answer(model, _asked(), context, style="instructed", profile=profile)
    text = model.prompts[0].messages[-1].content
    assert text.index(f"[3] {LONG.titled}") < text.index(f"[2] {MILL.text}") < text.index(f"[1] {CLOCK.text}")
    assert said.citations == (Citation(1, CLOCK, "model"),)
    assert said.context is context


def test_words_lead_to_the_same_number_in_either_order() -> None:
    for order in ("best-first", "best-last"):
        profile = Profile.model_validate({"order": order})
        said = answer(FakeModel(["Ivo Lund."]), _asked(), Context((CLOCK, MILL)), style="plain", profile=profile)
        assert said.citations == (Citation(2, MILL, "overlap"),), order


def test_a_cut_piece_is_cited_whole() -> None:
    model = FakeModel(["Copper."])
    said = answer(model, _asked(QUESTION), Context((LONG,)), style="plain", profile=Profile(trim="sentences"))
    assert "Rents" not in model.prompts[0].messages[-1].content
    assert said.citations == (Citation(1, LONG, "overlap"),)


def _asked(text: str = "Who built it?"):
    from drag.types import Question

    return Question("1", text)
