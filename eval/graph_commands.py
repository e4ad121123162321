"""`drag eval graph`, as a command."""

from __future__ import annotations

from pathlib import Path

import click

from drag.errors import ConfigError
from eval.common_options import with_corpus


@click.command("graph")
@with_corpus
@click.option("--student", metavar="SPEC", help="Who answers.  [default: smollm2-135m]")
@click.option("--tokens", type=click.IntRange(min=8), default=96, show_default=True, help="Tokens of a context.")
@click.option(
    "--ask", "count", type=click.IntRange(min=0), default=60, show_default=True, help="Put N questions to the student."
)
@click.option("--wordings/--no-wordings", default=True, show_default=True, help="Compare the wordings of triples too.")
@click.pass_obj
def graph(
    config: str | None,
    *,
    corpus: Path,
    questions: Path,
    limit: int | None,
    seed: int,
    file: Path | None,
    student: str | None,
    embedder: str | None,
    extractor: str | None,
    pack: Path | None,
    tokens: int,
    count: int,
    wordings: bool,
) -> None:
    """Whether a student learns more from triples than from as many tokens of text.

    CORPUS is what `drag eval retrieval` reads; QUESTIONS holds `question`, `answers`, the gold `triples` and perhaps
    `type` a record. For every question: do the tails of the gold triples, and does the answer, stand in a context of
    --tokens tokens of BM25 text, of the text that the product finds, of triples, of half and half? And for a seeded
    draw of --ask questions: does the student's answer hold an accepted one?
    """
    import random

    from drag.answer import style_of
    from drag.cli.progress import fetching, ingesting, tracked
    from drag.journeys import build
    from drag.models import load_model
    from drag.models.embed import load_embedder
    from drag.pack import Pack
    from drag.retrieve import Retriever
    from drag.settings import Settings
    from eval.draw import draw
    from eval.graph_context import WORDINGS, ask, contexts, read_asked, summarise
    from eval.report import show
    from eval.retrieval import arms
    from eval.retrieval_commands import cached_pack

    settings = Settings.load(config).override("models", student=student, embedder=embedder)
    settings = settings.override("documents", extractor=extractor)
    asked = draw(read_asked(questions), limit, seed)
    random.Random(seed).shuffle(asked)  # noqa: S311 - a sample, no secret
    with fetching(settings) as how:
        place = pack or cached_pack(corpus, settings, how)
        with ingesting() as on_documents:
            build(documents=[corpus], pack=place, settings=settings, how=how, on_documents=on_documents)
        loaded = load_embedder(settings.models.embedder, how)
        model = load_model(settings.models.student, settings, how=how)
        try:
            style = style_of(model) if settings.ask.style == "auto" else settings.ask.style
            with Pack(place) as opened:
                words = Retriever(opened, loaded, arms(settings.retrieve, True)["bm25"])
                fused = Retriever(opened, loaded, settings.retrieve)
                compared = WORDINGS if wordings else WORDINGS[:1]
                read = [
                    contexts(one, words, fused, tokens, model.count_tokens, compared)
                    for one in tracked(asked, "searching")
                ]
            put = list(zip(asked, read, strict=True))[:count]
            answers = [
                {
                    arm: ask(model, one.question, context, style=style, max_tokens=settings.ask.max_tokens)
                    for arm, context in given.items()
                }
                for one, given in tracked(put, "asking")
            ]
        finally:
            model.close()
    made_with = {
        "corpus": corpus.name,
        "questions": questions.name,
        "student": settings.models.student,
        "embedder": settings.models.embedder,
        "extractor": settings.documents.extractor,
        "style": style,
        "tokens": tokens,
        "asked": len(answers),
        "limit": limit,
        "seed": seed,
    }
    report = summarise(asked, read, answers, seed=seed, settings=made_with)
    show(report, file)
    if answers and all(reply is None for one in answers for reply in one.values()):
        raise ConfigError("the student failed at every question: nothing was measured")
