"""What several test files share: a captured command line, a teacher in parts, and a pack that is ready to be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from endpoint import KEY, Server
from hypothesis import settings

from drag.cli import run
from drag.errors import DragError
from drag.pack import Built, PackWriter
from drag.pack.triples import triple_id
from drag.pipeline import BuildReport, build_pack
from drag.settings import Build
from drag.testing import FakeModel, FakeTeacher, HashEmbedder
from drag.types import Evidence, Failure, Prompt, Question, Ranked
from graphs import Merged, Triple, merge, verbalise

# How long an example takes says more about the machine than about the code.
settings.register_profile("drag", deadline=None)
settings.load_profile("drag")


class Chat(FakeModel):
    """A fake that cannot score, like most remote models."""

    score = None  # pyright: ignore[reportAssignmentType]


@dataclass(frozen=True)
class Outcome:
    """What a command came to."""

    code: int
    out: str
    err: str


Command = Callable[..., Outcome]
Answerer = Callable[[Prompt], "str | DragError"]


def answering(reply: Answerer, kind: type[FakeModel] = FakeModel, name: str = "fake-teacher") -> FakeModel:
    """A model whose function may also give errors."""
    return kind(cast("Callable[[Prompt], str]", reply), name=name)


def taught(prompt: Prompt) -> str:
    """What `FakeTeacher` says."""
    (reply,) = FakeTeacher().generate([prompt])
    assert not isinstance(reply, DragError)
    return reply.text


def build(
    path: Path, questions: Sequence[Question], *, teacher: FakeModel | None = None, **settings: Any
) -> BuildReport:
    """A pack by the fakes; three pieces of evidence a question unless told otherwise."""
    return build_pack(
        questions,
        path,
        teacher=teacher or FakeTeacher(),
        embedder=HashEmbedder(),
        embedder_name="drag.testing:HashEmbedder",
        settings=Build.model_validate({"evidence": 3, **settings}),
    )


def rows(path: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    """Run one statement on a pack as any other tool would: without the product's code, and for good."""
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement, values).fetchall()


# --- a pack by hand

CLOCK = Evidence.of("Mara Finch built the Aldgate Clock.", "teacher:fake")
MILL = Evidence.of("Ivo Lund built the mill of Ghent.", "document:2")
CUT = Evidence.of("A moved clock is moved.", "teacher:fake")


def ranked(*items: Any, kept: int = 9) -> list[Ranked[Any]]:
    return [Ranked(item, n, 1 / n, {"similarity": 1 / n}, n <= kept) for n, item in enumerate(items, 1)]


def triple_vectors(facts: Sequence[Merged]) -> dict[tuple[str, str], Any]:
    lines = [" ".join(verbalise([one.triple])) for one in facts]
    keys = [("triple", triple_id(one.triple)) for one in facts]
    return dict(zip(keys, HashEmbedder().encode(lines), strict=True))


def built(
    key: str, *evidence: Evidence, kept: int = 9, triples: Sequence[Triple] = (), failures: Sequence[Failure] = ()
) -> Built:
    question = Question(key, f"Who built {key}?", ("Mara", "Ivo"), ("Mara",))
    facts: list[Merged] = merge(triples)
    vectors = HashEmbedder().encode([question.text, *(one.text for one in evidence[:kept])])
    keys = [("question", key), *(("evidence", one.id) for one in evidence[:kept])]
    return Built(
        question,
        "blind",
        ranked(*evidence, kept=kept),
        ranked(*facts),
        {**dict(zip(keys, vectors, strict=True)), **triple_vectors(facts)},
        failures,
    )


def fact(head: str, tail: str, of: Evidence) -> Triple:
    return Triple(head, "built", tail, of.id)


FIRST = built("one", CLOCK, CUT, kept=1, triples=[fact("Mara Finch", "Aldgate Clock", CLOCK)])
SECOND = built("two", MILL, CLOCK, triples=[fact("Ivo Lund", "mill", MILL), fact("Mara Finch", "Aldgate Clock", CLOCK)])


def write(path: Path, *all_built: Built) -> Path:
    with PackWriter(path) as writer:
        for one in all_built:
            writer.write(one, f"recipe of {one.question.id}")
    return path


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run `drag …` in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        caught = capsys.readouterr()
        return Outcome(code, caught.out, caught.err)

    return call


@pytest.fixture(autouse=True)
def data_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept for a user, such as the key of placeholders, is kept elsewhere for a test."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.getbasetemp() / "data"))


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, no proxy before the loopback address, and things that an endpoint should not get to know."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    # The SDK reads these; they are none of the endpoint's business.
    monkeypatch.setenv("OPENAI_ORG_ID", "org-private")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-private")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server(environment: None) -> Iterator[Server]:
    """An endpoint on the loopback address."""
    one = Server()
    yield one
    one.close()
