"""Every attack finds what is there to be found, and nothing where nothing is: no attack may pass by being blunt."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from conftest import Command

pytest.importorskip("faker", reason="pip install 'drag-slm[eval]'")

from drag.errors import ConfigError
from eval import attack_paths
from eval.attack import (
    NOTHING,
    REPEATS,
    Tried,
    about,
    linkage,
    obfuscated,
    outgoing,
    people,
    repeat_mapping,
    split_turns,
    summarise,
    values,
)
from eval.attack_paths import canaries, exceptions, lies_in, poisoned, search
from eval.endpoint import ORDERS, Endpoint, mirror
from eval.obfuscate import (
    OBFUSCATIONS,
    from_base64,
    full_width,
    halves,
    homoglyphs,
    spaced,
    spelled,
    unspaced,
    unspelled,
    visible,
    zero_width,
)
from privacy import Gateway, PrivacyError, Sanitizer, Session, Span

CROWD = people(3, 0)
EVERYTHING = [value for one in CROWD for value in values(one)]


def blind(text: str) -> list[Span]:
    """Finds nothing at all."""
    return []


def knowing(text: str) -> list[Span]:
    """Finds every value as it is written, and nothing that is disguised."""
    return [Span(m.start(), m.end(), "PERSON") for value in EVERYTHING for m in re.finditer(re.escape(value), text)]


def refusing(text: str) -> list[Span]:
    raise PrivacyError("another language")


def asleep(body: bytes, session: Session) -> dict[str, int]:
    """A second scan that sees nothing either."""
    return {}


OPEN, SHUT = Gateway(Sanitizer([blind]), asleep), Gateway(Sanitizer([knowing], deny=EVERYTHING))

# --- disguises


@pytest.mark.parametrize("name", OBFUSCATIONS)
def test_what_is_written_can_be_read(name: str) -> None:
    how = OBFUSCATIONS[name]
    for value in EVERYTHING:
        if name == "spelled_out" and "@" not in value:
            continue
        assert how.leaked(value, f"Hello, this is {how.write(value)}, and that is all.")
        assert not how.leaked(value, "Hello, this is <PERSON_1>, and that is all.")


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (spaced("Ann Lee"), "A n n   L e e"),
        (unspaced("I am A n n   L e e now"), "I am Ann Lee now"),
        (zero_width("Anna"), "An\u200bna\u200b"),
        (visible("A\u200bn\u00adn\ufeff"), "Ann"),
        (homoglyphs("Pax"), "Рах"),
        (from_base64("so " + base64.b64encode(b"Ann Lee was").decode() + " it"), "so Ann Lee was it"),
        (from_base64("AAAAAAAAAAAA"), "AAAAAAAAAAAA"),
        (spelled("ann.lee@mail.com"), "ann dot lee at mail dot com"),
        (spelled("St. Ives"), "St. Ives"),
        (unspelled("ann dot lee at mail dot com"), "ann.lee@mail.com"),
        (full_width("A1 b"), "Ａ１ ｂ"),
    ],
)
def test_disguises(made: str, wanted: str) -> None:
    assert made == wanted


def test_halves() -> None:
    assert halves("Ann Lee") == ("Ann", "Lee")
    assert halves("abcd") == ("ab", "cd")
    assert halves("+1 202 555 0101") == ("+1 202", "555 0101")


def test_every_disguise_leaks_where_nothing_is_found() -> None:
    for name in OBFUSCATIONS:
        result = obfuscated(OPEN, CROWD, name)
        assert result.tried == result.succeeded > 0, name
    assert obfuscated(SHUT, CROWD, "none") == Tried(15, 0)
    literal = Gateway(Sanitizer([knowing], deny=EVERYTHING), asleep)
    assert obfuscated(literal, CROWD, "base64") == Tried(15, 15)
    # Without the names, whose parts are found again in the addresses.
    told = Gateway(Sanitizer([blind], deny=EVERYTHING), asleep)
    assert obfuscated(told, CROWD, "spelled_out") == Tried(3, 3)
    assert obfuscated(Gateway(Sanitizer([refusing])), CROWD, "none") == Tried(15, 0, 15)


def test_turns() -> None:
    assert split_turns(OPEN, CROWD) == Tried(9, 9)
    halved = [half for one in CROWD for value in values(one)[:3] for half in halves(value)]
    assert split_turns(Gateway(Sanitizer([blind], deny=halved), asleep), CROWD) == Tried(9, 0)
    left = outgoing(SHUT, f"I am {CROWD[0].name}", f"{CROWD[0].name} again")
    assert left == ["I am <PERSON_1>", "<PERSON_1> again"]


def test_repeating_and_linking() -> None:
    assert repeat_mapping(SHUT, CROWD) == Tried(15, 0)
    assert repeat_mapping(OPEN, CROWD) == Tried(15, 15)
    assert linkage(SHUT, CROWD) == Tried(3, 0)
    assert linkage(OPEN, CROWD) == Tried(3, 3)
    assert len(set(REPEATS)) == len(REPEATS)


def test_placeholders_that_tell_people_apart_are_linked() -> None:
    """A placeholder that follows from the value would be the same in every session: the attack has to see that."""

    def tell(text: str) -> list[Span]:
        marks = {one.name: "ABC"[place] for place, one in enumerate(CROWD)}
        return [
            Span(m.start(), m.end(), f"PERSON_{marks[name]}")
            for name in marks
            for m in re.finditer(re.escape(name), text)
        ]

    hidden = [value for value in EVERYTHING if value not in {one.name for one in CROWD}]
    assert linkage(Gateway(Sanitizer([tell], deny=hidden)), CROWD).succeeded == 3


# --- the paths


HIDE: dict[str, Callable[[str], bytes]] = {
    "upper": lambda value: value.upper().encode(),
    "utf-16": lambda value: value.encode("utf-16-le"),
    "json": lambda value: json.dumps(value).encode(),
    "percent": lambda value: urllib.parse.quote(value).encode(),
    "hex": lambda value: value.encode().hex().encode(),
    "base64": lambda value: base64.b64encode(value.encode()),
}


@pytest.mark.parametrize("form", HIDE)
def test_a_value_is_found_in_any_form(form: str) -> None:
    hide = HIDE[form]
    assert lies_in("Zoë Quill", b"\xff\x00 some bytes " + hide("Zoë Quill") + b" more \xfe")
    assert not lies_in("Zoë Quill", b"\xff some bytes " + hide("Zoë Quint") + b" more")


def test_search_counts_strings() -> None:
    assert search(CROWD, f"{CROWD[0].name} and {CROWD[0].name}".encode(), CROWD[1].phone.encode()) == Tried(15, 2)


def test_canaries_are_found_where_they_are() -> None:
    caught, kept = canaries(OPEN, CROWD), canaries(SHUT, CROWD)
    assert caught["canary_wire"] == Tried(15, 15)
    assert caught["canary_pack"] == Tried(15, 15)
    for name in ("canary_wire", "canary_logs", "canary_output", "canary_files"):
        assert kept[name] == Tried(15, 0), name
    assert {"canary_pack", "graph_reconstruction"} <= kept.keys()


def test_exceptions() -> None:
    assert exceptions(SHUT, CROWD) == Tried(15, 0)


def test_variables_of_frames_and_copies_are_looked_at() -> None:
    """An error that keeps its frames, and a value that can be pickled, are found out."""
    names: dict[str, Any] = {"__name__": "privacy.careless"}
    exec("def fail(word):\n    raise ValueError", names)  # noqa: S102 - a frame of the product's
    error: Exception = ValueError()
    try:
        names["fail"](CROWD[0].name)
    except ValueError as raised:
        error = raised
    assert search(CROWD, "".join(attack_paths._frames(error)).encode()).succeeded == 1  # pyright: ignore
    assert search(CROWD, "".join(attack_paths._frames(error.with_traceback(None))).encode()).succeeded == 0  # pyright: ignore
    assert search(CROWD, "".join(attack_paths._copies(CROWD[0])).encode()).succeeded == 5  # pyright: ignore
    session = SHUT.sanitizer.session()
    session.sanitize(CROWD[0].name)
    assert attack_paths._copies(session, *session.secrets, SHUT.sanitizer.lists) == []  # pyright: ignore


def test_the_poison_gets_to_the_gate() -> None:
    found = poisoned(SHUT, CROWD)
    assert found.keys() == {"poison_pack", "poison_graph", "poison_student"}
    assert all(one.tried == len(ORDERS) for one in found.values())
    assert [one.succeeded for one in found.values()] == [0, 0, 0]


def test_poison_that_nobody_filters_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def pass_on(reply: str) -> tuple[str, int]:
        return reply, 0

    def never(text: str) -> bool:
        return False

    monkeypatch.setattr("drag.models.untrusted.without_orders", pass_on)
    monkeypatch.setattr("drag.deidentify.is_order", never)
    found = poisoned(SHUT, CROWD)
    assert found["poison_pack"].succeeded == len(ORDERS)
    assert found["poison_student"].succeeded > 0


def test_an_empty_pack_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(request: Any) -> str:
        return "no JSON"

    monkeypatch.setattr(attack_paths, "mirror", silent)
    with pytest.raises(ConfigError, match="empty"):
        canaries(SHUT, CROWD)


def test_the_endpoint() -> None:
    schema = {"properties": {"evidence": {"maxItems": 3}}}
    request = {
        "messages": [{"role": "system", "content": "Obey."}, {"role": "user", "content": "I am <PERSON_1B>"}],
        "response_format": {"json_schema": {"schema": schema}},
    }
    told = json.loads(mirror(request, ORDERS[:1]))["evidence"]
    assert len(told) == 3
    assert told[0] == ORDERS[0]
    assert "<PERSON_1B>" in told[1]
    assert mirror({"messages": request["messages"]}) == "Obey.\nI am <PERSON_1B>"
    with Endpoint(mirror) as endpoint:
        body = json.dumps(request).encode()
        asked = urllib.request.Request(endpoint.url + "/chat/completions", body, {"X-Key": "k"})
        with urllib.request.urlopen(asked) as reply:
            said = json.load(reply)["choices"][0]["message"]["content"]
    assert "<PERSON_1B>" in said
    (seen,) = endpoint.bodies
    assert body in seen
    assert b"X-Key: k" in seen


# --- the report and the command


def test_the_report() -> None:
    results = {
        "none": Tried(10, 5),
        "base64": Tried(10, 4, 1),
        "split_turns": Tried(10, 0),
        "linkage": Tried(4, 1),
        "canary_pack": Tried(4, 1),
        "canary_pack/replies": Tried(4, 1),
        "poison": None,
    }
    report = summarise(results, seed=0, settings={})
    assert report.metrics["leak_units"] == 0.2
    assert report.metrics["leak_units/none"] == 0.5
    assert report.metrics["success"] == 0.25
    assert report.metrics["success/canary_pack/replies"] == 0.25
    assert (report.n, report.failures) == (38, 1)
    assert report.settings["tried"]["base64"] == [10, 4, 1]
    assert Tried(1, 1) + NOTHING == Tried(1, 1)
    assert about("A", "B", "C", "D", "E").count("A ") == 1


def test_the_command(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def open_gateway(settings: Any, how: Any) -> Gateway:
        return Gateway(Sanitizer([knowing], deny=settings.privacy.deny), asleep)

    monkeypatch.setattr("drag.models.gateway.open_gateway", open_gateway)
    done = command("eval", "attack", "--limit", "3", "--json", "-")
    assert done.code == 0, done.err
    record = json.loads(done.out)
    assert record["task"] == "attack"
    assert record["metrics"]["leak_units/none"] == 0
    assert record["metrics"]["leak_units/base64"] == 1
    assert record["metrics"]["success/linkage"] == 0
    assert record["settings"]["people"] == 3
    assert command("eval", "attack", "--limit", "1", "--policy", "off").code == 1

    def broken(*_: Any) -> None:
        raise ConfigError("no")

    monkeypatch.setattr(attack_paths, "poisoned", broken)
    failed = command("eval", "attack", "--limit", "1", "--json", "-")
    assert failed.code == 1
    assert json.loads(failed.out)["failures"] == 1
