"""The measures of an open evaluation, from what each arm said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from drag.prompts import ABSTENTION
from drag.types import Answer, Question
from eval.metrics import auroc, bootstrap, calibration_error, contains, mcnemar, mean, normalise, token_f1, token_recall
from eval.report import Report
from eval.transfer import ALONE, TEACHER, helped, transfer, transfer_interval


@dataclass(frozen=True, slots=True)
class Row:
    """A question and what each arm made of it; None where the arm failed."""

    question: Question
    answers: Mapping[str, Answer | None]


def unanswerable(question: Question) -> bool:
    """Whether abstaining is what the record wants."""
    return all(ABSTENTION in one.casefold() for one in question.gold)


def right(said: Answer | None, question: Question) -> bool:
    """Whether an accepted answer stands in what was said; for a question without an answer, whether it abstained."""
    if said is None:
        return False
    if unanswerable(question):
        return said.abstained
    return not said.abstained and contains(said.text, question.gold)


def summarise(rows: Sequence[Row], *, seed: int, settings: Mapping[str, object]) -> Report:
    """The measures of each arm, with bootstrap intervals.

    - `contains`: an accepted answer stands in what was said; `exact`: it is what was said, normalised; `f1`, `recall`:
      of tokens.
      A question without an answer counts as right if the student abstained. An answer that failed counts as wrong: an
      average over those that went well would flatter;
    - `coverage`: share that was answered; `selective`: `contains` of those; `refused/answerable` and
      `refused/unanswerable`: shares of abstentions;
    - `auroc`: how well the confidence tells right from wrong answers; `calibration_error`: how far its probabilities
      are from the shares of right answers; `selective@50`: `contains` of the half that the student is surest of,
      abstentions last;
    - `mcnemar_p`: of the arm against the student alone; with the teacher's arm, `transfer` by `contains` (see
      `eval.transfer`), and `helped@10` to `helped@75`: `contains` if the teacher answered so many percent of the
      questions, those of which the student is least sure.
    """
    metrics: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    arms = list(rows[0].answers) if rows else []
    told: dict[str, list[bool]] = {}
    for arm in arms:
        said = [(row.answers[arm], row.question) for row in rows]
        told[arm] = [right(*one) for one in said]
        measures = {
            "contains": [float(value) for value in told[arm]],
            "exact": [float(_matches(*one)) for one in said],
            "f1": [_overlap(token_f1, *one) for one in said],
            "recall": [_overlap(token_recall, *one) for one in said],
            "coverage": [float(one is not None and not one.abstained) for one, _ in said],
            "selective": [float(right(*one)) for one in said if one[0] is not None and not one[0].abstained],
            "refused/unanswerable": [
                float(one is not None and one.abstained) for one, question in said if unanswerable(question)
            ],
            "refused/answerable": [
                float(one is not None and one.abstained) for one, question in said if not unanswerable(question)
            ],
        }
        for name, values in measures.items():
            if values:
                metrics[f"{name}/{arm}"] = mean(values)
                intervals[f"{name}/{arm}"] = bootstrap(values, seed=seed)
        sure = [_sureness(one) for one, _ in said]
        if len(set(told[arm])) > 1:
            metrics[f"auroc/{arm}"] = auroc(sure, told[arm])
        judged = [(one.confidence, right(one, q)) for one, q in said if one and not one.abstained and one.signals]
        if judged:
            scores = [confidence or 0.0 for confidence, _ in judged]
            metrics[f"calibration_error/{arm}"] = calibration_error(scores, [hit for _, hit in judged])
        surest = sorted(range(len(rows)), key=lambda place: (-sure[place], place))[: (len(rows) + 1) // 2]
        metrics[f"selective@50/{arm}"] = mean([float(told[arm][place]) for place in surest])
    for arm in arms:
        if ALONE in arms and arm != ALONE:
            metrics[f"mcnemar_p/{arm}"] = mcnemar(told[ALONE], told[arm])
        if {ALONE, TEACHER} <= set(arms) and arm not in {ALONE, TEACHER}:
            metrics[f"transfer/{arm}"] = transfer(told, arm, range(len(rows)))
            intervals[f"transfer/{arm}"], metrics["transfer_defined"] = transfer_interval(told, arm, seed)
            sure = [_sureness(row.answers[arm]) for row in rows]
            metrics |= {f"helped{at}/{arm}": value for at, value in helped(sure, told[arm], told[TEACHER]).items()}
        read = [row.answers[arm] for row in rows]
        metrics[f"tokens/{arm}"] = mean([one.usage.prompt_tokens for one in read if one is not None])
        metrics[f"seconds/{arm}"] = mean([one.usage.seconds for one in read if one is not None])
    failures = sum(any(one is None for one in row.answers.values()) for row in rows)
    return Report("open", len(rows), metrics, intervals, failures, settings)


def _matches(said: Answer | None, question: Question) -> bool:
    if said is None or said.abstained or unanswerable(question):
        return right(said, question)
    return normalise(said.text) in {normalise(one) for one in question.gold}


def _overlap(measure: Callable[[str, Sequence[str]], float], said: Answer | None, question: Question) -> float:
    if said is None or said.abstained or unanswerable(question):
        return float(right(said, question))
    return measure(said.text, question.gold)


def _sureness(said: Answer | None) -> float:
    """The confidence by which answers are put in order: what was not answered comes last."""
    if said is None:
        return -2.0
    return said.confidence - 1 if said.abstained and said.confidence is not None else said.confidence or 0.0
