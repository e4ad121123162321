"""The teacher's part: evidence for questions, written ahead of time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from drag import replies
from drag.answer import style_of
from drag.choose import choose
from drag.errors import DragError
from drag.profiles import profile_of
from drag.protocols import LanguageModel, ScoringModel
from drag.settings import Build, WithChoices
from drag.teach_prompts import decide, parse_decide, parse_teach
from drag.teach_prompts import teach as prompt_of
from drag.types import Evidence, Question

# Two answers say the same where their words overlap by half (F1): "the mitochondria" and "mitochondria of the cell".
_SAME = 0.5


@dataclass(frozen=True, slots=True)
class Taught:
    """What was written for a question, and what failed; without pieces and without a failure it had nothing to say."""

    pieces: tuple[Evidence, ...] = ()
    failure: DragError | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a teacher holds to be the answer: a conclusion, else several candidates, else nothing.

    `failure` is why there is none.
    """

    conclusion: str = ""
    candidates: tuple[str, ...] = ()
    failure: DragError | None = None

    @property
    def stated(self) -> str:
        """What stands after the question in the piece that states it; empty for nothing."""
        return self.conclusion or "; ".join(self.candidates)


def teach(
    teacher: LanguageModel,
    questions: Sequence[Question],
    count: int,
    *,
    show_choices: bool = False,
    show_evidence: bool = False,
    decided: WithChoices = False,
    samples: int = 3,
    candidates: WithChoices = False,
) -> list[Taught]:
    """At most `count` pieces of evidence for each question, in the order of the questions.

    Blind unless told otherwise: the teacher sees the question only. With `show_choices` the evidence is concluding:
    a teacher that can score decides first between the choices, by its profile's rule, and argues for that one alone,
    in pieces of which the first says what it decided; one that cannot score sees the choices. Where there are no
    choices it decides by `samples` short answers, of which more than half have to agree; where they do not, it only
    writes facts, with `candidates` after a first piece that holds them all. `decided` has it do so for blind evidence,
    too; "auto" says either for the questions that have choices. With `show_evidence` the evidence of a question which
    brings some is grounded in it. What failed stands beside what came of the rest: samples without facts, facts without
    a decision. A choice that could not be made leaves nothing, for facts alone would be another mode's.
    """
    free = [
        one
        for one in questions
        if samples > 0 and not (show_choices and one.choices) and (show_choices or goes(decided, one))
    ]
    agreed = dict(
        zip([one.id for one in free], _decided(teacher, free, samples, show_evidence, candidates), strict=True)
    )
    decisions: list[Decision] = []
    for one in questions:
        if show_choices and one.choices:
            picked = conclude(teacher, one, one.evidence if show_evidence else ())
            made = Decision(picked) if isinstance(picked, str) else Decision(failure=picked)
        else:
            made = agreed.get(one.id, Decision())
        decisions.append(made)
    # What was decided is a piece of its own.
    counts = [
        0 if show_choices and one.choices and made.failure else count - bool(made.stated)
        for one, made in zip(questions, decisions, strict=True)
    ]
    asked = [place for place, left in enumerate(counts) if left > 0]
    prompts = [
        prompt_of(
            questions[place],
            counts[place],
            show_choices=show_choices,
            show_evidence=show_evidence,
            conclusion=decisions[place].conclusion,
        )
        for place in asked
    ]
    told = dict(zip(asked, replies.ask(teacher, prompts, [parse_teach] * len(prompts)), strict=True))
    return [
        _taught(teacher, question, decision, told.get(place, []), count)
        for place, (question, decision) in enumerate(zip(questions, decisions, strict=True))
    ]


def goes(wanted: WithChoices, question: Question) -> bool:
    """Whether a step of building is taken for this question."""
    return bool(question.choices) if wanted == "auto" else wanted


def teach_as(teacher: LanguageModel, questions: Sequence[Question], settings: Build) -> list[Taught]:
    """`teach`, as the settings of a build say."""
    return teach(
        teacher,
        questions,
        settings.evidence,
        show_choices=settings.show_choices,
        show_evidence=settings.show_evidence,
        decided=settings.decide,
        samples=settings.samples,
        candidates=settings.candidates,
    )


def _taught(
    teacher: LanguageModel, question: Question, decision: Decision, told: list[str] | DragError, count: int
) -> Taught:
    failure = decision.failure
    if isinstance(told, DragError):
        failure, told = failure or told, []
    stated = [f"{question.text} {decision.stated}"] if decision.stated else []
    return Taught(tuple(Evidence.of(text, f"teacher:{teacher.name}") for text in [*stated, *told][:count]), failure)


def conclude(teacher: LanguageModel, question: Question, known: Sequence[str] = ()) -> str | DragError:
    """The choice that a teacher which can score holds to be right, from what is `known`.

    Empty where it cannot score, or there are no choices; its error where it fails.
    """
    if not question.choices or not isinstance(teacher, ScoringModel):
        return ""
    try:
        profile = profile_of(teacher)
        made = choose(teacher, question, known, (), style=style_of(teacher, profile), profile=profile)
    except DragError as error:
        return error
    return question.choices[made.place or 0]


def _decided(
    teacher: LanguageModel, questions: Sequence[Question], samples: int, show_evidence: bool, candidates: WithChoices
) -> list[Decision]:
    """For each question what most of its samples say, else all that they say as `candidates`; an error if all fail."""
    prompts = [decide(one, seed, show_evidence=show_evidence) for one in questions for seed in range(samples)]
    said = replies.ask(teacher, prompts, [parse_decide] * len(prompts))
    found: list[Decision] = []
    for place, question in enumerate(questions):
        group = said[place * samples : (place + 1) * samples]
        answers = [one for one in group if not isinstance(one, DragError)]
        if not answers:
            found.append(Decision(failure=next(e for e in group if isinstance(e, DragError))))
            continue
        unlike: dict[str, str] = {}
        for one in answers if goes(candidates, question) else ():
            if one:
                unlike.setdefault(one.casefold(), one)
        found.append(Decision(agreement(answers, samples), tuple(unlike.values())))
    return found


def agreement(answers: Sequence[str], samples: int) -> str:
    """The answer with which more than half of all `samples` agree, itself among them; empty where there is none.

    Of several the one that is nearest to the others; a tie goes to the first.
    """
    best, place = 0.0, -1
    for index, one in enumerate(answers):
        alike = [overlap(one, other) for other in answers]
        if one and 2 * sum(value >= _SAME for value in alike) > samples and sum(alike) > best:
            best, place = sum(alike), index
    return answers[place] if place >= 0 else ""


def overlap(one: str, other: str) -> float:
    """F1 of the words of two answers, in [0, 1]; 0 where either has none (SQuAD, Rajpurkar et al., 2016)."""
    left, right = Counter(re.findall(r"\w+", one.casefold())), Counter(re.findall(r"\w+", other.casefold()))
    shared = (left & right).total()
    return 2 * shared / (left.total() + right.total()) if shared else 0.0
