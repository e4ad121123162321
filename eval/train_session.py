"""A tuned student against its base, from the plan to the report: the same questions, with and without evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, cast

from drag import prompts
from drag.answer import answer, calibration_of, style_of
from drag.cli.progress import tracked
from drag.confidence import Calibration
from drag.errors import ConfigError, DragError
from drag.journeys import open_student
from drag.models import Fetching, load_model
from drag.models.embed import load_embedder
from drag.profiles import Profile, profile_of
from drag.prompts import ABSTENTION, Style
from drag.protocols import Embedder, LanguageModel
from drag.questions import read_questions
from drag.settings import Settings
from drag.train.rows import Row, read_rows
from drag.types import Answer, Citation, Context, Evidence, Question, Usage
from eval import choice
from eval.draw import draw
from eval.open import contexts, quoting
from eval.open_measures import unanswerable
from eval.open_session import reading_of, wants_embedder
from eval.report import Report
from eval.run_file import RunFile, digest
from eval.train_measures import ARMS, MODELS, READS, Case, Kept, Told, summarise


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for on the command line. `tuned` is a model spec, `adapter` what of it was trained."""

    data: Path
    tuned: str
    adapter: str = ""
    style: Literal["auto", "plain", "instructed"] | None = None
    reply: Literal["auto", "written", "quoted"] | None = None
    forgetting: Path | None = None
    distractors: int = 0
    pack: Path | None = None
    evidence_only: bool = False
    seed: int = 0
    limit: int | None = None
    run: Path | None = None


@dataclass(frozen=True, slots=True)
class Asker:
    """A model, how it is asked, and by what its confidence is reckoned."""

    model: LanguageModel
    style: Style
    profile: Profile
    max_tokens: int
    calibration: Calibration
    embedder: Embedder | None = None


def run(plan: Plan, settings: Settings, how: Fetching) -> Report:
    """Ask what was not asked yet, and measure. Raises `DragError`."""
    rows = held_out(plan) if holds_rows(plan.data) else None
    if plan.pack is not None and (rows is not None or plan.distractors):
        raise ConfigError("--pack gives the evidence of questions: without --distractors, and not for training rows")
    with ExitStack() as stack:
        base = stack.enter_context(closing(load_model(settings.models.student, settings, how=how)))
        tuned = stack.enter_context(closing(load_model(plan.tuned, settings, how=how)))
        cases = _of_rows(rows) if rows is not None else _of_questions(plan, settings, how, base)
        folder = stack.enter_context(TemporaryDirectory())
        kept = stack.enter_context(closing(RunFile(plan.run or Path(folder) / "answers.jsonl")))
        profile = profile_of(base, settings.ask)
        limits = settings.ask.max_tokens, calibration_of(settings.ask)
        own = profile_of(tuned, settings.ask)
        if plan.reply in ("written", "quoted"):
            own = own.model_copy(update={"reply": plan.reply})
        wanted = wants_embedder(profile) or wants_embedder(own)
        embedder = load_embedder(settings.models.embedder, how) if wanted else None
        first = Asker(base, style_of(base, profile), profile, *limits, embedder)
        second = Asker(tuned, _style(plan, rows, tuned, own), own, *limits, embedder)
        reads = READS[:1] if plan.evidence_only else READS
        told = [_told(case, first, second, reads, kept) for case in tracked(cases, "asking both")]
        remembered = _forgetting(plan, first, second, kept) if plan.forgetting is not None else Kept()
        sizes = _sizes(plan, base, tuned, how)
        made_with: dict[str, object] = {
            "data": plan.data.name,
            "base": {"name": base.name, "style": first.style, **reading_of(profile)},
            "tuned": {"name": tuned.name, "style": second.style, **reading_of(own)},
            "forgetting": plan.forgetting.name if plan.forgetting else None,
            "distractors": plan.distractors,
            "seed": plan.seed,
            "limit": plan.limit,
            "ask": settings.ask.model_dump(mode="json"),
        }
    return summarise(told, remembered, sizes, seed=plan.seed, settings=made_with)


def holds_rows(path: Path) -> bool:
    """Whether a file holds training rows, and not questions: its first record has `messages`."""
    if path.suffix not in (".jsonl", ".ndjson") or not path.is_file():
        return False
    try:
        with path.open(encoding="utf-8-sig") as lines:
            first: object = json.loads(next((line for line in lines if line.strip()), "null"))
    except (OSError, ValueError):
        return False
    return isinstance(first, dict) and "messages" in cast("dict[str, Any]", first)


def held_out(plan: Plan) -> list[Row]:
    """The held-out rows, as many as are wanted. Raises `ConfigError` where there are none."""
    return draw(read_rows(plan.data, "held_out"), plan.limit, plan.seed)


def _of_rows(rows: Sequence[Row]) -> list[Case]:
    cases: list[Case] = []
    for row in rows:
        if len(row.evidence) != len(row.evidence_ids):
            raise ConfigError(f"the row '{row.id}' does not say what it shows: make the rows anew with drag train data")
        shown = tuple(
            Evidence(key, text, "document:row") for key, text in zip(row.evidence_ids, row.evidence, strict=True)
        )
        gold = (ABSTENTION,) if row.missing else row.answers
        # Rows that were kept for being grounded have no accepted answer: what the teacher said is one.
        question = Question(row.id, row.question, gold=gold or (row.reply,))
        cases.append(Case(question, shown, frozenset(row.gold_ids), row.missing))
    return cases


def _of_questions(plan: Plan, settings: Settings, how: Fetching, base: LanguageModel) -> list[Case]:
    pool = [one for one in read_questions(plan.data) if one.gold]
    if plan.pack is not None:
        return _searched(draw(pool, plan.limit, plan.seed), plan.pack, settings, how, base)
    questions = [one for one in draw(pool, plan.limit, plan.seed) if one.evidence]
    if not questions:
        raise ConfigError(f"{plan.data} holds neither training rows nor records with 'answers' and 'evidence'")
    read = contexts(
        questions,
        pool,
        distractors=plan.distractors,
        seed=plan.seed,
        embedder=load_embedder(settings.models.embedder, how) if plan.distractors else None,
        limits=settings.ask,
        count_tokens=base.count_tokens,
    )
    return [_case(question, context) for question, context in zip(questions, read, strict=True)]


def _searched(
    questions: Sequence[Question], pack: Path, settings: Settings, how: Fetching, base: LanguageModel
) -> list[Case]:
    """What `ask` would read of the pack for each question; which of it is gold nobody says."""
    if not questions:
        raise ConfigError("the data holds no question with 'answers'")
    with open_student(pack, settings=settings, how=how, model=base) as student:
        read = [student.context(one, graph=False) for one in tracked(questions, "searching")]
    return [
        Case(question, context.evidence, None, unanswerable(question), context.cosine)
        for question, context in zip(questions, read, strict=True)
    ]


def _case(question: Question, context: Context) -> Case:
    missing = unanswerable(question)
    own = {Evidence.of(text, f"document:{question.id}").id for text in question.evidence}
    return Case(question, context.evidence, frozenset[str]() if missing else frozenset(own), missing, context.cosine)


def _style(plan: Plan, rows: Sequence[Row] | None, tuned: LanguageModel, profile: Profile) -> Style:
    """How the tuned student is asked: as it is told, else as its rows were rendered, else as `ask` would."""
    if plan.style in ("plain", "instructed"):
        return plan.style
    names = {row.prompt.partition("@")[0] for row in rows or ()} if plan.style is None else set[str]()
    if names == {"answer-plain"}:
        return "plain"
    return "instructed" if names == {"answer-instructed"} else style_of(tuned, profile)


def _told(case: Case, base: Asker, tuned: Asker, reads: Sequence[str], kept: RunFile) -> Told:
    said: dict[str, Answer | None] = {}
    for read in reads:
        context = Context(case.evidence, cosine=case.cosine) if read == "evidence" else Context()
        for name, asker in (("base", base), ("tuned", tuned)):
            said[f"{name}/{read}"] = ask(asker, f"{name}/{read}", case.question, context, kept)
    return Told(case, {arm: said[arm] for arm in ARMS if arm in said})


def ask(asker: Asker, arm: str, question: Question, context: Context, kept: RunFile) -> Answer | None:
    """Answer, or take the answer from the run file; None where the model fails, which the next run tries again."""
    texts = [one.titled for one in context.evidence]
    told = prompts.answer(question, texts, (), asker.style, asker.max_tokens)
    # Without `reply` in it the key of a written answer is what it was before there were quoted ones.
    how = [asker.profile.model_dump(exclude={"reply"}), asdict(asker.calibration), context.cosine]
    how += quoting(asker.profile, question.text, texts, asker.embedder)
    key = digest([asker.model.identity, asdict(told), [one.id for one in context.evidence], *how])
    found = _answer(kept.get(question.id, arm, key), question, context)
    if found is not None:
        return found
    try:
        said = answer(
            asker.model,
            replace(question, choices=()),
            context,
            style=asker.style,
            max_tokens=asker.max_tokens,
            calibration=asker.calibration,
            profile=asker.profile,
            embedder=asker.embedder,
        )
    except DragError:
        return None
    kept.put(question.id, arm, key, _record(said))
    return said


def _record(said: Answer) -> dict[str, Any]:
    return {
        "answer": said.text,
        "abstained": said.abstained,
        "cited": [one.number for one in said.citations],
        "prompt_tokens": said.usage.prompt_tokens,
        "completion_tokens": said.usage.completion_tokens,
        "seconds": round(said.usage.seconds, 4),
    }


def _answer(record: Mapping[str, Any] | None, question: Question, context: Context) -> Answer | None:
    """The answer of a record; None for nothing, and for a record that somebody spoilt."""
    if record is None:
        return None
    try:
        cited = tuple(Citation(n, context.evidence[n - 1], "model") for n in map(int, record["cited"]))
        usage = Usage(int(record["prompt_tokens"]), int(record["completion_tokens"]), float(record["seconds"]))
        return Answer(question, str(record["answer"]), cited, bool(record["abstained"]), None, usage, context)
    except (IndexError, KeyError, TypeError, ValueError):
        return None


def _forgetting(plan: Plan, base: Asker, tuned: Asker, kept: RunFile) -> Kept:
    """Both choose, alone, in the base's way: what differs is what training did to the weights."""
    path = cast("Path", plan.forgetting)
    usable = choice.choice_questions(read_questions(path), str(path))
    questions = draw(usable, plan.limit, plan.seed)
    right: dict[str, list[bool]] = {model: [] for model in MODELS}
    failures = 0
    for question in tracked(questions, "asking what neither was trained on"):
        for name, one in (("base", base), ("tuned", tuned)):
            asker = choice.Asker(one.model, base.style, base.profile)
            said = choice.ask(asker, f"forgetting/{name}", question, Context(), kept)
            failures += said is None
            chosen = None if said is None or said.place is None else question.choices[said.place]
            right[name].append(chosen in question.gold)
    return Kept(right, failures)


def _sizes(plan: Plan, base: LanguageModel, tuned: LanguageModel, how: Fetching) -> dict[str, int]:
    """Bytes of the adapter, or of the tuned weights where there is none, and of the base."""
    sizes: dict[str, int | None] = {"base": getattr(base, "weights_bytes", None)}
    if plan.adapter:
        from drag.models.fetch import local_path

        file = (
            Path(plan.adapter) if plan.adapter.endswith(".gguf") else local_path(plan.adapter, cache_dir=how.cache_dir)
        )
        sizes["adapter"] = file.stat().st_size if file is not None and file.is_file() else None
    else:
        sizes["tuned"] = getattr(tuned, "weights_bytes", None)
    return {name: size for name, size in sizes.items() if size is not None}
