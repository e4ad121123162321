"""The packs behind a choice evaluation: where they lie, what stands in them, and which mode their evidence has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from drag.errors import ConfigError
from drag.journeys import build
from drag.models import Fetching
from drag.models.registry import cache_root
from drag.pack import Pack
from drag.settings import Settings
from drag.stages import OnStage
from drag.types import Question
from eval.choice import Mode
from eval.run_file import digest
from privacy import Reviewer

# A question of which these failed has evidence all the same.
_LATER = ("teach-partly", "rank", "rank-triples", "extract")


def kept_at(data: Path, mode: Mode, settings: Settings) -> Path:
    """Where the pack for these questions lies if nobody says otherwise: in the cache, by what it depends on."""
    models = settings.models
    made_of = [str(data.resolve()), models.teacher, models.embedder, mode, settings.build.model_dump(mode="json")]
    return cache_root(models.cache_dir) / "eval" / f"{data.stem}-{mode}-{digest(made_of)}.pack"


def calibrated_at(data: Path, settings: Settings) -> Path:
    """Where the answers of a calibration lie if nobody says otherwise: in the cache; their keys say whose they are."""
    return cache_root(settings.models.cache_dir) / "eval" / f"{data.stem}-calibration.jsonl"


def own_of(pack: Path) -> Path:
    """Where the pack lies that the student writes itself."""
    return pack.with_name(f"{pack.stem}.self.pack")


def paraphrased(pack: Path) -> Path:
    """Where the pack lies that is built for the questions in other words."""
    return pack.with_name(f"{pack.stem}.paraphrase.pack")


def of_other_subjects(pack: Path, questions: Sequence[Question]) -> dict[str, set[str]]:
    """For each question the ids of all evidence but that of other questions of its subject: what it must not read."""
    with Pack(pack) as opened:
        held = opened.evidence_of_questions([one.id for one in questions])
    every = {key for ids in held.values() for key in ids}
    by_subject: dict[str, list[Question]] = {}
    for one in questions:
        by_subject.setdefault(one.subject, []).append(one)
    strange: dict[str, set[str]] = {}
    for one in questions:
        theirs = {key for other in by_subject[one.subject] if other.id != one.id for key in held.get(other.id, ())}
        strange[one.id] = every - theirs
    return strange


def build_for(
    questions: Sequence[Question],
    pack: Path,
    *,
    writer: str,
    mode: Mode,
    settings: Settings,
    how: Fetching,
    review: Reviewer | None = None,
    on_stage: OnStage | None = None,
) -> None:
    """Build or go on building the pack: evidence by `writer`, and nothing else, in one mode.

    Evidence that the records bring is left out: beside it nothing would be the teacher's, and nothing blind.
    """
    try:
        pack.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot write {pack}: {error.strerror}") from error
    build(
        [replace(one, evidence=()) for one in questions],
        pack,
        teacher=writer,
        settings=settings.override("build", show_choices=mode == "concluding", show_evidence=False),
        how=how,
        review=review,
        on_stage=on_stage,
    )


def mode_of(pack: Path, questions: Sequence[Question], wanted: Mode | None) -> Mode:
    """The mode of the evidence for these questions; blind for all that was written without seeing the options.

    Raises `ConfigError` where the pack mixes the two, or holds another than the wanted one.
    """
    asked = {one.id for one in questions}
    with Pack(pack) as opened:
        modes = {mode for key, mode in opened.modes().items() if key in asked}
    if "concluding" in modes and len(modes) > 1:
        raise ConfigError(f"{pack} mixes blind and concluding evidence: no accuracy would say which")
    found: Mode = "concluding" if "concluding" in modes else "blind"
    if wanted is not None and modes and wanted != found:
        raise ConfigError(f"{pack} holds {found} evidence, not {wanted}")
    return wanted or found


def without_evidence(pack: Path, questions: Sequence[Question]) -> set[str]:
    """The ids of those of the questions for which no evidence could be had."""
    with Pack(pack) as opened:
        failed = {one.item_id for one in opened.failures() if one.stage not in _LATER}
    # A question that could not be de-identified stands in the pack by its place alone.
    return {one.id for place, one in enumerate(questions, 1) if failed & {one.id, f"private-{place}"}}
