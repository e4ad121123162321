"""`drag eval choice`: does what the teacher knows arrive at the student? Arms on the same questions, and controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from drag.answer import answer
from drag.choose import choose_by_reply, readings
from drag.choose_prompts import by_letter
from drag.errors import ConfigError, DragError
from drag.match import matches
from drag.pipeline import Student
from drag.profiles import Profile
from drag.prompts import Style
from drag.protocols import Embedder, LanguageModel, ScoringModel
from drag.read_each import piece_weights, readings_of_each
from drag.shown import shown
from drag.types import Context, Question
from eval.draw import others
from eval.run_file import RunFile, digest
from graphs import KnowledgeGraph

Mode = Literal["blind", "concluding"]
MODES: tuple[Mode, ...] = ("blind", "concluding")


@dataclass(frozen=True, slots=True)
class Asker:
    """A model, and how it is asked."""

    model: LanguageModel
    style: Style
    profile: Profile
    embedder: Embedder | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What was answered in one arm: the place of the chosen option (None if none was named) and what it cost.

    The place, not the text: beside a pack without names there must be no file that holds some.
    """

    place: int | None
    prompt_tokens: int = 0
    seconds: float = 0.0
    cost: float = 0.0
    share: float = 0.0
    """What the chosen option got of all, in [0, 1]: how sure the model is."""

    @classmethod
    def of(cls, record: Mapping[str, Any] | None) -> Said | None:
        """What a run file kept; None for nothing, and for what is no such record."""
        try:
            if record is None:
                return None
            place = None if record["place"] is None else int(record["place"])
            paid = int(record["prompt_tokens"]), float(record["seconds"]), float(record["cost"])
            return cls(place, *paid, float(record["share"]))
        except (KeyError, TypeError, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class Row:
    """A question, what each arm read and what it said; None where it failed."""

    question: Question
    read: Mapping[str, Context]
    said: Mapping[str, Said | None]

    def right(self, arm: str) -> bool:
        """Whether the right option was chosen; a failure is wrong."""
        said = self.said[arm]
        if said is None or said.place is None:
            return False
        return self.question.choices[said.place] in self.question.gold


def choice_questions(questions: Sequence[Question], source: str) -> list[Question]:
    """Those with at least two choices and one right answer among them. Raises `ConfigError` if there is none."""
    usable = [one for one in questions if len(one.choices) > 1 and any(gold in one.choices for gold in one.gold)]
    if not usable:
        raise ConfigError(f"{source} holds no question with 'choices' and 'answer'")
    return usable


def another(questions: Sequence[Question], seed: int) -> dict[str, Question]:
    """For each question another one of them, drawn so that each is drawn once; none for a single question."""
    if len(questions) < 2:
        return {}
    return {one.id: questions[other] for one, other in zip(questions, others(len(questions), seed), strict=True)}


def contexts(
    student: Student, question: Question, mode: Mode, other: Question | None, arms: Sequence[str]
) -> dict[str, Context]:
    """What those of `arms` read that read a pack: the evidence, the graph, both, and the evidence of another question.

    In the last, pieces that were found for the question itself are left out: it is the control, and must not help.
    """
    found: dict[str, Context] = {}
    # The evidence of the question is looked at in every report: does the answer stand in it?
    own = found[mode] = student.context(question, graph=False)
    if "graph" in arms:
        found["graph"] = student.context(question, evidence=False)
    if f"{mode}+graph" in arms:
        found[f"{mode}+graph"] = student.context(question)
    if other is not None and "shuffled" in arms:
        theirs = student.context(other, graph=False)
        mine = {one.text for one in own.evidence}
        rest = tuple(one for one in theirs.evidence if one.text not in mine)
        found["shuffled"] = Context(rest, KnowledgeGraph(), theirs.cosine)
    return found


def ask(asker: Asker, arm: str, question: Question, context: Context, run: RunFile) -> Said | None:
    """Answer by one of the choices, or take the answer from the run file. None where the model fails.

    A failure is not kept: the next run asks again.
    """
    key = digest([asker.model.identity, asker.profile.rule, question.choices, *_prompts(asker, question, context)])
    said = Said.of(run.get(question.id, arm, key))
    # A file that somebody edited may name an option that is not there.
    if said is None or not (said.place is None or 0 <= said.place < len(question.choices)):
        try:
            said = _ask(asker, question, context)
        except DragError:
            return None
        run.put(question.id, arm, key, asdict(replace(said, seconds=round(said.seconds, 4))))
    return said


def _prompts(asker: Asker, question: Question, context: Context) -> list[object]:
    """All that is asked, for the key of its answer; with what each piece weighs, where each is read alone."""
    given = shown(question.text, context, asker.profile, asker.embedder)
    if not isinstance(asker.model, ScoringModel):
        return [asdict(by_letter(question.text, question.choices, given.texts, given.facts, asker.style))]
    near: list[object] = []
    if asker.embedder is not None and asker.profile.match and (given.texts or given.facts):
        found = matches(question, given, asker.embedder)
        near = [asker.profile.match, *(round(one, 4) for one in found)]
    if asker.profile.reading == "each" and len(given.texts) > 1:
        each = readings_of_each(question, given, asker.style, asker.profile)
        weights = piece_weights(question.text, given, asker.embedder)
        return [*(asdict(one) for read in each for one in read), *(round(weight, 4) for weight in weights), *near]
    read = readings(question, given.texts, given.facts, asker.style, asker.profile)
    return [*(asdict(one) for one in read), *near]


def _ask(asker: Asker, question: Question, context: Context) -> Said:
    if isinstance(asker.model, ScoringModel):
        made = answer(asker.model, question, context, style=asker.style, profile=asker.profile, embedder=asker.embedder)
        place, usage, share = question.choices.index(made.text), made.usage, made.confidence or 0.0
    else:
        given = shown(question.text, context, asker.profile, asker.embedder)
        picked = choose_by_reply(asker.model, question, given.texts, given.facts, asker.style)
        place, usage, share = picked.place, picked.usage, max(picked.shares)
    return Said(place, usage.prompt_tokens, usage.seconds, usage.cost, share)
