"""What a row shows: its evidence in a drawn order, within the budget, with or without the gold."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drag import prompts
from drag.confidence import own_words
from drag.prompts import Style
from drag.train.data_items import Item
from drag.train.data_plan import Plan
from drag.train.data_text import Piece, fit, holds, holds_any, is_bare, normalised, parts_of, title_of
from drag.train.rows import DROPPED, KEPT, Row, Split, digest_of
from drag.trim import chat_messages
from drag.types import Evidence, Message, Prompt

Count = Callable[[str], int]
"""How many tokens a text has."""

ANSWER_TOKENS = 64
"""What `ask` allows an answer by default; it stands in the prompt's parameters, not in its text."""

_MARK = 4  # tokens of `[3] ` and of the line's end


def estimated(text: str) -> int:
    """About how many tokens a text has, where no model says: 1.4 a word."""
    return round(1.4 * len(text.split()))


@dataclass(frozen=True, slots=True)
class Shown:
    """An item, the pieces that its row shows (their texts cut as they are shown), and its split.

    `missing` says that all of its gold evidence was left out. `problem` is why no row can be made of it; empty if one
    can.
    """

    item: Item
    split: Split
    pieces: tuple[Evidence, ...] = ()
    texts: tuple[str, ...] = ()
    missing: bool = False
    problem: str = ""

    @property
    def answers(self) -> tuple[str, ...]:
        """The accepted answers of the record, without "insufficient information"."""
        return tuple(one for one in self.item.question.gold if prompts.ABSTENTION not in one.casefold())

    @property
    def gold_places(self) -> list[int]:
        """Where the gold pieces stand among those shown, from 0."""
        gold = {one.id for one in self.item.gold}
        return [place for place, one in enumerate(self.pieces) if one.id in gold]

    def label(self) -> str | None:
        """The first accepted answer that stands in the gold evidence as it is shown; None if none does.

        A judgement (yes, no) stands in no text: it is the label where all of the gold evidence is shown.
        """
        answers = self.answers
        read = " \n ".join(self.texts[place] for place in self.gold_places)
        if is_bare(answers):
            return answers[0] if len(self.gold_places) == len(self.item.gold) > 0 else None
        return next((one for one in answers if holds(read, one)), None)

    def cited(self, answer: str) -> list[int]:
        """The numbers, from 1, of the gold pieces in which `answer` stands; of all of them for a judgement."""
        places = self.gold_places
        if normalised(answer) in {normalised(one) for one in self.answers} and is_bare(self.answers):
            return [place + 1 for place in places]
        return [place + 1 for place in places if holds(self.texts[place], answer)]

    def quoted(self, answer: str, *, lines: bool = False) -> tuple[str, int] | None:
        """The sentence of the gold evidence that holds `answer`, and the place of its piece; None if none does.

        Of several the one with most of the question's telling words. The title of its passage is left out. With `lines`
        the whole line, which in a chat is a message and who wrote it.
        """
        telling = set(own_words(self.item.question.text))
        found: list[tuple[int, str, int]] = []
        for place in self.gold_places if not is_bare([answer]) else ():
            text = self.texts[place]
            untitled = text.removeprefix(f"{title_of(text)}: ")
            if lines:
                # In a chat without a title who speaks first looks like one.
                told = untitled if title_of(untitled) else text
                held = [one for one in chat_messages(told) or told.splitlines() if holds(one, answer)]
            else:
                held = [one for one in parts_of(untitled) if holds(one, answer)]
                # What looks like a title may be who says it, and the answer.
                held = held or [one for one in parts_of(text) if holds(one, answer)]
            found += [(len(telling & set(own_words(one))), one.strip(), place) for one in held]
        if not found:
            return None
        _, said, place = max(found, key=lambda one: one[0])
        return said, place

    def prompt(self, style: Style) -> Prompt:
        """The prompt, as `ask` renders it."""
        return asked(self.item, self.texts, style)


def asked(item: Item, texts: Sequence[str], style: Style) -> Prompt:
    """The student's turn over these texts; a question with choices as it is put where they are scored."""
    question = item.question
    return prompts.answer(question, texts, (), style, ANSWER_TOKENS, scored=bool(question.choices))


def show(
    item: Item, split: Split, others: Sequence[Evidence], plan: Plan, *, style: Style, count: Count, missing: bool
) -> Shown:
    """Draw the pieces for one item and cut them to the budget. `others` are its distractors, those to prefer first.

    No distractor holds an accepted answer. An item whose record says that there is no answer shows what it brings, and
    has no gold evidence.
    """
    draw = random.Random(f"{plan.seed}:{item.question.id}")  # noqa: S311 - a draw, no secret
    answers = Shown(item, split).answers
    if item.question.gold and not answers:
        item, others, missing = Item(item.question, ()), [*item.gold, *others], True
    elif not item.gold:
        return Shown(item, split, problem="no gold evidence")
    most = draw.randint(*plan.evidence)
    gold = () if missing else _chosen(item, answers, most)
    if not is_bare(answers):
        others = [one for one in others if not holds_any(one.titled, answers)]
    pieces = [*gold, *others[: max(0, most - len(gold))]]
    if not pieces:
        return Shown(item, split, missing=missing, problem="nothing to show without its gold")
    # Those that are dropped first for the budget are the last distractors, wherever they stand.
    made = _pieces(item, pieces, gold, answers)
    order = list(range(len(made)))
    draw.shuffle(order)
    bare = sum(count(one.content) for one in asked(item, ["x"], style).messages)
    sizes: dict[str, int] = {}

    def fits(texts: Sequence[str]) -> bool:
        # Text by text: counting the whole prompt anew for each sentence that is cut would take longest of all.
        sizes.update({text: count(text) + _MARK for text in texts if text not in sizes})
        return bare + sum(sizes[text] for text in texts) <= plan.max_tokens

    left = fit(made, fits)
    if left is None:
        return Shown(item, split, missing=missing, problem="longer than the budget")
    places = [place for place in order if any(made[place] is one for one in left)]
    return Shown(item, split, tuple(pieces[p] for p in places), tuple(made[p].shown for p in places), missing)


def _pieces(item: Item, pieces: Sequence[Evidence], gold: Sequence[Evidence], answers: Sequence[str]) -> list[Piece]:
    titles = {one.id: one.title or title_of(one.text) for one in gold}
    return [
        Piece.of(
            one.titled,
            item.question.text,
            answers,
            gold=one.id in titles,
            names=[title for key, title in titles.items() if title and key != one.id],
        )
        for one in pieces
    ]


def _chosen(item: Item, answers: Sequence[str], most: int) -> tuple[Evidence, ...]:
    """The gold pieces to show: all of a record's; of a pack's, those that hold the answer first, and up to half."""
    if not item.spare:
        return item.gold
    first = sorted(item.gold, key=lambda one: not holds_any(one.titled, answers))
    return tuple(first[: max(1, (most + 1) // 2)])


def row_of(
    shown: Shown,
    plan: Plan,
    prompt: Prompt,
    reply: str,
    *,
    problem: str = "",
    teacher: str | None = None,
    teacher_messages: tuple[Message, ...] | None = None,
) -> Row:
    """The row of one item; dropped where there is a `problem`."""
    return Row(
        id=shown.item.question.id,
        method=plan.method,
        split=shown.split,
        messages=prompt.messages,
        reply=reply,
        teacher_messages=teacher_messages,
        prompt=prompt.name,
        prompt_sha256=digest_of(prompt.messages),
        question=shown.item.question.text,
        answers=shown.answers,
        evidence_ids=tuple(one.id for one in shown.pieces),
        gold_ids=tuple(one.id for one in shown.item.gold),
        teacher=teacher,
        verdict=DROPPED + problem if problem else KEPT,
        evidence=shown.texts,
    )


def labelled(shown: Shown, plan: Plan, style: Style) -> Row:
    """A row that says what the record says: its answer, with citations where the evidence is numbered."""
    prompt = shown.prompt(style)
    if shown.problem:
        return row_of(shown, plan, prompt, "", problem=shown.problem)
    if shown.missing:
        return row_of(shown, plan, prompt, prompts.ABSTENTION)
    if not shown.answers:
        return row_of(shown, plan, prompt, "", problem="no accepted answer")
    answer = shown.label()
    if answer is None:
        return row_of(shown, plan, prompt, "", problem="its answer does not stand in the shown evidence")
    cited = shown.cited(answer)
    if plan.reply != "answer":
        said = shown.quoted(answer, lines=plan.reply == "line")
        if said is None:
            return row_of(shown, plan, prompt, "", problem=f"its answer stands in no {plan.reply} of the gold evidence")
        answer, place = said
        cited = [place + 1]
    return row_of(shown, plan, prompt, with_citations(answer, cited, style))


def with_citations(answer: str, numbers: Sequence[int], style: Style) -> str:
    """The answer, and in the style that numbers its evidence the numbers: `Mara Finch [1][3]`."""
    marks = "".join(f"[{number}]" for number in numbers) if style == "instructed" else ""
    return f"{answer.strip()} {marks}".strip()
