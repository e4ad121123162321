"""`drag eval retrieval`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drag.errors import ConfigError
from eval.common_options import with_corpus

if TYPE_CHECKING:
    from drag.models import Fetching
    from drag.settings import Settings
    from eval.retrieval import Asked


@click.command("retrieval")
@with_corpus
@click.option("--chunk", type=click.IntRange(min=10), help="Words of a piece of a document, about.  [default: 120]")
@click.option("--without", "off", multiple=True, metavar="STAGE", help="Switch a stage off. Repeatable.")
@click.option("--reranker", metavar="SPEC", help="Folder or hf:REPO of a cross-encoder.  [default: none]")
@click.option("--stages/--no-stages", default=True, show_default=True, help="Measure each stage alone as well.")
@click.pass_obj
def retrieval(
    config: str | None,
    *,
    corpus: Path,
    questions: Path,
    limit: int | None,
    seed: int,
    file: Path | None,
    embedder: str | None,
    extractor: str | None,
    chunk: int | None,
    pack: Path | None,
    off: tuple[str, ...],
    reranker: str | None,
    stages: bool,
) -> None:
    """Whether the documents that answer a question are among the first five found, by each stage and by all together.

    CORPUS holds `id`, `title` and `text` a record (or is any file or folder that can be read as documents), QUESTIONS
    holds `question`, `evidence_ids` and perhaps `type`. A pack is built of the corpus as `drag build --documents` does,
    and kept in the cache for the next time. Questions without gold ids are left out, and counted. With --seed 0 a
    --limit takes the first questions, with another a sample.
    """
    from drag.cli.progress import fetching, ingesting, tracked
    from drag.journeys import build
    from drag.models.embed import load_embedder
    from drag.pack import Pack
    from drag.retrieve import Retriever, without_stages
    from drag.settings import Settings
    from eval.draw import draw
    from eval.report import show
    from eval.retrieval import arms, read_asked, run, summarise

    settings = Settings.load(config).override("models", embedder=embedder).override("retrieve", reranker=reranker)
    settings = settings.override("documents", extractor=extractor, chunk=chunk)
    settings = settings.model_copy(update={"retrieve": without_stages(settings.retrieve, off)})
    asked = read_asked(questions)
    usable = [one for one in asked if one.gold]
    if not usable:
        raise ConfigError(f"{questions} holds no question with 'evidence_ids'")
    drawn = draw(usable, limit, seed)

    def progress(rows: Iterable[Asked], name: str) -> Iterable[Asked]:
        return tracked(list(rows), name)

    with fetching(settings) as how:
        place = pack or cached_pack(corpus, settings, how)
        with ingesting() as on_documents:
            build(documents=[corpus], pack=place, settings=settings, how=how, on_documents=on_documents)
        loaded = load_embedder(settings.models.embedder, how)
        with Pack(place) as opened:
            known = {one.id for one in opened.documents()}
            done = run(
                drawn, lambda wanted: Retriever(opened, loaded, wanted), arms(settings.retrieve, stages), progress
            )
            made_with: dict[str, Any] = {
                "corpus": corpus.name,
                "questions": questions.name,
                "documents": len(known),
                "pieces": opened.counts()["kept_evidence"],
                "embedder": settings.models.embedder,
                "extractor": settings.documents.extractor,
                "chunk": settings.documents.chunk,
                "retrieve": settings.retrieve.model_dump(),
                "without_gold": len(asked) - len(usable),
                "limit": limit,
                "seed": seed,
            }
    show(summarise(drawn, done, known=known, seed=seed, settings=made_with), file)


def cached_pack(corpus: Path, settings: Settings, how: Fetching) -> Path:
    """Where the pack of this very corpus is kept: another content or another way of reading it has another pack."""
    from drag.models.registry import cache_root

    digest = hashlib.sha256()
    for part in (settings.models.embedder, settings.documents.extractor, str(settings.documents.chunk)):
        digest.update(part.encode() + b"\0")
    for one in sorted(corpus.rglob("*")) if corpus.is_dir() else [corpus]:
        if one.is_file():
            digest.update(str(one.relative_to(corpus.parent)).encode() + b"\0")
            try:
                with one.open("rb") as opened:
                    digest.update(hashlib.file_digest(opened, "sha256").digest())
            except OSError as error:
                raise ConfigError(f"cannot read {one}: {error.strerror}") from error
    folder = cache_root(how.cache_dir) / "eval"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot write to the cache {folder}: {error.strerror}") from error
    return folder / f"{corpus.stem}-{digest.hexdigest()[:16]}.pack"
