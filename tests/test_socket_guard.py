"""Nothing but the gateway's wire and the fetching of models opens a connection: by running it, and by reading it."""

from __future__ import annotations

import ast
import json
import socket
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Command
from endpoint import Server, completion, model
from guard import Connected, guarded

import drag
from drag.errors import DragError
from drag.pipeline import Student, build_pack
from drag.settings import Build, Settings
from drag.testing import FakeTeacher, HashEmbedder
from drag.types import Question

ROOT = Path(__file__).parent.parent

# Modules that may import what opens connections, and what each does with it.
ALLOWED = {
    "drag/models/transport.py",  # sealed requests to a remote model
    "drag/models/sources.py",  # `drag models pull`
    "drag/models/engine.py",  # the engine's own server, on the loopback address
    "drag/models/hf.py",  # transformers, told to stay offline or to fetch what was named
    "drag/models/embed.py",  # sentence-transformers, the same
}
NETWORK = (
    "_socket", "aiohttp", "asyncio", "ftplib", "grpc", "http.client", "httpcore", "httpx", "huggingface_hub", "imaplib",
    "multiprocessing.connection", "nntplib", "openai", "poplib", "requests", "sentence_transformers", "smtplib",
    "socket", "socketserver", "ssl", "telnetlib", "tldextract", "transformers", "urllib.request", "urllib3",
    "websockets", "xmlrpc",
)  # fmt: skip


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    with guarded(monkeypatch) as seen:
        yield seen
        assert seen == []


def test_the_guard_sees_what_it_should(monkeypatch: pytest.MonkeyPatch) -> None:
    with guarded(monkeypatch) as seen:
        with pytest.raises(OSError, match="attempt"):
            urllib.request.urlopen("http://example.com")
        with pytest.raises(Connected), socket.socket() as one:
            one.connect(("192.0.2.1", 80))
        with pytest.raises(Connected), socket.socket(type=socket.SOCK_DGRAM) as one:
            one.sendto(b"x", ("192.0.2.2", 53))
        with pytest.raises(Connected):
            socket.gethostbyname("example.org")
        assert seen == ["example.com", "192.0.2.1", "192.0.2.2", "example.org"]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
            "import_module",
            "__import__",
        ):
            yield from (one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str))


def test_only_five_modules_import_what_opens_connections() -> None:
    offenders: dict[str, set[str]] = {}
    for package in ("drag", "graphs", "privacy", "eval"):
        for path in (ROOT / package).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            found = {one for one in imported(path) if any(one == lib or one.startswith(lib + ".") for lib in NETWORK)}
            if found and name not in ALLOWED:
                offenders[name] = found
    assert offenders == {}


def test_build_ask_and_graph_with_fakes(attempts: list[str], tmp_path: Path) -> None:
    path = tmp_path / "a.pack"
    build_pack(
        [Question("1", "Who built the Aldgate Clock? See https://clock.example or write to ann@mail.example")],
        path,
        teacher=FakeTeacher(),
        embedder=HashEmbedder(),
        embedder_name="hash",
    )
    with drag.Pack(path) as pack:
        Student(FakeTeacher(), pack, HashEmbedder()).ask("Who built the clock?")


def test_a_remote_build_reaches_its_endpoint_and_nothing_else(
    attempts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Server()
    server.script = lambda n, body: completion(json.dumps({"evidence": ["The clock stands in the square."]}))
    report = build_pack(
        [Question("1", "I am Margaret Holloway. Who built the Aldgate Clock?")],
        tmp_path / "a.pack",
        teacher=model(server),
        embedder=HashEmbedder(),
        embedder_name="hash",
        settings=Build(evidence=1, relevance=0),
    )
    server.close()
    assert report.built == 1
    assert server.bodies


def test_commands_that_have_no_business_outside(attempts: list[str], tmp_path: Path, command: Command) -> None:
    (tmp_path / "drag.toml").write_text(
        '[models]\nteacher = "drag.testing:FakeTeacher"\nstudent = "drag.testing:FakeTeacher"\n'
        'embedder = "drag.testing:HashEmbedder"\n'
    )
    (tmp_path / "q.txt").write_text("Who built the Aldgate Clock?\n")
    (tmp_path / "a.jsonl").touch()
    assert command("build", "q.txt", "-o", "a.pack").code == 0
    for arguments in (
        ("ask", "Who?", "--pack", "a.pack"),
        ("pack", "info", "a.pack"),
        ("pack", "verify", "a.pack"),
        ("pack", "failures", "a.pack"),
        ("audit", "a.jsonl"),
        ("graph", "a.pack"),
        ("graph", "a.pack", "-o", "a.html"),
        ("models", "list"),
        ("build", "q.txt", "-o", "b.pack", "--dry-run"),
        ("ask", "Who?", "--dry-run"),
    ):
        assert command(*arguments).code == 0, arguments
    assert "tldextract" not in sys.modules or attempts == []


@pytest.mark.real_model
def test_the_real_detectors_open_nothing(attempts: list[str]) -> None:
    from drag.models import Fetching
    from drag.models.gateway import open_gateway

    gate = open_gateway(Settings(), Fetching(allowed=False))
    text = (
        "I am Margaret Holloway, ann.smith@mail.example.co.uk, https://user:pw@site.example/x, +44 20 7946 0958, "
        "GB33BUKB20201555555555, 4111 1111 1111 1111, 192.168.0.7, at Acme Robotics in Ghent."
    )
    body = ""
    for _ in range(2):
        body = gate.seal({"model": "x", "messages": [{"role": "user", "content": text}]}).sealed.body.decode()
    assert "Margaret" not in body
    assert "ann.smith" not in body


@pytest.mark.real_model
def test_commands_that_detect_open_nothing(attempts: list[str], tmp_path: Path, command: Command) -> None:
    """The first address that tldextract sees would make it fetch its list of domains."""
    text = "I am Margaret Holloway, ann.smith@mail.example.co.uk, see https://user:pw@site.example.org/x"
    done = command("sanitize", text, "--plain")
    assert done.code == 0, done.err
    assert "Margaret" not in done.out
    build_pack(
        [Question("1", text)],
        tmp_path / "a.pack",
        teacher=FakeTeacher(),
        embedder=HashEmbedder(),
        embedder_name="drag.testing:HashEmbedder",
    )
    assert command("pack", "verify", "a.pack", "--privacy").code == 1
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"text": text, "private": ["Margaret Holloway"]}))
    assert command("eval", "leak", rows, "--no-similarity").code == 0


@pytest.mark.real_model
def test_a_missing_spacy_model_is_no_download(attempts: list[str], tmp_path: Path) -> None:
    from drag.models import Fetching
    from drag.models.gateway import open_gateway
    from privacy import PrivacyError

    settings = Settings().override("privacy", spacy=str(tmp_path / "en_core_web_lg"))
    with pytest.raises((PrivacyError, DragError)):
        open_gateway(settings, Fetching(allowed=False)).seal({"messages": []})


@pytest.mark.real_model
def test_the_real_embedder_opens_nothing(attempts: list[str]) -> None:
    from drag.models import Fetching
    from drag.models.embed import load_embedder

    vectors = load_embedder(Settings().models.embedder, Fetching(allowed=False)).encode(["Who built the clock?"])
    assert len(vectors) == 1
