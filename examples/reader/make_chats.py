"""Made-up group chats with a question each, for training a reader: text of our own, in the reading shape.

    python examples/reader/make_chats.py 100 > chats.jsonl

Two people say something of the same kind in each chat, among small talk, so that a reader has to look at who said what;
the distractors are chats of other people on the same subject and on others. The same number makes the same rows.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from typing import NamedTuple

_FIRST = ["Anouk", "Bela", "Chidi", "Dara", "Elif", "Femi", "Gwen", "Hugo", "Inka", "Jarek", "Kofi", "Lotte", "Mateo", "Nadia", "Oskar", "Priya", "Quim", "Rasa", "Sanne", "Tariq", "Uma", "Viggo", "Wanda", "Ximena", "Yara", "Zoltan"]  # fmt: skip # noqa: E501
_LAST = ["Abel", "Brandt", "Castell", "Dunne", "Ekberg", "Farrow", "Grau", "Holm", "Ilves", "Jonker", "Kirsch", "Lindo"]
_HELLO = ["Hey everyone!", "Hi all!", "Morning!", "Hey, quick question.", "Hello team!", "Good evening!"]
_TALK = [
    "Sounds great to me!",
    "Ha, I knew you would say that 😄",
    "Not sure yet, I have to look at my calendar.",
    "That is a good point.",
    "Thanks for telling us 🙏",
    "I was thinking about the same thing yesterday.",
    "Same here, to be honest.",
    "Let us talk about it on Friday.",
]


class Subject(NamedTuple):
    """What somebody asks, what two people say to it, what is asked about one of them, and the answers there are."""

    opener: str
    said: tuple[str, ...]
    asked: tuple[str, ...]
    answers: tuple[str, ...]


_SUBJECTS = [
    Subject(
        "What should we eat after the match?",
        ("I would love {x}, there is a new place near the station.", "For me {x}, as always."),
        ("What does {p} want to eat after the match?", "Which food does {p} suggest?"),
        ("lentil soup", "grilled mackerel", "pumpkin ravioli", "bean tacos", "fried dumplings", "onion tart"),
    ),
    Subject(
        "Who has seen a good film lately?",
        ("My favourite of this year is {x}, the ending is so moving.", "I watched {x} twice, the music is wonderful."),
        ("Which film does {p} like?", "What is the name of the film that {p} talks about?"),
        ("The Salt Road", "Seven Lanterns", "Winter Harbour", "A Map of Bees", "Glass Orchard", "The Night Ferry"),
    ),
    Subject(
        "How do you all keep fit in winter?",
        ("I do {x} three times a week and it really helps.", "For me it is {x}, nothing else works."),
        ("How does {p} keep fit?", "What exercise does {p} do in winter?"),
        ("rope skipping and planks", "long walks by the canal", "indoor rowing", "morning stretches", "hill sprints"),
    ),
    Subject(
        "The club needs new rules for the garden. Ideas?",
        ("I think we should {x}, it would make things easier for all.", "Why not {x}? Other clubs do it too."),
        ("What does {p} propose for the garden?", "What idea does {p} have?"),
        (
            "plant herbs along the wall",
            "water only after sunset",
            "share the tools",
            "label every bed",
            "build a bench",
        ),
    ),
    Subject(
        "Why did nobody come to the rehearsal on Tuesday?",
        ("I was away because {x}, sorry about that.", "I could not make it, {x}."),
        ("Why did {p} miss the rehearsal?", "What kept {p} from coming?"),
        ("my train was cancelled", "the boiler broke down", "my sister was in hospital", "I had lost my keys"),
    ),
    Subject(
        "Has anyone tried the new game?",
        ("Yes! The best thing about it is {x}.", "I played it all weekend, and {x} impressed me the most."),
        ("What does {p} like most about the new game?", "What impressed {p} in the game?"),
        ("the weather effects", "how the puzzles build on each other", "the voice acting", "the freedom to explore"),
    ),
    Subject(
        "When can you help me with moving house?",
        ("I am free on {x}, just call me.", "It works for me on {x}."),
        ("When is {p} free to help?", "On which day can {p} help with moving?"),
        ("Saturday at 9 AM", "Sunday after lunch", "Monday evening", "Thursday at 6 PM", "the first weekend in May"),
    ),
    Subject(
        "What should I bring to the picnic?",
        ("Please bring {x}, we forgot it last time.", "We still need {x}!"),
        ("What does {p} ask for at the picnic?", "What should be brought according to {p}?"),
        ("paper plates and napkins", "a large blanket", "two bottles of juice", "sun cream", "the folding chairs"),
    ),
    Subject(
        "Where did you spend the holidays?",
        ("We went to {x}, and it rained only once.", "I stayed in {x} with my parents."),
        ("Where did {p} spend the holidays?", "Which place did {p} visit?"),
        ("Tartu", "the Azores", "a village near Cork", "the lakes of Masuria", "Ljubljana", "Gotland"),
    ),
    Subject(
        "My landlord raised the rent again. What would you do?",
        ("First of all I would {x}.", "If I were you, I would {x}, that worked for my cousin."),
        ("What advice does {p} give about the rent?", "What would {p} do about the landlord?"),
        ("write him a formal letter", "ask the tenants' union", "compare prices in the street", "read the contract"),
    ),
    Subject(
        "How do you feel about the concert next week?",
        ("To be honest, I am {x}.", "I feel {x}, I have been waiting for months."),
        ("How does {p} feel about the concert?",),
        ("a little nervous", "over the moon", "worried about the sound", "calm and well prepared", "really curious"),
    ),
    Subject(
        "Any book for the long train ride?",
        ("Take {x}, you will not put it down.", "I can lend you {x}, it is quite short."),
        ("Which book does {p} recommend?", "What can {p} lend for the train ride?"),
        ("The Cartographer's Son", "Nine Quiet Rooms", "Under the Linden", "The Clockmaker's Debt", "Rivers of Chalk"),
    ),
]


def rows(count: int, seed: int = 0) -> Iterator[dict[str, object]]:
    """`count` records with `id`, `question`, `answers`, `evidence` and two `distractors`."""
    draw = random.Random(f"chats:{seed}")  # noqa: S311 - a draw, no secret
    for number in range(count):
        subject = _SUBJECTS[number % len(_SUBJECTS)]
        text, person, answer = _chat(subject, draw)
        others = [_chat(one, draw)[0] for one in (subject, draw.choice(_SUBJECTS))]
        yield {
            "id": f"chat-{seed}-{number}",
            "question": draw.choice(subject.asked).format(p=person),
            "answers": [answer],
            "evidence": [text],
            "distractors": [one for one in others if answer not in one and person not in one],
        }


def _chat(subject: Subject, draw: random.Random) -> tuple[str, str, str]:
    """A chat, one of the two who answer in it, and what that one said."""
    glued = draw.random() < 0.5  # handles in some chats, names in others
    names = [f"{one}{'' if glued else ' '}{draw.choice(_LAST)}" for one in draw.sample(_FIRST, 3)]
    first, second = draw.sample(subject.answers, 2)
    one, other = draw.sample(subject.said, 2)
    lines = [
        f"{names[0]}: {draw.choice(_HELLO)} {subject.opener}",
        f"{names[1]}: {one.format(x=first)}",
        f"{names[2]}: {other.format(x=second)}",
    ]
    for _ in range(draw.randint(1, 2)):
        lines.insert(draw.randint(1, len(lines)), f"{draw.choice(names)}: {draw.choice(_TALK)}")
    if draw.random() < 0.5:
        lines.insert(0, f"Time: 2025{draw.randint(1, 12):02}{draw.randint(1, 28):02}_{draw.randint(7, 22):02}:00")
    place = draw.randint(0, 1)
    return "\n".join(lines), names[1 + place], (first, second)[place]


if __name__ == "__main__":
    for row in rows(int(sys.argv[1]) if len(sys.argv) > 1 else 100):
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
