"""A fake OpenAI-compatible endpoint on the loopback address that does whatever a script says, and keeps what it got."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from drag.errors import DragError
from drag.models.remote import GatewayModel
from drag.types import Prompt, Reply
from privacy import Gateway, Sanitizer, Span, pattern_detector

Answer = tuple[int, dict[str, str], Any]
"""Status, headers, and a body: bytes as they are (cut off if they end in CUT), anything else as JSON."""

NAME = "Margaret Holloway"
PRIVATE = re.compile(r"(?i)margaret|holloway|ann@mail")
KEY = "sk-test-key"
SCHEMA = {
    "type": "object",
    "properties": {"name": {"enum": [NAME, "nobody"]}},
    "required": ["name"],
    "additionalProperties": False,
}


def people(text: str) -> list[Span]:
    return [Span(m.start(), m.end(), "PERSON") for m in re.finditer(NAME, text)]


class Server:
    """An endpoint on the loopback address. `script` answers call number n (from 0); every body is kept."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.script: Callable[[int, dict[str, Any]], Any] = lambda n, body: completion("Hello <PERSON_1>")
        self.busy = self.most = 0
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                with outer._lock:
                    number = len(outer.bodies)
                    outer.bodies.append(text)
                    outer.headers.append({name.lower(): value for name, value in self.headers.items()})
                    outer.times.append(time.monotonic())
                    outer.busy += 1
                    outer.most = max(outer.most, outer.busy)
                try:
                    outer.respond(self, outer.script(number, json.loads(text)))
                finally:
                    with outer._lock:
                        outer.busy -= 1

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def respond(self, handler: BaseHTTPRequestHandler, answer: Any) -> None:
        status, headers, body = cast("Answer", answer if isinstance(answer, tuple) else (200, {}, answer))
        cut = isinstance(body, bytes) and body.endswith(b"CUT")
        data: bytes = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(data) + (100 if cut else 0)))
        for name, value in {"Content-Type": "application/json", **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


def completion(text: str | None, finish: str = "stop", usage: bool = True) -> dict[str, Any]:
    reply: dict[str, Any] = {"choices": [{"message": {"content": text}, "finish_reason": finish}]}
    return reply | ({"usage": {"prompt_tokens": 1000, "completion_tokens": 100}} if usage else {})


def events(*pieces: str, finish: str | None = "stop", tail: bytes = b"data: [DONE]\n\n") -> Any:
    chunks: list[dict[str, Any]] = [{"choices": [{"delta": {"content": piece}}]} for piece in pieces]
    chunks.append({"choices": [{"delta": {}, "finish_reason": finish}]})
    chunks.append({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}})
    body = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + tail
    return 200, {"Content-Type": "text/event-stream"}, body


def model(server: Server, detector: Any = people, **options: Any) -> GatewayModel:
    options = {"timeout": 5.0, "retries": 2, **options}
    gate = Gateway(Sanitizer([detector, pattern_detector]), timeout=0.3)
    return GatewayModel("big", base_url=server.url, gateway=gate, **options)


def ask(text: str = f"I am {NAME}, mail ann@mail.example", **options: Any) -> Prompt:
    return Prompt.ask("test@1", text, "Answer.", **options)


def fault(results: list[Reply | DragError]) -> DragError:
    [result] = results
    assert isinstance(result, DragError)
    assert KEY not in f"{result!r}"
    assert not PRIVATE.search(f"{result!r}")
    return result


def reply(results: list[Reply | DragError]) -> Reply:
    [result] = results
    assert isinstance(result, Reply), result
    return result
