"""`drag eval open`: answers to open questions, in which an accepted answer has to stand."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from drag import prompts
from drag.answer import answer
from drag.confidence import Calibration
from drag.errors import ConfigError, DragError
from drag.pipeline import Student
from drag.profiles import Profile
from drag.prompts import Style
from drag.protocols import Embedder, LanguageModel
from drag.rank import SimilarityRanker, keep_best, near_best, rank
from drag.read_each import piece_weights
from drag.settings import Ask
from drag.shown import shown
from drag.teach import teach
from drag.types import Answer, Context, Evidence, Question, Usage, texts
from eval.draw import others
from eval.open_measures import right
from eval.run_file import RunFile, digest

READ = ("alone", "evidence")
PACK_READ = ("alone", "evidence", "graph", "both")
"""The arms where the file brings its evidence, and where a pack is searched for it."""

CONTROLS = ("shuffled", "self")
"""The evidence of another question, and evidence that the student writes itself."""


@dataclass(frozen=True, slots=True)
class Asker:
    """A model, how it is asked, and by what its confidence is reckoned.

    The `embedder` serves to weigh pieces that are read alone, and to cut them, where the profile wants that.
    """

    model: LanguageModel
    style: Style
    max_tokens: int
    calibration: Calibration
    profile: Profile = field(default_factory=Profile)
    embedder: Embedder | None = None


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


def searched(student: Student, question: Question, arms: Sequence[str]) -> dict[str, Context]:
    """What each of `arms` reads of the student's pack; one that found nothing reads nothing, as `alone` does."""
    halves = {"evidence": (True, False), "graph": (False, True), "both": (True, True)}
    # What one question found is what another's `shuffled` reads.
    wanted = {*arms, *(["evidence"] if "shuffled" in arms else ())}
    return {"alone": Context()} | {
        arm: student.context(question, evidence=evidence, graph=graph)
        for arm, (evidence, graph) in halves.items()
        if arm in wanted
    }


def with_others(read: Sequence[Mapping[str, Context]], seed: int) -> list[Mapping[str, Context]]:
    """`read` with the arm `shuffled`: the evidence of another question, without what is the question's own."""
    made: list[Mapping[str, Context]] = []
    for own, other in zip(read, others(len(read), seed), strict=True):
        theirs = read[other]["evidence"]
        mine = {one.text for one in own["evidence"].evidence}
        rest = tuple(one for one in theirs.evidence if one.text not in mine)
        made.append({**own, "shuffled": Context(rest, cosine=None)} if len(read) > 1 else own)
    return made


def ask(
    asker: Asker, arm: str, question: Question, context: Context, run: RunFile | None, *, signals: bool = True
) -> Answer | None:
    """Answer, or take the answer from the run file; None where the model fails, which the next run tries again.

    With a run file the answer has every signal of the confidence, for `drag eval grounding --fit`; not without
    `signals`, for they cost time.
    """
    cosine = None if context.cosine is None else round(context.cosine, 4)
    key = digest([asker.model.identity, *_prompts(asker, question, context), cosine, asdict(asker.calibration)])
    kept = _kept(run.get(question.id, arm, key) if run else None, question, context)
    if kept is not None:
        return kept
    try:
        said = answer(
            asker.model,
            question,
            context,
            style=asker.style,
            max_tokens=asker.max_tokens,
            calibration=asker.calibration,
            every_signal=run is not None and signals,
            profile=asker.profile,
            embedder=asker.embedder,
        )
    except DragError:
        return None
    if run is not None:
        run.put(question.id, arm, key, _record(said))
    return said


def _prompts(asker: Asker, question: Question, context: Context) -> list[object]:
    """All that is asked, for the key of its answer: one prompt, or one for each piece with what that weighs."""
    given = shown(question.text, context, asker.profile, asker.embedder)
    apart = asker.profile.reading == "each" and len(given.texts) > 1
    asked = [
        prompts.answer(question, one.texts, one.facts, asker.style, asker.max_tokens, numbers=one.numbers)
        for one in (given.alone() if apart else [given])
    ]
    weights = [round(weight, 4) for weight in piece_weights(question.text, given, asker.embedder)] if apart else []
    return [
        *(asdict(one) for one in asked),
        *weights,
        *quoting(asker.profile, question.text, given.texts, asker.embedder),
    ]


def quoting(profile: Profile, question: str, texts: Sequence[str], embedder: Embedder | None) -> list[object]:
    """For the key of an answer: which sentence is quoted follows from the embedder, too. Empty where none is."""
    if profile.reply != "quoted":
        return []
    near = SimilarityRanker(embedder).score(question, texts) if embedder is not None and texts else []
    return ["quoted", *(round(one or 0.0, 4) for one in near)]


def written(asker: Asker, question: Question, count: int, run: RunFile | None) -> Context | None:
    """Evidence that the student writes itself, at most `count` pieces; None where it wrote nothing usable."""
    key = digest([asker.model.identity, question.text, count])
    kept = run.get(question.id, "self:evidence", key) if run else None
    if kept is not None and isinstance(kept.get("texts"), list):
        return Context(tuple(Evidence.of(str(text), "self") for text in kept["texts"]))
    (found,) = teach(asker.model, [question], count)
    if not found.pieces:
        return None
    if run is not None:
        run.put(question.id, "self:evidence", key, {"texts": [one.text for one in found.pieces]})
    return Context(found.pieces)


def _record(said: Answer) -> dict[str, Any]:
    return {
        "question": said.question.text,
        "answer": said.text,
        "right": right(said, said.question),
        "abstained": said.abstained,
        "confidence": said.confidence,
        "answerable": said.answerable,
        "signals": dict(said.signals),
        "prompt_tokens": said.usage.prompt_tokens,
        "seconds": round(said.usage.seconds, 4),
    }


def _kept(record: Mapping[str, Any] | None, question: Question, context: Context) -> Answer | None:
    """The answer of a record; None for nothing, and for a record that somebody spoilt."""
    if record is None:
        return None
    try:
        return Answer(
            question,
            str(record["answer"]),
            (),
            bool(record["abstained"]),
            None if record["confidence"] is None else float(record["confidence"]),
            Usage(int(record["prompt_tokens"]), 0, float(record["seconds"])),
            context,
            None if record["answerable"] is None else float(record["answerable"]),
            {str(name): float(value) for name, value in record["signals"].items()},
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
