"""Chats of our own with questions, for training a reader that says which message answers: in the reading shape.

    python examples/reader/make_chats.py 2 > chats.jsonl    # each question twice, of other people

`chats.txt`, beside this file, holds the chats. In it A to D are the people, who get other names in every record (the
same seed gives the same ones), and `? question = answer` follows the chat. The answer stands word for word in the
message that answers; often the one that asks shares more words with the question, so that looking for those is not
enough. Distractors are other chats of the same people; now and then one of them goes on in the chat itself. A question
may call somebody by the first name alone, or write in two words what the messenger writes in one.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

CHATS = Path(__file__).with_name("chats.txt")

_FIRST = ["Ana", "Bela", "Carla", "Deniz", "Emeka", "Farah", "Goran", "Hana", "Imre", "Joao", "Kaito", "Leila", "Mina", "Noor", "Olga", "Pavel", "Rosa", "Sami", "Tove", "Yusuf"]  # fmt: skip # noqa: E501
_LAST = ["Abel", "Brandt", "Costa", "Dunne", "Ekberg", "Fabre", "Grau", "Holm", "Ilves", "Jonker", "Kirsch", "Lund"]
# The share of chats that go on with another topic.
_LONG = 0.4

# "A" is an article, too: it is a person only before a colon, and in questions.
_SPEAKER = re.compile(r"^([A-D])(?=: )", re.MULTILINE)
_OTHERS = re.compile(r"(?<![\w-])([B-D])(?![\w+-])")
_ASKED = re.compile(r"(?<![\w-])([A-D])(?![\w+-])")


def chats(text: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each chat with its questions and their answers, people still as letters."""
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for block in text.strip().split("\n\n"):
        lines = block.splitlines()
        asked = [line[2:].split(" = ", 1) for line in lines if line.startswith("? ")]
        found.append(("\n".join(line for line in lines if not line.startswith("? ")), [(q, a) for q, a in asked]))
    return found


def rows(text: str, seed: int = 0) -> Iterator[dict[str, object]]:
    """A record for each question: `id`, `question`, `answers`, `evidence` (its chat) and two `distractors`."""
    draw = random.Random(seed)  # noqa: S311 - a draw, no secret
    every = chats(text)
    for number, (chat, asked) in enumerate(every):
        for place, (question, answer) in enumerate(asked):
            names, called = _names(draw)
            answers = [names.get(answer, _named(_OTHERS, answer, names))]
            third, *others = draw.sample([one for one, _ in every if one != chat], 3)
            parts = draw.sample([chat, third], 2) if draw.random() < _LONG else [chat]
            yield {
                "id": f"chat-{seed}-{number}-{place}",
                "question": _named(_ASKED, question, called),
                "answers": answers,
                "evidence": [_told("\n".join(parts), names, draw)],
                "distractors": [_told(one, names, draw) for one in others],
            }


def _told(chat: str, names: dict[str, str], draw: random.Random) -> str:
    said = _named(_OTHERS, _named(_SPEAKER, chat, names), names)
    day = f"2025{draw.randint(1, 12):02}{draw.randint(1, 28):02}_{draw.randint(7, 22):02}{draw.choice(['00', '30'])}"
    return f"{day}: {said}"


def _named(person: re.Pattern[str], text: str, names: dict[str, str]) -> str:
    return person.sub(lambda found: names[found[1]], text)


def _names(draw: random.Random) -> tuple[dict[str, str], dict[str, str]]:
    """Who A to D are in the chat, as messengers show names, and what the question calls them."""
    pairs = list(zip(draw.sample(_FIRST, 4), draw.sample(_LAST, 4), strict=True))
    shown = draw.choice(["{0}", "{0}{1}", "{0} {1}"])
    called = draw.choice([shown, shown, "{0}", "{0} {1}"]) if "{1}" in shown else shown
    whole, asked = ([form.format(*one) for one in pairs] for form in (shown, called))
    return dict(zip("ABCD", whole, strict=True)), dict(zip("ABCD", asked, strict=True))


if __name__ == "__main__":
    for again in range(int(sys.argv[1]) if len(sys.argv) > 1 else 1):
        for row in rows(CHATS.read_text("utf-8"), again):
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
