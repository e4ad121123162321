"""A build that is killed goes on where it stopped, gives the same pack, and pays for no reply twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from drag.pack import Pack
from drag.pack.verify import verify

QUESTIONS = 12

# A teacher in a module of its own: the build runs in another process, which has to find it by name. Each finished
# reply is one line of its log, so that what was paid for can be counted after a kill.
TEACHER = """
import os, pathlib, time
from drag.testing import FakeTeacher

class CountingTeacher(FakeTeacher):
    def _next(self, prompt):
        time.sleep(float(os.environ["PAUSE"]))
        with pathlib.Path(os.environ["LOG"]).open("a") as log:
            log.write(prompt.name + "\\n")
        return super()._next(prompt)

    # Without likelihoods the judgement goes through generate as well, and is counted.
    score = None
"""


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    file = tmp_path / "questions.jsonl"
    records = [{"id": f"q{n}", "question": f"What does thing {n} of town {n % 5} hold?"} for n in range(QUESTIONS)]
    file.write_text("\n".join(json.dumps(record) for record in records))
    (tmp_path / "counting.py").write_text(TEACHER)
    return file


def _build(questions: Path, pack: Path, *, pause: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "drag", "build", str(questions), "-o", str(pack)]
    command += ["--teacher", "counting:CountingTeacher", "--embedder", "drag.testing:HashEmbedder", "--evidence", "4"]
    log = pack.with_suffix(".log")
    log.touch()
    environment = {**os.environ, "PYTHONPATH": str(questions.parent), "LOG": str(log), "PAUSE": str(pause)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _calls(pack: Path) -> int:
    log = pack.with_suffix(".log")
    return len(log.read_text().splitlines()) if log.exists() else 0


def _digest(pack: Path) -> str:
    with Pack(pack) as opened:
        assert verify(opened) == []
        assert opened.counts()["questions"] == QUESTIONS
        return opened.digest()


def test_killed_ten_times_the_pack_is_the_same(questions: Path, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole.pack", tmp_path / "broken.pack"
    assert _build(questions, whole, pause=0).wait() == 0
    expected = _calls(whole)
    drawn = random.Random(1)
    kills = 0
    while kills < 10:
        before = _calls(broken)
        process = _build(questions, broken, pause=0.01)
        # Somewhere in the middle of the next replies, wherever in a stage or a transaction that is.
        target = before + drawn.randint(1, max(1, expected // 12))
        while _calls(broken) < target and process.poll() is None:
            time.sleep(0.002)
        time.sleep(drawn.random() * 0.02)
        assert process.poll() is None, "the build was done before it could be killed ten times"
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
    assert _build(questions, broken, pause=0).wait() == 0
    assert _digest(broken) == _digest(whole)
    # A kill may cost the one reply that was in flight, and one that was logged but not yet stored.
    assert expected <= _calls(broken) <= expected + 2 * kills


def test_a_finished_build_asks_for_nothing(questions: Path, tmp_path: Path) -> None:
    pack = tmp_path / "whole.pack"
    assert _build(questions, pack, pause=0).wait() == 0
    before, digest = _calls(pack), _digest(pack)
    assert _build(questions, pack, pause=0).wait() == 0
    assert (_calls(pack), _digest(pack)) == (before, digest)
