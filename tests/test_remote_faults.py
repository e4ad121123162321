"""Remote models when the endpoint, the network or the gateway fails: errors are values and say nothing private."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from endpoint import KEY, NAME, Server, ask, completion, fault, model, reply

from drag.errors import ContextOverflow, ModelError, ModelUnavailable
from drag.types import Reply
from privacy import PrivacyError, Span

# --- faults of the server


def test_retry_after_is_honoured(server: Server) -> None:
    server.script = lambda n, body: (429, {"Retry-After": "2"}, {}) if n == 0 else completion("ok")
    assert reply(model(server).generate([ask()])).text == "ok"
    assert len(server.bodies) == 2
    # Our own first wait would be at most 0.7 s.
    assert server.times[1] - server.times[0] >= 2.0


def test_a_very_long_retry_after_ends_the_attempts(server: Server) -> None:
    server.script = lambda n, body: (429, {"Retry-After": "3600"}, {})
    error = fault(model(server).generate([ask()]))
    assert isinstance(error, ModelUnavailable)
    assert "3600 s" in str(error)
    assert len(server.bodies) == 1


def test_errors_of_the_server_are_retried_with_backoff(server: Server) -> None:
    server.script = lambda n, body: (500, {}, b"oops") if n == 0 else completion("ok")
    assert reply(model(server).generate([ask()])).text == "ok"
    assert 0.3 < server.times[1] - server.times[0] < 2.0


def test_retries_end(server: Server) -> None:
    server.script = lambda n, body: (503, {"Retry-After": "0"}, {"error": {"message": NAME}})
    assert isinstance(fault(model(server, retries=2).generate([ask()])), ModelUnavailable)
    assert len(server.bodies) == 3


def test_a_cut_connection_is_retried(server: Server) -> None:
    server.script = lambda n, body: b'{"choices": [CUT' if n == 0 else completion("ok")
    assert reply(model(server).generate([ask()])).text == "ok"
    server.script = lambda n, body: b'{"choices": [CUT'
    assert isinstance(fault(model(server, retries=0).generate([ask()])), ModelUnavailable)


@pytest.mark.parametrize(
    "body", [b"not json", b"[]", b"{}", b'{"choices": [{"message": {"content": 5}}]}', b"", b"\xff"]
)
def test_malformed_replies(server: Server, body: bytes) -> None:
    server.script = lambda n, _: body
    error = fault(model(server).generate([ask()]))
    assert isinstance(error, ModelError)
    assert not isinstance(error, ModelUnavailable)
    assert len(server.bodies) == 1


@pytest.mark.parametrize(("text", "finish"), [(None, "content_filter"), ("", "length")])
def test_empty_replies(server: Server, text: str | None, finish: str) -> None:
    server.script = lambda n, _: completion(text, finish)
    assert "empty" in str(fault(model(server).generate([ask()])))


def test_a_slow_server_times_out(server: Server) -> None:
    def slow(n: int, body: dict[str, Any]) -> Any:
        time.sleep(0.6)
        return completion("late")

    server.script = slow
    error = fault(model(server, timeout=0.2, retries=0).generate([ask()]))
    assert isinstance(error, ModelUnavailable)
    assert "0.2 s" in str(error)


def test_nobody_there(server: Server) -> None:
    server.close()
    assert isinstance(fault(model(server, retries=0).generate([ask()])), ModelUnavailable)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key(server: Server, status: int) -> None:
    server.script = lambda n, body: (status, {}, {"error": {"message": f"wrong key {KEY}", "code": "invalid_api_key"}})
    error = fault(model(server).generate([ask()]))
    assert "check the key in $OPENAI_API_KEY" in str(error)
    assert len(server.bodies) == 1


def test_errors_drag_nothing_private_along(server: Server) -> None:
    server.script = lambda n, body: (400, {}, {"error": {"message": "you said: " + json.dumps(body), "code": KEY}})
    error = fault(model(server).generate([ask("raw <PERSON_1>")]))
    assert "you said" not in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None


def test_redirects_are_not_followed(server: Server) -> None:
    server.script = lambda n, body: (307, {"Location": server.url + "/elsewhere"}, {})
    assert "redirects" in str(fault(model(server).generate([ask()])))
    assert len(server.bodies) == 1


def test_context_overflow_and_quota(server: Server) -> None:
    server.script = lambda n, body: (400, {}, {"error": {"message": "too long", "code": "context_length_exceeded"}})
    assert isinstance(fault(model(server).generate([ask()])), ContextOverflow)
    server.script = lambda n, body: (429, {}, {"error": {"message": "pay", "code": "insufficient_quota"}})
    assert "insufficient_quota" in str(fault(model(server).generate([ask()])))
    assert len(server.bodies) == 2


# --- batches


def test_one_bad_item_costs_only_itself_and_order_holds(server: Server) -> None:
    def script(n: int, body: dict[str, Any]) -> Any:
        text = body["messages"][-1]["content"]
        time.sleep(0.2 if text == "question 0" else 0.02)
        return (400, {}, {}) if text == "question 2" else completion(f"answer to {text}")

    server.script = script
    seen: list[tuple[int, str, bool]] = []
    here = threading.get_ident()
    results = model(server, concurrency=2).generate(
        [ask(f"question {n}") for n in range(6)],
        on_reply=lambda at, one: seen.append((at, one.text, threading.get_ident() == here)),
    )
    assert [one.text if isinstance(one, Reply) else type(one).__name__ for one in results] == [
        f"answer to question {n}" if n != 2 else "ModelError" for n in range(6)
    ]
    assert sorted(at for at, _, _ in seen) == [0, 1, 3, 4, 5]
    assert seen[0][0] != 0, "replies are handed on as they come"
    assert all(text == f"answer to question {at}" and same for at, text, same in seen)
    assert server.most == 2


def test_what_on_reply_raises_goes_through(server: Server) -> None:
    def stop(at: int, one: Reply) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model(server).generate([ask(), ask()], on_reply=stop)


# --- the gateway says no


def raising(text: str) -> list[Span]:
    raise RuntimeError(text)


def hanging(text: str) -> list[Span]:
    time.sleep(1.0)
    return []


def outside(text: str) -> list[Span]:
    return [Span(0, 10_000, "PERSON")]


def nothing(text: str) -> Any:
    return None


@pytest.mark.parametrize("detector", [raising, hanging, outside, nothing])
def test_a_faulty_detector_sends_nothing(server: Server, detector: Any) -> None:
    error = fault(model(server, detector).generate([ask()]))
    assert isinstance(error, ModelError)
    assert str(error).startswith("blocked at the gateway: ")
    assert isinstance(error.__cause__, PrivacyError)
    assert server.bodies == []
