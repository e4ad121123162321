"""The vault: in memory it is shown nowhere, on disk it is encrypted, and only when the user asks."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from endpoint import Server, ask, model
from test_gateway import NAME, PRIVATE, people

from drag.errors import ModelError
from privacy import AuditLog, Gateway, PrivacyError, Review, Sanitizer, Vault, Verdict, pattern_detector
from privacy.difference import changes
from privacy.returned import Caught, hide
from privacy.vault import load, save

TEXT = f"I am {NAME} (ann@mail.example), on Falcon."
PASSPHRASE = "correct horse battery staple"


def sanitizer() -> Sanitizer:
    return Sanitizer([people, pattern_detector], deny=["Falcon"])


def vault() -> Vault:
    session = sanitizer().session()
    return Vault.of(session, session.sanitize(TEXT))


def test_it_restores_what_its_session_would() -> None:
    session = sanitizer().session()
    sanitized = session.sanitize(TEXT)
    with Vault.of(session, sanitized) as kept:
        session.wipe()
        assert kept.restore(sanitized) == TEXT
        assert kept.restore("<person_1> and <PERSON_7>") == f"{NAME} and <PERSON_7>"
        assert kept.counts == {"EMAIL": 1, "PERSON": 1, "PRIVATE": 1}
    assert len(kept) == 0
    with pytest.raises(PrivacyError, match="wiped"):
        kept.restore(sanitized)
    with pytest.raises(PrivacyError, match="wiped"):
        session.restore(sanitized)


def private_things() -> list[Any]:
    session = sanitizer().session()
    sanitized = session.sanitize(TEXT)
    kept: list[Review] = []

    def look(review: Review) -> Verdict:
        kept.append(review)
        return "refuse"

    gate = Gateway(sanitizer(), review=look)
    outgoing = gate.seal({"messages": [{"role": "user", "content": TEXT}]})
    with pytest.raises(PrivacyError):
        gate.release(outgoing)
    words = hide(sanitizer().session(), [[TEXT]], bytes(32))
    parts = [*session.secrets, sanitizer().lists, next(iter(changes(TEXT, sanitized)))]
    return [
        session,
        outgoing,
        Vault.of(session, sanitized),
        Caught(words.words),
        words,
        kept[0],
        session.stream(),
        *parts,
    ]


def test_private_things_show_nothing_and_cannot_be_copied_or_pickled(caplog: pytest.LogCaptureFixture) -> None:
    for one in private_things():
        logging.getLogger("test").warning("%s %r", one, one)
        assert not PRIVATE.search(f"{one} {one!r} {[one]!r}"), type(one)
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError) as caught:
                attempt(one)
            assert not PRIVATE.search(str(caught.value))
    assert not PRIVATE.search(caplog.text)


def test_an_error_of_a_detector_leaves_nothing_in_the_traceback() -> None:
    def quoting(text: str) -> Any:
        raise ValueError(f"cannot read {text}")

    gate = Gateway(Sanitizer([quoting]))
    with pytest.raises(PrivacyError) as caught:
        gate.seal({"messages": [{"role": "user", "content": TEXT}]})
    assert not PRIVATE.search("".join(traceback.format_exception(caught.value)))


def everything_that_gives_up(text: str) -> Any:
    raise ValueError(text)


def finds_more(body: bytes, session: Any) -> dict[str, int]:
    return {"PERSON": 1}


def says_no(review: Review) -> Verdict:
    return "refuse"


@pytest.mark.parametrize(
    "gate",
    [
        Gateway(Sanitizer([everything_that_gives_up])),
        Gateway(Sanitizer([])),
        Gateway(sanitizer(), finds_more),
        Gateway(sanitizer(), review=says_no),
        Gateway(sanitizer(), audit=AuditLog("no/such/folder/log")),
    ],
)
def test_whoever_prints_variables_with_a_traceback_prints_no_private_word(gate: Gateway) -> None:
    """As rich, pytest and crash reporters do. The caller's own frame is the caller's."""
    request = {"messages": [{"role": "user", "content": TEXT}]}
    for way in (gate.seal, gate.preview, lambda it: gate.send(it, dict), lambda _: gate.hide([[TEXT]])):  # pyright: ignore
        try:
            way(request)
        except PrivacyError as error:
            frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
            inner = [one.f_locals for one in frames if one.f_globals["__name__"].startswith("privacy")]
            assert inner
            assert not PRIVATE.search(repr(inner))
            assert error.__cause__ is error.__context__ is None


def test_an_error_that_is_kept_as_a_value_keeps_no_frames(server: Server) -> None:
    remote = model(server, everything_that_gives_up)
    [error] = remote.generate([ask(TEXT)])
    assert isinstance(error, ModelError)
    assert error.__traceback__ is None
    assert isinstance(error.__cause__, PrivacyError)
    assert error.__cause__.__traceback__ is None


# --- on disk


def test_on_disk_it_is_encrypted_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "names.vault"
    save(vault(), path, PASSPHRASE)
    assert not PRIVATE.search(path.read_text("utf-8"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["names.vault"]
    with load(path, PASSPHRASE) as kept:
        assert kept.restore("<PERSON_1>, <EMAIL_1>") == f"{NAME}, ann@mail.example"
    # Salted: the same words give other bytes.
    save(vault(), tmp_path / "again.vault", PASSPHRASE)
    assert (tmp_path / "again.vault").read_bytes() != path.read_bytes()


def test_wrong_passphrases_and_files_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "names.vault"
    save(vault(), path, PASSPHRASE)
    whole = path.read_text("utf-8")
    record = json.loads(whole)
    broken = {
        "passphrase is wrong": whole,
        "is no vault": "{}",
        "no vault that this version": json.dumps({**record, "drag_vault": 2}),
        "this version can read": json.dumps({**record, "scrypt": {**record["scrypt"], "n": 2**30}}),
        "was changed": json.dumps({**record, "token": record["token"][:-8] + "AAAAAAA="}),
    }
    for problem, text in broken.items():
        path.write_text(text)
        with pytest.raises(PrivacyError, match=problem) as caught:
            load(path, "wrong" if text == whole else PASSPHRASE)
        assert "\n" not in str(caught.value)
        assert PASSPHRASE not in str(caught.value)
    with pytest.raises(PrivacyError, match="cannot be read"):
        load(tmp_path / "none", PASSPHRASE)
    with pytest.raises(PrivacyError, match="needs a passphrase"):
        save(vault(), path, "")
    with pytest.raises(PrivacyError, match="cannot be written"):
        save(vault(), tmp_path / "no" / "such", PASSPHRASE)


def test_a_wiped_vault_is_not_saved(tmp_path: Path) -> None:
    kept = vault()
    kept.wipe()
    with pytest.raises(PrivacyError, match="wiped"):
        save(kept, tmp_path / "names.vault", PASSPHRASE)
    assert list(tmp_path.iterdir()) == []


# --- drag sanitize --keep, --restore


def test_words_are_kept_and_put_back_from_the_command_line(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drag.models.gateway.open_sanitizer", lambda settings, how: sanitizer())  # pyright: ignore
    monkeypatch.setenv("DRAG_PASSPHRASE", PASSPHRASE)
    done = command("sanitize", TEXT, "--plain", "--keep", "names.vault")
    assert done.code == 0, done.err
    assert done.out == "I am <PERSON_1> (<EMAIL_1>), on <PRIVATE_1>.\n"
    assert not PRIVATE.search((tmp_path / "names.vault").read_text("utf-8"))
    done = command("sanitize", "Dear <PERSON_1>", "--restore", "names.vault")
    assert (done.code, done.out) == (0, f"Dear {NAME}\n")
    monkeypatch.setenv("DRAG_PASSPHRASE", "wrong")
    done = command("sanitize", "Dear <PERSON_1>", "--restore", "names.vault")
    assert done.code == 1
    assert done.err.count("\n") == 1
    monkeypatch.delenv("DRAG_PASSPHRASE")
    done = command("sanitize", TEXT, "--keep", "other.vault")
    assert done.code == 1
    assert "set $DRAG_PASSPHRASE" in done.err
    assert not (tmp_path / "other.vault").exists()
