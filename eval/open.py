"""`drag eval open`: answers to open questions, in which an accepted answer has to stand."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from drag.answer import answer
from drag.errors import ConfigError, DragError
from drag.prompts import Style
from drag.protocols import Embedder, LanguageModel
from drag.rank import SimilarityRanker, keep_best, near_best, rank
from drag.settings import Ask
from drag.types import Answer, Context, Evidence, Question, texts
from eval.metrics import bootstrap, contains, mcnemar, mean, token_f1
from eval.report import Report

ARMS = ("alone", "evidence")


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
            brought = [one.item for one in kept if one.kept]
        made.append(Context(tuple(brought)))
    return made


def ask_arms(student: LanguageModel, question: Question, context: Context, *, style: Style, max_tokens: int) -> Row:
    """Ask one question in every arm."""
    read = {"alone": Context(), "evidence": context}
    return Row(question, {arm: _ask(student, question, read[arm], style, max_tokens) for arm in ARMS})


def _ask(student: LanguageModel, question: Question, context: Context, style: Style, max_tokens: int) -> Answer | None:
    try:
        return answer(student, question, context, style=style, max_tokens=max_tokens)
    except DragError:
        return None


def summarise(rows: Sequence[Row], *, seed: int, settings: Mapping[str, object]) -> Report:
    """`contains/<arm>` and `f1/<arm>` with bootstrap intervals, and McNemar's p for evidence against alone.

    An answer that failed counts as wrong: an average over those that went well would flatter.
    """
    metrics: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    right: dict[str, list[bool]] = {}
    for arm in ARMS:
        said = [(row.answers[arm], row.question.gold) for row in rows]
        right[arm] = [one is not None and contains(one.text, gold) for one, gold in said]
        overlap = [token_f1(one.text, gold) if one is not None else 0.0 for one, gold in said]
        for name, values in ((f"contains/{arm}", [float(value) for value in right[arm]]), (f"f1/{arm}", overlap)):
            metrics[name] = mean(values)
            intervals[name] = bootstrap(values, seed=seed)
    metrics["mcnemar_p/evidence"] = mcnemar(right["alone"], right["evidence"])
    read = [row.answers["evidence"] for row in rows]
    metrics["tokens/evidence"] = mean([one.usage.prompt_tokens for one in read if one is not None])
    metrics["seconds/evidence"] = mean([one.usage.seconds for one in read if one is not None])
    failures = sum(any(one is None for one in row.answers.values()) for row in rows)
    return Report("open", len(rows), metrics, intervals, failures, settings)
