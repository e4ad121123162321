"""`drag eval open`: answers to open questions, in which an accepted answer has to stand."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from drag.answer import answer
from drag.confidence import Calibration
from drag.errors import ConfigError, DragError
from drag.pipeline import Student
from drag.prompts import ABSTENTION, Style
from drag.protocols import Embedder, LanguageModel
from drag.rank import SimilarityRanker, keep_best, near_best, rank
from drag.settings import Ask
from drag.types import Answer, Context, Evidence, Question, texts
from eval.metrics import auroc, bootstrap, contains, mcnemar, mean, normalise, token_f1
from eval.report import Report

READ = ("alone", "evidence")
PACK_READ = ("alone", "evidence", "graph", "both")
"""The arms where the file brings its evidence, and where a pack is searched for it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A question and what each arm made of it; None where the arm failed."""

    question: Question
    answers: dict[str, Answer | None]


def contexts(
    questions: Sequence[Question],
    pool: Sequence[Question],
    *,
    distractors: int,
    seed: int,
    embedder: Embedder | None,
    limits: Ask,
    count_tokens: Callable[[str], int],
) -> list[Context]:
    """The evidence of each question, with `distractors` texts of other questions of the pool beside it.

    With distractors the product's own ranking decides what the student reads and in which order, within the limits;
    without, it reads what the file gives. Raises `ConfigError` where the pool is too small.
    """
    made: list[Context] = []
    for question in questions:
        brought = [Evidence.of(text, f"document:{question.id}") for text in question.evidence]
        if distractors:
            others = [text for one in pool if one.id != question.id for text in one.evidence]
            others = sorted(set(others) - set(question.evidence))
            if len(others) < distractors or embedder is None:
                raise ConfigError(f"there are {len(others)} texts of other questions to choose {distractors} from")
            drawn = random.Random(f"{seed}:{question.id}").sample(others, distractors)  # noqa: S311 - a sample, no secret
            brought += [Evidence.of(text, "document:other") for text in drawn]
            ranked = rank(question.text, brought, texts(brought), {"similarity": (SimilarityRanker(embedder), 1.0)})
            ranked = near_best(ranked, "similarity", limits.margin)
            sizes = [count_tokens(one.item.text) for one in ranked]
            kept = keep_best(ranked, sizes, most=limits.evidence, budget=limits.evidence_tokens)
            cosine = max(one.signals["similarity"] for one in kept)
            made.append(Context(tuple(one.item for one in kept if one.kept), cosine=cosine))
        else:
            made.append(Context(tuple(brought)))
    return made


def searched(student: Student, question: Question) -> dict[str, Context]:
    """What each arm reads of the student's pack; one that found nothing reads nothing."""
    return {
        "alone": Context(),
        "evidence": student.context(question, graph=False),
        "graph": student.context(question, evidence=False),
        "both": student.context(question),
    }


def ask_arms(
    student: LanguageModel,
    question: Question,
    read: Mapping[str, Context],
    *,
    style: Style,
    max_tokens: int,
    calibration: Calibration,
) -> Row:
    """Ask one question in every arm; an arm that fails costs only itself."""
    answers: dict[str, Answer | None] = {}
    for arm, context in read.items():
        try:
            answers[arm] = answer(
                student, question, context, style=style, max_tokens=max_tokens, calibration=calibration
            )
        except DragError:
            answers[arm] = None
    return Row(question, answers)


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
    """The measures of each arm, with bootstrap intervals, and McNemar's p of each arm against the student alone.

    `contains`: an accepted answer stands in what was said. `exact`: it is what was said, normalised. `f1`: token F1.
    A question without an answer counts as right if the student abstained. An answer that failed counts as wrong: an
    average over those that went well would flatter. `coverage`: share that was answered; `selective`: `contains` of
    those; `auroc`: how well the confidence tells right from wrong answers; `selective@50`: `contains` of the half that
    the student is surest of, abstentions last; `refused/answerable` and `refused/unanswerable`: shares of abstentions.
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
            "f1": [_overlap(*one) for one in said],
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
        surest = sorted(range(len(rows)), key=lambda place: (-sure[place], place))[: (len(rows) + 1) // 2]
        metrics[f"selective@50/{arm}"] = mean([float(told[arm][place]) for place in surest])
    for arm in arms[1:]:
        metrics[f"mcnemar_p/{arm}"] = mcnemar(told["alone"], told[arm])
        read = [row.answers[arm] for row in rows]
        metrics[f"tokens/{arm}"] = mean([one.usage.prompt_tokens for one in read if one is not None])
        metrics[f"seconds/{arm}"] = mean([one.usage.seconds for one in read if one is not None])
    failures = sum(any(one is None for one in row.answers.values()) for row in rows)
    return Report("open", len(rows), metrics, intervals, failures, settings)


def _matches(said: Answer | None, question: Question) -> bool:
    if said is None or said.abstained or unanswerable(question):
        return right(said, question)
    return normalise(said.text) in {normalise(one) for one in question.gold}


def _overlap(said: Answer | None, question: Question) -> float:
    if said is None or said.abstained or unanswerable(question):
        return float(right(said, question))
    return token_f1(said.text, question.gold)


def _sureness(said: Answer | None) -> float:
    """The confidence by which answers are put in order: what was not answered comes last."""
    if said is None:
        return -2.0
    return said.confidence - 1 if said.abstained and said.confidence is not None else said.confidence or 0.0
