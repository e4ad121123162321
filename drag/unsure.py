"""Asking the teacher where the student is unsure. What it writes goes into the pack: the next who asks needs it not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from drag.journeys import build, embedder_of
from drag.models import Fetching
from drag.pack import Pack
from drag.pipeline import BuildReport
from drag.settings import Settings
from drag.stages import OnStage
from drag.types import Answer, Question

if TYPE_CHECKING:
    from privacy import Reviewer


def unsure(answer: Answer, least: float) -> bool:
    """Whether the student did not answer, or with a confidence under `least`, in [0, 1].

    An engine that gives no probabilities is never sure.
    """
    return answer.abstained or answer.confidence is None or answer.confidence < least


def learn(
    questions: Sequence[Question],
    pack: Path | str,
    *,
    settings: Settings | None = None,
    how: Fetching | None = None,
    review: Reviewer | None = None,
    on_stage: OnStage | None = None,
) -> BuildReport:
    """Have the teacher of the settings write evidence for these questions into `pack`, which is there already.

    An `openai:` teacher sees the questions without their private words, as in every build; the words themselves go
    into the pack only if it holds real names anyway. What is found in the pack is not shown to the teacher, nor are
    right answers that a record brings. Raises `ConfigError`, `ModelError` or `PackError`; a question that fails stands
    in the report.
    """
    settings = (settings or Settings.load()).override("models", embedder=embedder_of(pack))
    with Pack(pack) as opened:
        names = opened.meta().get("privacy") != {"names": "hidden"}
    asked = {one.id: one for one in (replace(one, id=_key(one), gold=()) for one in questions)}
    return build(
        list(asked.values()), pack, settings=settings, how=how, keep_names=names, review=review, on_stage=on_stage
    )


def _key(question: Question) -> str:
    """An id of its own for each question: those of two files may be the same."""
    told = json.dumps([question.text, question.choices], ensure_ascii=False)
    return f"asked-{hashlib.sha256(told.encode()).hexdigest()[:12]}"
