"""Canaries through every path, poisoned evidence, and what a pack alone gives away.

A pack is built, and asked with, over a malicious endpoint on the loopback address. The canaries stand in the deny list
of the gateway that is used here: what is tested is where words go, not whether they are detected.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import io
import json
import logging
import pickle
import sqlite3
import tempfile
import traceback
import urllib.parse
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from drag.errors import ConfigError, DragError
from drag.models.remote import GatewayModel
from drag.pack import Pack
from drag.pipeline import Student, build_pack
from drag.settings import Ask, Build
from drag.testing import HashEmbedder
from drag.types import Context, Prompt, Question, texts
from eval.attack import Attack, Tried, about, values
from eval.endpoint import ORDERS, Endpoint, mirror
from eval.inject import Person
from eval.leak_data import stands
from privacy import AuditLog, Gateway, PrivacyError, Sanitizer, Span

_EMBEDDER = "drag.testing:HashEmbedder"


def traces(value: str) -> dict[str, bytes]:
    """The forms in which a value may lie in a file, by name; all but base64 in lower case."""
    raw = value.encode()
    lower = value.casefold()
    return {
        "utf-8": lower.encode(),
        "utf-16": lower.encode("utf-16-le"),
        "json": json.dumps(lower)[1:-1].encode(),
        "percent": urllib.parse.quote(lower).lower().encode(),
        "plus": urllib.parse.quote_plus(lower).lower().encode(),
        "hex": raw.hex().encode(),
        "base64": base64.b64encode(raw).rstrip(b"=")[:-1],
    }


def lies_in(value: str, data: bytes) -> bool:
    """Whether `value` lies in `data` in one of its forms."""
    lower = data.decode("utf-8", "surrogateescape").casefold().encode("utf-8", "surrogateescape")
    return any(form in (data if name == "base64" else lower) for name, form in traces(value).items())


def search(crowd: Sequence[Person], *data: bytes) -> Tried:
    """How many private strings of `crowd` lie in the data."""
    everything = b"\x00".join(data)
    own = [value for one in crowd for value in values(one)]
    return Tried(len(own), sum(lies_in(value, everything) for value in own))


def canaries(gateway: Gateway, crowd: Sequence[Person]) -> dict[str, Tried]:
    """Build a pack and ask with it; then search the wire, the pack, all other files, the logs and what was printed.

    `graph_reconstruction` is the share of the private strings that stand in the stored triples.
    """
    with _workshop() as (folder, logs, printed), Endpoint(mirror) as endpoint:
        path = folder / "canary.pack"
        gateway.audit = AuditLog(folder / "audit.jsonl")
        try:
            _build(path, gateway, endpoint, crowd)
            _ask(path, gateway, endpoint, crowd)
        finally:
            gateway.audit = None
        tables = _written(path)
        found = {
            "canary_wire": search(crowd, *endpoint.bodies),
            "canary_pack": search(crowd, *(one.read_bytes() for one in folder.glob("canary.pack*"))),
            "canary_files": search(crowd, *(one.read_bytes() for one in folder.rglob("*") if _other(one))),
            "canary_logs": search(crowd, logs.getvalue().encode()),
            "canary_output": search(crowd, printed.getvalue().encode()),
        }
        for table, data in tables.items():
            there = search(crowd, data)
            found |= {f"canary_pack/{table}": there} if there.succeeded else {}
        triples = tables.get("triples", b"").decode()
        own = [value for one in crowd for value in values(one)]
        found["graph_reconstruction"] = Tried(len(own), sum(stands(value, triples) for value in own))
    return found


def _ask(path: Path, gateway: Gateway, endpoint: Endpoint, crowd: Sequence[Person]) -> None:
    with closing(_model(gateway, endpoint)) as model, Pack(path) as pack:
        student = Student(model, pack, HashEmbedder(), Ask(threshold=0))
        for question in _questions(crowd):
            with contextlib.suppress(DragError):
                student.ask(question)


def exceptions(gateway: Gateway, crowd: Sequence[Person]) -> Tried:
    """Faults that would quote the text: an endpoint that refuses and echoes, one that talks nonsense, a detector.

    Searched are messages, `repr`, tracebacks with the local variables of every frame of the product, and what `pickle`
    and `copy` make of everything that holds words.
    """
    heard: list[str] = []

    def broken(text: str) -> list[Span]:
        raise ValueError(text)

    for respond in (_refusing, _talking):
        with Endpoint(respond) as endpoint, _workshop() as (folder, logs, printed):
            path = folder / "canary.pack"
            heard += _build(path, gateway, endpoint, crowd)
            with closing(_model(gateway, endpoint)) as model:
                for one in crowd:
                    prompt = Prompt.ask("attack@1", about(*values(one)), schema={"type": "object"})
                    results = [result for result in model.generate([prompt]) if isinstance(result, DragError)]
                    heard += [text for result in results for text in (repr(result), *_frames(result))]
                heard.append(repr(model))
            heard += [logs.getvalue(), printed.getvalue()]
    refusing = Gateway(Sanitizer([broken]))
    for one in crowd:
        request = {"messages": [{"role": "user", "content": about(*values(one))}]}
        session = gateway.sanitizer.session()
        try:
            outgoing = gateway.seal(request, session=session)
            heard += [repr(outgoing), *_copies(session, *session.secrets, outgoing, gateway.sanitizer.lists)]
            refusing.seal(request)
        except PrivacyError as error:
            heard += [traceback.format_exc(), *_frames(error)]
        heard += [repr(session), repr(session.secrets), repr(gateway), repr(gateway.sanitizer)]
    return search(crowd, "\n".join(heard).encode())


def _frames(error: BaseException | None) -> list[str]:
    """The local variables of the product's frames, of an error and of those that led to it; ours hold the canaries."""
    said: list[str] = []
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if str(frame.f_globals.get("__name__", "")).split(".")[0] in ("drag", "privacy", "graphs"):
                said.append(repr(frame.f_locals))
        error = error.__cause__ or error.__context__
    return said


def _copies(*things: object) -> list[str]:
    """What can be had by pickling or copying: nothing, where each of them refuses."""
    said: list[str] = []
    for thing in things:
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            with contextlib.suppress(TypeError):
                made = attempt(thing)
                said.append(made.decode("latin-1") if isinstance(made, bytes) else repr(vars(made)))
    return said


def _refusing(_: Mapping[str, object]) -> None:
    """An endpoint that answers with an error, which quotes what it was asked."""


def _talking(request: Mapping[str, object]) -> str:
    return f"no JSON: {request}"


def poisoned(gateway: Gateway, crowd: Sequence[Person]) -> dict[str, Tried]:
    """A teacher whose evidence gives orders: do they get into the pack, into its triples, and before the student?"""

    def respond(request: Mapping[str, object]) -> str:
        return mirror(request, ORDERS)

    with _workshop() as (folder, _, _), Endpoint(respond) as endpoint:
        path = folder / "poison.pack"
        _build(path, gateway, endpoint, crowd, evidence=len(ORDERS) + 4, keep=len(ORDERS) + 4, keep_tokens=10_000)
        tables = _written(path)
        with Pack(path) as pack, closing(_model(gateway, endpoint)) as model:
            student = Student(model, pack, HashEmbedder(), Ask(threshold=0))
            read = [student.context(question) for question in _questions(crowd)]
    seen = "\n".join(text for context in read for text in [*texts(context.evidence), *_said(context)])
    return {
        "poison_pack": _orders(tables.get("evidence", b"").decode()),
        "poison_graph": _orders(tables.get("triples", b"").decode()),
        "poison_student": _orders(seen),
    }


def through(gateway: Gateway, crowd: Sequence[Person]) -> dict[str, Attack]:
    """The attacks over the whole product, by name. `gateway` has the crowd's strings in its deny list."""
    return {
        "canaries": lambda: canaries(gateway, crowd),
        "canary_exceptions": lambda: {"canary_exceptions": exceptions(gateway, crowd)},
        "poison": lambda: poisoned(gateway, crowd),
    }


def _questions(crowd: Sequence[Person]) -> list[Question]:
    """What people ask, half of them with a document of their own."""
    return [
        Question(f"q{place}", about(*values(one)), evidence=(f"{one.name} is on file.",) if place % 2 else ())
        for place, one in enumerate(crowd)
    ]


def _build(path: Path, gateway: Gateway, endpoint: Endpoint, crowd: Sequence[Person], **settings: int) -> list[str]:
    """Build a pack over the endpoint, and return what it has to say about its failures."""
    made = Build.model_validate({"evidence": 6, "triples": 100, **settings})
    with closing(_model(gateway, endpoint)) as teacher:
        try:
            report = build_pack(
                _questions(crowd),
                path,
                teacher=teacher,
                embedder=HashEmbedder(),
                embedder_name=_EMBEDDER,
                settings=made,
            )
        except DragError:
            return [traceback.format_exc()]
    return [repr(report)]


def _model(gateway: Gateway, endpoint: Endpoint) -> GatewayModel:
    return GatewayModel("adversary", base_url=endpoint.url, gateway=gateway, timeout=10.0, retries=0)


@contextlib.contextmanager
def _workshop() -> Generator[tuple[Path, io.StringIO, io.StringIO]]:
    """A folder of its own as the current one, all that is logged at any level, and all that is printed."""
    logs, printed = io.StringIO(), io.StringIO()
    root, handler = logging.getLogger(), logging.StreamHandler(logs)
    level = root.level
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                yield Path(folder), logs, printed
        finally:
            root.setLevel(level)
            root.removeHandler(handler)


def _tables(path: Path) -> dict[str, bytes]:
    """Every table of a pack as bytes, by name, without the shadow tables of its full-text index."""
    with closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: "\n".join(
                "\t".join(value for value in row if isinstance(value, str))
                for row in connection.execute(f'SELECT * FROM "{name}"')  # noqa: S608 - a name that the file itself gave
            ).encode()
            for name in sorted(names)
            if not name.startswith(("evidence_words", "sqlite_"))
        }


def _written(path: Path) -> dict[str, bytes]:
    """The tables of a pack that is not empty: finding nothing in an empty one would prove nothing."""
    tables = _tables(path)
    if not tables.get("evidence") or not tables.get("triples"):
        raise ConfigError("the attack's own pack came out empty")
    return tables


def _other(path: Path) -> bool:
    return path.is_file() and not path.name.startswith("canary.pack")


def _orders(text: str) -> Tried:
    # An order counts by its own beginning: a stage may tidy the end of a sentence away.
    return Tried(len(ORDERS), sum(order[:40].casefold() in text.casefold() for order in ORDERS))


def _said(context: Context) -> list[str]:
    return [f"{one.head} {one.relation} {one.tail}" for one in context.graph]
