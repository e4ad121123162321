"""Asking for what has to be parsed: once, and once more what was broken."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from drag import replies
from drag.errors import DragError, ModelError, ReplyError
from drag.protocols import OnReply, OnText
from drag.testing import FakeModel
from drag.types import Prompt, Reply

SECRET = "Margaret Holloway"


def number(reply: str) -> int:
    if not reply.isdecimal():
        raise ReplyError("the reply holds no number", reply=reply)
    return int(reply)


def asked(model: FakeModel, count: int) -> list[int | DragError]:
    prompts = [Prompt.ask("count@1", f"{SECRET} {place}", seed=7, temperature=0.5) for place in range(count)]
    return replies.ask(model, prompts, [number] * count)


def test_what_parses_is_not_asked_again() -> None:
    model = FakeModel(["1", "2"])
    assert asked(model, 2) == [1, 2]
    assert len(model.prompts) == 2


def test_nothing_to_ask() -> None:
    assert asked(FakeModel(), 0) == []


def test_only_the_broken_ones_are_repaired_and_together() -> None:
    batches: list[int] = []

    class Counting(FakeModel):
        def generate(
            self, prompts: Sequence[Prompt], *, on_text: OnText | None = None, on_reply: OnReply | None = None
        ) -> list[Reply | DragError]:
            batches.append(len(prompts))
            return super().generate(prompts, on_text=on_text, on_reply=on_reply)

    model = Counting(["1", "one", "3", "four", "2", "4"])
    assert asked(model, 4) == [1, 2, 3, 4]
    assert batches == [4, 2]


def test_the_repair_shows_what_came_back_and_what_was_wrong_with_it() -> None:
    model = FakeModel(["one", "1"])
    assert asked(model, 1) == [1]
    first, second = model.prompts
    assert second.messages[:-2] == first.messages
    assert [message.role for message in second.messages[-2:]] == ["assistant", "user"]
    assert second.messages[-2].content == "one"
    assert "the reply holds no number" in second.messages[-1].content
    # Under another name and seed: the cache must not give the broken reply again.
    assert (second.name, second.seed) == ("count@1+repair", 8)
    assert (second.schema, second.max_tokens, second.temperature) == (first.schema, first.max_tokens, first.temperature)


def test_a_second_broken_reply_is_an_error_that_shows_nothing() -> None:
    model = FakeModel([f"{SECRET} one", "2", f"{SECRET} still one"])
    broken, fine = asked(model, 2)
    assert fine == 2
    assert len(model.prompts) == 3  # repaired once, not until it works
    assert isinstance(broken, ReplyError)
    assert broken.reply == f"{SECRET} still one"
    assert broken.prompt
    for shown in (str(broken), repr(broken)):
        assert SECRET not in shown
        assert "\n" not in shown
    assert "count@1" in str(broken)


def test_errors_keep_their_places_and_are_not_asked_again() -> None:
    lost = ModelError("out of memory")
    model = FakeModel(["1", lost, "3"])
    assert asked(model, 3) == [1, lost, 3]
    assert len(model.prompts) == 3


def test_a_repair_that_fails_is_that_failure() -> None:
    lost = ModelError("out of memory")
    model = FakeModel(["one", "2", lost])
    assert asked(model, 2) == [lost, 2]


def test_a_bug_in_a_parser_is_not_hidden() -> None:
    def wrong(reply: str) -> int:
        raise KeyError(reply)

    with pytest.raises(KeyError):
        replies.ask(FakeModel(["1"]), [Prompt.ask("count@1", "?")], [wrong])
