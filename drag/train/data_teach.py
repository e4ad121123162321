"""Rows whose replies a teacher writes, and the filter that they go through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from drag import prompts
from drag.answer import style_of, support
from drag.errors import DragError
from drag.prompts import ABSTENTION, Style
from drag.protocols import LanguageModel
from drag.replies import ask
from drag.train.data_explain import explain, explained, parse_explain
from drag.train.data_plan import Plan
from drag.train.data_shown import Shown, asked, labelled, row_of, with_citations
from drag.train.data_text import BARE, holds, holds_any, is_bare, normalised, supported
from drag.train.rows import Row

Item = TypeVar("Item")


class Watch(Protocol):
    """Gives its items back one by one, and shows how far it is; `doing` says what is being done."""

    def __call__(self, items: Sequence[Item], doing: str, /) -> Iterable[Item]: ...


_BATCH = 4
# Half of what a reply adds to the question has to stand in the evidence before it counts as read there.
_SUPPORT = 0.5


@dataclass(frozen=True, slots=True)
class Said:
    """What a teacher said for one row: the reply as the student is to say it, or why it cannot be used."""

    teacher: str
    answer: str = ""
    reply: str = ""
    problem: str = ""


def taught(
    shown: Sequence[Shown], teachers: Sequence[LanguageModel], plan: Plan, style: Style, watch: Watch
) -> list[Row]:
    """The rows of everything that is shown, in its order. A teacher that fails costs the row, and is asked again next
    time, for only replies are kept."""
    usable = [place for place, one in enumerate(shown) if not one.problem]
    if plan.method == "explain":
        usable = [place for place in usable if not shown[place].missing]  # there is nothing to explain
    said: dict[int, Said] = {}
    if plan.method == "multi" and not plan.route:
        each = [_answers(teacher, [shown[p] for p in usable], plan, style, watch) for teacher in teachers]
        said = {place: vote([one[at] for one in each]) for at, place in enumerate(usable)}
    else:
        speak = _explanations if plan.method == "explain" else _answers
        left = usable
        for teacher in teachers:
            found = speak(teacher, [shown[place] for place in left], plan, style, watch)
            said |= dict(zip(left, found, strict=True))
            # On a route the next teacher gets what this one did not answer well enough.
            left = [place for place in left if said[place].problem]
    return [_row(one, said.get(place), plan, style) for place, one in enumerate(shown)]


def vote(said: Sequence[Said]) -> Said:
    """What most of the teachers answered, normalised; of equally many the answer that came first.

    The teachers that could not be used have no vote; where none could, the first one's problem stands.
    """
    usable = [one for one in said if not one.problem]
    if not usable:
        return said[0]
    votes = Counter(normalised(one.answer) for one in usable)
    # A counter remembers who came first, and max takes the first of equals.
    best = max(votes, key=lambda one: votes[one])
    return next(one for one in usable if normalised(one.answer) == best)


def problem_of(shown: Shown, answer: str) -> str:
    """Why an answer cannot be taught; empty if it can.

    It has to hold an accepted answer, which stands in the evidence shown (a judgement needs all of the gold evidence
    instead); where the record accepts nothing in particular, half of its telling words have to stand there. Where the
    gold evidence is missing it has to abstain, and only there.
    """
    abstained = ABSTENTION in answer.casefold()
    if shown.missing:
        return "" if abstained else "the teacher answered without the gold evidence"
    if abstained:
        return "the teacher abstained"
    if not answer:
        return "the teacher said nothing"
    if not shown.answers:
        enough = supported(answer, shown.item.question.text, shown.texts) >= _SUPPORT
        return "" if enough else "the teacher's answer is not grounded in the evidence"
    return _unaccepted(shown, answer)


def _unaccepted(shown: Shown, answer: str) -> str:
    if is_bare(shown.answers):
        said = [word for word in normalised(answer).split() if word in BARE]
        if said[:1] != normalised(shown.answers[0]).split():
            return "the teacher's answer is not accepted"
        return "" if shown.label() is not None else "not all of the gold evidence is shown"
    accepted = [one for one in shown.answers if holds(answer, one)]
    if not accepted:
        return "the teacher's answer is not accepted"
    read = " \n ".join(shown.texts)
    return "" if holds_any(read, accepted) else "its answer does not stand in the shown evidence"


def _answers(teacher: LanguageModel, shown: Sequence[Shown], plan: Plan, style: Style, watch: Watch) -> list[Said]:
    """What a teacher answers from the same evidence; in its own style, or as the student that it is."""
    own = style if plan.method == "self" else style_of(teacher)
    made = [prompts.answer(one.item.question, one.texts, (), own, plan.reply_tokens) for one in shown]
    said: list[Said] = []
    for batch in watch(_batches(len(made)), f"asking {teacher.name}"):
        for place, reply in zip(batch, teacher.generate([made[p] for p in batch]), strict=True):
            one = shown[place]
            if isinstance(reply, DragError):
                said.append(Said(teacher.name, problem=_failed(reply)))
                continue
            text, numbers, _ = prompts.parse_answer(reply.text, len(one.texts))
            text = " ".join(text.split())
            problem = problem_of(one, text)
            if reply.finish != "stop" and not problem:
                problem = "the teacher's answer was cut off"
            answer = ABSTENTION if one.missing else text
            bare = "plain" if plan.method == "self" else style  # who reads nothing cites nothing
            reply_text = with_citations(answer, _numbers(one, text, numbers), bare)
            said.append(Said(teacher.name, answer, reply_text, problem))
    return said


def _explanations(teacher: LanguageModel, shown: Sequence[Shown], plan: Plan, style: Style, watch: Watch) -> list[Said]:
    """A rationale over the gold evidence and the answer, as one reply."""
    made = [
        explain(one.item.question, [one.texts[place] for place in one.gold_places], plan.reply_tokens) for one in shown
    ]
    said: list[Said] = []
    for batch in watch(_batches(len(made)), f"asking {teacher.name}"):
        found = ask(teacher, [made[p] for p in batch], [parse_explain] * len(batch))
        for place, parts in zip(batch, found, strict=True):
            one = shown[place]
            if isinstance(parts, DragError):
                said.append(Said(teacher.name, problem=_failed(parts)))
                continue
            rationale, answer = parts
            problem = problem_of(one, answer)
            if not problem and supported(rationale, one.item.question.text, one.texts) < _SUPPORT:
                problem = "the teacher's rationale is not grounded in the evidence"
            text = explained(rationale, answer)
            said.append(Said(teacher.name, answer, with_citations(text, _numbers(one, answer, []), style), problem))
    return said


def _numbers(shown: Shown, answer: str, named: Sequence[int]) -> list[int]:
    """The evidence that an answer cites: gold that the teacher named, or gold that holds the answer."""
    if shown.missing:
        return []
    gold = [place + 1 for place in shown.gold_places]
    right = [number for number in named if number in gold]
    if right:
        return right
    accepted = shown.answers if is_bare(shown.answers) else [one for one in shown.answers if holds(answer, one)]
    if accepted:
        return shown.cited(accepted[0])
    return [one.number for one in support(answer, shown.item.question.text, shown.pieces) if one.number in gold]


def _row(shown: Shown, said: Said | None, plan: Plan, style: Style) -> Row:
    if said is None:
        return labelled(shown, plan, style)
    if plan.method != "self":
        return row_of(shown, plan, shown.prompt(style), said.reply, problem=said.problem, teacher=said.teacher)
    return row_of(
        shown,
        plan,
        asked(shown.item, (), style),
        said.reply,
        problem=said.problem,
        teacher=said.teacher,
        teacher_messages=shown.prompt(style).messages,
    )


def _batches(count: int) -> list[range]:
    return [range(start, min(count, start + _BATCH)) for start in range(0, count, _BATCH)]


def _failed(error: DragError) -> str:
    return f"the teacher failed ({type(error).__name__})"
