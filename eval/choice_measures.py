"""The measures of a choice evaluation, from what each arm said."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from eval.choice import Mode, Row
from eval.metrics import bootstrap, contains, mcnemar, mean
from eval.report import Report
from eval.transfer import ALONE, TEACHER, helped, transfer, transfer_interval
from graphs import verbalise


def summarise(rows: Sequence[Row], *, mode: Mode, seed: int, settings: Mapping[str, object]) -> Report:
    """Every measure, with 95 % bootstrap intervals over questions; an arm that failed on a question is wrong there.

    - `accuracy/<arm>`, and `accuracy/<arm>/<subject>` where there are several subjects;
    - `gain/<arm>`: accuracy less that of the student alone, paired; `mcnemar_p/<arm>` is its exact two-sided p;
    - `transfer/<arm>` = (arm − alone) / (teacher − alone), paired; NaN where the teacher is not better than the
      student; samples of the bootstrap in which it is not are left out of the interval (`transfer_defined`: the share
      of samples in which it is);
    - `helped@10/<arm>` to `helped@75/<arm>`: accuracy if the teacher answered so many percent of the questions, those
      of which the student is least sure by the share of its choice;
    - `answer_in_evidence`: questions of which the right option's text stands in the evidence; `options_in_evidence`:
      all of the options do; `accuracy_without_answer_in_evidence/<arm>`: over the questions of which it does not
      (`without_answer_n` of them);
    - `tokens/<arm>`, `seconds/<arm>`, `cost/<arm>` (US dollars, where there is one): means over what was answered.
    """
    arms = list(rows[0].said) if rows else []
    right = {arm: [row.right(arm) for row in rows] for arm in arms}
    metrics: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}

    def add(name: str, values: Sequence[float]) -> None:
        metrics[name] = mean(values)
        intervals[name] = bootstrap(values, seed=seed)

    for arm in arms:
        add(f"accuracy/{arm}", right[arm])
    compared = [arm for arm in arms if arm != ALONE] if ALONE in arms else []
    if TEACHER in arms:
        for arm in (one for one in compared if one != TEACHER):
            low_high, defined = transfer_interval(right, arm, seed)
            metrics[f"transfer/{arm}"] = transfer(right, arm, range(len(rows)))
            intervals[f"transfer/{arm}"] = low_high
            if compared:
                metrics["transfer_defined"] = defined
            sure = [0.0 if one is None else one.share for one in (row.said[arm] for row in rows)]
            metrics |= {f"helped{at}/{arm}": value for at, value in helped(sure, right[arm], right[TEACHER]).items()}
    for arm in compared:
        add(f"gain/{arm}", [float(new) - float(old) for old, new in zip(right[ALONE], right[arm], strict=True)])
        metrics[f"mcnemar_p/{arm}"] = mcnemar(right[ALONE], right[arm])
    if rows and mode in rows[0].read:
        held = [contains(_read(row, mode), row.question.gold) for row in rows]
        add("answer_in_evidence", held)
        add("options_in_evidence", [all(contains(_read(r, mode), [one]) for one in r.question.choices) for r in rows])
        without = [place for place, there in enumerate(held) if not there]
        metrics["without_answer_n"] = len(without)
        for arm in arms if without else ():
            add(f"accuracy_without_answer_in_evidence/{arm}", [right[arm][place] for place in without])
    for arm in arms:
        said = [one for one in (row.said[arm] for row in rows) if one is not None]
        metrics[f"tokens/{arm}"] = mean([one.prompt_tokens for one in said])
        metrics[f"seconds/{arm}"] = mean([one.seconds for one in said])
        if any(one.cost for one in said):
            metrics[f"cost/{arm}"] = mean([one.cost for one in said])
        failed = sum(row.said[arm] is None for row in rows)
        if failed:
            metrics[f"failures/{arm}"] = failed
    subjects = sorted({row.question.subject for row in rows if row.question.subject})
    for subject in subjects if len(subjects) > 1 else ():
        places = [place for place, row in enumerate(rows) if row.question.subject == subject]
        metrics[f"n/{subject}"] = len(places)
        for arm in arms:
            add(f"accuracy/{arm}/{subject}", [right[arm][place] for place in places])
    failures = sum(any(one is None for one in row.said.values()) for row in rows)
    return Report("choice", len(rows), metrics, intervals, failures, settings)


def measured(report: Report) -> bool:
    """Whether any arm answered anything."""
    return any(name.startswith("seconds/") and math.isfinite(value) for name, value in report.metrics.items())


def _read(row: Row, arm: str) -> str:
    context = row.read[arm]
    return "\n".join([*(one.titled for one in context.evidence), *verbalise(context.graph)])
