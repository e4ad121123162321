"""The privacy layer from the command line: dry runs, approval, the audit log, and faults of every kind."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from conftest import Command
from endpoint import Server, completion, events

from drag import journeys
from drag.dryrun import ask_requests, build_requests
from drag.settings import Settings
from drag.types import Question
from privacy import Sanitizer, Span, pattern_detector
from privacy.audit import read
from privacy.difference import changes

PRIVATE = re.compile(r"(?i)margaret|holloway|ann@mail|falcon")
QUESTION = "I am Margaret Holloway (ann@mail.example). Who built the Aldgate Clock?"


def people(text: str) -> list[Span]:
    return [Span(m.start(), m.end(), "PERSON") for m in re.finditer("Margaret Holloway", text)]


def use(monkeypatch: pytest.MonkeyPatch, *detectors: Any) -> None:
    """Let `drag` open these detectors instead of the real ones, which take seconds to load."""

    def opened(settings: Settings, how: object) -> Sanitizer:
        return Sanitizer(detectors, deny=["Falcon", *settings.privacy.deny])

    monkeypatch.setattr("drag.models.gateway.open_sanitizer", opened)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    use(monkeypatch, people, pattern_detector)
    one = Server()
    one.script = spoken
    (tmp_path / "drag.toml").write_text(
        '[models]\nembedder = "drag.testing:HashEmbedder"\nteacher = "openai:big"\nstudent = "openai:big"\n'
        f'[remote]\nbase_url = "{one.url}"\nretries = 0\ntimeout = 5\n'
        f"[ask]\nthreshold = 0.0\n[build]\nevidence = 2\nrelevance = 0\n"
    )
    (tmp_path / "q.jsonl").write_text(
        json.dumps({"id": "a", "question": QUESTION}) + "\n" + json.dumps({"id": "b", "question": "What is Falcon?"})
    )
    yield one
    one.close()


def spoken(n: int, body: dict[str, Any]) -> Any:
    said = ("Mara Finch built it, <PER", "SON_1>.")
    return events(*said) if body.get("stream") else completion("".join(said))


def teaching(n: int, body: dict[str, Any]) -> Any:
    if "evidence" in body["response_format"]["json_schema"]["schema"]["properties"]:
        return completion(json.dumps({"evidence": ["Mara Finch built the Aldgate Clock.", "Clocks are old things."]}))
    return completion(json.dumps({"triples": [{"head": "Mara Finch", "relation": "built", "tail": "Aldgate Clock"}]}))


# --- drag sanitize


def test_sanitize_shows_what_would_leave(server: Server, command: Command, tmp_path: Path) -> None:
    done = command("sanitize", QUESTION)
    assert done.code == 0
    assert "Margaret Holloway<PERSON_1>" in done.out
    assert "EMAIL × 1, PERSON × 1" in done.err
    record = json.loads(command("sanitize", QUESTION, "--json").out)
    assert record == {
        "policy": "balanced",
        "text": "I am <PERSON_1> (<EMAIL_1>). Who built the Aldgate Clock?",
        "counts": {"EMAIL": 1, "PERSON": 1},
    }
    (tmp_path / "note.txt").write_text(QUESTION)
    assert command("sanitize", "note.txt", "--plain").out.strip() == record["text"]
    assert server.bodies == []


def test_sanitize_reads_standard_input(server: Server, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.StringIO(QUESTION))
    assert command("sanitize", "-", "--plain").out == "I am <PERSON_1> (<EMAIL_1>). Who built the Aldgate Clock?\n"


def test_the_diff_is_coloured() -> None:
    from rich.console import Console

    from drag.cli.review import show_change

    console = Console(force_terminal=True, color_system="standard", width=200)
    with console.capture() as shown:
        show_change(console, "I am Margaret Holloway.", "I am <PERSON_1>.")
    assert re.search(r"\x1b\[9;31mMargaret Holloway\x1b\[0m\x1b\[32m<PERSON_1>\x1b\[0m", shown.get())


def test_changes_add_up() -> None:
    before, after = f"{QUESTION} In 1984.", "I am <PERSON_1> (<EMAIL_1>). Who built the Aldgate Clock? In the 1980s."
    found = list(changes(before, after))
    assert "".join(one.before for one in found) == before
    assert "".join(one.after for one in found) == after
    assert next((one.before, one.after) for one in found if one.changed) == ("Margaret Holloway", "<PERSON_1>")
    assert "Margaret" not in repr(found)


# --- dry runs


def test_a_dry_build_shows_every_first_request_and_sends_none(server: Server, command: Command, tmp_path: Path) -> None:
    done = command("build", "q.jsonl", "-o", "a.pack", "--dry-run", "--audit", "audit.jsonl")
    assert done.code == 0, done.err
    assert re.search(r"Margaret Holloway<PERSON_[A-Z]{8}1>", done.out)
    assert re.search(r"Falcon<PRIVATE_[A-Z]{8}1>", done.out)
    assert "EMAIL × 1, PERSON × 1" in done.out
    assert "2 requests, nothing was sent" in done.err
    record = json.loads(command("build", "q.jsonl", "-o", "a.pack", "--dry-run", "--json").out)
    assert len(record["requests"]) == 2
    assert not PRIVATE.search(json.dumps(record))
    assert record["requests"][0]["request"]["model"] == "big"
    assert server.bodies == []
    assert not (tmp_path / "a.pack").exists()
    assert [one.decision for one in read(tmp_path / "audit.jsonl")[0]] == ["dry-run"] * 2


def test_what_a_dry_run_shows_is_what_leaves(server: Server, command: Command) -> None:
    record = json.loads(command("build", "q.jsonl", "-o", "a.pack", "--dry-run", "--json").out)
    server.script = teaching
    assert command("build", "q.jsonl", "-o", "a.pack").code == 0
    sent = [body for body in server.bodies if "Write 2" in body]
    shown = [json.dumps(one["request"], ensure_ascii=False, separators=(",", ":")) for one in record["requests"]]
    assert sorted(shown) == sorted(sent), "byte for byte"


def test_a_dry_ask_shows_the_request(server: Server, command: Command) -> None:
    done = command("ask", QUESTION, "--dry-run")
    assert done.code == 0
    assert "Margaret Holloway<PERSON_1>" in done.out
    assert server.bodies == []
    local = command("ask", QUESTION, "--dry-run", "--student", "smollm2-135m")
    assert (local.code, local.out) == (0, "")
    assert "nothing would leave" in local.err


def test_dry_runs_from_python(server: Server, command: Command) -> None:
    run = build_requests([Question("a", QUESTION)], settings=Settings.load("drag.toml"))
    [review] = run.reviews
    assert "Margaret Holloway" in review.original["messages"][-1]["content"]
    assert not PRIVATE.search(json.dumps(review.request))
    run = ask_requests([Question("a", QUESTION)], settings=Settings.load("drag.toml"))
    assert run.reviews[0].counts == {"EMAIL": 1, "PERSON": 1}
    assert server.bodies == []


def test_a_dry_run_names_what_would_be_blocked(
    server: Server, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(text: str) -> list[Span]:
        if "Falcon" in text:
            raise ValueError(text)
        return people(text)

    use(monkeypatch, failing, pattern_detector)
    done = command("build", "q.jsonl", "-o", "a.pack", "--dry-run")
    assert done.code == 1
    assert "blocked: private-2 (privacy)" in done.err
    assert "1 request, nothing was sent" in done.err


# --- approval


@pytest.fixture
def approving(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Answers for the person at the terminal; `command` looks at its streams only when it runs."""

    def answers(*keys: str, edit: Any = None) -> None:
        pressed = iter(keys)
        monkeypatch.setattr("drag.cli.review.at_a_terminal", lambda: True)
        monkeypatch.setattr(click, "prompt", lambda *args, **options: next(pressed))  # pyright: ignore
        monkeypatch.setattr(click, "edit", edit)

    return answers


def test_a_person_approves_or_refuses_each_request(
    server: Server, command: Command, approving: Any, tmp_path: Path
) -> None:
    approving("a", "r")
    done = command("ask", QUESTION, "--approve", "--audit", "audit.jsonl")
    assert done.code == 0, done.err
    assert "Mara Finch built it, Margaret Holloway." in done.out
    assert "Margaret Holloway<PERSON_1>" in done.err
    assert len(server.bodies) == 1
    done = command("ask", QUESTION, "--approve", "--audit", "audit.jsonl")
    assert done.code == 1
    assert "refused: nothing was sent" in done.err
    assert len(server.bodies) == 1
    entries, _ = read(tmp_path / "audit.jsonl")
    assert [one.decision for one in entries] == ["sent", "refused"]


def test_a_person_edits_a_request_and_it_is_sanitized_again(server: Server, command: Command, approving: Any) -> None:
    def edit(text: str, extension: str) -> str:
        assert not PRIVATE.search(text)
        return text.replace("Who built", "Margaret Holloway, of Falcon, asks who built")

    approving("e", edit=edit)
    assert command("ask", QUESTION, "--approve").code == 0
    [body] = server.bodies
    assert "<PERSON_1>, of <PRIVATE_1>, asks who built" in body
    assert not PRIVATE.search(body)


@pytest.mark.parametrize("edited", [None, "not json", "[]"])
def test_an_edit_that_comes_to_nothing_refuses(
    server: Server, command: Command, approving: Any, edited: str | None
) -> None:
    def edit(text: str, extension: str) -> str | None:
        return edited

    approving("e", edit=edit)
    assert command("ask", QUESTION, "--approve").code == 1
    assert server.bodies == []


def test_a_refused_request_of_a_build_is_a_failure_and_the_rest_goes_on(
    server: Server, command: Command, approving: Any
) -> None:
    server.script = teaching
    approving("a", "r", *"aaaa")
    done = command("build", "q.jsonl", "-o", "a.pack", "--approve", "--json")
    assert done.code == 1
    record = json.loads(done.out)
    assert [(one["item_id"], one["stage"]) for one in record["failures"]] == [("b", "teach")]
    assert "refused" in record["failures"][0]["error"]
    assert record["built"] == 2


def test_nobody_at_the_terminal_is_a_refusal(server: Server, command: Command, tmp_path: Path) -> None:
    done = command("ask", QUESTION, "--approve")
    assert done.code == 1
    assert "not a terminal" in done.err
    # From Python the setting alone refuses as well, until somebody says who decides.
    settings = Settings.load("drag.toml").override("privacy", approve=True)
    report = journeys.build([QUESTION], tmp_path / "a.pack", settings=settings)
    assert "refused" in report.failures[0].error
    assert server.bodies == []
    assert journeys.ask("hello", settings=settings.override("privacy", approve=False)).text
    assert len(server.bodies) == 1


# --- faults: not one request arrives


def hanging(text: str) -> list[Span]:
    time.sleep(1.5)
    return []


def raising(text: str) -> list[Span]:
    raise RuntimeError(text)


def nothing(text: str) -> list[Span]:
    return []


def nonsense(text: str) -> Any:
    return [(0, 5, "PERSON")]


@pytest.mark.parametrize("detectors", [(), (hanging,), (raising,), (nothing,), (nonsense,)])
def test_with_a_faulty_detector_nothing_arrives(
    server: Server, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, detectors: Any
) -> None:
    from privacy import Gateway

    use(monkeypatch, *detectors)
    monkeypatch.setattr(Gateway.__init__, "__kwdefaults__", {**(Gateway.__init__.__kwdefaults__ or {}), "timeout": 0.3})
    asked = command("ask", QUESTION)
    made = command("build", "q.jsonl", "-o", "a.pack", "--keep-names", "--json")
    hidden = command("build", "q.jsonl", "-o", "b.pack", "--json")
    for done in (asked, made, hidden):
        assert done.code == 1
        assert not PRIVATE.search(done.err)
        assert done.err.count("\n") <= 3
    assert server.bodies == []
    if (tmp_path / "b.pack").exists():
        assert not re.search(rb"(?i)margaret|holloway|ann@mail", (tmp_path / "b.pack").read_bytes())


def test_a_log_that_cannot_be_written_stops_everything(server: Server, command: Command, tmp_path: Path) -> None:
    done = command("ask", QUESTION, "--audit", tmp_path / "no" / "audit.jsonl")
    assert done.code == 1
    assert "audit log" in done.err
    done = command("build", "q.jsonl", "-o", "a.pack", "--audit", tmp_path / "no" / "audit.jsonl", "--json")
    assert [one["stage"] for one in json.loads(done.out)["failures"]] == ["teach", "teach"]
    assert server.bodies == []


def test_when_the_network_is_down_it_is_one_line_and_logged(server: Server, command: Command, tmp_path: Path) -> None:
    server.close()
    done = command("ask", QUESTION, "--audit", "audit.jsonl")
    assert done.code == 1
    assert "cannot be reached" in done.err
    assert not PRIVATE.search(done.err + (tmp_path / "audit.jsonl").read_text())


def test_policy_off_sends_nothing(server: Server, command: Command) -> None:
    done = command("ask", QUESTION, "--policy", "off")
    assert done.code == 1
    assert "local use" in done.err
    assert server.bodies == []


def test_a_build_and_its_log(server: Server, command: Command, tmp_path: Path) -> None:
    server.script = teaching
    done = command("build", "q.jsonl", "-o", "a.pack", "--audit", "audit.jsonl")
    assert done.code == 0, done.err
    assert not any(PRIVATE.search(body) for body in server.bodies)
    entries, _ = read(tmp_path / "audit.jsonl")
    assert len(entries) == len(server.bodies)
    assert entries[0].counts == {"EMAIL": 1, "PERSON": 1}
    assert not re.search(rb"(?i)margaret|holloway|ann@mail|falcon", (tmp_path / "a.pack").read_bytes())
    server.script = spoken
    done = command("ask", QUESTION, "--pack", "a.pack", "--json")
    assert done.code == 0, done.err
    assert "Mara Finch built it, Margaret Holloway." in done.out
