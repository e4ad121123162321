"""The audit log: what stands in it and what never does, several writers, and nothing leaves without it."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from conftest import Command
from test_gateway import NAME, PRIVATE, Endpoint, ask, people

from privacy import AuditLog, Gateway, PrivacyError, Sanitizer, Verdict, pattern_detector
from privacy.audit import read, summarise
from privacy.gateway import Review


def gateway(log: AuditLog, **options: object) -> Gateway:
    sanitizer = Sanitizer([people, pattern_detector], deny=["Falcon"])
    return Gateway(sanitizer, audit=log, policy="balanced", **options)  # pyright: ignore[reportArgumentType]


def refusing(review: Review) -> Verdict:
    return "refuse"


def test_every_decision_is_logged_and_no_text_is(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.jsonl")
    request = ask(f"I am {NAME}, ann@mail.example, on Falcon")
    endpoint = Endpoint()
    gateway(log).send(request, endpoint)
    gateway(log).preview(request)
    with pytest.raises(PrivacyError, match="refused"):
        gateway(log, review=refusing).send(request, endpoint)
    with pytest.raises(PrivacyError):
        gateway(log).send(ask("x", metadata={"Falcon": 1}), endpoint)
    with pytest.raises(PrivacyError):
        gateway(log).send({"model": "ann@mail.example", "messages": []}, endpoint)
    entries, unreadable = read(log.path)
    assert unreadable == 0
    assert [one.decision for one in entries] == ["sent", "dry-run", "refused", "blocked", "blocked"]
    assert [one.model for one in entries] == ["big", "big", "big", "big", ""]
    assert entries[0].counts == {"EMAIL": 1, "PERSON": 1, "PRIVATE": 1}
    assert entries[0].policy == "balanced"
    assert entries[0].bytes == len(endpoint.bodies[0])
    assert entries[0].time.startswith("20")
    assert entries[3].counts == {"PRIVATE": 1}
    assert not PRIVATE.search(log.path.read_text("utf-8"))
    # The digest proves which bytes left, to whoever holds the key.
    assert log.matches(entries[0], endpoint.bodies[0])
    assert not log.matches(entries[0], b"other")
    other = AuditLog(tmp_path / "other.jsonl")
    assert not other.matches(entries[0], endpoint.bodies[0])


def test_the_log_and_its_key_belong_to_their_owner(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.jsonl")
    gateway(log).send(ask("hello"), Endpoint())
    assert log.path.stat().st_mode & 0o777 == 0o600
    assert log.key_path.stat().st_mode & 0o777 == 0o600
    assert sorted(one.name for one in tmp_path.iterdir()) == ["audit.jsonl", "audit.jsonl.key"]
    assert log.key_path.read_bytes().hex() not in f"{log!r}{log.path.read_text('utf-8')}"
    with pytest.raises(TypeError):
        pickle.dumps(log)


def test_without_a_log_that_can_be_written_nothing_leaves(tmp_path: Path) -> None:
    endpoint = Endpoint()
    bad_key = tmp_path / "open.jsonl"
    bad_key.with_name("open.jsonl.key").write_bytes(b"x" * 32)
    bad_key.with_name("open.jsonl.key").chmod(0o644)
    short_key = tmp_path / "short.jsonl"
    short_key.with_name("short.jsonl.key").write_bytes(b"x")
    short_key.with_name("short.jsonl.key").chmod(0o600)
    for path in (tmp_path / "missing" / "audit.jsonl", tmp_path, bad_key, short_key):
        with pytest.raises(PrivacyError, match="nothing was sent") as caught:
            gateway(AuditLog(path)).send(ask(f"I am {NAME}"), endpoint)
        assert "\n" not in str(caught.value)
    assert endpoint.bodies == []


def test_a_line_that_a_crash_cut_off_costs_only_itself(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.jsonl")
    log.write("sent", body=b"1", counts={})
    with log.path.open("a") as file:
        file.write('{"time": "2026')
    log.write("sent", body=b"2", counts={})
    entries, unreadable = read(log.path)
    assert (len(entries), unreadable) == (2, 1)
    assert summarise(entries, unreadable).unreadable == 1


def test_only_kinds_are_counted(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.jsonl")
    log.write("sent", body=b"", counts={"PERSON": 1, NAME: 1})
    assert read(log.path)[0][0].counts == {"PERSON": 1}


def test_eight_threads_and_three_processes_append_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    code = (
        "import sys; from privacy import AuditLog\n"
        "log = AuditLog(sys.argv[1])\n"
        "for n in range(50): log.write('sent', body=b'x' * n, model='m' * 100, counts={'PERSON': n})"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(3)]
    log = AuditLog(path)

    def write() -> None:
        for n in range(50):
            log.write("blocked", body=b"x" * n, model="m" * 100, counts={"EMAIL": n})

    threads = [threading.Thread(target=write) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert [one.wait(60) for one in running] == [0, 0, 0]
    entries, unreadable = read(path)
    assert (len(entries), unreadable) == (8 * 50 + 3 * 50, 0)
    # One key for all of them.
    assert len({one.digest for one in entries if one.bytes == 7}) == 1


def test_the_gateway_and_its_log_under_eight_threads(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.jsonl")
    gate = gateway(log)
    endpoint = Endpoint("<PERSON_1>")
    faults: list[str] = []

    def work(number: int) -> None:
        for n in range(5):
            reply = gate.send(ask(f"{number} {n}: I am {NAME}, ann{number}@mail.example"), endpoint)
            if reply["choices"][0]["message"]["content"] != NAME:
                faults.append("another's words")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert faults == []
    assert len(endpoint.bodies) == 40
    assert not any(PRIVATE.search(body.decode()) for body in endpoint.bodies)
    entries, unreadable = read(log.path)
    assert (len(entries), unreadable) == (40, 0)
    assert {json.dumps(dict(one.counts)) for one in entries} == {'{"EMAIL": 1, "PERSON": 1}'}


# --- drag audit


def test_drag_audit_sums_up(tmp_path: Path, command: Command) -> None:
    log = AuditLog(tmp_path / "audit.jsonl")
    gateway(log).send(ask(f"I am {NAME}, ann@mail.example"), Endpoint())
    gateway(log).preview(ask("hello"))
    done = command("audit", log.path)
    assert done.code == 0
    for word in ("sent", "dry-run", "big", "balanced", "PERSON", "EMAIL"):
        assert word in done.out
    record = json.loads(command("audit", log.path, "--json").out)
    assert record["entries"] == 2
    assert record["decisions"] == {"dry-run": 1, "sent": 1}
    assert record["kinds"] == {"EMAIL": 1, "PERSON": 1}


def test_drag_audit_without_a_log_is_one_line(tmp_path: Path, command: Command) -> None:
    done = command("audit", tmp_path / "none.jsonl")
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "cannot be read" in done.err
