"""The build from end to end, by the shipped fakes: what each stage made stands in the pack."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Chat, answering, build, rows, taught

from drag import prompts
from drag.errors import DragError, ModelError, PackError
from drag.pack import Pack
from drag.pack.verify import verify
from drag.pipeline import build_pack
from drag.settings import Build
from drag.testing import FakeModel, FakeTeacher, HashEmbedder
from drag.types import Evidence, Failure, Prompt, Question

CLOCK = Question("clock", "Who built the Aldgate clock?", ("Mara", "Ivo"), ("Mara",), ("The clock holds Mara.",))
MILL = Question("mill", "Where stands the windmill of Ghent?")
ALL = [CLOCK, MILL, Question("moon", "How far is the moon?")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.pack"


def digest(path: Path) -> str:
    with Pack(path) as pack:
        assert verify(pack) == []
        return pack.digest()


def failing(stage: str, error: str | DragError, about: str, kind: type[FakeModel] = FakeModel) -> FakeModel:
    """A teacher that fails in one stage for what names `about`; before it teaches it may be asked to decide."""
    names = (stage, "decide") if stage == "teach" else (stage,)

    def reply(prompt: Prompt) -> str | DragError:
        named = any(about in message.content.casefold() for message in prompt.messages)
        return error if named and prompt.name.startswith(names) else taught(prompt)

    return answering(reply, kind)


def test_every_stage_stands_in_the_pack(path: Path) -> None:
    report = build(path, ALL, keep=2, triples=1)
    assert (report.built, report.reused, report.failures) == (3, 0, ())
    with Pack(path) as pack:
        assert pack.questions() == [Question(q.id, q.text, q.choices, q.gold) for q in ALL]
        for question in ALL:
            ranked = pack.ranked(question.id)
            assert [one.rank for one in ranked] == list(range(1, 4 + len(question.evidence)))
            assert [one.kept for one in ranked] == [True, True] + [False] * (len(ranked) - 2)
            assert [one.score for one in ranked] == sorted((one.score for one in ranked), reverse=True)
            for one in ranked:
                assert one.signals.keys() >= {"similarity", "relevance"}
                assert -1 <= one.signals["similarity"] <= 1
                assert 0 <= one.signals["relevance"] <= 1
        assert {source for (source,) in rows(path, "SELECT source FROM evidence")} == {
            "teacher:fake-teacher",
            "document:clock",
        }
        # A triple for each kept piece of evidence, and one kept for each question, with both signals.
        assert pack.counts()["kept_triples"] == 3
        kept = {one.id for one in pack.evidence()}
        assert {one.evidence_id for one in pack.graph()} <= kept
        for (signals,) in rows(path, "SELECT signals FROM question_triples"):
            assert json.loads(str(signals)).keys() == {"similarity", "relevance"}
        assert set(pack.vectors("evidence")[0]) == kept
        assert pack.vectors("question")[0] == sorted(question.id for question in ALL)
        meta = pack.meta()
        assert meta["teacher"] == {"name": "fake-teacher", "identity": "fake-teacher"}
        assert meta["embedder"] == "drag.testing:HashEmbedder"
        assert tuple(meta["prompts"]) == prompts.VERSIONS
        assert meta["build"]["keep"] == 2
        assert verify(pack) == []


def test_evidence_of_the_record_stands_beside_the_teachers_and_before_it(path: Path) -> None:
    build(path, [CLOCK])
    with Pack(path) as pack:
        best, *others = pack.ranked("clock")
    assert best.item == Evidence.of("The clock holds Mara.", "document:clock")
    assert best.signals["document"] == 1
    assert len(others) == 3
    assert all(one.item.source == "teacher:fake-teacher" and "document" not in one.signals for one in others)


@pytest.mark.parametrize(
    ("settings", "mode"),
    [
        ({}, "grounded"),
        ({"show_evidence": False}, "blind"),
        ({"show_evidence": False, "show_choices": True}, "concluding"),
        ({"evidence": 0}, "document"),
    ],
)
def test_the_mode_of_evidence(path: Path, settings: dict[str, Any], mode: str) -> None:
    teacher = FakeTeacher()
    build(path, [CLOCK], teacher=teacher, **settings)
    assert rows(path, "SELECT mode FROM questions") == [(mode,)]
    seen = [one.messages[-1].content for one in teacher.prompts if one.name.startswith("teach")]
    assert [("Mara" in text) for text in seen] == {
        "grounded": [True],
        "blind": [False],
        "concluding": [True],
        "document": [],
    }[mode]


def test_a_question_without_choices_and_samples_is_blind_whatever_the_teacher_may_see(path: Path) -> None:
    build(path, [MILL], show_choices=True, samples=0)
    assert rows(path, "SELECT mode FROM questions") == [("blind",)]


def test_without_a_teacher_there_is_what_the_records_bring(path: Path) -> None:
    build(path, [CLOCK], evidence=0)
    with Pack(path) as pack:
        assert [one.item.text for one in pack.ranked("clock")] == list(CLOCK.evidence)
        assert [one.head for one in pack.graph()] == ["The clock"]


def test_a_question_that_got_no_evidence_is_a_failure(path: Path) -> None:
    report = build(path, [CLOCK, MILL], evidence=0)
    assert [one.item_id for one in report.failures] == ["mill"]
    with Pack(path) as pack:
        assert verify(pack) == []


def test_a_weight_of_zero_asks_nobody_for_a_judgement(path: Path) -> None:
    teacher = FakeTeacher()
    build(path, [CLOCK], teacher=teacher, relevance=0)
    assert not [one for one in teacher.prompts if one.name.startswith("relevan")]
    with Pack(path) as pack:
        assert all("relevance" not in one.signals for one in pack.ranked("clock"))


@pytest.mark.parametrize("kind", [FakeModel, Chat])
def test_relevance_by_likelihood_or_by_reply(path: Path, kind: type[FakeModel]) -> None:
    teacher = answering(taught, kind)
    assert build(path, [CLOCK], teacher=teacher).failures == ()
    names = {one.name for one in teacher.prompts}
    assert ("relevance@1" in names, "relevant@1" in names) == (kind is Chat, kind is FakeModel)


# --- failures


UNREACHABLE = ModelError("unreachable")


@pytest.mark.parametrize(
    ("stage", "kind", "noted", "error"),
    [
        ("teach", FakeModel, ["teach"], UNREACHABLE),
        ("teach", FakeModel, ["teach"], "no JSON"),
        ("extract", FakeModel, ["extract"], UNREACHABLE),
        ("relevance", Chat, ["rank", "rank-triples"], UNREACHABLE),
        ("relevance", Chat, ["rank", "rank-triples"], "no JSON"),
    ],
)
def test_what_fails_for_one_question_costs_only_that(
    path: Path, stage: str, kind: type[FakeModel], noted: list[str], error: str | DragError
) -> None:
    report = build(path, ALL, teacher=failing(stage, error, "windmill", kind), evidence=6)
    assert {one.item_id for one in report.failures} == {"mill"}
    assert sorted({one.stage for one in report.failures}) == noted
    assert report.built == 3
    with Pack(path) as pack:
        assert sorted(pack.failures(), key=lambda one: one.stage) == sorted(report.failures, key=lambda one: one.stage)
        assert all(pack.ranked(key) for key in ("clock", "moon"))
        assert verify(pack) == []

    teacher = answering(taught, kind)
    again = build(path, ALL, teacher=teacher, evidence=6)
    assert (again.built, again.reused, again.failures) == (1, 2, ())
    assert {one.name.partition("@")[0] for one in teacher.prompts} <= {stage, "relevance", "relevant", "extract"}
    with Pack(path) as pack:
        assert pack.failures() == []
    once = path.with_name("once.pack")
    build(once, ALL, teacher=answering(taught, kind), evidence=6)
    assert digest(path) == digest(once)


def test_every_failure_that_is_reported_stands_in_the_pack(path: Path) -> None:
    # Three pieces of evidence, and each fails on its own.
    report = build(path, [MILL], teacher=failing("extract", ModelError("unreachable"), ""))
    with Pack(path) as pack:
        assert pack.failures() == sorted(report.failures, key=lambda one: (one.item_id, one.stage))
        assert pack.counts()["failures"] == len(report.failures)


def test_what_was_brought_along_survives_a_teacher_that_fails(path: Path) -> None:
    report = build(path, [CLOCK], teacher=failing("teach", ModelError("unreachable"), "aldgate"))
    assert report.failures == (Failure("clock", "teach", "unreachable"),)
    with Pack(path) as pack:
        assert [one.item.text for one in pack.ranked("clock")] == list(CLOCK.evidence)


def test_facts_that_failed_are_tried_again_beside_what_was_decided(path: Path) -> None:
    def mute(prompt: Prompt) -> str | DragError:
        return ModelError("no facts") if prompt.name.startswith("teach") else taught(prompt)

    report = build(path, [CLOCK], teacher=answering(mute, FakeModel))
    assert report.failures == (Failure("clock", "teach-partly", "no facts"),)
    with Pack(path) as pack:
        assert len(pack.ranked("clock")) == 2  # what it decided, and what the record brings
    assert build(path, [CLOCK]).built == 1
    with Pack(path) as pack:
        assert pack.failures() == []


def test_a_reply_that_cannot_be_stored_costs_only_its_question(path: Path) -> None:
    half = '{"evidence": ["The windmill \\ud83d stands in Ghent."]}'
    build(path, ALL, teacher=failing("teach", half, "windmill"))
    with Pack(path) as pack:
        assert pack.ranked("clock")
        assert pack.ranked("moon")


# --- running again


def test_nothing_is_paid_for_twice(path: Path) -> None:
    build(path, ALL)
    before, teacher = digest(path), FakeTeacher()
    report = build(path, ALL, teacher=teacher, batch=1)  # how many go together is no part of the recipe
    assert (report.built, report.reused, teacher.prompts) == (0, 3, [])
    assert digest(path) == before


@pytest.mark.parametrize("limit", [0, 1, 2, 7, 12])
def test_a_killed_build_goes_on_where_it_stopped(path: Path, limit: int) -> None:
    whole, uninterrupted = path.with_name("whole.pack"), answering(taught, Chat)
    build(whole, ALL, teacher=uninterrupted)
    left = iter(range(limit))

    def reply(prompt: Prompt) -> str:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return taught(prompt)

    with pytest.raises(KeyboardInterrupt):
        build(path, ALL, teacher=answering(reply, Chat), batch=1)
    rest = answering(taught, Chat)
    build(path, ALL, teacher=rest, batch=1)
    assert limit + len(rest.prompts) == len(uninterrupted.prompts)
    assert digest(path) == digest(whole)


def test_questions_are_added_and_changed(path: Path) -> None:
    build(path, ALL[:1])
    teacher = FakeTeacher()
    report = build(path, ALL, teacher=teacher)
    assert (report.built, report.reused) == (2, 1)
    assert not any("Aldgate" in one.messages[-1].content for one in teacher.prompts)
    once = path.with_name("once.pack")
    build(once, ALL)
    assert digest(path) == digest(once)
    changed = [Question("clock", "Who moved the clock?"), *ALL[1:]]
    assert build(path, changed).built == 1
    with Pack(path) as pack:
        assert [one.text for one in pack.questions()] == [one.text for one in changed]
        assert pack.search_words("Aldgate", 9) == []
        assert verify(pack) == []


@pytest.mark.parametrize("settings", [{"evidence": 2}, {"keep": 1}, {"relevance": 0}, {"triples": 1}, {"document": 2}])
def test_another_recipe_builds_again_and_leaves_nothing(path: Path, settings: dict[str, Any]) -> None:
    build(path, ALL)
    assert build(path, ALL, **settings).built == 3
    once = path.with_name("once.pack")
    build(once, ALL, **settings)
    assert digest(path) == digest(once)


def test_another_teacher_builds_again(path: Path) -> None:
    build(path, ALL)
    assert build(path, ALL, teacher=answering(taught, name="other-teacher")).built == 3
    assert rows(path, "SELECT DISTINCT source FROM evidence WHERE source LIKE 'teacher:%'") == [
        ("teacher:other-teacher",)
    ]


def test_another_wording_builds_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(path, ALL)
    monkeypatch.setattr(prompts, "VERSIONS", ("teach@2", *prompts.VERSIONS[1:]))
    assert build(path, ALL).built == 3


def test_another_embedder_is_refused(path: Path) -> None:
    build(path, ALL)
    before = digest(path)
    with pytest.raises(PackError, match=r"vectors of the embedder drag\.testing:HashEmbedder, not of other"):
        build_pack(ALL, path, teacher=FakeTeacher(), embedder=HashEmbedder(), embedder_name="other")
    assert digest(path) == before
    assert [one.name for one in path.parent.iterdir()] == ["a.pack"]


@pytest.mark.parametrize("again", [False, True])
def test_progress_in_its_order(path: Path, again: bool) -> None:
    told: list[tuple[str, int, int]] = []
    questions = [Question(str(n), f"Question number {n}?") for n in range(3)]

    def run(tell: Callable[[str, int, int], None] | None) -> None:
        build_pack(
            questions,
            path,
            teacher=FakeTeacher(),
            embedder=HashEmbedder(),
            embedder_name="hash",
            settings=Build(evidence=1, batch=2),
            on_stage=tell,
        )

    if again:
        run(None)
    run(lambda stage, done, total: told.append((stage, done, total)))
    stages = ("teach", "rank", "extract")
    rounds = [] if again else [(stage, done, 3) for done in (0, 2) for stage in stages]
    assert told == [*rounds, ("write", 0, 0) if again else ("write", 3, 3)]


def test_a_piece_without_a_fact_is_no_failure_but_none_with_one_is(path: Path) -> None:
    some = build(path, ALL, teacher=failing("extract", "no JSON", "windmill"), evidence=6)
    assert some.failures == ()
    none = build(path.with_name("none.pack"), ALL, teacher=failing("extract", "no JSON", ""), evidence=6)
    assert {(one.item_id, one.stage) for one in none.failures} == {(one.id, "extract") for one in ALL}
    assert all("pieces of evidence" in one.error for one in none.failures)


def test_each_text_of_a_question_is_embedded_once(path: Path) -> None:
    class Counting(HashEmbedder):
        def __init__(self) -> None:
            self.seen: list[str] = []

        def encode(self, sentences: list[str], *, normalize_embeddings: bool = True) -> Any:
            self.seen += sentences
            return super().encode(sentences, normalize_embeddings=normalize_embeddings)

    embedder = Counting()
    build_pack(
        [CLOCK], path, teacher=FakeTeacher(), embedder=embedder, embedder_name="hash", settings=Build(evidence=3)
    )
    with Pack(path) as pack:
        wanted = {CLOCK.text, *(one.item.text for one in pack.ranked("clock"))}
    assert wanted <= set(embedder.seen)
    assert len(embedder.seen) == len(set(embedder.seen))
