"""Remote models: what arrives at the endpoint, what the caller sees, streams, schemas and the store of replies."""

from __future__ import annotations

import importlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from endpoint import KEY, NAME, PRIVATE, SCHEMA, Server, ask, completion, events, fault, model, people, reply

from drag.errors import ConfigError, ContextOverflow, ModelError
from drag.models.remote import GatewayModel
from drag.models.transport import Wire
from drag.protocols import LanguageModel
from drag.types import Reply
from privacy import Gateway, Sanitizer, Span, pattern_detector


def test_only_placeholders_arrive_and_the_caller_sees_names(server: Server) -> None:
    one = model(server, price=(2.0, 10.0))
    assert isinstance(one, LanguageModel)
    result = reply(one.generate([ask(max_tokens=9, stop=(NAME,), temperature=0.5, seed=3)]))
    assert result.text == f"Hello {NAME}"
    assert (result.usage.prompt_tokens, result.usage.completion_tokens) == (1000, 100)
    assert result.usage.cost == pytest.approx(0.003)
    [body] = server.bodies
    assert json.loads(body) == {
        "model": "big",
        "messages": [
            {"role": "system", "content": "Answer."},
            {"role": "user", "content": "I am <PERSON_1>, mail <EMAIL_1>"},
        ],
        "max_tokens": 9,
        "temperature": 0.5,
        "seed": 3,
        "stop": ["<PERSON_1>"],
    }
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_headers_say_nothing_about_the_device(server: Server) -> None:
    reply(model(server).generate([ask()]))
    known = {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length", "content-type"}
    assert set(server.headers[0]) - known == {"authorization"}
    assert server.headers[0]["user-agent"] == "drag"


def test_without_a_key_none_is_sent(server: Server) -> None:
    reply(model(server, key_env="DRAG_NO_SUCH_KEY").generate([ask()]))
    assert "authorization" not in server.headers[0]
    server.script = lambda n, body: (401, {}, {"error": {"message": KEY}})
    error = fault(model(server, key_env="DRAG_NO_SUCH_KEY").generate([ask()]))
    assert "set $DRAG_NO_SUCH_KEY" in str(error)


def test_names() -> None:
    one = GatewayModel("big", base_url="https://host.example/v1", gateway=Gateway(Sanitizer([people])))
    assert (one.name, one.identity) == ("openai:big", "openai:big@host.example")
    assert one.count_tokens("") == 0
    assert one.count_tokens("four") == 2
    assert one.count_tokens("張") == 1
    assert KEY not in repr(one)
    one.close()


@pytest.mark.parametrize("url", ["host/v1", "ftp://host", "https://user:pw@host/v1", "https://host/v1?key=x"])
def test_wrong_addresses(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        GatewayModel("big", base_url=url, gateway=Gateway(Sanitizer([people])))
    assert "pw" not in str(caught.value)


def test_a_str_does_not_pass_the_wire(server: Server) -> None:
    wire = Wire(server.url, KEY, key_env="X", timeout=1, retries=0)
    with pytest.raises(TypeError):
        wire.send("raw text")  # pyright: ignore[reportArgumentType]  # a type error first
    with pytest.raises(TypeError):
        wire.send(b"raw bytes")  # pyright: ignore[reportArgumentType]  # the same
    assert server.bodies == []


# --- JSON schemas


def no_schema(mention: str) -> Callable[[int, dict[str, Any]], Any]:
    def script(n: int, body: dict[str, Any]) -> Any:
        kind = body.get("response_format", {}).get("type", "none")
        if kind == "json_schema" or (kind == "json_object" and mention == "json_object"):
            return 400, {}, {"error": {"message": f"'response_format.{kind}' is not supported"}}
        return completion('```json\n{"name": "<PERSON_1>"}\n```')

    return script


def test_a_schema_is_sent_sanitized_and_strict(server: Server) -> None:
    server.script = lambda n, body: completion('{"name": "<PERSON_1>"}')
    result = reply(model(server).generate([ask(schema=SCHEMA)]))
    assert json.loads(result.text) == {"name": NAME}
    sent = json.loads(server.bodies[0])["response_format"]["json_schema"]
    assert sent["name"] == "test_1"
    assert sent["strict"] is True
    assert sent["schema"]["properties"] == {"name": {"enum": ["<PERSON_1>", "nobody"]}}


@pytest.mark.parametrize(("lacks", "calls"), [("json_schema", 2), ("json_object", 3)])
def test_servers_without_schemas_get_them_in_the_prompt(server: Server, lacks: str, calls: int) -> None:
    server.script = no_schema(lacks)
    one = model(server)
    assert json.loads(reply(one.generate([ask(schema=SCHEMA)])).text) == {"name": NAME}
    assert len(server.bodies) == calls
    last = json.loads(server.bodies[-1])
    assert '"additionalProperties": false' in last["messages"][-1]["content"]
    assert last.get("response_format") == ({"type": "json_object"} if lacks == "json_schema" else None)
    # It is remembered.
    reply(one.generate([ask(schema=SCHEMA)]))
    assert len(server.bodies) == calls + 1
    assert not any(PRIVATE.search(body) for body in server.bodies)


def test_names_with_quotes_keep_json_valid(server: Server) -> None:
    def detector(text: str) -> list[Span]:
        return [Span(m.start(), m.end(), "PERSON") for m in re.finditer('Jack "The Hat"', text)]

    server.script = lambda n, body: completion('{"name": "<PERSON_1>"}')
    result = reply(model(server, detector).generate([ask('I am Jack "The Hat"', schema=SCHEMA)]))
    assert json.loads(result.text) == {"name": 'Jack "The Hat"'}


def test_other_fields_that_a_server_refuses_are_left_out(server: Server) -> None:
    def script(n: int, body: dict[str, Any]) -> Any:
        if "max_tokens" in body:
            return 400, {}, {"error": {"message": "Use 'max_completion_tokens' instead of 'max_tokens'."}}
        if "temperature" in body:
            return 400, {}, {"error": {"message": "Unsupported value: 'temperature'."}}
        return completion("ok")

    server.script = script
    assert reply(model(server).generate([ask()])).text == "ok"
    assert len(server.bodies) == 3


# --- streaming


def test_a_stream_restores_split_placeholders(server: Server) -> None:
    server.script = lambda n, body: events("Hi <PER", "SON", "_1", ">, <", "b>", " and <PERSON_1", ">'s <PER")
    seen: list[str] = []

    def take(text: str) -> None:
        seen.append(text)

    result = reply(model(server).generate([ask()], on_text=take))
    assert result.text == "".join(seen) == f"Hi {NAME}, <b> and {NAME}'s <PER"
    assert len(seen) > 3
    assert not any("PERSON" in piece for piece in seen)
    assert (result.usage.prompt_tokens, result.usage.completion_tokens) == (7, 3)
    assert not PRIVATE.search(server.bodies[0])
    assert json.loads(server.bodies[0])["stream"] is True


def test_a_stream_is_aborted(server: Server) -> None:
    server.script = lambda n, body: events("one ", "two ", "three ")
    seen: list[str] = []

    def take(text: str) -> bool:
        seen.append(text)
        return len(seen) == 2

    result = reply(model(server).generate([ask()], on_text=take))
    assert result.finish == "aborted"
    assert result.text == "one two "
    assert seen == ["one ", "two "]


def test_a_stream_that_breaks_is_an_error(server: Server) -> None:
    for answer in (
        events("one ", finish=None, tail=b""),
        events("one ", tail=b"data: {nonsense\n\n"),
        events("x", tail=b"CUT"),
    ):
        server.script = lambda n, body, answer=answer: answer
        assert isinstance(fault(model(server).generate([ask()], on_text=lambda text: None)), ModelError)
    server.script = lambda n, body: (500, {"Retry-After": "0"}, {}) if n == 3 else events("ok")
    assert reply(model(server).generate([ask()], on_text=lambda text: None)).text == "ok"


def test_what_on_text_raises_goes_through(server: Server) -> None:
    def stop(text: str) -> None:
        raise RuntimeError("mine")

    server.script = lambda n, body: events("one ", "two ")
    with pytest.raises(RuntimeError, match="mine"):
        model(server).generate([ask()], on_text=stop)


# --- the store


class Store:
    """A `ReplyStore` in a dict that allows only the thread that made it."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[str, str, str]] = {}
        self._thread = threading.get_ident()

    def get(self, key: str) -> str | None:
        assert threading.get_ident() == self._thread
        return self.rows[key][0] if key in self.rows else None

    def put(self, key: str, value: str, *, model: str, prompt: str) -> None:
        assert threading.get_ident() == self._thread
        self.rows[key] = (value, model, prompt)

    def drop(self, key: str) -> None:
        self.rows.pop(key, None)


def test_a_stored_reply_is_not_asked_for_again_and_holds_no_names(server: Server) -> None:
    store = Store()
    one = model(server).with_store(store)
    first = reply(one.generate([ask()]))
    again = reply(model(server).with_store(store).generate([ask()]))
    assert len(server.bodies) == 1
    assert first.text == again.text == f"Hello {NAME}"
    assert again.usage.cost == again.usage.prompt_tokens == 0
    [(value, name, prompt)] = store.rows.values()
    assert json.loads(value)["text"] == "Hello <PERSON_1>"
    assert (name, prompt) == ("openai:big", "test@1")
    # Another mail address, the same sealed bytes; another question, others.
    assert reply(one.generate([ask(f"I am {NAME}, mail bob@mail.example")])).text == f"Hello {NAME}"
    assert len(server.bodies) == 1
    reply(one.generate([ask("Something else")]))
    assert len(server.bodies) == 2


def test_the_key_does_not_depend_on_what_the_server_understands(server: Server) -> None:
    server.script = no_schema("json_object")
    store = Store()
    for _ in range(2):
        one = model(server).with_store(store)
        assert json.loads(reply(one.generate([ask(schema=SCHEMA)])).text) == {"name": NAME}
    assert len(server.bodies) == 3
    pieces: list[str] = []

    def take(text: str) -> None:
        pieces.append(text)

    reply(model(server).with_store(store).generate([ask(schema=SCHEMA)], on_text=take))
    assert json.loads("".join(pieces)) == {"name": NAME}
    assert len(server.bodies) == 3


def test_failures_and_aborted_replies_are_not_kept(server: Server) -> None:
    store = Store()
    one = model(server, retries=0).with_store(store)
    server.script = lambda n, body: (500, {}, {})
    one.generate([ask()])
    server.script = lambda n, body: events("one ", "two ")
    one.generate([ask()], on_text=lambda text: True)
    assert store.rows == {}


# --- a real server


@pytest.fixture(scope="module")
def real() -> Iterator[str]:
    from drag.models.fetch import pull

    xllamacpp: Any = importlib.import_module("xllamacpp")  # without types
    params = xllamacpp.CommonParams()
    params.model.path = str(pull("smollm2-135m"))
    params.n_ctx = 2048
    params.n_parallel = 2
    params.verbosity = 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.api_keys = [KEY]
    params.cors_origins = "http://localhost"
    params.port = 0
    running = xllamacpp.Server(params)
    yield f"{running.listening_address}/v1"
    del running


@pytest.mark.real_model
@pytest.mark.usefixtures("environment")
def test_a_real_server(real: str) -> None:
    gate = Gateway(Sanitizer([people, pattern_detector]))
    one = GatewayModel("any", base_url=real, gateway=gate, concurrency=2, timeout=120)
    prompts = [
        ask(f"Say hello to {NAME}.", max_tokens=12),
        ask("Name one planet.", max_tokens=24, schema=SCHEMA),
    ]
    first, second = one.generate(prompts)
    assert isinstance(first, Reply), first
    assert first.usage.completion_tokens > 0
    assert isinstance(second, Reply), second
    assert json.loads(second.text)["name"] in (NAME, "nobody")
    pieces: list[str] = []

    def take(text: str) -> None:
        pieces.append(text)

    result = reply(one.generate(prompts[:1], on_text=take))
    assert "".join(pieces) == result.text
    assert result.usage.prompt_tokens > 0


@pytest.mark.real_model
@pytest.mark.usefixtures("environment")
def test_a_real_server_refuses_a_wrong_key_and_a_long_prompt(real: str, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gateway(Sanitizer([people, pattern_detector]))
    one = GatewayModel("any", base_url=real, gateway=gate, timeout=120)
    assert isinstance(fault(one.generate([ask("word " * 4000, max_tokens=4)])), ContextOverflow)
    monkeypatch.setenv("OPENAI_API_KEY", "wrong")
    error = fault(GatewayModel("any", base_url=real, gateway=gate).generate([ask()]))
    assert "refused the call (401)" in str(error)


@pytest.mark.real_model
def test_what_arrives_after_presidio(server: Server) -> None:
    from drag.models.fetch import pull
    from privacy import PresidioDetector

    gate = Gateway(Sanitizer([PresidioDetector(pull("en-core-web-sm")), pattern_detector]))
    one = GatewayModel("big", base_url=server.url, gateway=gate)
    text = f"I am {NAME}, I work at Acme Robotics, ann@mail.example. Who wrote the first novel about robots?"
    reply(one.generate([ask(text)]))
    [body] = server.bodies
    assert not PRIVATE.search(body)
    assert "Acme" not in body
    assert "Who wrote the first novel about robots?" in body
