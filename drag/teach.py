"""The teacher's part: evidence for questions, written ahead of time."""

from __future__ import annotations

from collections.abc import Sequence

from drag import prompts, replies
from drag.errors import DragError
from drag.protocols import LanguageModel
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
    with choices is concluding; with `show_evidence` that of a question which brings some is grounded in it. A question
    for which nothing usable came back gives its error as a value.
    """
    asked = [
        prompts.teach(question, count, show_choices=show_choices, show_evidence=show_evidence) for question in questions
    ]
    results = replies.ask(teacher, asked, [prompts.parse_teach] * len(asked))
    return [
        result
        if isinstance(result, DragError)
        else [Evidence.of(text, f"teacher:{teacher.name}") for text in result[:count]]
        for result in results
    ]
