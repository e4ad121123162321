"""Replies are paid for once, and kept the moment they come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from conftest import Chat

from drag.errors import DragError, ModelError
from drag.models.cached import CachedModel, CachedScoringModel, with_store
from drag.models.stored import ReplyStore
from drag.protocols import LanguageModel, OnReply, OnText, ScoringModel
from drag.testing import FakeModel
from drag.types import Likelihood, Prompt, Reply, Usage


class Shelf:
    """A `ReplyStore` in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.made_by: list[tuple[str, str]] = []

    def get(self, key: str) -> str | None:
        return self.kept.get(key)

    def put(self, key: str, value: str, *, model: str, prompt: str) -> None:
        self.kept[key] = value
        self.made_by.append((model, prompt))

    def drop(self, key: str) -> None:
        self.kept.pop(key, None)


def prompt(text: str, **options: Any) -> Prompt:
    return Prompt.ask("test@1", text, **options)


def said(results: Sequence[Reply | DragError]) -> list[str]:
    return [one.text if isinstance(one, Reply) else type(one).__name__ for one in results]


def test_a_reply_is_asked_for_once() -> None:
    shelf, model = Shelf(), FakeModel(["one", "two"])
    cached = with_store(model, shelf)
    (first,) = cached.generate([prompt("a")])
    (again,) = cached.generate([prompt("a")])
    assert isinstance(first, Reply)
    assert isinstance(again, Reply)
    assert (
        (again.text, again.finish, again.logprob) == (first.text, first.finish, first.logprob) == ("one", "stop", -0.5)
    )
    assert first.usage.completion_tokens == 1
    assert again.usage == Usage()  # it cost nothing now
    assert len(model.prompts) == 1
    assert shelf.made_by == [("fake", "test@1")]


def test_only_what_is_missing_is_asked_and_the_order_stays() -> None:
    shelf, model = Shelf(), FakeModel(lambda asked: asked.messages[-1].content.upper())
    cached = with_store(model, shelf)
    cached.generate([prompt("b")])
    seen: list[tuple[int, str]] = []
    results = cached.generate(
        [prompt(x) for x in "abc"], on_reply=lambda place, reply: seen.append((place, reply.text))
    )
    assert said(results) == ["A", "B", "C"]
    assert sorted(seen) == [(0, "A"), (1, "B"), (2, "C")]
    assert [one.messages[-1].content for one in model.prompts] == ["b", "a", "c"]


def test_the_same_prompt_twice_in_a_batch_is_asked_once() -> None:
    model = FakeModel(["one", "two"])
    results = with_store(model, Shelf()).generate([prompt("a"), prompt("a")])
    assert said(results) == ["one", "one"]
    assert len(model.prompts) == 1


def test_everything_that_changes_a_reply_is_part_of_the_key() -> None:
    shelf = Shelf()
    variants = [
        prompt("a"),
        Prompt.ask("test@2", "a"),
        prompt("a", system="s"),
        prompt("a", schema={"type": "object"}),
        prompt("a", max_tokens=3),
        prompt("a", temperature=0.1),
        prompt("a", seed=1),
        prompt("a", stop=("x",)),
    ]
    model = FakeModel([str(n) for n in range(9)])
    assert said(with_store(model, shelf).generate(variants)) == [str(n) for n in range(8)]
    other = FakeModel(["other"], name="other")
    assert said(with_store(other, shelf).generate([prompt("a")])) == ["other"]
    renamed = FakeModel(name="a new name")
    renamed.identity = "fake"  # the same weights under another name
    assert said(with_store(renamed, shelf).generate([prompt("a")])) == ["0"]


def test_a_reply_is_kept_at_once() -> None:
    class Killed(Exception):
        """What ends a process between two replies."""

    def reply(asked: Prompt) -> str:
        if asked.messages[-1].content == "b":
            raise Killed
        return "one"

    shelf = Shelf()
    with pytest.raises(Killed):
        with_store(FakeModel(reply), shelf).generate([prompt("a"), prompt("b"), prompt("c")])
    after = FakeModel(["two", "three"])
    assert said(with_store(after, shelf).generate([prompt(x) for x in "abc"])) == ["one", "two", "three"]
    assert len(after.prompts) == 2


def test_errors_are_not_kept() -> None:
    shelf = Shelf()
    model = FakeModel([ModelError("unreachable"), "two", "one"])
    cached = with_store(model, shelf)
    assert said(cached.generate([prompt("a"), prompt("b")])) == ["ModelError", "two"]
    assert said(cached.generate([prompt("a"), prompt("b")])) == ["one", "two"]
    assert len(model.prompts) == 3


@pytest.mark.parametrize(("finish", "calls"), [("aborted", 2), ("length", 1), ("stop", 1)])
def test_what_was_broken_off_is_not_kept(finish: str, calls: int) -> None:
    class Ending(FakeModel):
        def generate(
            self, prompts: Sequence[Prompt], *, on_text: OnText | None = None, on_reply: OnReply | None = None
        ) -> list[Reply | DragError]:
            self.prompts.extend(prompts)
            reply = Reply("text", finish)  # pyright: ignore[reportArgumentType]
            if on_reply is not None:
                on_reply(0, reply)
            return [reply]

    model = Ending()
    cached = with_store(model, Shelf())
    for _ in range(2):
        (reply,) = cached.generate([prompt("a")])
        assert isinstance(reply, Reply)
        assert (reply.text, reply.finish) == ("text", finish)
    assert len(model.prompts) == calls


def test_a_kept_reply_is_streamed_too() -> None:
    cached = with_store(FakeModel(["one two"]), Shelf())
    fresh: list[str] = []
    kept: list[str] = []
    cached.generate([prompt("a")], on_text=fresh.append)
    cached.generate([prompt("a")], on_text=kept.append)
    assert fresh == ["one ", "two"]
    assert "".join(kept) == "one two"


def test_scores_are_kept() -> None:
    shelf, model = Shelf(), FakeModel()
    cached = with_store(model, shelf)
    assert isinstance(cached, ScoringModel)
    first = cached.score(prompt("the cat"), ["the cat", "the dog sat"])
    assert cached.score(prompt("the cat"), ["the cat", "the dog sat"]) == first
    assert [len(one.tokens) for one in first] == [2, 3]
    assert len(model.prompts) == 1
    cached.score(prompt("the cat"), ["the dog sat", "the cat"])
    cached.score(prompt("the cat", seed=1), ["the cat", "the dog sat"])
    assert len(model.prompts) == 3


def test_a_score_that_fails_is_not_kept() -> None:
    class Once(FakeModel):
        def score(self, prompt: Prompt, continuations: Sequence[str]) -> list[Likelihood]:
            self.prompts.append(prompt)
            if len(self.prompts) == 1:
                raise ModelError("out of memory")
            return [Likelihood((-1.0,))]

    cached = with_store(Once(), Shelf())
    assert isinstance(cached, ScoringModel)
    with pytest.raises(ModelError):
        cached.score(prompt("a"), ["x"])
    assert cached.score(prompt("a"), ["x"]) == [Likelihood((-1.0,))]


def test_a_model_stays_what_it_was() -> None:
    assert isinstance(with_store(FakeModel(), Shelf()), CachedScoringModel)
    chat = with_store(Chat(name="chat"), Shelf())
    assert isinstance(chat, CachedModel)
    assert not isinstance(chat, ScoringModel)
    assert (chat.name, chat.identity, chat.context_tokens, chat.count_tokens("a b")) == ("chat", "chat", 4096, 2)


def test_a_model_with_a_store_of_its_own_uses_that() -> None:
    class Private(Chat):
        given: ReplyStore | None = None

        def with_store(self, store: ReplyStore) -> LanguageModel:
            self.given = store
            return self

    shelf, model = Shelf(), Private()
    assert with_store(model, shelf) is model
    assert model.given is shelf
