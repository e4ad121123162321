"""`drag eval prompts` from its plan to its report: what each variant reads, then what is said."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from drag.answer import calibration_of, style_of
from drag.cli.options import reviewer
from drag.cli.progress import tracked
from drag.errors import ConfigError
from drag.journeys import open_student
from drag.models import Fetching
from drag.models.embed import load_embedder
from drag.pipeline import Student
from drag.profiles import Profile, keep_profile, profile_of
from drag.protocols import Embedder
from drag.settings import Ask, Settings
from drag.types import Context, Question
from eval import choice
from eval import open as free
from eval.open_measures import right
from eval.prompt_variants import Told, Variant, best_form, picked, summarise, variants
from eval.report import Report
from eval.run_file import RunFile

# Two variants in which a question's prompt is the same, word for word, have one answer in the run file.
_ARM = "prompt"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for on the command line; `only` names the variants, none all of them."""

    data: Path
    seed: int = 0
    limit: int | None = None
    pack: Path | None = None
    distractors: int = 0
    full: bool = False
    only: tuple[str, ...] = ()
    keep: bool = False
    run: Path | None = None


def run(
    plan: Plan, questions: Sequence[Question], pool: Sequence[Question], settings: Settings, how: Fetching
) -> Report:
    """Ask in every variant what was not asked yet, and measure; distractors come from `pool`. Raises `DragError`.

    All questions have choices, or none has. With `plan.keep` the best form goes into the student's profile.
    """
    with (
        TemporaryDirectory() as folder,
        closing(RunFile(plan.run or Path(folder) / "run.jsonl")) as kept,
        open_student(plan.pack, settings=settings, how=how, review=reviewer(settings)) as student,
    ):
        usual = student.profile
        embedder = student.embedder or load_embedder(settings.models.embedder, how)
        every = picked(variants(usual, settings.ask, facts=plan.pack is not None, full=plan.full), plan.only)
        asking = _Asking(plan, questions, pool, student, settings.ask, embedder, kept)
        # One variant after the other: side by side they would begin alike, and what was read is kept by the engine.
        told = {one.name: asking.ask(one, usual) for one in every}
        best = best_form(told, every)
        made_with = {
            "data": plan.data.name,
            "pack": plan.pack.name if plan.pack else None,
            "student": student.model.name,
            "style": student.style,
            "default": usual.model_dump(),
            "chosen": best.profile(usual).model_dump(),
            "distractors": plan.distractors,
            "seed": plan.seed,
            "limit": plan.limit,
            "ask": settings.ask.model_dump(mode="json"),
        }
        measure = "accuracy" if questions[0].choices else "contains"
        report = summarise(told, measure=measure, seed=plan.seed, settings=made_with)
        if plan.keep:
            if not report.measured:
                raise ConfigError("every question failed: nothing was measured, and no profile was kept")
            before = profile_of(student.model, Ask(profiles=settings.ask.profiles))
            keep_profile(student.model, best.profile(before), settings.ask)
    return report


@dataclass(frozen=True, slots=True)
class _Asking:
    """One student, and all that it is asked."""

    plan: Plan
    questions: Sequence[Question]
    pool: Sequence[Question]
    student: Student
    limits: Ask
    embedder: Embedder
    kept: RunFile

    def ask(self, variant: Variant, usual: Profile) -> list[Told | None]:
        """What comes of each question."""
        read = self._read(variant)
        profile = variant.profile(usual)
        asked = tracked(zip(self.questions, read, strict=True), variant.name, len(self.questions))
        return [self._one(profile, question, context) for question, context in asked]

    def _read(self, variant: Variant) -> list[Context]:
        limits = variant.limits(self.limits)
        if self.plan.pack is not None:
            student = self.student.under(limits)
            graph = variant.facts is not False
            return [student.context(one, graph=graph) for one in tracked(self.questions, "searching")]
        return free.contexts(
            self.questions,
            self.pool,
            distractors=self.plan.distractors,
            seed=self.plan.seed,
            embedder=self.embedder,
            limits=limits,
            count_tokens=self.student.model.count_tokens,
        )

    def _one(self, profile: Profile, question: Question, context: Context) -> Told | None:
        model = self.student.model
        style = style_of(model, profile)
        if question.choices:
            chooser = choice.Asker(model, style, profile, self.embedder)
            said = choice.ask(chooser, _ARM, question, context, self.kept)
            if said is None:
                return None
            hit = said.place is not None and question.choices[said.place] in question.gold
            return Told(hit, said.prompt_tokens, said.seconds)
        asker = free.Asker(model, style, self.limits.max_tokens, calibration_of(self.limits), profile, self.embedder)
        answer = free.ask(asker, _ARM, question, context, self.kept, signals=False)
        if answer is None:
            return None
        return Told(right(answer, question), answer.usage.prompt_tokens, answer.usage.seconds)
