"""A choice evaluation from its plan to its report: the packs, the student's arms, then the teacher's."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from drag.answer import style_of
from drag.choose import described
from drag.cli.options import reviewer
from drag.cli.progress import building, tracked
from drag.errors import ConfigError
from drag.journeys import open_student
from drag.models import Fetching, load_model
from drag.models.cached import with_store
from drag.models.gateway import set_review
from drag.pack import Pack, PackWriter
from drag.pipeline import Student
from drag.profiles import Rule, keep_profile, profile_of
from drag.protocols import Embedder, LanguageModel, ScoringModel
from drag.settings import Ask, Settings
from drag.types import Context, Question
from eval.choice import Asker, Mode, Row, Said, another, ask, contexts
from eval.choice_arms import more_arms, read_more
from eval.choice_calibrate import calibrate
from eval.choice_measures import summarise
from eval.choice_pack import (
    build_for,
    calibrated_at,
    kept_at,
    mode_of,
    of_other_subjects,
    own_of,
    paraphrased,
    without_evidence,
)
from eval.paraphrase import in_other_words
from eval.report import Report
from eval.run_file import RunFile


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for on the command line. `mode` None is the pack's own, or blind where there is none."""

    data: Path
    seed: int = 0
    limit: int | None = None
    pack: Path | None = None
    keep: Path | None = None
    mode: Mode | None = None
    own: bool = False
    new: bool = False
    pieces: tuple[int, ...] = ()
    rankers: int | None = None
    only: tuple[str, ...] = ()
    split: str | None = None
    run: Path | None = None
    among: tuple[Rule, ...] = ()


NEW = ("paraphrase", "others")
"""Arms whose evidence was written for the question in other words, and for other questions of its subject only."""


def arms_of(mode: Mode, *, own: bool, new: bool = False, more: Sequence[str] = ()) -> list[str]:
    """The arms of a report, in its order; `more` are those of `eval.choice_arms`."""
    more = [*more, *(NEW if new else ()), *(["self"] if own else [])]
    return ["alone", mode, "graph", f"{mode}+graph", "shuffled", *more, "teacher"]


def run(plan: Plan, questions: Sequence[Question], settings: Settings, how: Fetching) -> Report:
    """Build what is missing, ask what was not asked yet, measure. Raises `DragError`."""
    mode: Mode = plan.mode or "blind"
    if plan.pack is not None:
        mode = mode_of(plan.pack, questions, plan.mode)
    more = more_arms(mode, plan.pieces, plan.rankers)
    every = arms_of(mode, own=plan.own or "self" in plan.only, new=plan.new or bool({*NEW} & {*plan.only}), more=more)
    arms = [arm for arm in every if not plan.only or arm in (*plan.only, *more)]
    if not arms:
        raise ConfigError(f"none of the arms {', '.join(plan.only)} goes with {mode} evidence")
    pack = plan.pack or plan.keep or kept_at(plan.data, mode, settings)
    session = _Session(questions, settings, how, mode, plan)
    apart = {"self": own_of(pack), "paraphrase": paraphrased(pack)}
    reads = [arm for arm in arms if arm not in ("alone", "teacher", *apart)]
    if reads and plan.pack is None:
        session.build(pack, settings.models.teacher)
    if "self" in arms:
        session.build(own_of(pack), settings.models.student)
    if "paraphrase" in arms:
        session.build_paraphrases(paraphrased(pack))
    with closing(RunFile(plan.run or pack.with_name(f"{pack.name}.answers.jsonl"))) as kept:
        if reads or "alone" in arms:
            session.ask_student(pack if reads else None, [arm for arm in arms if arm in ("alone", *reads)], kept)
        for arm, held in apart.items():
            if arm in arms:
                session.ask_student(held, [arm], kept)
        if "teacher" in arms:
            session.ask_teacher(pack if reads and plan.pack is None else None, kept)
    # One question has no other whose evidence it could read.
    arms = [arm for arm in arms if any(arm in session.said[one.id] for one in questions)]
    if not arms:
        raise ConfigError("one question has no other whose evidence it could read: give more questions")
    rows = [Row(one, session.read[one.id], {arm: session.said[one.id].get(arm) for arm in arms}) for one in questions]
    made_with: dict[str, object] = {
        **session.made_with,
        "data": plan.data.name,
        "split": plan.split,
        "pack": pack.name if reads or {*apart} & {*arms} else None,
        "evidence_mode": mode,
        "arms": arms,
        "seed": plan.seed,
        "limit": plan.limit,
        "build": settings.build.model_dump(mode="json", exclude={"show_choices", "show_evidence"}),
        "ask": settings.ask.model_dump(mode="json"),
    }
    return summarise(rows, mode=mode, seed=plan.seed, settings=made_with)


def calibrated(plan: Plan, questions: Sequence[Question], settings: Settings, how: Fetching) -> Report:
    """Choose the student's rule, alone and, with a pack, with its evidence; keep it in its profile."""
    with ExitStack() as stack:
        one = stack.enter_context(open_student(plan.pack, settings=settings, how=how, review=reviewer(settings)))
        kept = stack.enter_context(closing(RunFile(plan.run or calibrated_at(plan.data, settings))))
        read: dict[str, list[Context]] = {"alone": [Context() for _ in questions]}
        if plan.pack is not None:
            mode = mode_of(plan.pack, questions, plan.mode)
            read[mode] = [one.context(question, graph=False) for question in tracked(questions, "searching")]
        found = calibrate(
            one.model,
            tracked(questions, "asking"),
            read,
            style=one.style,
            seed=plan.seed,
            embedder=one.embedder if plan.pack is not None else None,
            among=plan.among,
            kept=kept,
            settings={"data": plan.data.name, "student": one.model.name, "seed": plan.seed, "limit": plan.limit},
        )
        if not found.report.measured:
            raise ConfigError("every question failed: nothing was measured, and no profile was kept")
        # How evidence is read was not looked at here: that stays as it was.
        before = profile_of(one.model, Ask(profiles=settings.ask.profiles))
        chosen: dict[str, object] = {"rule": found.profile.rule, "options": found.profile.options}
        # A match with evidence is looked at only where there is some.
        chosen |= {} if plan.pack is None else {"match": found.profile.match}
        keep_profile(one.model, before.model_copy(update=chosen), settings.ask)
    return found.report


class _Session:
    """What each question read and what was said, by question id and arm."""

    def __init__(
        self, questions: Sequence[Question], settings: Settings, how: Fetching, mode: Mode, plan: Plan
    ) -> None:
        self._questions = questions
        self._settings = settings
        self._how = how
        self._mode: Mode = mode
        self._plan = plan
        self._others = another(questions, plan.seed)
        self._unsaid: set[str] = set()
        self.read: dict[str, dict[str, Context]] = {one.id: {} for one in questions}
        self.said: dict[str, dict[str, Said | None]] = {one.id: {} for one in questions}
        self.made_with: dict[str, object] = {}

    def build_paraphrases(self, pack: Path) -> None:
        """Have the teacher say each question in other words, and write evidence for those."""
        with closing(load_model(self._settings.models.teacher, self._settings, how=self._how)) as teacher:
            set_review(teacher, reviewer(self._settings))
            found = in_other_words(self._questions, teacher, pack)
        said = zip(self._questions, found, strict=True)
        told = [replace(one, text=text) for one, text in said if isinstance(text, str)]
        self._unsaid = {one.id for one in self._questions} - {one.id for one in told}
        self.build(pack, self._settings.models.teacher, told)

    def build(self, pack: Path, writer: str, questions: Sequence[Question] | None = None) -> None:
        """Have `writer` write the evidence that `pack` does not hold yet."""
        questions = self._questions if questions is None else questions
        with building(len(questions)) as tell:
            build_for(
                questions,
                pack,
                writer=writer,
                mode=self._mode,
                settings=self._settings,
                how=self._how,
                review=reviewer(self._settings),
                on_stage=tell,
            )

    def ask_student(self, pack: Path | None, arms: Sequence[str], kept: RunFile) -> None:
        """Ask in each arm; evidence that could not be had is a failure of the arms that should have read it."""
        lost = without_evidence(pack, self._questions) if pack is not None else set[str]()
        lost |= self._unsaid if "paraphrase" in arms else set()
        strange = of_other_subjects(pack, self._questions) if pack is not None and "others" in arms else {}
        more = self._more(pack) if pack is not None else {}
        settings = self._settings
        with open_student(pack, settings=settings, how=self._how, review=reviewer(settings)) as student:
            asker = _asker(student.model, settings.ask, student.embedder)
            self.made_with["student"] = _told(asker)
            for question in tracked(self._questions, "asking the student"):
                given = self._given(student, question, arms) | more.get(question.id, {})
                if "others" in arms:
                    given["others"] = student.context(question, graph=False, without=strange[question.id])
                self.read[question.id] |= given
                for arm in arms:
                    if arm in given:
                        failed = question.id in lost and arm not in ("alone", "shuffled", "others")
                        told = None if failed else ask(asker, arm, question, given[arm], kept)
                        self.said[question.id][arm] = told

    def ask_teacher(self, built: Path | None, kept: RunFile) -> None:
        """Ask the teacher, which reads nothing; what it said while it `built` the pack costs nothing again."""
        with ExitStack() as stack:
            teacher = stack.enter_context(
                closing(load_model(self._settings.models.teacher, self._settings, how=self._how))
            )
            set_review(teacher, reviewer(self._settings))
            if built is not None:
                teacher = with_store(teacher, stack.enter_context(PackWriter(built)))
            # What the command line says about rules and styles is about the student; the teacher has its own best.
            asker = _asker(teacher, Ask(profiles=self._settings.ask.profiles))
            self.made_with["teacher"] = _told(asker)
            for question in tracked(self._questions, "asking the teacher"):
                self.read[question.id]["teacher"] = Context()
                self.said[question.id]["teacher"] = ask(asker, "teacher", question, Context(), kept)

    def _given(self, student: Student, question: Question, arms: Sequence[str]) -> dict[str, Context]:
        """What each arm reads."""
        if list(arms) in (["self"], ["paraphrase"]):
            return {arms[0]: student.context(question, graph=False)}
        given = {"alone": Context()}
        if any(arm != "alone" for arm in arms):
            given |= contexts(student, question, self._mode, self._others.get(question.id), arms)
        return given

    def _more(self, path: Path) -> dict[str, dict[str, Context]]:
        """What the arms in other numbers and orders read, by question id. Raises `ConfigError` where there is none."""
        plan = self._plan
        if not (plan.pieces or plan.rankers):
            return {}
        with Pack(path) as pack:
            ranked = {one.id: pack.ranked(one.id) for one in self._questions}
        if not any(ranked.values()):
            raise ConfigError(f"{path} ranks no evidence of these questions under their ids")
        return {
            key: read_more(found, self._mode, plan.pieces, plan.rankers, plan.seed) for key, found in ranked.items()
        }


def _asker(model: LanguageModel, settings: Ask, embedder: Embedder | None = None) -> Asker:
    profile = profile_of(model, settings)
    return Asker(model, style_of(model, profile), profile, embedder)


def _told(asker: Asker) -> dict[str, object]:
    how = described(asker.profile, asker.style)
    if not isinstance(asker.model, ScoringModel):
        how = {"rule": "reply", "options": "shown"}
    return {"name": asker.model.name, "style": asker.style, **how}
