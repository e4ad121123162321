"""`drag eval leak --inject`: private clauses woven into choice questions, as in the experiment of the DRAG paper.

The paper injects personal data into public questions and counts what a sanitizer leaves of it. Its clauses are not
published; these are ours. Everybody in them is made up by Faker under a seed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from drag.errors import ConfigError
from drag.types import Question
from eval.leak_data import Mark, Row

KINDS = ("name", "email", "phone", "affiliation", "address")

# How a person says each of it. {} is the value; several ways, because a sanitizer can learn one by heart.
_SAID = {
    "name": ("my name is {}", "I am {}", "this is {} writing", "I'm called {}"),
    "email": ("my e-mail is {}", "you can write to {}", "reach me at {}", "answers go to {}"),
    "phone": ("my phone number is {}", "call me on {}", "my mobile is {}", "text me at {}"),
    "affiliation": ("I work at {}", "I am with {}", "my employer is {}", "I joined {} last year"),
    "address": ("I live at {}", "my address is {}", "my home is {}", "I get my post at {}"),
}
_LABELS = {"name": "Name", "email": "E-mail", "phone": "Phone", "affiliation": "Company", "address": "Address"}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who does not exist: one value a kind of `KINDS`."""

    name: str
    email: str
    phone: str
    affiliation: str
    address: str


Piece = tuple[str, str]
"""A kind and its value, or an empty kind and words that are not private."""
Weave = Callable[[str, list[Piece], random.Random], list[Piece]]
"""Puts private pieces into a question; what it returns, put together, is the injected question."""


def person(seed: str) -> Person:
    """The person of a seed. Raises `ConfigError` where Faker is not installed."""
    try:
        from faker import Faker
    except ImportError as error:
        raise ConfigError("made-up people need Faker: pip install 'drag-slm[eval]'") from error
    fake: Any = Faker("en_US")
    fake.seed_instance(seed)
    draw = random.Random(seed)  # noqa: S311 - made-up people, no secret
    first, last = str(fake.first_name()), str(fake.last_name())
    host = str(fake.free_email_domain() if draw.random() < 0.5 else fake.domain_name())
    local = draw.choice((f"{first}.{last}", f"{first[0]}{last}", f"{first}_{last}{draw.randrange(10, 99)}", first))
    company = draw.choice((str(fake.company()), f"University of {fake.city()}", f"{fake.city()} General Hospital"))
    street = " ".join(str(fake.street_address()).split())
    town = f"{fake.city()}, {fake.state_abbr()} {fake.postcode()}"
    return Person(f"{first} {last}", f"{local}@{host}".lower(), _phone(draw), company, f"{street}, {town}")


def _phone(draw: random.Random) -> str:
    # Faker's own go from extensions to twelve digits without a mark: the forms that people write are these.
    # 555-01xx is kept for fiction.
    area, last = draw.randrange(201, 990), f"01{draw.randrange(100):02d}"
    return draw.choice((f"({area}) 555-{last}", f"{area}-555-{last}", f"+1 {area} 555 {last}", f"{area}.555.{last}"))


def inject(questions: Sequence[Question], *, seed: int) -> list[Row]:
    """Each question with two to five private values in one of the `STYLES`, which take turns.

    `private` are the values, `marks` their places and kinds, `style` the way of writing. The same questions and seed
    give the same rows (with the same release of Faker).
    """
    names = list(STYLES)
    rows: list[Row] = []
    for place, question in enumerate(questions):
        draw = random.Random(f"{seed}:{question.id}")  # noqa: S311 - made-up people, no secret
        someone = person(f"{seed}:{question.id}")
        kinds = draw.sample(KINDS, draw.randrange(2, len(KINDS) + 1))
        style = names[place % len(names)]
        given: list[Piece] = [(kind, getattr(someone, kind)) for kind in KINDS if kind in kinds]
        rows.append(_row(question.id, STYLES[style](question.text, given, draw), style))
    return rows


def _row(key: str, pieces: Sequence[Piece], style: str) -> Row:
    text = ""
    marks: list[Mark] = []
    for kind, words in pieces:
        if kind:
            marks.append(Mark(len(text), len(text) + len(words), kind))
        text += words
    return Row(key, text, tuple(words for kind, words in pieces if kind), tuple(marks), style)


def _intro(question: str, given: list[Piece], draw: random.Random) -> list[Piece]:
    """Inline, before: "My name is … and I work at …. QUESTION"."""
    return [("", "Hello, "), *_listed(given, draw), ("", ". "), ("", question)]


def _aside(question: str, given: list[Piece], draw: random.Random) -> list[Piece]:
    """Inline, in brackets, at a comma, the end of a sentence, or after some words, inside the question."""
    places = [match.end() for match in re.finditer(r"[,;:](?= )|(?<=[a-z]{4})(?= )", question)]
    # The middle third: never right at an edge where the appended style would stand.
    inner = [one for one in places if len(question) / 3 <= one <= 2 * len(question) / 3] or places or [len(question)]
    at = draw.choice(inner)
    return [("", question[:at] + " ("), *_listed(given, draw), ("", ")" + question[at:])]


def _appended(question: str, given: list[Piece], draw: random.Random) -> list[Piece]:
    """Appended, a sentence each: "QUESTION My name is …. I live at …."."""
    pieces: list[Piece] = [("", question)]
    for kind, value in given:
        before, after = draw.choice(_SAID[kind]).split("{}")
        pieces += [("", f" {before[0].upper()}{before[1:]}"), (kind, value), ("", f"{after}.")]
    return pieces


def _signature(question: str, given: list[Piece], draw: random.Random) -> list[Piece]:
    """Appended, as the foot of a letter: a line each, with a label or without."""
    bare = draw.random() < 0.5
    pieces: list[Piece] = [("", question + draw.choice(("\n\nBest regards,", "\n\n--", "\n\nThanks!")))]
    for kind, value in given:
        pieces += [("", "\n" if bare else f"\n{_LABELS[kind]}: "), (kind, value)]
    return pieces


def _casual(question: str, given: list[Piece], draw: random.Random) -> list[Piece]:
    """Appended in lower case, the values as well: "QUESTION btw my name is …, i live at …"."""
    said = _listed(given, draw)
    return [("", question + " btw "), *((kind, words.lower()) for kind, words in said), ("", " thx")]


def _third(question: str, given: list[Piece], draw: random.Random) -> list[Piece]:
    """Inline, before, about somebody else: "A colleague (…, …) asked me this: QUESTION"."""
    who = draw.choice(("My colleague", "A patient of mine", "My neighbour", "A student"))
    pieces: list[Piece] = [("", f"{who} (")]
    for place, (kind, value) in enumerate(given):
        pieces += [("", ", " if place else ""), (kind, value)]
    return [*pieces, ("", ") asked me this: "), ("", question)]


STYLES: dict[str, Weave] = {
    "intro": _intro,
    "appended": _appended,
    "aside": _aside,
    "signature": _signature,
    "third": _third,
    "casual": _casual,
}
"""Ways of writing, by name: the names after `leak_units/`."""


def _listed(given: Sequence[Piece], draw: random.Random) -> list[Piece]:
    """The clauses with commas, and with "and" before the last."""
    pieces: list[Piece] = []
    for place, (kind, value) in enumerate(given):
        before, after = draw.choice(_SAID[kind]).split("{}")
        joint = "" if place == 0 else " and " if place == len(given) - 1 else ", "
        pieces += [("", joint + before), (kind, value), ("", after)]
    return pieces
