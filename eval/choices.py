"""What sanitizing costs in right answers: choice questions, answered with and without it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from drag.answer import answer
from drag.errors import DragError
from drag.prompts import Style
from drag.protocols import LanguageModel
from drag.types import Context, Question
from eval.leak import Clean
from eval.metrics import bootstrap, mcnemar, mean
from privacy import PrivacyError


@dataclass(frozen=True, slots=True)
class Exam:
    """Whether each answer was right, by arm, paired; `refused` questions did not get through the gateway."""

    right: Mapping[str, Sequence[bool]]
    refused: int


def sit(
    student: LanguageModel,
    questions: Iterable[Question],
    injected: Mapping[str, str],
    clean: Clean,
    *,
    style: Style,
) -> Exam:
    """Ask every question as it is (`original`), with what was `injected` (by id, if anything was), and `sanitized`.

    The choices stay as they are: with a blind question they never leave the device. Refused questions are left out,
    a wording that stands in two arms is asked once, and an answer that fails is wrong.
    """
    right: dict[str, list[bool]] = {"original": [], "injected": [], "sanitized": []}
    refused = 0
    for question in questions:
        arms = {"original": question.text, "injected": injected.get(question.id, question.text)}
        try:
            arms["sanitized"] = clean(arms["injected"]).text
        except PrivacyError:
            refused += 1
            continue
        asked = {text: _right(student, replace(question, text=text), style) for text in set(arms.values())}
        for arm, text in arms.items():
            right[arm].append(asked[text])
    if not injected:
        del right["injected"]
    return Exam(right, refused)


def _right(student: LanguageModel, question: Question, style: Style) -> bool:
    try:
        return answer(student, question, Context(), style=style).text in question.gold
    except DragError:
        return False


def accuracies(exam: Exam, *, seed: int) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """`accuracy/<arm>`, and how the sanitized arm differs from each other one.

    `accuracy_change/<arm>` is the sanitized accuracy less that of `<arm>`, with a bootstrap interval of the paired
    difference; `mcnemar_p/<arm>` is McNemar's exact two-sided p. `accuracy_n` and `accuracy_refused` are counts.
    """
    right = exam.right
    metrics: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    for arm, values in right.items():
        metrics[f"accuracy/{arm}"] = mean(values)
        intervals[f"accuracy/{arm}"] = bootstrap(values, seed=seed)
    after = right["sanitized"]
    for arm, values in right.items():
        if arm != "sanitized":
            change = [float(new) - float(old) for old, new in zip(values, after, strict=True)]
            metrics[f"accuracy_change/{arm}"] = mean(change)
            intervals[f"accuracy_change/{arm}"] = bootstrap(change, seed=seed)
            metrics[f"mcnemar_p/{arm}"] = mcnemar(values, after)
    return {**metrics, "accuracy_n": len(after), "accuracy_refused": exam.refused}, intervals
