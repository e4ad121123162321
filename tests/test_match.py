"""Options beside what the evidence says, by meaning: what is compared, what it changes, and how it is asked for."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy
import pytest
import test_eval_choice as arms
from conftest import Command

from drag.answer import answer
from drag.choose import Choice
from drag.match import matched, matches, segments
from drag.profiles import Profile, profile_of
from drag.settings import Ask
from drag.shown import Shown
from drag.testing import FakeModel, HashEmbedder
from drag.types import Context, Evidence, Likelihood, Prompt, Question, Usage

fresh = arms.fresh  # the fixture that every test of the arms runs in

ASKED = Question("1", "Who built the clock?", ("Mara Finch", "Ivo Lund", "Ada"))


def given(*texts: str, facts: tuple[str, ...] = ()) -> Shown:
    return Shown(texts, tuple(range(1, len(texts) + 1)), facts)


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (("Who built the clock? Ivo Lund; a smith. ",), ["Ivo Lund", "a smith."]),
        (("WHO built  the clock? Ivo Lund",), ["Ivo Lund"]),
        (("Clocks tick. Ivo made one.", "Clocks tick."), ["Clocks tick.", "Ivo made one."]),
        (("Who built the clock?",), []),
        ((), []),
    ],
)
def test_what_is_compared(texts: tuple[str, ...], found: list[str]) -> None:
    assert sorted(segments(ASKED.text, given(*texts))) == sorted(found)


def test_triples_are_compared_too() -> None:
    both = given("Ivo built it.", facts=("Ivo built clock.", "Ivo built it."))
    assert segments(ASKED.text, both) == {"Ivo built it.": 0, "Ivo built clock.": None}


def test_an_option_that_the_evidence_names_is_nearest() -> None:
    near = matches(ASKED, given("Who built the clock? Ivo Lund", "It rained."), HashEmbedder())
    assert near[1] == pytest.approx(1)
    assert max(near[0], near[2]) < 0.9
    assert matches(ASKED, given(), HashEmbedder()) == [0.0, 0.0, 0.0]


class Ruler(HashEmbedder):
    """Texts are as near to each other as the numbers that they begin with say: an angle of so many degrees."""

    def encode(self, sentences: list[str], *, normalize_embeddings: bool = True) -> numpy.ndarray:
        angles = [math.radians(float(one.partition(" ")[0])) for one in sentences]
        return numpy.asarray([[math.cos(one), math.sin(one)] for one in angles], numpy.float32)


@pytest.mark.parametrize(("angle", "share"), [(80, 0.0), (66.42, 0.5), (40, 1.0)])
def test_what_is_far_from_the_question_has_no_say(angle: float, share: float) -> None:
    question = Question("1", "0 asked", ("10 near", "170 far"))
    near = math.cos(math.radians(angle - 10))
    for shown in (given(f"{angle} said"), given(facts=(f"{angle} said",))):
        found = matches(question, shown, Ruler())
        assert found[0] == pytest.approx(share * near, abs=1e-3)
    # Of triples the nearest counts for all; of pieces each for itself.
    found = matches(question, given(facts=("30 said", f"{angle} said")), Ruler())
    assert found[0] == pytest.approx(math.cos(math.radians(20)), abs=1e-3)
    (first, _) = matches(question, given("89.9 said", f"{angle} said"), Ruler())
    assert first == pytest.approx(share * near, abs=1e-3)


def test_the_weight_is_added_to_the_log_shares() -> None:
    made = Choice(0, (0.7, 0.2, 0.1), Usage(1, 2, 3.0))
    assert matched(made, 0.0, [0.1, 0.9, 0.0]).shares == pytest.approx(made.shares)
    other = matched(made, 2.0, [0.0, 1.0, 0.0])
    assert other.place == 1
    assert other.shares[1] / other.shares[0] == pytest.approx(0.2 * math.exp(2) / 0.7)
    assert other.usage == made.usage
    # A share of nothing does not break the logarithm.
    assert matched(Choice(0, (1.0, 0.0, 0.0), Usage()), 1.0, [0.0, 1.0, 0.0]).place == 0


class Deaf(FakeModel):
    """Holds the first option to be right, whatever it reads."""

    def score(self, prompt: Prompt, continuations: list[str]) -> list[Likelihood]:  # type: ignore[override]
        return [Likelihood((-1.0 if place == 0 else -3.0,)) for place in range(len(continuations))]


def test_a_student_that_hears_nothing_is_outweighed() -> None:
    context = Context((Evidence.of("Who built the clock? Ivo Lund", "teacher:x"),))
    match = Profile(match=10)
    assert answer(Deaf(), ASKED, context, style="plain", profile=match, embedder=HashEmbedder()).text == "Ivo Lund"
    assert answer(Deaf(), ASKED, context, style="plain", embedder=HashEmbedder()).text == "Mara Finch"
    # Without an embedder, or with nothing to compare, it is the student's choice.
    assert answer(Deaf(), ASKED, context, style="plain", profile=match).text == "Mara Finch"
    assert answer(Deaf(), ASKED, Context(), style="plain", profile=match, embedder=HashEmbedder()).text == "Mara Finch"


class Names(HashEmbedder):
    """Texts that name the same builder are near each other, and so are all that are about towers."""

    def encode(self, sentences: list[str], *, normalize_embeddings: bool = True) -> numpy.ndarray:
        named = [one.partition(" built by ")[2].split(" ")[0] or one for one in sentences]
        vectors = super().encode(named, normalize_embeddings=normalize_embeddings)
        towers = numpy.asarray([["tower" in one] for one in sentences], numpy.float32)
        return numpy.hstack([vectors * numpy.sqrt(1 - 0.6 * towers), numpy.sqrt(0.6 * towers)])


def test_without_the_student_the_match_alone_decides() -> None:
    class Asked(Deaf):
        def score(self, prompt: Prompt, continuations: list[str]) -> list[Likelihood]:  # type: ignore[override]
            raise AssertionError("the student was asked")

    context = Context((Evidence.of("Who built the clock? Ivo Lund", "teacher:x"),))
    alone = Profile(rule="none", match=1)
    made = answer(Asked(), ASKED, context, style="plain", profile=alone, embedder=HashEmbedder())
    assert made.text == "Ivo Lund"
    assert made.usage.prompt_tokens == 0
    nothing = answer(Asked(), ASKED, Context(), style="plain", profile=alone, embedder=HashEmbedder())
    assert nothing.confidence == pytest.approx(1 / 3)


def test_the_flag_reaches_the_student(command: Command, tmp_path: Path) -> None:
    path = arms.data(tmp_path)
    told = (
        "eval",
        "choice",
        path,
        *arms.FAKES[2:4],
        "--student",
        f"{__name__}:Deaf",
        "--embedder",
        f"{__name__}:Names",
    )
    plain = command(*told, "--keep", "made.pack", "--json", "-")
    assert plain.code == 0, plain.err
    near = command(*told, "--keep", "made.pack", "--match", "10", "--json", "-")
    assert near.code == 0, near.err
    before, after = json.loads(plain.out)["metrics"], json.loads(near.out)["metrics"]
    assert after["accuracy/blind"] > before["accuracy/blind"]
    # What is not read cannot be matched.
    assert after["accuracy/alone"] == before["accuracy/alone"]
    assert json.loads(near.out)["settings"]["ask"]["match"] == 10
    bad = command(*told, "--match", "-1")
    assert bad.code == 2
    assert "--match" in bad.err


def test_a_match_is_chosen_where_it_helps_and_kept(command: Command, tmp_path: Path) -> None:
    path = arms.data(tmp_path)
    names = ("--embedder", f"{__name__}:Names")
    told = ("eval", "choice", path, *arms.FAKES[2:4], "--student", f"{__name__}:Deaf", *names)
    assert command(*told, "--keep", "made.pack").code == 0
    outcome = command(*told[:3], *told[5:], "--pack", "made.pack", "--calibrate", "--json", "-")
    assert outcome.code == 0, outcome.err
    report = json.loads(outcome.out)
    assert report["settings"]["chosen"]["match"] == 10
    assert report["metrics"]["accuracy/mean/hidden/match"] > report["metrics"]["accuracy/mean/hidden"]
    assert profile_of(Deaf(), Ask()).match == 10
    # The settings beat the profile.
    assert profile_of(Deaf(), Ask(match=0.0)).match == 0
    # Without a pack there is nothing to match, and what was chosen with one stays.
    bare = command(*told[:3], *told[5:], "--calibrate", "--json", "-")
    assert bare.code == 0, bare.err
    assert not any("match" in name for name in json.loads(bare.out)["metrics"])
    assert profile_of(Deaf(), Ask()).match == 10
