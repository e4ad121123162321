"""What comes back: private words caught, and a pack without a private word in any of its bytes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from conftest import rows
from endpoint import Server, completion
from gossip import PRIVATE, QUESTIONS, build, detector, gossip, sanitizer, tame, teacher

from drag.errors import ModelError, PackError
from drag.pack import Pack
from drag.pack.privacy import scan
from drag.pack.verify import verify
from drag.testing import FakeTeacher
from drag.types import Prompt, Reply
from privacy import Sanitizer, Span, pattern_detector
from privacy.orders import is_order


@pytest.fixture(autouse=True)
def gossiping(server: Server) -> None:
    server.script = gossip


def test_no_private_word_stands_in_any_byte_of_the_pack_or_the_requests(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "a.pack"
    report = build(path, teacher(server))
    assert report.failures == ()
    assert report.built == len(QUESTIONS)
    assert report.dropped > 0
    assert not PRIVATE.search(path.read_bytes())
    assert server.bodies
    assert not any(PRIVATE.search(body.encode()) for body in server.bodies)
    with Pack(path) as pack:
        assert verify(pack) == []
        assert list(scan(pack, sanitizer())) == []
        texts = [one.text for one in pack.evidence()]
        assert "Mara Finch built the Aldgate Clock in 1712." in texts
        assert not any(is_order(text) for text in texts)
        assert not any("system prompt" in triple.tail for triple in pack.graph())
        first, second = pack.questions()[:2]
        assert first.id == "private-1"
        assert re.fullmatch(
            r"I am <PERSON_([A-Z]{8})1> of <ORGANIZATION_\1\d> \(<EMAIL_\1\d>\)\. Who built the Aldgate Clock\?",
            first.text,
        )
        assert first.gold == ("Mara Finch",)
        # Jonas is one thing here and another there; a place is hidden only beside whom it gives away.
        assert "<LOCATION_" in second.text
        ghent = {key for key in ("q-4", "q-5") for one in pack.ranked(key) if "Ghent" in one.item.text}
        assert ghent == {"q-4", "q-5"}
        assert not any("Ghent" in one.item.text for one in pack.ranked("q-2"))


def test_one_question_keeps_its_placeholders_through_all_its_requests(server: Server, tmp_path: Path) -> None:
    build(tmp_path / "a.pack", teacher(server), [QUESTIONS[3]])
    named = [set(re.findall(r"<PERSON_[A-Z]+1[A-Z]*>", body)) for body in server.bodies]
    assert {name for found in named for name in found} == {next(iter(named[0]))}
    assert sum(bool(found) for found in named) >= 3, "evidence, judgement and triples are all asked for"


def test_a_rerun_pays_for_nothing_and_changes_nothing(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "a.pack"
    build(path, teacher(server))
    asked = len(server.bodies)
    with Pack(path) as pack:
        digest = pack.digest()
    report = build(path, teacher(server))
    assert (report.built, report.reused) == (0, len(QUESTIONS))
    rows(path, "UPDATE questions SET recipe = 'another'")
    build(path, teacher(server))
    assert len(server.bodies) == asked
    with Pack(path) as pack:
        assert pack.digest() == digest


def test_names_are_kept_on_request_and_never_leave(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "a.pack"
    server.script = tame
    build(path, teacher(server), keep_names=True)
    assert PRIVATE.search(path.read_bytes())
    assert not any(PRIVATE.search(body.encode()) for body in server.bodies)
    # Replies are kept as they came, with placeholders, even then.
    assert not any(PRIVATE.search(str(value).encode()) for (value,) in rows(path, "SELECT value FROM replies"))
    with Pack(path) as pack:
        found = list(scan(pack, sanitizer()))
    assert {one.table for one in found} >= {"questions", "evidence"}
    assert "Holloway" not in repr(found)


def test_a_pack_does_not_change_its_promise(server: Server, tmp_path: Path) -> None:
    build(tmp_path / "local.pack", FakeTeacher(), QUESTIONS[:1])
    assert PRIVATE.search((tmp_path / "local.pack").read_bytes()), "a local teacher's pack is the user's own"
    with pytest.raises(PackError, match="real names"):
        build(tmp_path / "local.pack", teacher(server), QUESTIONS[:1])
    build(tmp_path / "remote.pack", teacher(server), QUESTIONS[:1])
    with pytest.raises(PackError, match="no real names"):
        build(tmp_path / "remote.pack", FakeTeacher(), QUESTIONS[:1])
    with pytest.raises(PackError, match="no real names"):
        build(tmp_path / "remote.pack", teacher(server), QUESTIONS[:1], keep_names=True)


def test_a_question_that_cannot_be_de_identified_is_a_failure_without_its_text(server: Server, tmp_path: Path) -> None:
    def failing(text: str) -> list[Span]:
        if "Jonas" in text and "Margaret" not in text:
            raise ValueError(text)
        return detector(text)

    one = teacher(server)
    one.gateway.sanitizer = Sanitizer([failing, pattern_detector], deny=["Falcon"])
    path = tmp_path / "a.pack"
    report = build(path, one)
    assert [(failure.item_id, failure.stage) for failure in report.failures] == [("private-2", "privacy")]
    assert not PRIVATE.search(path.read_bytes())
    assert not any("mill built" in body for body in server.bodies)
    # The next build tries it again.
    report = build(path, teacher(server))
    assert report.failures == ()


# --- the model alone


def one_reply(server: Server, text: str, question: str, **options: Any) -> str:
    server.script = lambda n, body: completion(text)
    (result,) = teacher(server).generate([Prompt.ask("t@1", question, **options)])
    assert isinstance(result, Reply), result
    return result.text


def test_raw_words_in_a_reply_are_not_stored_but_shown(server: Server) -> None:
    kept: dict[str, str] = {}

    class Store:
        def get(self, key: str) -> str | None:
            return kept.get(key)

        def put(self, key: str, value: str, *, model: str, prompt: str) -> None:
            kept[key] = value

        def drop(self, key: str) -> None:
            del kept[key]

    server.script = lambda n, body: completion("You are MARGARET  holloway, <PERSON_1>; Mrs. Holloway.")
    for _ in range(2):
        (result,) = teacher(server).with_store(Store()).generate([Prompt.ask("t@1", "I am Margaret Holloway")])
        assert isinstance(result, Reply)
        assert "Margaret Holloway" in result.text
    assert len(server.bodies) == 1
    (value,) = kept.values()
    assert not PRIVATE.search(value.encode())


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [{"message": {"content": "x", "tool_calls": [{"function": {"name": "open"}}]}}]},
        {"choices": [{"message": {"content": "x", "function_call": {"name": "open", "arguments": "{}"}}}]},
        {"choices": [{"message": {"content": "x" * 1_000_001}}]},
        {"choices": []},
        {"choices": [{"message": {"content": ["x"]}}]},
    ],
)
def test_replies_of_another_shape_are_refused(server: Server, body: dict[str, Any]) -> None:
    server.script = lambda n, _: body
    (result,) = teacher(server).generate([Prompt.ask("t@1", "hello")])
    assert isinstance(result, ModelError)
    assert len(str(result)) < 200
