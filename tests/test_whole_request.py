"""The second scan reads the whole request: every place in it, and what its turns say together."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from privacy import Gateway, PrivacyError, Sanitizer, Session, Span, pattern_detector
from privacy.turns import joined, user_turns

NAME = "Margaret Holloway"


def blind(text: str) -> list[Span]:
    return []


def people(text: str) -> list[Span]:
    return [Span(at, at + len(NAME), "PERSON") for at in [text.find(NAME)] if at >= 0]


class Careless(Session):
    """Knows what is private and leaves it where it is, as a faulty first pass would."""

    def sanitize_all(self, texts: Any) -> list[str]:
        super().sanitize_all(texts)
        return list(texts)


class CarelessSanitizer(Sanitizer):
    def session(self) -> Session:
        return Careless(self.detectors, self.lists)


def turns(*contents: Any) -> list[dict[str, Any]]:
    return [{"role": "user" if n % 2 == 0 else "assistant", "content": one} for n, one in enumerate(contents)]


def schema(**inside: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object", **inside}}}


PLACES: dict[str, Callable[[str], dict[str, Any]]] = {
    "system prompt": lambda word: {"messages": [{"role": "system", "content": f"Serve {word}."}, *turns("hello")]},
    "question": lambda word: {"messages": turns(f"I am {word}.")},
    "history, the user": lambda word: {"messages": turns(f"I am {word}.", "Hello!", "Who built the clock?")},
    "history, the model": lambda word: {"messages": turns("hello", f"Hello {word}!", "Who built the clock?")},
    "name of a speaker": lambda word: {"messages": [{"role": "user", "name": word, "content": "hello"}]},
    "parts of a turn": lambda word: {"messages": turns([{"type": "text", "text": f"I am {word}."}])},
    "evidence": lambda word: {"messages": turns(f"Evidence:\n1. {word} built the clock.\n\nWho built it?")},
    "stop": lambda word: {"messages": turns("hello"), "stop": ["\n", word]},
    "metadata": lambda word: {"messages": turns("hello"), "metadata": {"who": {"is": [word]}}},
    "user field": lambda word: {"messages": turns("hello"), "user": word},
    "description of a schema": lambda word: {"messages": turns("x"), "response_format": schema(description=word)},
    "options of a schema": lambda word: {
        "messages": turns("x"),
        "response_format": schema(properties={"who": {"enum": [word, "nobody"]}}),
    },
    "tool": lambda word: {"messages": turns("x"), "tools": [{"function": {"name": "call", "description": word}}]},
    "a key": lambda word: {"messages": turns("x"), "metadata": {word: 1}},
    "a field that nobody knows": lambda word: {"messages": turns("x"), "next_year": {"s": [{"t": word}]}},
}
WORDS = {NAME: "PERSON", "ann@mail.example": "EMAIL", "Project Falcon": "PRIVATE", "F\u200bAlCoN": "PRIVATE"}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("word", WORDS)
def test_what_the_first_pass_leaves_is_found_wherever_it_stands(place: str, word: str) -> None:
    gate = Gateway(CarelessSanitizer([people, pattern_detector], deny=["Falcon"]))
    with pytest.raises(PrivacyError, match=WORDS[word]) as caught:
        gate.seal({"model": "m", **PLACES[place](word)})
    assert word not in str(caught.value)


@pytest.mark.parametrize("place", [one for one in PLACES if one != "a key"])
@pytest.mark.parametrize("word", WORDS)
def test_the_first_pass_replaces_it_wherever_it_stands(place: str, word: str) -> None:
    sealed = Gateway(Sanitizer([people, pattern_detector], deny=["Falcon"])).seal({"model": "m", **PLACES[place](word)})
    assert word not in sealed.sealed.body.decode()
    assert json.loads(sealed.sealed.body)["messages"]


# --- split over turns

SPLIT = {
    "e-mail address": ("My mail begins with margaret.holloway@mail", "and goes on with .example", "EMAIL"),
    "e-mail address, at the @": ("Write to margaret.holloway@", "the rest is mail.example", "EMAIL"),
    "phone": ("The number starts with +1 415", "and then 555 0134.", "PHONE"),
    "card": ("The card says 4111 1111", "further on 1111 1111, that is all", "CARD"),
    "iban": ("Pay to GB33BUKB2020", "1555 5555 55 is how it goes on", "IBAN"),
    "denied word": ("The project is called Fal", "con, if you want to know", "PRIVATE"),
    "denied words": ("It has to do with Silver", "Lake. When was it dug?", "PRIVATE"),
    "two turns apart": ("The number starts with +1 415", "555 0134 is how it ends", "PHONE"),
}


@pytest.mark.parametrize("name", SPLIT)
def test_what_two_turns_say_together_is_found(name: str) -> None:
    first, second, kind = SPLIT[name]
    gate = Gateway(Sanitizer([blind, pattern_detector], deny=["Falcon", "Silver Lake"]))
    between = ("Go on.", "Wait a moment.", "All right.") if name == "two turns apart" else ("Go on.",)
    for turn in (first, second):
        gate.seal({"messages": turns(turn)})
    with pytest.raises(PrivacyError, match=kind) as caught:
        gate.seal({"messages": turns(first, *between, second)})
    assert not any(word in str(caught.value) for word in ("0134", "mail.example", "Falcon"))


def test_a_name_of_one_turn_in_two_halves_in_others() -> None:
    gate = Gateway(Sanitizer([people, pattern_detector]))
    parts = gate.seal({"messages": turns(f"I am {NAME}.", "Hello", "Margaret it is", "Hello", "and Holloway")})
    assert "Margaret" not in parts.sealed.body.decode()
    with pytest.raises(PrivacyError, match="PERSON"):
        gate.seal({"messages": turns(f"I am {NAME}.", "Hello", "I spell it Marga", "Go on", "ret")})


def test_conversations_about_numbers_are_not_held_up() -> None:
    gate = Gateway(Sanitizer([blind, pattern_detector]))
    talks = [
        ("In 1712 the clock was built for 340 pounds.", "And in 1984?", "It was 12.5 m high and cost 3,000 in 1990."),
        ("Is 17 prime?", "Yes.", "And 1000003?", "Yes.", "What of 2^31 - 1 = 2147483647?"),
        ("See chapter 3.2 and e.g. figure 4.1.", "Yes?", "Version 2.0.1 of it came on 2024-05-01."),
        ("Convert 98.6 F to C.", "37 C", "Now 451 F.", "232.8 C", "Thanks. And 0 K?"),
        ("I have 3 apples and buy 5.", "8", "Then I give 2 away to each of 4 children."),
    ]
    for talk in talks:
        gate.seal({"messages": turns(*talk)})


def test_the_keywords_of_a_schema_are_nobodys_names() -> None:
    def capitals(text: str) -> list[Span]:
        return [Span(m.start(), m.end(), "PERSON") for m in re.finditer(r"\w*[A-Z]\w*", text)]

    inside = {"properties": {"who": {"type": "array", "maxItems": 2, "minItems": 1}}, "additionalProperties": False}
    gate = Gateway(Sanitizer([capitals, pattern_detector]))
    sealed = gate.seal({"messages": turns("Who is Mara?"), "response_format": schema(**inside)}).sealed
    assert b'"additionalProperties":false' in sealed.body
    assert b"Mara" not in sealed.body
    with pytest.raises(PrivacyError, match="PERSON"):
        gate.seal({"messages": turns("x"), "response_format": schema(properties={"Margaret": {"type": "string"}})})


def test_turns() -> None:
    request = {"messages": [{"role": "system", "content": "s"}, *turns("a", "b", [{"type": "text", "text": "c"}])]}
    assert user_turns(request)[0] == "a"
    assert "c" in user_turns(request)[1]
    assert user_turns({"messages": "x"}) == user_turns({}) == []
    assert ("one two", 3) in joined(["one", "two"])
    assert not list(joined(["alone"]))
