"""Rules for choices against hand-made likelihoods, profiles, and the teacher's conclusion."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import Chat, Command

from drag import choose_prompts, prompts
from drag.answer import answer, style_of
from drag.choose import choose, choose_by_reply, described, readings, weigh
from drag.errors import ConfigError
from drag.models.registry import Entry
from drag.profiles import RULES, Profile, keep_profile, profile_of, profiles_file
from drag.settings import Ask
from drag.teach import conclude, teach
from drag.testing import FakeModel, FakeTeacher
from drag.types import Context, Evidence, Likelihood, Prompt, Question

ASKED = Question("1", "Who built the clock?", ("Mara", "Ivo Lund of Ghent", "Ada"))


def of(*totals: float, tokens: int = 1) -> list[Likelihood]:
    return [Likelihood((total / tokens,) * tokens) for total in totals]


class Scripted(FakeModel):
    """Scores by a function of the prompt's text and the continuation."""

    def score(self, prompt: Prompt, continuations: Sequence[str]) -> list[Likelihood]:
        self.prompts.append(prompt)
        return [Likelihood((self.weight(prompt.messages[-1].content, one),)) for one in continuations]

    def weight(self, text: str, continuation: str) -> float:
        raise NotImplementedError


# --- rules


def test_lengths() -> None:
    main = [Likelihood((-2.0, -2.0)), Likelihood((-3.0,))]
    assert weigh("total", ["abcd", "ab"], [main]) == [-4, -3]
    assert weigh("mean", ["abcd", "ab"], [main]) == [-2, -3]
    assert weigh("characters", ["abcd", "ab"], [main]) == [-1, -1.5]


def test_pmi_takes_away_how_likely_an_option_is_anyway() -> None:
    assert weigh("pmi", ["a", "b"], [of(-2, -5), of(-1, -9)]) == [-1, 4]


def test_calibration_averages_probabilities_not_their_logarithms() -> None:
    weights = weigh("calibrated", ["a", "b"], [of(-1, -1), of(-2, -4), of(-2, -4), of(-2, -1)])
    prior = math.log((2 * math.exp(-4) + math.exp(-1)) / 3)
    assert weights == pytest.approx([1, -1 - prior])


def test_a_bias_towards_a_letter_cancels_out() -> None:
    biased = [of(-0.1, -9, -9)] * 3
    shares = [math.exp(weight) for weight in weigh("letters", ASKED.choices, biased)]
    assert shares == pytest.approx([1 / 3] * 3)


def test_letters_follow_their_option_through_the_rotations() -> None:
    class Knows(Scripted):
        def weight(self, text: str, continuation: str) -> float:
            return 0.0 if f"{continuation}. Ada" in text else -3.0

    made = choose(Knows(), ASKED, (), (), style="plain", profile=Profile(rule="letters"))
    assert made.place == 2
    assert made.shares[2] == pytest.approx(1 / (1 + 2 * math.exp(-3)))
    assert sum(made.shares) == pytest.approx(1)


@pytest.mark.parametrize(("rule", "count"), [("mean", 1), ("pmi", 2), ("calibrated", 4), ("letters", 3)])
def test_what_is_read(rule: str, count: int) -> None:
    profile = Profile.model_validate({"rule": rule})
    read = readings(ASKED, ["Mara built it."], [], "plain", profile)
    assert len(read) == count
    assert ASKED.text in read[0].prompt.messages[-1].content
    assert "Mara built it." in read[0].prompt.messages[-1].content
    if rule in ("pmi", "calibrated"):
        # What is taken away must hold neither the question nor what the evidence says.
        assert all("built" not in one.prompt.messages[-1].content for one in read[1:])


@pytest.mark.parametrize(
    ("style", "options", "shown"),
    [
        ("plain", "auto", False),
        ("plain", "shown", True),
        ("plain", "hidden", False),
        ("instructed", "auto", True),
        ("instructed", "hidden", False),
    ],
)
def test_whether_the_options_are_shown(style: prompts.Style, options: str, shown: bool) -> None:
    profile = Profile.model_validate({"options": options})
    (read,) = readings(ASKED, [], [], style, profile)
    assert ("Ivo Lund of Ghent" in read.prompt.messages[-1].content) is shown
    assert described(profile, style) == {"rule": "mean", "options": "shown" if shown else "hidden"}


def test_more_options_than_letters() -> None:
    many = Question("1", "Which?", tuple(map(str, range(27))))
    with pytest.raises(ConfigError, match="27 choices"):
        readings(many, [], [], "plain", Profile(rule="letters"))


def test_a_tie_goes_to_the_first() -> None:
    class Same(Scripted):
        def weight(self, text: str, continuation: str) -> float:
            return -1.0

    for rule in ("mean", "total", "pmi", "letters"):
        made = choose(Same(), ASKED, (), (), style="plain", profile=Profile.model_validate({"rule": rule}))
        assert made.place == 0, rule


@pytest.mark.parametrize(
    ("reply", "place"),
    [
        ("B", 1),
        ("(c) Ada", 2),
        ("b.", 1),
        ("The answer is C", 2),
        ("Answer: A", 0),
        ("Ada", 2),
        ("It was Mara.", 0),
        ("a man whom nobody knows", None),
        ("Mara or Ada", None),
        ("D", None),
        ("", None),
    ],
)
def test_the_letter_of_a_reply(reply: str, place: int | None) -> None:
    assert choose_prompts.parse_letter(reply, ASKED.choices) == place


def test_a_model_that_cannot_score_says_the_letter() -> None:
    made = choose_by_reply(Chat(["B"]), ASKED, (), (), "instructed")
    assert (made.place, made.shares) == (1, (0.0, 1.0, 0.0))
    assert choose_by_reply(Chat(["Nobody."]), ASKED, (), (), "instructed").place is None


def test_the_tokens_of_all_prompts_count() -> None:
    plain = choose(FakeModel(), ASKED, (), (), style="plain", profile=Profile())
    longer = choose(FakeModel(), ASKED, (), (), style="plain", profile=Profile(rule="pmi"))
    assert plain.usage.prompt_tokens == len(f"Question: {ASKED.text} Answer:".split())
    assert longer.usage.prompt_tokens == plain.usage.prompt_tokens + 1


# --- profiles


class Prefers(Scripted):
    """Per token it likes Ivo; before a question is asked it likes him even better."""

    def weight(self, text: str, continuation: str) -> float:
        if continuation.startswith("Ivo"):
            return -1.0 if "Who" in text else -0.1
        return -2.0 if "Who" in text else -8.0


def test_a_profile_changes_the_answer() -> None:
    context = Context((Evidence.of("A clock was built.", "document:1"),))
    assert answer(Prefers(), ASKED, context, style="plain").text == "Ivo Lund of Ghent"
    assert answer(Prefers(), ASKED, context, style="plain", profile=Profile(rule="pmi")).text == "Mara"


def test_profiles_are_kept_for_each_model(tmp_path: Path) -> None:
    settings = Ask(profiles=tmp_path / "new" / "profiles.json")
    one, two = FakeModel(name="one"), FakeModel(name="two")
    assert profile_of(one, settings) == Profile() == Profile(rule="mean", options="auto")
    keep_profile(one, Profile(rule="pmi", options="shown"), settings)
    keep_profile(two, Profile(rule="letters"), settings)
    assert (profile_of(one, settings).rule, profile_of(two, settings).rule) == ("pmi", "letters")
    given = Ask(profiles=settings.profiles, rule="total")
    assert profile_of(one, given) == Profile(rule="total", options="shown")
    assert profile_of(one, Ask(profiles=settings.profiles, options="hidden")) == Profile(rule="pmi", options="hidden")


@pytest.mark.parametrize("text", ["{", "[]", '{"one": {"rule": "luck"}}', '{"one": {"colour": "red"}}', '{"one": 7}'])
def test_a_file_of_profiles_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "profiles.json"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        profile_of(FakeModel(), Ask(profiles=path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_registry_may_ship_a_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from drag.models import registry

    entry: Entry = registry.load_registry()["smollm2-135m"].model_copy(update={"profile": Profile(rule="total")})
    monkeypatch.setattr(registry, "load_registry", lambda: {"smollm2-135m": entry})
    settings = Ask(profiles=tmp_path / "none.json")
    assert profile_of(FakeModel(name="smollm2-135m"), settings).rule == "total"
    # Under an adapter the weights are others.
    assert profile_of(FakeModel(name="smollm2-135m+reader"), settings).rule == "mean"
    adapter = entry.model_copy(update={"kind": "adapter", "profile": Profile(rule="pmi", style="instructed")})
    monkeypatch.setattr(registry, "load_registry", lambda: {"smollm2-135m": entry, "reader": adapter})
    read = profile_of(FakeModel(name="smollm2-135m+reader"), settings)
    assert read == Profile(rule="pmi", style="instructed")
    # Neither is the other: an adapter is no model, a model no adapter.
    assert profile_of(FakeModel(name="reader"), settings) == Profile()
    assert profile_of(FakeModel(name="reader+smollm2-135m"), settings) == Profile()


def test_how_a_model_reads_is_part_of_its_profile(tmp_path: Path) -> None:
    path = tmp_path / "profiles.json"
    # What a profile did not say before it could is at its default.
    path.write_text(json.dumps({"one": {"rule": "pmi", "options": "shown"}}), "utf-8")
    one = FakeModel(name="one")
    assert profile_of(one, Ask(profiles=path)) == Profile(rule="pmi", options="shown")
    kept = Profile(style="instructed", order="best-last", reading="each", trim="sentences")
    keep_profile(one, kept, Ask(profiles=path))
    assert profile_of(one, Ask(profiles=path)) == kept
    given = Ask(profiles=path, style="plain", order="best-first", reading="together", trim="off")
    assert profile_of(one, given) == Profile(style="plain")
    path.write_text(json.dumps({"one": {"order": "auto"}}), "utf-8")
    with pytest.raises(ConfigError, match="order: Input should be 'best-first' or 'best-last'"):
        profile_of(one, Ask(profiles=path))


def test_the_style_is_the_settings_then_the_profiles_then_by_size(tmp_path: Path) -> None:
    small, large = FakeModel(name="small"), FakeModel(name="large")
    small.weights_bytes = 1  # pyright: ignore[reportAttributeAccessIssue]
    settings = Ask(profiles=tmp_path / "mine.json")
    assert [style_of(one, profile_of(one, settings)) for one in (small, large)] == ["plain", "instructed"]
    keep_profile(small, Profile(style="instructed"), settings)
    assert style_of(small, profile_of(small, settings)) == "instructed"
    assert style_of(small, profile_of(small, settings.model_copy(update={"style": "plain"}))) == "plain"


def test_a_packs_recipe_does_not_change_with_what_reading_is_like() -> None:
    # As it stood in recipes before a profile could say more: a change would build every concluding pack anew.
    assert Profile(rule="letters", options="shown").choosing == {"rule": "letters", "options": "shown"}
    assert Profile(order="best-last", reading="each", trim="sentences").choosing == Profile().choosing
    assert Profile(style="plain").choosing != Profile().choosing


def test_profiles_are_the_users_unless_named() -> None:
    assert profiles_file().name == "profiles.json"
    assert "DRAG_CACHE" not in str(profiles_file())
    assert RULES[0] == "mean"


class Student(Prefers):
    """A plug-in for the command line."""

    def __init__(self) -> None:
        super().__init__(name="student")


def test_ask_uses_the_profile(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps({"question": ASKED.text, "choices": ASKED.choices}), "utf-8")
    told = ("ask", "--questions", path, "--student", f"{__name__}:Student", "--style", "plain", "--json")
    (tmp_path / "drag.toml").write_text('[ask]\nprofiles = "mine.json"\n', "utf-8")
    assert json.loads(command(*told).out)["answer"] == "Ivo Lund of Ghent"
    keep_profile(Student(), Profile(rule="pmi"), Ask(profiles=tmp_path / "mine.json"))
    assert json.loads(command(*told).out)["answer"] == "Mara"
    (tmp_path / "mine.json").write_text("{", "utf-8")
    outcome = command(*told)
    assert outcome.code == 1
    assert len(outcome.err.strip().splitlines()) <= 2
    assert "mine.json" in outcome.err


# --- the teacher's conclusion


class SmallTeacher(FakeTeacher):
    """Prompted plainly: the options do not stand in the prompt, so the fake's likelihoods tell them apart."""

    weights_bytes = 1


def test_a_teacher_that_can_score_argues_for_one_choice() -> None:
    teacher = SmallTeacher()
    question = Question("1", "Who built the clock, was it Ada?", ASKED.choices)
    assert conclude(teacher, question) == "Ada"
    (taught,) = teach(teacher, [question], 3, show_choices=True)
    pieces = taught.pieces
    assert [len(pieces), pieces[0].text] == [3, f"{question.text} Ada"]
    asked = [one for one in teacher.prompts if one.name.startswith("teach")]
    assert [one.name for one in asked] == ["teach-concluding@1"]
    assert "Ada" in asked[0].messages[-1].content
    assert "Mara" not in asked[0].messages[-1].content


def test_a_teacher_that_cannot_score_sees_the_choices() -> None:
    teacher = Chat([json.dumps({"evidence": ["Mara Finch built the clock."]})])
    (taught,) = teach(teacher, [ASKED], 3, show_choices=True)
    assert [one.text for one in taught.pieces] == ["Mara Finch built the clock."]
    assert "Options: Mara; Ivo Lund of Ghent; Ada" in teacher.prompts[0].messages[-1].content


def test_what_the_record_brings_decides_with() -> None:
    teacher = SmallTeacher()
    question = Question("1", "Who built it?", ASKED.choices, evidence=("Ada and nobody else.",))
    assert conclude(teacher, question, question.evidence) == "Ada"
    teach(teacher, [question], 2, show_choices=True, show_evidence=True)
    assert "Text:\nAda and nobody else." in teacher.prompts[-1].messages[-1].content
