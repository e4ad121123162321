"""`drag eval speed retrieval`."""

from __future__ import annotations

from pathlib import Path

import click

from drag.errors import ConfigError


@click.command("retrieval")
@click.argument("corpora", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="Questions at each size.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of every draw.")
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write JSON; - for stdout.")
@click.option("--embedder", metavar="SPEC", help="Count the time and memory of embedding a question by this one too.")
@click.option(
    "--size",
    "sizes",
    type=click.IntRange(min=30),
    multiple=True,
    help="Pieces of evidence in the pack; several are measured one after the other.  [default: 10000, 100000]",
)
@click.option(
    "--index", "kind", type=click.Choice(["flat", "hnsw", "ivf"]), help="Instead of the type that the size asks for."
)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where the packs are made, to be kept there (a million pieces take 2 GB).  [default: a temporary one]",
)
@click.pass_obj
def speed_retrieval(
    config: str | None,
    *,
    corpora: tuple[Path, ...],
    limit: int,
    seed: int,
    file: Path | None,
    embedder: str | None,
    sizes: tuple[int, ...],
    kind: str | None,
    folder: Path | None,
) -> None:
    """How retrieval scales: packs of the sentences of CORPORA, told anew with other names, up to a million and more.

    CORPORA hold `text` a record. Vectors are seeded random directions, with planted neighbours at cosines 0.8, 0.65
    and 0.5 of each question's. Each size is asked in a process of its own.
    """
    from drag.cli.console import errors
    from eval.report import show
    from eval.scale import measure
    from eval.scale_corpus import read_texts

    texts = [text for path in corpora for text in read_texts(path)]
    if not texts:
        raise ConfigError("the corpora are empty")
    with errors.status("") as status:
        report = measure(
            texts,
            sizes or (10_000, 100_000),
            questions=limit,
            seed=seed,
            folder=folder,
            kind=kind,
            real=embedder,
            tell=status.update,
        )
    show(report, file)
