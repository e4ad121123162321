"""A report of arms, on choice or on open questions, as one HTML page: arms, costs, subjects, all metrics."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from eval.html import HEAD, settings_of, table
from eval.plots import Bar, Point, bars, scatter
from eval.report import Report
from eval.transfer import SHARES

_MEANING = {
    "alone": "the student, without anything to read",
    "evidence": "with evidence",
    "both": "with evidence and triples",
    "paraphrase": "with evidence written for the question in other words",
    "others": "with evidence written for other questions of its subject",
    "blind": "with evidence; the teacher saw the question only",
    "concluding": "with evidence; the teacher decided first and argued for its decision",
    "graph": "with triples only",
    "blind+graph": "with evidence and triples",
    "concluding+graph": "with evidence and triples",
    "shuffled": "control: with the evidence of another question",
    "rank-similarity": "with the pieces that are nearest to the question",
    "rank-relevance": "with the pieces that the teacher judges best",
    "rank-fused": "with the best pieces by both",
    "rank-unranked": "control: with as many pieces, drawn",
    "self": "control: with evidence that the student wrote itself",
    "teacher": "the teacher, without anything to read",
}


READERS = ("blind", "concluding", "evidence", "both")
"""The arms of which one would ask what help is worth to them."""

MEASURES = {"choice": ("accuracy", "Accuracy"), "open": ("contains", "Answers that hold an accepted one")}


def page(report: Report) -> str:
    """The page of a report of `drag eval choice` or `drag eval open`."""
    title = f"DRAG {report.task} report: {report.n} questions"
    measure, called = MEASURES[report.task]
    arms = arms_of(report)
    parts = [HEAD.format(title=html.escape(title)), f"<h1>{html.escape(title)}</h1>", _arms(report, arms, measure)]
    parts += [f"<h2>{called}</h2>", bars(f"{called}, by arm", _bars(report, measure, arms))]
    moved = [arm for arm in arms if math.isfinite(report.metrics.get(f"transfer/{arm}", math.nan))]
    if moved:
        parts += ["<h2>Transfer</h2>", "<p>(arm − alone) / (teacher − alone): at 100 % the student answers as well as "
                  "its teacher. A value below 0 is drawn as none; the table has it.</p>",
                  bars("Transfer by arm", _bars(report, "transfer", moved), line=1.0)]  # fmt: skip
    without = [arm for arm in arms if f"accuracy_without_answer_in_evidence/{arm}" in report.metrics]
    if without:
        count = report.metrics["without_answer_n"]
        name = f"Accuracy on the {count:g} questions whose evidence does not hold the answer"
        parts += [f"<h2>{name}</h2>", bars(name, _bars(report, "accuracy_without_answer_in_evidence", without))]
    for arm in (one for one in moved if one in READERS):
        parts += _helped(report, arm, measure)
    parts += _by_pieces(report, arms, measure)
    points = [
        Point(arm, report.metrics[f"tokens/{arm}"], report.metrics[f"{measure}/{arm}"])
        for arm in arms
        if math.isfinite(report.metrics.get(f"tokens/{arm}", math.nan))
    ]
    if points:
        name = f"{called} against tokens"
        drawn = scatter(name, points, x="tokens read for a question", y=measure, joined=False, shares=False)
        parts += [f"<h2>{name}</h2>", drawn]
    for subject in sorted(name.partition("/")[2] for name in report.metrics if name.startswith("n/")):
        shown = [
            Bar(arm, report.metrics[f"accuracy/{arm}/{subject}"], report.intervals.get(f"accuracy/{arm}/{subject}"))
            for arm in arms
        ]
        count = report.metrics[f"n/{subject}"]
        parts += [f"<h3>{html.escape(subject)}: {count:g} questions</h3>", bars(f"Accuracy: {subject}", shown)]
    parts += ["<h2>All metrics</h2>", table(report), "<h2>Settings</h2>", settings_of(report)]
    return "\n".join([*parts, "</body></html>\n"])


def arms_of(report: Report) -> list[str]:
    """The arms that a report has."""
    measure = MEASURES[report.task][0]
    return [
        name.partition("/")[2] for name in report.metrics if name.startswith(f"{measure}/") and name.count("/") == 1
    ]


def _helped(report: Report, arm: str, measure: str) -> list[str]:
    """What asking the teacher buys, where the student is least sure."""
    ends = [
        Point("0 %", 0.0, report.metrics[f"{measure}/{arm}"]),
        Point("all", 1.0, report.metrics[f"{measure}/teacher"]),
    ]
    between = [
        Point(f"{100 * share:g} %", share, report.metrics[f"helped@{100 * share:g}/{arm}"])
        for share in SHARES
        if f"helped@{100 * share:g}/{arm}" in report.metrics
    ]
    if not between:
        return []
    name = f"{arm}: if the teacher is asked where the student is least sure"
    return [
        f"<h3>{html.escape(name)}</h3>",
        scatter(name, [*ends, *between], x="share of the questions asked", y=measure),
    ]


def _by_pieces(report: Report, arms: Sequence[str], measure: str) -> list[str]:
    """What the number of pieces does: the arms `<mode>@K`, from none on."""
    counted = [(int(arm.rpartition("@")[2]), arm) for arm in arms if arm.rpartition("@")[2].isdigit()]
    if not counted:
        return []
    none = [(0, "alone")] if "alone" in arms else []
    points = [Point(f"{count}", float(count), report.metrics[f"{measure}/{arm}"]) for count, arm in [*none, *counted]]
    name = "Accuracy against the number of pieces"
    return [f"<h2>{name}</h2>", scatter(name, points, x="pieces of evidence", y=measure, shares=False)]


def _arms(report: Report, arms: Sequence[str], measure: str) -> str:
    shown = [
        f"<tr><td><code>{html.escape(arm)}</code></td><td>{html.escape(_MEANING.get(arm, ''))}</td>"
        f"<td class=n>{100 * report.metrics[f'{measure}/{arm}']:.1f} %</td>"
        f"<td class=n>{_p(report.metrics.get(f'mcnemar_p/{arm}'))}</td></tr>"
        for arm in arms
    ]
    return (
        f"<table><tr><th>arm</th><th>what it is</th><th>{measure}</th><th>p against alone</th></tr>"
        f"{''.join(shown)}</table>"
    )


def _bars(report: Report, metric: str, arms: Sequence[str]) -> list[Bar]:
    return [
        # A bar begins at 0: a transfer below it has no length.
        Bar(arm, max(0.0, report.metrics[f"{metric}/{arm}"]), report.intervals.get(f"{metric}/{arm}"))
        for arm in arms
    ]


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"
