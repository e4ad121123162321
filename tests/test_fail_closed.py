"""Whatever breaks on the way out, and wherever: not one request arrives."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from endpoint import NAME, PRIVATE, Server, ask, completion, events, model, people

from drag.errors import DragError, ModelError, ModelUnavailable
from drag.models.remote import GatewayModel
from drag.types import Question, Reply
from privacy import AuditLog, Gateway, PrivacyError, Review, Sanitizer, Session, Span, Verdict, pattern_detector
from privacy.gateway import PROBE

TIMEOUT = 0.3

Break = Callable[[Gateway, pytest.MonkeyPatch], None]


def _raise(*_: Any, **__: Any) -> Any:
    raise RuntimeError(f"about {NAME}")


def _exit(*_: Any, **__: Any) -> Any:
    raise SystemExit(NAME)


def _hang(*_: Any, **__: Any) -> Any:
    time.sleep(4 * TIMEOUT)
    return []


def _nothing(*_: Any, **__: Any) -> Any:
    return None


def _empty(*_: Any, **__: Any) -> Any:
    return []


def _nonsense(*_: Any, **__: Any) -> Any:
    return [("PERSON", 0)]


def _the_word(_: object, value: str, *__: object) -> str:
    return value


def _outside(text: str) -> list[Span]:
    return [Span(0, len(text) + 5, "PERSON")]


def _backwards(text: str) -> list[Span]:
    return [Span(5, 2, "PERSON")]


def detectors(*these: Any) -> Break:
    def install(gate: Gateway, _: pytest.MonkeyPatch) -> None:
        gate.sanitizer.detectors = these

    return install


def loading(load: Any) -> Break:
    class Lazy:
        def __call__(self, text: str) -> list[Span]:
            return people(text)

        def load(self) -> None:
            load()

    return detectors(Lazy(), pattern_detector)


def second_scan(scan: Any) -> Break:
    def install(gate: Gateway, _: pytest.MonkeyPatch) -> None:
        gate.scanner = scan

    return install


def function(path: str, with_: Any) -> Break:
    def install(_: Gateway, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(path, with_)

    return install


def reviewing(review: Any) -> Break:
    def install(gate: Gateway, _: pytest.MonkeyPatch) -> None:
        gate.review = review

    return install


def logging_to(path: str) -> Break:
    def install(gate: Gateway, _: pytest.MonkeyPatch) -> None:
        gate.audit = AuditLog(path)

    return install


def finds(body: bytes, session: Session) -> Mapping[str, int]:
    return {"PERSON": 1}


def says_zero(body: bytes, session: Session) -> Mapping[str, int]:
    return {"PERSON": 0}


def edits_in(review: Review) -> Verdict:
    return {**review.request, "metadata": {NAME: "a key is no content, and cannot be replaced"}}


STAGES: dict[str, Break] = {
    "no detector": detectors(),
    "loading raises": loading(_raise),
    "loading exits": loading(_exit),
    "loading hangs": loading(_hang),
    "detector missing": detectors(None, pattern_detector),
    "detector raises": detectors(_raise, pattern_detector),
    "detector exits": detectors(_exit, pattern_detector),
    "detector hangs": detectors(_hang, pattern_detector),
    "detector returns nothing": detectors(_nothing, pattern_detector),
    "detector finds nothing": detectors(_empty, pattern_detector),
    "detector returns nonsense": detectors(_nonsense, pattern_detector),
    "detector points outside": detectors(_outside, pattern_detector),
    "detector points backwards": detectors(_backwards, pattern_detector),
    "patterns find nothing": detectors(people, _empty),
    "normalising raises": function("privacy.sanitize.normalise", _raise),
    "merging raises": function("privacy.sanitize.merge", _raise),
    "merging loses all": function("privacy.sanitize.merge", _empty),
    "placeholders raise": function("privacy.sanitize.Tokens.give", _raise),
    "placeholders say the word": function("privacy.sanitize.Tokens.give", _the_word),
    "serialising raises": function("privacy.gateway.serialise", _raise),
    "second scan raises": second_scan(_raise),
    "second scan exits": second_scan(_exit),
    "second scan hangs": second_scan(_hang),
    "second scan returns nothing": second_scan(_nothing),
    "second scan returns nonsense": second_scan(_nonsense),
    "second scan says zero": second_scan(says_zero),
    "second scan finds something": second_scan(finds),
    "second scan missing": second_scan(None),
    "words of the build raise": function("privacy.gateway.scopes_in", _raise),
    "review raises": reviewing(_raise),
    "review says nothing": reviewing(_nothing),
    "review refuses": reviewing(lambda review: "refuse"),  # pyright: ignore
    "review edits private words in": reviewing(edits_in),
    "log cannot be written": logging_to("no/such/folder/audit.jsonl"),
    "log raises": function("privacy.audit.AuditLog._append", _raise),
    "sealing raises": function("privacy.gateway.Sealed", _raise),
}


def one_by_one(remote: GatewayModel) -> list[Reply | DragError]:
    return remote.generate([ask()])


def streamed(remote: GatewayModel) -> list[Reply | DragError]:
    return remote.generate([ask()], on_text=lambda text: None)


def batched(remote: GatewayModel) -> list[Reply | DragError]:
    return remote.generate([ask(), ask(f"{NAME} again"), ask("Who built the clock?", schema={"type": "object"})])


WAYS = {"one": one_by_one, "stream": streamed, "batch": batched}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_fault_at_any_stage_sends_nothing(
    server: Server, stage: str, way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    remote = model(server)
    gate = remote.gateway = Gateway(
        Sanitizer([people, pattern_detector]),
        timeout=TIMEOUT,
        load_timeout=TIMEOUT,
        probe=PROBE,
        audit=AuditLog("audit.jsonl"),
    )
    if stage == "words of the build raise":
        from privacy.returned import Caught

        gate.caught = Caught({"<PERSON_QKTZMAWE1>": "Jonas Weiss"}, ["QKTZMAWE"])
    STAGES[stage](gate, monkeypatch)
    results = WAYS[way](remote)
    assert server.bodies == []
    for result in results:
        assert isinstance(result, ModelError)
        said = f"{result} {result!r} {result.__cause__!r}"
        assert not PRIVATE.search(said)
        assert "\n" not in str(result)
    assert "sent" not in (tmp_path / "audit.jsonl").read_text() if (tmp_path / "audit.jsonl").exists() else True
    remote.close()


@pytest.mark.parametrize(
    "stage", [one for one in STAGES if not one.startswith(("second", "review", "log", "serial", "seal", "words"))]
)
def test_a_build_with_a_broken_detector_holds_no_text_and_sends_nothing(
    server: Server, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = model(server)
    remote.gateway = Gateway(Sanitizer([people, pattern_detector]), timeout=TIMEOUT, load_timeout=TIMEOUT, probe=PROBE)
    STAGES[stage](remote.gateway, monkeypatch)
    try:
        result = remote.deidentify([Question("a", f"I am {NAME}. Who built the clock?")])
    except PrivacyError as error:
        assert not PRIVATE.search(f"{error!r}")
    else:
        assert result.questions == []
        assert not PRIVATE.search(f"{result.failures!r}")
    assert server.bodies == []


def test_when_the_network_is_down_the_same_bytes_are_tried_again_and_no_others(server: Server) -> None:
    server.script = lambda n, body: (503, {"Retry-After": "0"}, {})
    [result] = model(server, retries=3).generate([ask()])
    assert isinstance(result, ModelUnavailable)
    assert len(server.bodies) == 4
    assert len(set(server.bodies)) == 1
    assert not PRIVATE.search(server.bodies[0])
    server.close()
    [result] = model(server, retries=1).generate([ask()])
    assert isinstance(result, ModelUnavailable)


def test_a_server_that_wants_another_dialect_gets_a_request_that_was_scanned_again(server: Server) -> None:
    """What is left out or put into the prompt for it is a new request: sealed, scanned and logged like the first."""
    scanned: list[bytes] = []

    def refuse(n: int, body: dict[str, Any]) -> Any:
        if "response_format" in body:
            return 400, {}, {"error": {"message": "'response_format' is not supported"}}
        return completion("{}")

    server.script = refuse
    remote = model(server)
    scan = remote.gateway.scanner

    def note(body: bytes, session: Session) -> Mapping[str, int]:
        scanned.append(body)
        return scan(body, session)

    remote.gateway.scanner = note
    [result] = remote.generate([ask(schema={"type": "object", "description": f"about {NAME}"})])
    assert isinstance(result, Reply)
    assert len(server.bodies) > 1
    assert {body.encode() for body in server.bodies} <= set(scanned), "every byte that left was scanned"
    assert not any(PRIVATE.search(body) for body in server.bodies)


def test_headers_carry_no_word_of_the_request(server: Server) -> None:
    server.script = lambda n, body: events("ok") if body.get("stream") else completion("ok")
    remote = model(server, extra={"metadata": {"who": NAME}, "user": NAME})
    for way in (one_by_one, streamed):
        assert isinstance(way(remote)[0], Reply)
    assert len(server.bodies) == 2
    for headers, body in zip(server.headers, server.bodies, strict=True):
        assert not PRIVATE.search(f"{headers} {body}")


# --- several threads


def test_eight_threads_share_one_gateway_and_nobody_gets_anothers_words() -> None:
    names = [f"Person{chr(65 + n // 26)}{chr(97 + n % 26)} Holloway{n}" for n in range(64)]

    def detector(text: str) -> list[Span]:
        time.sleep(0.001)
        return [Span(m.start(), m.end(), "PERSON") for m in re.finditer(r"Person\w+ Holloway\d+", text)]

    gate = Gateway(Sanitizer([detector, pattern_detector]), probe=None)
    left: list[bytes] = []
    together = threading.Barrier(8)

    def transport(sealed: Any) -> dict[str, Any]:
        left.append(sealed.body)
        return {"said": "<PERSON_1> wrote <EMAIL_1>", "also": "<person_1b>"}

    def work(worker: int) -> None:
        together.wait()
        for name in names[worker::8]:
            mail = f"{name.split()[0].lower()}@mail.example"
            first = name.split()[0]
            request = {"messages": [{"role": "user", "content": f"I am {name}, {mail}; {first}"}]}
            assert gate.send(request, transport) == {"said": f"{name} wrote {mail}", "also": first}

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, worker) for worker in range(8)]:
            done.result()
    assert len(left) == 64
    assert len(set(left)) == 1, "what leaves says nothing about who it was"


def test_eight_threads_ask_one_model(server: Server) -> None:
    server.script = lambda n, body: completion("Hello <PERSON_1>")
    remote = model(server, concurrency=8)
    found: list[str] = []

    def work(worker: int) -> None:
        for _ in range(4):
            for one in remote.generate([ask(f"{worker}: I am {NAME}"), ask(f"{worker}: nobody")]):
                assert isinstance(one, Reply)
                found.append(one.text)

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, worker) for worker in range(8)]:
            done.result()
    assert sorted(set(found)) == ["Hello <PERSON_1>", f"Hello {NAME}"]
    assert len(found) == len(server.bodies) == 64
    assert not any(PRIVATE.search(body) for body in server.bodies)
