"""The only way out: what passes, what is blocked, and that every fault blocks."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from typing import Any

import pytest

from privacy import Gateway, PrivacyError, Sanitizer, Sealed, Session, Span, pattern_detector
from privacy.gateway import Scanner
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
