"""The teacher's part: evidence for questions, written ahead of time."""

from __future__ import annotations

from collections.abc import Sequence

from drag import prompts, replies
from drag.answer import style_of
from drag.choose import choose
from drag.errors import DragError
from drag.profiles import profile_of
from drag.protocols import LanguageModel, ScoringModel
from drag.types import Evidence, Question


def teach(
    teacher: LanguageModel,
    questions: Sequence[Question],
    count: int,
    *,
    show_choices: bool = False,
    show_evidence: bool = False,
) -> list[list[Evidence] | DragError]:
    """At most `count` pieces of evidence for each question, in the order of the questions.

    Blind unless told otherwise: the teacher sees the question only. With `show_choices` the evidence of a question
    with choices is concluding: a teacher that can score decides first, by its profile's rule, and argues for that
    choice alone, in pieces of which the first says what it decided; any other sees the choices. With `show_evidence`
    the evidence of a question which brings some is grounded in it. A question for which nothing usable came back gives
    its error as a value.
    """
    read = [question.evidence if show_evidence else () for question in questions]
    concluded = [
        conclude(teacher, question, known) if show_choices else ""
        for question, known in zip(questions, read, strict=True)
    ]
    asked = [
        prompts.teach(
            question,
            count,
            show_choices=show_choices,
            show_evidence=show_evidence,
            conclusion=conclusion if isinstance(conclusion, str) else "",
        )
        for question, conclusion in zip(questions, concluded, strict=True)
    ]
    results = replies.ask(teacher, asked, [prompts.parse_teach] * len(asked))
    pieces: list[list[Evidence] | DragError] = []
    for question, conclusion, result in zip(questions, concluded, results, strict=True):
        problem = next((one for one in (conclusion, result) if isinstance(one, DragError)), None)
        if problem is not None:
            pieces.append(problem)
            continue
        stated = [f"{question.text} {conclusion}"] if conclusion else []
        texts = [*stated, *(result if not isinstance(result, DragError) else ())]
        pieces.append([Evidence.of(text, f"teacher:{teacher.name}") for text in texts[:count]])
    return pieces


def conclude(teacher: LanguageModel, question: Question, known: Sequence[str] = ()) -> str | DragError:
    """The choice that a teacher which can score holds to be right, from what is `known`.

    Empty where it cannot score, or there are no choices; its error where it fails.
    """
    if not question.choices or not isinstance(teacher, ScoringModel):
        return ""
    try:
        made = choose(teacher, question, known, (), style=style_of(teacher), profile=profile_of(teacher))
    except DragError as error:
        return error
    return question.choices[made.place or 0]
