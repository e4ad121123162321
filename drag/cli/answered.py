"""An answer as a person sees it, and as JSON shows it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drag.cli import cite, explained
from drag.cli.console import errors, output, write_json

if TYPE_CHECKING:
    from drag.pipeline import Student
    from drag.types import Answer, Question


@dataclass(slots=True)
class Shown:
    """Asks, and shows what is said: streamed with its sources, or as JSON."""

    pack: Path | None
    explain: bool
    as_json: bool
    indent: int | None
    headed: bool
    _first: bool = True

    def answer(
        self, student: Student, question: Question, *, evidence: bool, graph: bool, least: float | None = None
    ) -> bool:
        """Whether the student is sure, at least `least`: a JSON record is written only then, for it will ask again."""
        from drag.unsure import unsure

        if self.as_json:
            said = student.ask(question, evidence=evidence, graph=graph)
        else:
            if self.headed:
                output.print(f"{'' if self._first else chr(10)}[bold]{_plain(question.text)}[/]")
            self._first = False
            said = student.ask(question, evidence=evidence, graph=graph, on_text=_stream)
            _finish(said, self.pack)
            if self.explain and student.search is not None:
                explained.show(student.search)
        sure = least is None or not unsure(said, least)
        if sure and self.as_json:
            record = as_record(said, self.pack)
            if self.explain and student.search is not None:
                record["retrieval"] = explained.as_record(student.search)
            write_json(record, indent=self.indent)
        if not sure:
            share = "" if said.confidence is None else f" ({said.confidence:.0%})"
            errors.print(f"the student is not sure{share}: the teacher is asked", style="dim", markup=False)
        _tell_dropped(student.dropped)
        return sure


def _stream(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _tell_dropped(count: int) -> None:
    if count:
        errors.print(f"{count} pieces of the pack gave orders instead of evidence and were left out", style="yellow")


def _finish(answer: Answer, pack: Path | None) -> None:
    """What follows the streamed text: the choice that was scored, and the sources."""
    unasked = answer.abstained and not answer.usage.completion_tokens
    if answer.question.choices or unasked:
        _stream(answer.text)
    _stream("\n")
    if answer.abstained:
        why = f", with a probability of {1 - answer.answerable:.0%}" if answer.answerable is not None else ""
        output.print(f"The evidence does not carry an answer{why}.", style="dim", markup=False)
    elif answer.answerable is not None and answer.confidence is not None:
        output.print(f"  confidence {min(answer.confidence, 0.99):.0%}", style="dim", highlight=False)
    paths = cite.paths_of(pack, [one.evidence for one in answer.citations])
    for citation in answer.citations:
        output.print(f"  [{citation.number}] {citation.evidence.text}", style="cyan", markup=False)
        source = cite.line(citation.evidence, paths)
        output.print("      ", source, f", by {citation.basis}", style="dim", markup=False, sep="")
    if answer.context.evidence and not answer.citations and not answer.abstained:
        output.print("  no piece of the evidence supports this answer", style="yellow")


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def as_record(answer: Answer, pack: Path | None) -> dict[str, Any]:
    """An answer as JSON shows it; `pack` is the one that it was found in, None if the student answered alone."""
    usage = answer.usage
    read = [*answer.context.evidence, *(one.evidence for one in answer.citations)]
    paths = cite.paths_of(pack, read)
    return {
        "id": answer.question.id,
        "question": answer.question.text,
        "answer": answer.text,
        "alone": pack is None,
        "abstained": answer.abstained,
        "confidence": answer.confidence,
        "answerable": answer.answerable,
        "citations": [
            {"number": one.number, "basis": one.basis, "evidence_id": one.evidence.id}
            | {name: value for name, value in cite.as_record(one.evidence, paths).items() if name != "id"}
            for one in answer.citations
        ],
        "evidence": [cite.as_record(one, paths) for one in answer.context.evidence],
        "triples": [[one.head, one.relation, one.tail] for one in answer.context.graph],
        "usage": {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "seconds": round(usage.seconds, 3),
            "cost": usage.cost,
        },
    }
