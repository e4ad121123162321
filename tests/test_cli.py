"""The command line: what it writes where, and that every mistake is one line."""

from __future__ import annotations

import importlib.metadata
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import Command, Outcome, rows

from drag.cli import GROUP
from drag.errors import ModelError
from drag.models import Fetching
from drag.pack import Pack
from drag.settings import Settings
from drag.testing import FakeModel, FakeTeacher
from drag.types import Likelihood, Prompt

QUESTIONS = [
    {"id": "clock", "question": "Who built the Aldgate Clock?", "evidence": "Mara Finch built the Aldgate Clock."},
    {"id": "moon", "question": "How far is the moon?", "answers": ["far"]},
]
FAKES = ("--teacher", "drag.testing:FakeTeacher", "--embedder", "drag.testing:HashEmbedder", "--evidence", "3")


class Reader(FakeModel):
    """A student that always names its first evidence, and would choose the first choice."""

    def __init__(self) -> None:
        super().__init__(lambda prompt: "Mara Finch [1].", name="reader")

    def score(self, prompt: Prompt, continuations: Sequence[str]) -> list[Likelihood]:
        return [Likelihood((-1.0 - n,)) for n, _ in enumerate(continuations)]


class Lost(FakeModel):
    """A model that fails."""

    def __init__(self) -> None:
        super().__init__([ModelError("out of memory")])


class MoonBlind(FakeTeacher):
    """A teacher that knows nothing of the moon."""

    def _next(self, prompt: Prompt) -> Any:
        about_moon = prompt.name.startswith("teach") and "moon" in prompt.messages[-1].content
        return ModelError("unreachable [/x]") if about_moon else super()._next(prompt)


READER, LOST, BLIND = (f"{__name__}:{one.__name__}" for one in (Reader, Lost, MoonBlind))


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "q.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in QUESTIONS), "utf-8")
    return path


@pytest.fixture
def pack(command: Command, questions: Path) -> Path:
    assert command("build", questions, "-o", "a.pack", *FAKES).code == 0
    return questions.with_name("a.pack")


# --- build


def test_build(command: Command, questions: Path) -> None:
    first = command("build", questions, "-o", "a.pack", *FAKES)
    # And no bar: this is no terminal.
    assert first == Outcome(0, "", "a.pack: 2 built, 0 there already, 0 failures\n")
    again = command("build", questions, "-o", "a.pack", *FAKES, "--json")
    assert (again.code, again.err) == (0, "")
    assert json.loads(again.out) == {"pack": "a.pack", "built": 0, "reused": 2, "dropped": 0, "failures": []}


def test_build_with_failures(command: Command, questions: Path) -> None:
    arguments = ("build", questions, "-o", "a.pack", *FAKES)
    shown = command(*arguments, "--teacher", BLIND)
    assert shown.code == 1
    assert shown.err.splitlines() == [
        "failed: moon (teach): unreachable [/x]",
        "a.pack: 2 built, 0 there already, 1 failures",
    ]
    record = {"item_id": "moon", "stage": "teach", "error": "unreachable [/x]"}
    as_json = command(*arguments, "--teacher", BLIND, "--json")
    assert as_json.code == 1
    assert json.loads(as_json.out) == {"pack": "a.pack", "built": 1, "reused": 1, "dropped": 0, "failures": [record]}
    assert command("pack", "failures", "a.pack") == Outcome(0, "moon  teach  unreachable [/x]\n", "")
    assert json.loads(command("pack", "failures", "a.pack", "--json").out) == [record]
    assert command(*arguments).code == 0
    assert command("pack", "failures", "a.pack").out == "nothing failed\n"
    assert json.loads(command("pack", "failures", "a.pack", "--json").out) == []


def test_a_flag_beats_the_file_that_lies_there(command: Command, questions: Path) -> None:
    Path("drag.toml").write_text(
        '[models]\nteacher = "drag.testing:FakeTeacher"\nembedder = "drag.testing:HashEmbedder"\n[build]\nkeep = 2\n'
        "evidence = 4\n"
    )
    flags = ("--keep", "1", "--keep-tokens", "99", "--similarity", "2", "--relevance", "0", "--document", "0.5")
    command("build", questions, "-o", "a.pack", *flags, "--show-choices", "--limit", "1")
    with Pack("a.pack") as opened:
        made = opened.meta()["build"]
        assert [one.id for one in opened.questions()] == ["clock"]
        assert len(opened.ranked("clock")) == 5
    wanted = {"keep": 1, "evidence": 4, "keep_tokens": 99, "similarity": 2, "relevance": 0, "document": 0.5}
    assert {**made, **wanted, "show_choices": True} == made
    Path("other.toml").write_text(Path("drag.toml").read_text().replace("keep = 2", "keep = 3"))
    command("--config", "other.toml", "build", questions, "-o", "b.pack")
    with Pack("b.pack") as opened:
        assert opened.meta()["build"]["keep"] == 3


def test_a_name_with_brackets_is_shown_as_it_is(command: Command, questions: Path) -> None:
    assert "notes[red].pack: 2 built" in command("build", questions, "-o", "notes[red].pack", *FAKES).err


def test_the_endpoint_reaches_the_model(command: Command, questions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def remote(model: str, settings: Settings, how: Fetching) -> FakeModel:
        asked.append((model, settings.remote.base_url))
        return Reader() if model == "small" else FakeTeacher()

    monkeypatch.setattr("drag.models._remote", remote)
    url = ("--base-url", "http://127.0.0.1:9/v1")
    assert command("build", questions, "-o", "a.pack", *FAKES, "--teacher", "openai:large", *url).code == 0
    assert command("ask", "Who?", "--student", "openai:small", *url).code == 0
    assert asked == [("large", url[1]), ("small", url[1])]


# --- ask


def test_ask_with_a_pack(command: Command, pack: Path) -> None:
    shown = command("ask", "Who built the Aldgate Clock?", "--pack", pack, "--student", READER)
    source = "  confidence 55%\n  [1] Mara Finch built the Aldgate Clock.\n      document:clock, by model\n"
    assert shown == Outcome(0, f"Mara Finch [1].\n{source}", "")
    lost = command("ask", "Who built the Aldgate Clock?", "--pack", pack, "--student", LOST)
    assert lost == Outcome(1, "", "drag: out of memory\n")


def test_ask_what_the_pack_cannot_answer(command: Command, pack: Path) -> None:
    shown = command("ask", "Who?", "--pack", pack, "--student", LOST)
    assert shown.code == 0
    assert shown.out.startswith("insufficient information\nThe evidence does not carry an answer, with a probability")
    assert command("ask", "Who?", "--pack", pack, "--student", LOST, "--threshold", "0").code == 1


def test_ask_as_json(command: Command, pack: Path) -> None:
    arguments = ("ask", "Who built the Aldgate Clock?", "--pack", pack, "--student", READER, "--json")
    outcome = command(*arguments)
    assert (outcome.code, outcome.err) == (0, "")
    record = json.loads(outcome.out)
    fields = "id question answer alone abstained confidence answerable citations evidence triples usage"
    assert list(record) == fields.split()
    assert (record["answer"], record["alone"], record["abstained"]) == ("Mara Finch.", False, False)
    (citation,) = record["citations"]
    assert (citation["number"], citation["basis"], citation["source"]) == (1, "model", "document:clock")
    nowhere = {"title": "", "date": "", "place": "", "document": None, "start": None, "end": None, "path": None}
    assert record["evidence"][0] == {
        "id": citation["evidence_id"],
        "source": "document:clock",
        "text": citation["text"],
        **nowhere,
    }
    assert all(len(triple) == 3 for triple in record["triples"])
    assert record["triples"]
    assert set(record["usage"]) == {"prompt_tokens", "completion_tokens", "seconds", "cost"}
    bare = json.loads(command(*arguments, "--no-evidence", "--no-graph").out)
    assert (bare["evidence"], bare["triples"]) == ([], [])


def test_ask_alone_from_standard_input(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("Who built\nit?\n"))
    outcome = command("ask", "-", "--student", READER, "--json")
    assert outcome.err == "no pack: the student answers alone\n"
    assert {"question": "Who built\nit?", "alone": True, "evidence": []}.items() <= json.loads(outcome.out).items()


def test_ask_several(command: Command, questions: Path, pack: Path) -> None:
    arguments = ("ask", "--questions", questions, "--pack", pack, "--student", READER, "--threshold", "0")
    records = [json.loads(line) for line in command(*arguments, "--json").out.splitlines()]
    assert [(one["id"], one["answer"]) for one in records] == [("clock", "Mara Finch."), ("moon", "Mara Finch.")]
    shown = command(*arguments).out
    assert "Who built the Aldgate Clock?\nMara Finch [1].\n" in shown
    assert "How far is the moon?\nMara Finch [1].\n" in shown


def test_ask_with_choices(command: Command, questions: Path) -> None:
    questions.write_text('{"question": "Who?", "choices": ["Mara", "Ivo"]}')
    assert command("ask", "--questions", questions, "--student", READER).out == "Mara\n"


# --- pack


def test_ask_with_choices_on_the_command_line(command: Command, pack: Path) -> None:
    told = ("ask", "Who built the Aldgate Clock?", "--pack", pack)
    outcome = command(*told, "--choice", "Mara Finch", "--choice", "Ivo Lund", "--json")
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["answer"] in ("Mara Finch", "Ivo Lund")
    assert "Mara Finch" not in json.loads(command(*told, "--choice", "Ada", "--choice", "Ivo", "--json").out)["answer"]
    for wrong in (("--choice", "Ada"), ("--choice", "Ada", "--choice", "Ada")):
        outcome = command(*told, *wrong)
        assert (outcome.code, len(outcome.err.splitlines())) == (1, 1)
        assert "something to choose" in outcome.err
    outcome = command("ask", "--questions", "questions.jsonl", "--choice", "Ada", "--choice", "Ivo")
    assert outcome.code != 0


def test_pack_info_and_verify(command: Command, pack: Path) -> None:
    record = json.loads(command("pack", "info", pack, "--json").out)
    assert (record["questions"], record["evidence"], record["failures"]) == (2, 7, 0)
    assert record["bytes"] == pack.stat().st_size
    assert record["made_with"]["teacher"]["name"] == "fake-teacher"
    assert record["digest"] in command("pack", "info", pack).out
    assert command("pack", "verify", pack) == Outcome(0, f"{pack}: whole\n", "")
    assert json.loads(command("pack", "verify", pack, "--json").out) == {"path": str(pack), "problems": []}
    rows(pack, "UPDATE evidence SET text = 'x' WHERE source = 'document:clock'")
    (problem,) = json.loads(command("pack", "verify", pack, "--json").out)["problems"]
    assert "was changed after it was stored" in problem
    assert command("pack", "verify", pack) == Outcome(1, f"{pack}: 1 problems\n", f"{problem}\n")
    assert command("pack", "verify", pack, "--json").code == 1


# --- mistakes


@pytest.mark.parametrize(
    "arguments",
    [
        "nosuch",
        "ask",
        f"ask - --student {READER}",
        "ask Who? --questions q.jsonl",
        "ask Who? --pack missing.pack",
        "ask Who? --pack q.jsonl",
        "ask Who? --student nosuch",
        "ask Who? --student nosuch.module:Model",
        "ask Who? --student drag.testing:Nothing",
        "ask Who? --style loud",
        "ask Who? --max-tokens 0",
        "ask Who? --nosuch",
        "ask --questions missing.jsonl",
        "ask --questions bad.jsonl",
        "build missing.jsonl -o a.pack",
        "build q.jsonl",
        "build bad.jsonl -o a.pack",
        "build q.jsonl -o a.pack --keep 0",
        "build q.jsonl -o missing/a.pack",
        "build q.jsonl -o bad.jsonl",
        "build q.jsonl -o a.pack --embedder nosuch",
        "build q.jsonl -o a.pack --teacher nosuch",
        "pack info missing.pack",
        "pack verify bad.jsonl",
        "pack failures q.jsonl",
        "pack nosuch",
        "--config missing.toml ask Who?",
        "--config bad.jsonl ask Who?",
    ],
)
def test_a_mistake_is_one_line(
    command: Command, questions: Path, monkeypatch: pytest.MonkeyPatch, arguments: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    questions.with_name("bad.jsonl").write_text('{"question": \n')
    given = arguments.split()
    given[2:2] = FAKES if given[0] == "build" else ()  # what is given later wins
    outcome = command(*given)
    assert (outcome.code == 0, outcome.out) == (False, "")
    assert "Traceback" not in outcome.err
    assert len(outcome.err.splitlines()) == 1, outcome.err


# --- the command itself


@pytest.mark.parametrize(
    "source",
    [None, "", "command = 3", "raise RuntimeError('not today')", "raise ImportError('[/x] is broken')", "def ("],
    ids=["missing", "no attribute", "no command", "raises", "brackets", "syntax"],
)
def test_a_broken_plug_in_kills_no_other(
    command: Command, pack: Path, monkeypatch: pytest.MonkeyPatch, source: str | None
) -> None:
    if source is not None:
        pack.with_name("broken_plug_in.py").write_text(source)
    monkeypatch.syspath_prepend(str(pack.parent))
    monkeypatch.delitem(sys.modules, "broken_plug_in", raising=False)
    points = [*importlib.metadata.entry_points(group=GROUP)]
    points.append(importlib.metadata.EntryPoint("broken", "broken_plug_in:command", GROUP))
    monkeypatch.setattr("drag.cli.entry_points", lambda group: points)  # pyright: ignore
    shown = command("--help")
    assert shown.code == 0
    assert {"ask", "build", "eval", "pack"} <= {line.split()[0] for line in shown.out.splitlines() if line.split()}
    assert command("pack", "verify", pack).code == 0
    assert command("broken").code != 0


def test_help_loads_nothing_heavy() -> None:
    heavy = "numpy torch transformers sentence_transformers presidio_analyzer spacy xllamacpp faiss openai networkx"
    code = (
        "import sys; from drag.cli import run; code = run(['--help']); "
        f"print([name for name in {heavy.split()} if name in sys.modules], code, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == ["[] 0"]
    assert "build" in done.stdout


def test_version(command: Command) -> None:
    assert importlib.metadata.version("drag-slm") in command("--version").out
