"""An open evaluation from its plan to its report: what each arm reads, then what it says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

from drag.answer import calibration_of, style_of
from drag.cli.options import reviewer
from drag.cli.progress import tracked
from drag.errors import ConfigError
from drag.journeys import open_student
from drag.models import Fetching, load_model
from drag.models.embed import load_embedder
from drag.models.gateway import set_review
from drag.pipeline import Student
from drag.profiles import Profile
from drag.protocols import Embedder
from drag.settings import Settings
from drag.types import Answer, Context, Question
from eval.open import CONTROLS, PACK_READ, READ, Asker, ask, contexts, searched, with_others, written
from eval.open_measures import Row, summarise
from eval.report import Report
from eval.run_file import RunFile


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for on the command line; `only` names the arms, none the usual ones."""

    data: Path
    seed: int = 0
    limit: int | None = None
    pack: Path | None = None
    distractors: int = 0
    only: tuple[str, ...] = ()
    controls: bool = False
    teacher: bool = False
    run: Path | None = None


def arms_of(plan: Plan) -> list[str]:
    """The arms of a report, in its order. Raises `ConfigError` for one that there is not."""
    known = [*(PACK_READ if plan.pack else READ), *CONTROLS, "teacher"]
    other = [arm for arm in plan.only if arm not in known]
    if other:
        raise ConfigError(f"there is no arm '{other[0]}' here; there are: {', '.join(known)}")
    if plan.only:
        return [arm for arm in known if arm in plan.only]
    left_out = {*(() if plan.controls else CONTROLS), *(() if plan.teacher else ("teacher",))}
    return [arm for arm in known if arm not in left_out]


def run(
    plan: Plan, questions: Sequence[Question], pool: Sequence[Question], settings: Settings, how: Fetching
) -> Report:
    """Ask what was not asked yet, and measure; distractors come from `pool`. Raises `DragError`."""
    arms = arms_of(plan)
    with closing(RunFile(plan.run)) if plan.run else nullcontext() as kept:
        session = _Session(questions, settings, how, kept)
        session.ask_student(plan, arms, pool)
        if "teacher" in arms:
            session.ask_teacher()
    # One question has no other whose evidence it could read.
    arms = [arm for arm in arms if any(arm in each for each in session.said.values())]
    if not arms:
        raise ConfigError("one question has no other whose evidence it could read: give more questions")
    rows = [Row(one, {arm: session.said[one.id].get(arm) for arm in arms}) for one in questions]
    made_with: dict[str, object] = {
        **session.made_with,
        "data": plan.data.name,
        "pack": plan.pack.name if plan.pack else None,
        "teacher": settings.models.teacher if "teacher" in arms else None,
        "arms": arms,
        "distractors": plan.distractors,
        "seed": plan.seed,
        "limit": plan.limit,
        "ask": settings.ask.model_dump(mode="json"),
    }
    return summarise(rows, seed=plan.seed, settings=made_with)


def wants_embedder(profile: Profile) -> bool:
    """Whether an embedder is of use to read what a record brings."""
    return profile.reading == "each" or profile.trim == "sentences" or profile.reply == "quoted"


def reading_of(profile: Profile) -> dict[str, str]:
    """How evidence is read, for reports."""
    return {"order": profile.order, "reading": profile.reading, "trim": profile.trim, "reply": profile.reply}


class _Session:
    """What was said to each question, by its id and arm."""

    def __init__(self, questions: Sequence[Question], settings: Settings, how: Fetching, kept: RunFile | None) -> None:
        self._questions = questions
        self._settings = settings
        self._how = how
        self._kept = kept
        self.said: dict[str, dict[str, Answer | None]] = {one.id: {} for one in questions}
        self.made_with: dict[str, object] = {}

    def ask_student(self, plan: Plan, arms: Sequence[str], pool: Sequence[Question]) -> None:
        """Ask in every arm but the teacher's."""
        settings, kept = self._settings, self._kept
        with open_student(plan.pack, settings=settings, how=self._how, review=reviewer(settings)) as student:
            embedder = student.embedder
            if embedder is None and (plan.distractors or wants_embedder(student.profile)):
                embedder = load_embedder(settings.models.embedder, self._how)
            asker = Asker(
                student.model,
                student.style,
                settings.ask.max_tokens,
                calibration_of(settings.ask),
                student.profile,
                embedder,
            )
            self.made_with |= {"student": student.model.name, "style": asker.style, **reading_of(asker.profile)}
            given = self._given(plan, student, arms, pool, embedder)
            given = with_others(list(given), plan.seed) if "shuffled" in arms else given
            pairs = tracked(zip(self._questions, given, strict=True), "asking", len(self._questions))
            for question, read in pairs:
                said = self.said[question.id]
                for arm in arms:
                    if arm == "self":
                        own = written(asker, question, settings.build.evidence, kept)
                        said[arm] = ask(asker, arm, question, own, kept) if own else None
                    elif arm in read:
                        said[arm] = ask(asker, arm, question, read[arm], kept)

    def ask_teacher(self) -> None:
        """Ask the teacher, which reads nothing."""
        settings = self._settings
        with closing(load_model(settings.models.teacher, settings, how=self._how)) as teacher:
            set_review(teacher, reviewer(settings))
            asker = Asker(teacher, style_of(teacher), settings.ask.max_tokens, calibration_of(settings.ask))
            for question in tracked(self._questions, "asking the teacher"):
                self.said[question.id]["teacher"] = ask(asker, "teacher", question, Context(), self._kept)

    def _given(
        self,
        plan: Plan,
        student: Student,
        arms: Sequence[str],
        pool: Sequence[Question],
        embedder: Embedder | None,
    ) -> Iterable[Mapping[str, Context]]:
        """What each arm reads, by question."""
        if plan.pack is not None:
            return (searched(student, one, arms) for one in self._questions)
        settings = self._settings
        found = contexts(
            self._questions,
            pool,
            distractors=plan.distractors,
            seed=plan.seed,
            embedder=embedder,
            limits=settings.ask,
            count_tokens=student.model.count_tokens,
        )
        return ({"alone": Context(), "evidence": one} for one in found)
