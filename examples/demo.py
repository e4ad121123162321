"""The whole of DRAG on one screen: build a pack from the example questions, ask with it and without it, draw its graph.

`make demo` runs this. Everything is real: a 0.5B teacher writes the evidence, a 135M student answers, under the adapter
that comes with DRAG and reads facts better (docs/experiments.md). A second run finds the pack finished and asks the
teacher nothing.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from drag import Answer, Pack, Settings, build, open_student
from drag.cli.progress import building, fetching
from drag.questions import read_questions
from graphs.picture import draw_svg

HERE = Path(__file__).parent
OUT = HERE.parent / "demo"
ASKED = ("clock", "ferry", "dna")


def main() -> None:
    """Build, ask, draw."""
    console = Console()
    questions = read_questions(HERE / "questions.jsonl")
    OUT.mkdir(exist_ok=True)
    pack = OUT / "knowledge.pack"
    # Few pieces of evidence: a demonstration should be over in minutes on two slow cores.
    settings = Settings.load().override("build", evidence=4, keep=2).override("models", student="smollm2-135m+reader")

    console.print(f"[bold]build[/]  {len(questions)} questions; the teacher is {settings.models.teacher}")
    with fetching(settings) as how, building(len(questions)) as on_stage:
        report = build(questions, pack, settings=settings, how=how, on_stage=on_stage)
    console.print(f"       {report.built} built, {report.reused} there already, {len(report.failures)} failures\n")

    console.print(f"[bold]ask[/]    the student is {settings.models.student}")
    table = Table("question", "alone", "with the pack", "which rests on", show_lines=True)
    with fetching(settings) as how, open_student(pack, settings=settings, how=how) as student:
        for question in questions:
            if question.id in ASKED:
                alone = student.ask(question.text, evidence=False, graph=False)
                read = student.ask(question.text)
                table.add_row(*map(escape, (question.text, alone.text, read.text, sources(read))))
    console.print(table)

    with Pack(pack) as opened:
        graph = opened.graph()
        evidence = {one.id: one.text for one in opened.evidence()}
    picture = OUT / "graph.svg"
    picture.write_text(draw_svg(graph, title="What the pack knows", evidence=evidence), "utf-8")
    console.print(f"\n[bold]look[/]   {len(graph)} triples: {picture}")
    console.print(f'next   drag ask "Who gave the Cadiz library its maps?" --pack {pack}')


def sources(answer: Answer) -> str:
    """The cited evidence, with where it comes from."""
    cited = [
        f"[{one.number}] {one.evidence.text} — {one.evidence.source.partition(':')[0]}" for one in answer.citations
    ]
    return "\n".join(cited) or "nothing it read supports this"


if __name__ == "__main__":
    main()
