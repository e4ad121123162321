"""Ranking: higher is better, ranks from 1, ties by position, and agreement is the order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise, permutations

import pytest
from conftest import Chat
from hypothesis import given
from hypothesis import strategies as st

from drag.errors import ModelError, ReplyError
from drag.rank import DocumentRanker, RelevanceRanker, SimilarityRanker, fuse, keep_best, rank
from drag.testing import FakeModel, HashEmbedder
from drag.types import Likelihood, Prompt, Ranked

TEXTS = ["the moon is far", "Mara built the clock", "clocks"]


def names(ranked: Sequence[Ranked[str]]) -> str:
    return "".join(one.item for one in ranked)


class Fixed:
    """A ranker that knows its scores."""

    def __init__(self, *scores: float | None) -> None:
        self.scores = list(scores)
        self.asked = 0

    def score(self, question: str, texts: Sequence[str]) -> list[float | None]:
        self.asked += 1
        return self.scores


# --- fusion


def test_when_both_signals_agree_that_is_the_order() -> None:
    ranked = fuse("abc", {"similarity": [0.1, 0.9, 0.5], "relevance": [0.0, 1.0, 0.7]}, {})
    assert names(ranked) == "bca"
    assert [one.rank for one in ranked] == [1, 2, 3]
    assert ranked[0].score > ranked[1].score > ranked[2].score > 0
    assert ranked[0].signals == {"similarity": 0.9, "relevance": 1.0}
    assert all(one.kept for one in ranked)


def test_one_signal_alone_is_the_order_below_zero_too() -> None:
    assert names(fuse("abc", {"similarity": [-0.5, -0.9, 0.0]}, {})) == "cab"


def test_ties_break_by_position() -> None:
    assert names(fuse("abc", {"x": [0.5, 0.5, 0.5]}, {})) == "abc"
    assert names(fuse("ab", {"x": [1, 2], "y": [2, 1]}, {})) == "ab"
    # A signal that cannot tell two apart does not order them: the other one does.
    assert names(fuse("abc", {"x": [1, 1, 1], "y": [1, 2, 3]}, {})) == "cba"
    first, second, _ = fuse("abc", {"x": [3, 3, 1]}, {})
    assert first.score == second.score


@pytest.mark.parametrize("places", list(permutations((1, 1, 2))))
def test_the_same_places_in_other_signals_are_a_tie(places: tuple[int, int, int]) -> None:
    # Sums of the same terms in another order differ in their last bit: that is no reason to stand first.
    ranks = {"a": (1, 1, 2), "b": places, "c": (1, 2, 3)}
    signals = {name: [float(-ranks[item][n]) for item in ranks] for n, name in enumerate(("x", "y", "z"))}
    ranked = fuse(list(ranks), signals, {})
    assert names(ranked) == "abc"
    assert ranked[0].score == ranked[1].score


def test_an_item_without_a_signal_gets_nothing_from_it() -> None:
    ranked = fuse("abc", {"x": [None, 0.1, None], "y": [0.2, 0.2, None]}, {})
    assert names(ranked) == "bac"
    assert [dict(one.signals) for one in ranked] == [{"x": 0.1, "y": 0.2}, {"y": 0.2}, {}]
    assert ranked[-1].score == 0
    # Being unjudged is no bad judgement, and shifts nobody else's rank.
    assert fuse("ab", {"x": [None, 1.0]}, {})[0].score == fuse("b", {"x": [1.0]}, {})[0].score


def test_weights_decide_where_the_signals_do_not_agree() -> None:
    signals = {"x": [1.0, 2.0], "y": [2.0, 1.0]}
    assert names(fuse("ab", signals, {"x": 2.0})) == "ba"
    assert names(fuse("ab", signals, {"y": 2.0})) == "ab"


def test_nothing_to_fuse() -> None:
    assert fuse([], {"x": []}, {}) == []
    assert names(fuse("ab", {}, {})) == "ab"


SCORES = st.one_of(st.none(), st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(-1, 1))
TABLE = st.integers(0, 7).flatmap(
    lambda n: st.dictionaries(st.sampled_from("xyz"), st.lists(SCORES, min_size=n, max_size=n), min_size=1)
)


@given(TABLE)
def test_fusion_loses_nothing_and_is_ordered(table: dict[str, list[float | None]]) -> None:
    items = list(range(len(next(iter(table.values())))))
    ranked = fuse(items, table, {})
    assert sorted(one.item for one in ranked) == items
    assert [one.rank for one in ranked] == list(range(1, len(items) + 1))
    for better, worse in pairwise(ranked):
        assert (-better.score, better.item) < (-worse.score, worse.item)
    for one in ranked:
        assert one.signals == {name: s[one.item] for name, s in table.items() if s[one.item] is not None}


@given(st.lists(st.floats(-1, 1), unique=True, max_size=8).flatmap(st.permutations))
def test_agreeing_signals_give_their_order_however_the_items_stand(scores: list[float]) -> None:
    # Any increasing function of the first signal agrees with it.
    ranked = fuse(scores, {"x": scores, "y": [sorted(scores).index(score) for score in scores]}, {})
    assert [one.item for one in ranked] == sorted(scores, reverse=True)


# --- rankers


def test_a_weight_of_zero_skips_the_ranker() -> None:
    skipped, used = Fixed(1, 2), Fixed(2, 1)
    ranked = rank("?", "ab", ["a", "b"], {"x": (skipped, 0.0), "y": (used, 0.5)})
    assert (skipped.asked, used.asked) == (0, 1)
    assert names(ranked) == "ab"
    assert ranked[0].signals == {"y": 2}


def test_similarity_is_higher_for_what_is_nearer() -> None:
    scores = SimilarityRanker(HashEmbedder()).score("Who built the clock?", TEXTS)
    assert scores[1] == max(score for score in scores if score is not None)
    assert all(score is not None and -1.001 <= score <= 1.001 for score in scores)
    assert SimilarityRanker(HashEmbedder()).score("?", []) == []
    same = SimilarityRanker(HashEmbedder()).score(TEXTS[1], [TEXTS[1]])
    assert same == [pytest.approx(1.0, abs=1e-5)]


def test_what_was_brought_along_outranks_what_the_teacher_remembers() -> None:
    items = [f"t{n}" for n in range(10)] + ["document"]
    worst = Fixed(*(1 - n / 20 for n in range(11)))
    rankers = {"similarity": (worst, 1.0), "relevance": (worst, 1.0), "document": (DocumentRanker(["document"]), 1.0)}
    ranked = rank("?", items, items, rankers)
    assert ranked[0].item == "document"
    assert ranked[0].signals["document"] == 1.0
    assert "document" not in ranked[1].signals


class Judge(FakeModel):
    """Says yes to what is about clocks; `No` is always as likely as not."""

    def score(self, prompt: Prompt, continuations: Sequence[str]) -> list[Likelihood]:
        self.prompts.append(prompt)
        assert tuple(continuations) == ("Yes", "No")
        statement = prompt.messages[-1].content.partition("Statement: ")[2].partition("\n")[0]
        return [Likelihood((0.0 if "clock" in statement else -2000.0,)), Likelihood((-1.0,))]


def test_relevance_by_likelihood() -> None:
    judge = Judge()
    ranker = RelevanceRanker(judge)
    far, near, also = ranker.score("Who built it?", TEXTS)
    assert near == also == pytest.approx(1 / (1 + 2.718281828**-1))
    assert far is not None
    assert 0 <= far < 1e-100
    assert len(judge.prompts) == 3
    assert ranker.failure is None
    assert ranker.score("?", []) == []
    assert len(judge.prompts) == 3


def test_relevance_by_reply() -> None:
    model = Chat([json.dumps({"scores": [0, 10]})])
    ranker = RelevanceRanker(model)
    assert ranker.score("Who built it?", TEXTS) == [0.0, 1.0, None]
    assert len(model.prompts) == 1
    assert all(text in model.prompts[0].messages[-1].content for text in TEXTS)
    assert ranker.failure is None
    assert ranker.score("?", []) == []
    assert len(model.prompts) == 1


def test_a_judgement_that_cannot_be_had_leaves_its_texts_unjudged() -> None:
    lost = ModelError("out of memory")
    ranker = RelevanceRanker(Chat(["no", "no again", lost, json.dumps({"scores": [1, 2, 3]})]))
    assert ranker.score("?", TEXTS) == [None, None, None]
    assert isinstance(ranker.failure, ReplyError)
    assert ranker.score("?", TEXTS) == [None, None, None]
    assert ranker.failure is lost
    assert ranker.score("?", TEXTS) == [0.1, 0.2, 0.3]
    assert ranker.failure is None  # the failure of another question is not this one's


def test_a_scoring_model_that_fails_leaves_its_error() -> None:
    class Broken(FakeModel):
        def score(self, prompt: Prompt, continuations: Sequence[str]) -> list[Likelihood]:
            raise ModelError("out of memory")

    ranker = RelevanceRanker(Broken())
    assert ranker.score("?", TEXTS) == [None, None, None]
    assert isinstance(ranker.failure, ModelError)


# --- the cut


@pytest.mark.parametrize(
    ("sizes", "most", "budget", "kept"),
    [
        ([5, 5, 5], 2, 100, "ab"),
        ([5, 5, 5], 9, 10, "ab"),
        ([5, 9, 5], 9, 10, "ac"),  # what does not fit is passed over for a shorter one
        ([50, 1, 1], 9, 10, "a"),  # the best is kept whatever its length
        ([50, 0, 1], 9, 50, "ab"),
        ([0, 0, 0], 2, 0, "ab"),
        ([4, 7, 7], 1, 4, "a"),
    ],
)
def test_the_best_that_fit(sizes: list[int], most: int, budget: int, kept: str) -> None:
    ranked = fuse("abc", {"x": [3, 2, 1]}, {})
    marked = keep_best(ranked, sizes, most=most, budget=budget)
    assert "".join(one.item for one in marked if one.kept) == kept
    assert [(one.item, one.rank, one.score, one.signals) for one in marked] == [
        (one.item, one.rank, one.score, one.signals) for one in ranked
    ]


@given(st.lists(st.integers(0, 9), max_size=8), st.integers(1, 4), st.integers(0, 20))
def test_a_cut_holds_its_limits(sizes: list[int], most: int, budget: int) -> None:
    marked = keep_best(fuse(range(len(sizes)), {}, {}), sizes, most=most, budget=budget)
    kept = [one.item for one in marked if one.kept]
    assert len(kept) <= most
    assert not kept or kept[0] == 0
    assert sum(sizes[item] for item in kept[1:]) <= max(0, budget - sizes[0]) if kept else not sizes
