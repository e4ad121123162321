"""The only way out: what passes, what is blocked, and that every fault blocks."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from typing import Any

import pytest

from privacy import Gateway, Policy, PrivacyError, Review, Sanitizer, Sealed, Session, Span, Verdict, pattern_detector
from privacy.gateway import PROBE, Scanner
from privacy.returned import Caught
from privacy.structure import chat_structure

NAME = "Margaret Holloway"
PRIVATE = re.compile(r"(?i)margaret|holloway|ann@mail|falcon")


def people(text: str) -> list[Span]:
    return [Span(m.start(), m.end(), "PERSON") for m in re.finditer(f'{NAME}|Jack "The Hat" Miller', text)]


def blind(text: str) -> list[Span]:
    return []


class Endpoint:
    """A transport that keeps what it gets and answers with `reply`."""

    def __init__(self, reply: str = "Hello <PERSON_1>!") -> None:
        self.reply = reply
        self.bodies: list[bytes] = []

    def __call__(self, sealed: Sealed) -> bytes:
        assert isinstance(sealed, Sealed)
        assert sealed.released
        self.bodies.append(sealed.body)
        return json.dumps({"choices": [{"message": {"content": self.reply}}]}).encode()


def ask(content: str, **more: Any) -> dict[str, Any]:
    return {"model": "big", "messages": [{"role": "user", "content": content}], "max_tokens": 64, **more}


def gateway(detector: Any = people, scanner: Scanner | None = None, **options: Any) -> Gateway:
    return Gateway(Sanitizer([detector, pattern_detector], deny=["Falcon"]), scanner, **options)


def test_send_sanitizes_everything_and_restores_the_reply() -> None:
    endpoint = Endpoint("Hello <PERSON_1>, of <private_1>. <PERSON_9>")
    request = ask(
        f"I am {NAME} (margaret, ann@mail.example), on falcon.",
        stop=[NAME],
        metadata={"who": [NAME, 3, None, True]},
    )
    reply = gateway().send(request, endpoint)
    assert reply["choices"][0]["message"]["content"] == f"Hello {NAME}, of falcon. <PERSON_9>"
    [body] = endpoint.bodies
    assert not PRIVATE.search(body.decode())
    sent = json.loads(body)
    assert sent["stop"] == ["<PERSON_1>"]
    assert sent["metadata"] == {"who": ["<PERSON_1>", 3, None, True]}
    assert list(sent) == list(request)


def test_equal_requests_give_equal_bytes() -> None:
    one = gateway().seal(ask(f"{NAME} and ann@mail.example")).sealed
    two = gateway().seal(ask(f"{NAME} and ann@mail.example")).sealed
    assert one.body == two.body
    assert one.digest == two.digest
    # Another person, the same form: the store of replies may answer both.
    assert gateway().seal(ask('Jack "The Hat" Miller and bob@mail.example')).sealed.digest == one.digest


def test_a_json_reply_stays_json() -> None:
    reply = gateway().send(ask('Who is Jack "The Hat" Miller?'), Endpoint('{"name": "<PERSON_1>"}'))
    assert json.loads(reply["choices"][0]["message"]["content"]) == {"name": 'Jack "The Hat" Miller'}


def test_the_words_of_the_protocol_are_sent_as_they_are() -> None:
    def everything(text: str) -> list[Span]:
        return [Span(m.start(), m.end(), "ORGANIZATION") for m in re.finditer(r"\w+", text)]

    schema = {
        "type": "object",
        "properties": {"type": {"type": ["string"], "description": NAME, "enum": [NAME, "b"]}},
        "required": ["type"],
    }
    request = ask(
        "user string", response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    )
    sent, counts = gateway(everything).preview(request)
    assert sent["model"] == "big"
    assert sent["messages"] == [{"role": "user", "content": "<ORGANIZATION_1> <ORGANIZATION_2>"}]
    out = sent["response_format"]["json_schema"]["schema"]
    assert out["required"] == ["type"]
    assert out["properties"]["type"]["type"] == ["string"]
    assert not PRIVATE.search(json.dumps(out))
    assert counts["ORGANIZATION"] == 7


def test_a_property_called_like_a_keyword_is_no_keyword() -> None:
    schema = ("response_format", "json_schema", "schema")
    assert chat_structure((*schema, "properties", "type", "type"))
    assert not chat_structure((*schema, "properties", "type", "enum", 0))
    assert not chat_structure((*schema, "properties", "x", "const"))
    assert not chat_structure(("messages", 0, "content"))
    assert not chat_structure(("metadata", "type"))


def test_preview_sends_nothing_and_counts() -> None:
    sent, counts = gateway().preview(ask(f"{NAME}, margaret, falcon"))
    assert sent["messages"][0]["content"] == "<PERSON_1>, <PERSON_1B>, <PRIVATE_1>"
    assert counts == {"PERSON": 2, "PRIVATE": 1}


# --- blocked


def raising(text: str) -> list[Span]:
    raise RuntimeError(text)


def exiting(text: str) -> list[Span]:
    raise SystemExit(text)


def hanging(text: str) -> list[Span]:
    time.sleep(1.0)
    return []


def outside(text: str) -> list[Span]:
    return [Span(0, len(text) + 1, "PERSON")]


def nothing(text: str) -> Any:
    return None


def load_fails(text: str) -> list[Span]:
    return []


def refuse() -> None:
    raise OSError(NAME)


load_fails.load = refuse  # pyright: ignore[reportFunctionMemberAccess]  # detectors may have a `load`


@pytest.mark.parametrize("detector", [raising, exiting, hanging, outside, nothing, load_fails, "not callable"])
def test_every_fault_of_a_detector_blocks(detector: Any) -> None:
    endpoint = Endpoint()
    with pytest.raises(PrivacyError) as caught:
        gateway(detector, timeout=0.2).send(ask(f"I am {NAME}"), endpoint)
    assert endpoint.bodies == []
    assert not PRIVATE.search(f"{caught.value} {caught.value!r}")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def scan_raises(body: bytes, session: Session) -> Mapping[str, int]:
    raise RuntimeError(body)


def scan_hangs(body: bytes, session: Session) -> Mapping[str, int]:
    time.sleep(1.0)
    return {}


def scan_nonsense(body: bytes, session: Session) -> Any:
    return None


def scan_nonsense_counts(body: bytes, session: Session) -> Any:
    return {"PERSON": "many"}


def scan_finds(body: bytes, session: Session) -> Mapping[str, int]:
    return {"PERSON": 2}


@pytest.mark.parametrize("scanner", [scan_raises, scan_hangs, scan_nonsense, scan_nonsense_counts, scan_finds])
def test_every_fault_of_the_second_scan_blocks(scanner: Scanner) -> None:
    endpoint = Endpoint()
    with pytest.raises(PrivacyError) as caught:
        gateway(people, scanner, timeout=0.2).send(ask(f"I am {NAME}"), endpoint)
    assert endpoint.bodies == []
    assert not PRIVATE.search(str(caught.value))


def test_without_a_detector_nothing_leaves() -> None:
    endpoint = Endpoint()
    with pytest.raises(PrivacyError, match="no detector"):
        Gateway(Sanitizer([])).send(ask("hello"), endpoint)
    assert endpoint.bodies == []


@pytest.mark.parametrize(
    "request_body",
    [
        ask("\ud800"),
        ask("x", temperature=float("nan")),
        ask("x", thing=object()),
        ask("x", thing={1: "y"}),
        ask("x", **{f"call {NAME}": 1, "who": NAME}),
        ask("x", **{"ann@mail.example": 1}),
        ask("x", metadata={"Falcon": 1}),
        ask("x", metadata={"card": 4111111111111111}),
        {"model": "ann@mail.example", "messages": []},
    ],
)
def test_what_cannot_be_made_clean_is_blocked(request_body: dict[str, Any]) -> None:
    endpoint = Endpoint()
    with pytest.raises(PrivacyError) as caught:
        gateway().send(request_body, endpoint)
    assert endpoint.bodies == []
    assert not PRIVATE.search(str(caught.value))


def test_the_second_scan_does_not_trust_the_first() -> None:
    class Careless(Session):
        def sanitize_all(self, texts: Any) -> list[str]:
            super().sanitize_all(texts)
            return list(texts)

    class CarelessSanitizer(Sanitizer):
        def session(self) -> Session:
            return Careless(self.detectors, self.lists)

    for text, kind in ((NAME, "PERSON"), ("ann@mail.example", "EMAIL"), ("Falc\u200bon", "PRIVATE")):
        endpoint = Endpoint()
        careless = Gateway(CarelessSanitizer([people, pattern_detector], deny=["Falcon"]))
        with pytest.raises(PrivacyError, match=kind):
            careless.send(ask(text), endpoint)
        assert endpoint.bodies == []


def test_a_transport_that_fails_is_not_our_error() -> None:
    def broken(sealed: Sealed) -> bytes:
        raise ConnectionError("down")

    with pytest.raises(ConnectionError):
        gateway().send(ask("hello"), broken)
    with pytest.raises(ValueError, match="JSON object"):
        gateway().send(ask("hello"), lambda sealed: b"[1]")


def test_sealed_shows_size_and_digest_only() -> None:
    sealed = gateway(blind).seal(ask("a public word")).sealed
    assert "public" not in f"{sealed} {sealed!r}"
    assert re.fullmatch(r"<Sealed \d+ bytes, sha256 [0-9a-f]{12}>", str(sealed))
    with pytest.raises(PrivacyError):
        sealed._body = b"other"  # pyright: ignore[reportPrivateUsage]  # an attempt


# --- the last step: review, log, release


def test_only_what_was_released_is_taken_by_the_wire() -> None:
    from drag.models.transport import Wire

    gate = gateway()
    outgoing = gate.seal(ask("hello"))
    wire = Wire("http://127.0.0.1:9/v1", None, key_env="X", timeout=0.2, retries=0)
    with pytest.raises(PrivacyError, match="not released"):
        wire.send(outgoing.sealed)
    assert not outgoing.sealed.released
    assert gate.release(outgoing).released
    assert gate.release(outgoing).body == outgoing.sealed.body


def test_a_review_sees_what_would_leave_beside_the_words() -> None:
    seen: list[Review] = []

    def look(review: Review) -> Verdict:
        seen.append(review)
        return "send"

    endpoint = Endpoint()
    gateway(review=look).send(ask(f"I am {NAME}"), endpoint)
    [review] = seen
    assert review.model == "big"
    assert review.request["messages"][0]["content"] == "I am <PERSON_1>"
    assert review.original["messages"][0]["content"] == f"I am {NAME}"
    assert review.counts == {"PERSON": 1}
    assert len(endpoint.bodies) == 1


def test_an_edited_request_is_sanitized_and_scanned_again() -> None:
    def add(review: Review) -> Verdict:
        text = review.request["messages"][0]["content"] + f" and {NAME}'s mail is ann@mail.example"
        return {**review.request, "messages": [{"role": "user", "content": text}]}

    def add_what_cannot_be_hidden(review: Review) -> Verdict:
        return {**review.request, "metadata": {"Falcon": 1}}

    endpoint = Endpoint()
    reply = gateway(review=add).send(ask(f"I am {NAME}"), endpoint)
    sent = json.loads(endpoint.bodies[0])["messages"][0]["content"]
    assert sent == "I am <PERSON_1> and <PERSON_1>'s mail is <EMAIL_1>"
    assert reply["choices"][0]["message"]["content"] == f"Hello {NAME}!"
    with pytest.raises(PrivacyError, match="PRIVATE"):
        gateway(review=add_what_cannot_be_hidden).send(ask("hello"), endpoint)
    assert len(endpoint.bodies) == 1


def review_raises(review: Review) -> Verdict:
    raise RuntimeError(str(review.original))


def review_nonsense(review: Review) -> Any:
    return True


def review_no(review: Review) -> Verdict:
    return "refuse"


def review_dry(review: Review) -> Verdict:
    return "dry-run"


@pytest.mark.parametrize("review", [review_raises, review_nonsense, review_no, review_dry])
def test_a_review_that_does_not_say_send_sends_nothing(review: Any) -> None:
    endpoint = Endpoint()
    with pytest.raises(PrivacyError, match="nothing was sent") as caught:
        gateway(review=review).send(ask(f"I am {NAME}"), endpoint)
    assert endpoint.bodies == []
    assert not PRIVATE.search(str(caught.value))
    assert caught.value.__context__ is None


# --- detectors that fail without a sound


def forgetful(text: str) -> list[Span]:
    forgetful_calls.append(1)
    return people(text) if len(forgetful_calls) < 3 else []


def everything_is_one_letter(text: str) -> list[Span]:
    return [Span(0, 1, "PERSON")] if text else []


forgetful_calls: list[int] = []


@pytest.mark.parametrize("detector", [blind, everything_is_one_letter])
def test_a_detector_that_finds_nothing_is_found_out_by_the_probe(detector: Any) -> None:
    endpoint = Endpoint()
    with pytest.raises(PrivacyError, match="tested with"):
        gateway(detector, probe=PROBE).send(ask(f"I am {NAME}"), endpoint)
    assert endpoint.bodies == []


def test_the_probe_is_repeated_for_every_request() -> None:
    forgetful_calls.clear()
    endpoint = Endpoint()
    gate = gateway(forgetful, probe=PROBE)
    gate.send(ask(f"I am {NAME}"), endpoint)
    with pytest.raises(PrivacyError, match="tested with"):
        gate.send(ask(f"I am {NAME}"), endpoint)
    assert len(endpoint.bodies) == 1
    assert not PRIVATE.search(endpoint.bodies[0].decode())


def test_words_of_a_build_may_not_leave_in_any_request() -> None:
    gate = gateway(blind)
    gate.caught = Caught({"<PERSON_ABCDEF1>": "Jonas Weiss", "<LOCATION_ABCDEF1>": "Ghent"}, ["ABCDEF"])
    assert b"Ghent" in gate.seal(ask("The mill of Ghent")).sealed.body
    for text, kind in (("jonas  weiss", "PERSON"), ("<LOCATION_ABCDEF2> is Ghent", "LOCATION")):
        with pytest.raises(PrivacyError, match=kind):
            gate.seal(ask(text))
    counts = gate.seal(ask("<PERSON_ABCDEF1> of <LOCATION_ABCDEF1>")).counts
    assert counts == {"LOCATION": 1, "PERSON": 1}


def test_placeholders_of_a_build_are_left_as_they_are() -> None:
    def eager(text: str) -> list[Span]:
        return [Span(m.start(), m.end(), "ID") for m in re.finditer(r"\w*\d\w*", text)]

    sealed = gateway(eager).seal(ask("<PERSON_ABCDEF1> has <AGE_30S_ABCDEF2B> and A7")).sealed
    assert json.loads(sealed.body)["messages"][0]["content"] == "<PERSON_ABCDEF1> has <AGE_30S_ABCDEF2B> and <ID_1>"


def test_a_kind_that_may_leave_is_not_blocked_by_the_second_scan() -> None:
    policy = Policy("mine", foreign="allow", kinds_off=frozenset({"IP"}))
    sealed = Gateway(Sanitizer([pattern_detector], policy=policy)).seal(ask("10.1.2.3, ann@mail.example")).sealed
    assert b"10.1.2.3, <EMAIL_1>" in sealed.body
    with pytest.raises(PrivacyError, match="IP"):
        Gateway(Sanitizer([people])).seal(ask("10.1.2.3"))


def test_a_long_text_has_more_time() -> None:
    def slow(text: str) -> list[Span]:
        time.sleep(0.4)
        return people(text)

    with pytest.raises(PrivacyError, match=r"took more than 0\.2 s"):
        gateway(slow, timeout=0.2).seal(ask(f"I am {NAME}"))
    long = f"I am {NAME}. " + "It rains. " * 5_000
    assert NAME.encode() not in gateway(slow, timeout=0.2).seal(ask(long)).sealed.body
