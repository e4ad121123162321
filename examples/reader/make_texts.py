"""Made-up facts and chat lines with a question each, for training a reader: text of our own, in the reading shape.

    python examples/reader/make_texts.py 200 > own.jsonl

Names are drawn from syllables, so that no fact is one that a model could know; every distractor is of the same form as
the gold text about something else, so that a reader has to look at what it says. The same number makes the same rows.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator

_ON = ["Bra", "Kel", "Mo", "Ta", "Lor", "Vi", "Sha", "Dun", "Pel", "Or", "Ni", "Ga", "Hes", "Wil", "Ro", "Fen"]
_END = ["den", "mar", "vik", "sted", "lin", "ford", "ra", "tan", "by", "wick", "nia", "gate", "los", "mere"]
_FIRST = ["Ana", "Ben", "Carla", "Deniz", "Emeka", "Farah", "Goran", "Hana", "Imre", "Joao", "Kaito", "Leila", "Mina", "Noor", "Olga", "Pavel", "Rosa", "Sami", "Tove", "Yusuf"]  # fmt: skip # noqa: E501
_THING = ["bridge", "library", "harbour", "observatory", "mill", "theatre", "station", "garden", "tower", "museum"]
_WORK = ["novel", "film", "opera", "song", "painting", "play", "poem", "game"]
_FIELD = ["botanist", "architect", "surgeon", "composer", "chemist", "cartographer", "painter", "engineer"]
_GOOD = ["copper", "salt", "wool", "amber", "glass", "tea", "honey", "timber", "paper", "silk"]
_DAY = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_ITEM = ["the blue folder", "my charger", "the spare key", "the tickets", "the cake tin", "the projector", "the tent"]
_SPOT = ["behind the printer", "in the glove box", "under the stairs", "on the top shelf", "at the front desk"]
_PLAN = ["the dentist", "the team dinner", "the budget review", "yoga class", "the plumber", "the school play"]

# What stands in the text, the questions that it answers, and what each answer is.
_FORMS: list[tuple[str, list[tuple[str, str]]]] = [
    (
        "The {place} {thing} was designed by {person} and opened in {year}.",
        [("Who designed the {place} {thing}?", "person"), ("When did the {place} {thing} open?", "year")],
    ),
    (
        "{person} was a {field} from {place} who kept {number} notebooks about {good}.",
        [
            ("What was {person}'s profession?", "field"),
            ("Where did {person} come from?", "place"),
            ("What did the {field} from {place} keep notebooks about?", "good"),
        ],
    ),
    (
        '"{title}" is a {work} by {person}, who wrote it in only {number} days.',
        [
            ("In how many days was the {work} {title} written?", "number"),
            ("Which {work} did {person} write in only {number} days?", "title"),
        ],
    ),
    (
        "In {year} the town of {place} paid its taxes in {good} because its bank had burnt down.",
        [
            ("What did {place} pay its taxes in?", "good"),
            ("Which town paid its taxes in {good} in {year}?", "place"),
        ],
    ),
    (
        "that {person}, the {field}, named the comet {title} after a cat?",
        [
            ("Who named a comet after a cat?", "person"),
            ("What is the name of the comet that {person} named after a cat?", "title"),
        ],
    ),
    (
        "{person}: I moved {plan} to {day}, please tell {other}. | {other}: Fine, {day} it is.",
        [
            ("To which day did {person} move {plan}?", "day"),
            ("Who moved {plan} to {day}?", "person"),
            ("Whom should be told that {plan} was moved?", "other"),
        ],
    ),
    (
        "{person}: {other}, have you seen {item}? | {other}: Yes, I left it {spot}.",
        [("Where did {other} leave {item}?", "spot"), ("Who was looking for {item}?", "person")],
    ),
    (
        "The firm {place} {title} sells {good} in {number} countries; its head is {person}.",
        [
            ("Who is the head of {place} {title}?", "person"),
            ("What does {place} {title} sell?", "good"),
            ("In how many countries does {place} {title} sell {good}?", "number"),
        ],
    ),
]


def rows(count: int, seed: int = 0) -> Iterator[dict[str, object]]:
    """`count` records with `id`, `question`, `answers`, `evidence` and four `distractors`."""
    draw = random.Random(seed)  # noqa: S311 - a draw, no secret
    for number in range(count):
        text, asked = _FORMS[number % len(_FORMS)]
        gold = _filled(draw)
        question, key = draw.choice(asked)
        # Two of the same form about something else, two of other forms.
        forms = [text, text, *(draw.choice(_FORMS)[0] for _ in range(2))]
        others = [form.format(**_filled(draw)) for form in forms]
        answer = gold[key]
        yield {
            "id": f"own-{seed}-{number}",
            "question": question.format(**gold),
            "answers": [answer],
            "evidence": [text.format(**gold)],
            "distractors": [one for one in others if answer.casefold() not in one.casefold()],
        }


def _filled(draw: random.Random) -> dict[str, str]:
    person, other = (f"{first} {_name(draw)}" for first in draw.sample(_FIRST, 2))
    return {
        "person": person,
        "other": other,
        "place": _name(draw),
        "title": f"{_name(draw)} {_name(draw)}" if draw.random() < 0.5 else _name(draw),
        "thing": draw.choice(_THING),
        "work": draw.choice(_WORK),
        "field": draw.choice(_FIELD),
        "good": draw.choice(_GOOD),
        "day": draw.choice(_DAY),
        "item": draw.choice(_ITEM),
        "spot": draw.choice(_SPOT),
        "plan": draw.choice(_PLAN),
        "year": str(draw.randint(1650, 2020)),
        "number": str(draw.randint(3, 99)),
    }


def _name(draw: random.Random) -> str:
    return draw.choice(_ON) + draw.choice(_END)


if __name__ == "__main__":
    for row in rows(int(sys.argv[1]) if len(sys.argv) > 1 else 200):
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
