"""`drag pack add`, `remove`, `documents` and `vacuum`: the documents of a pack that is there."""

from __future__ import annotations

from pathlib import Path

import click

from drag.cli import ingested
from drag.cli.console import errors, output, write_json

_pack = click.argument("path", metavar="PACK", type=click.Path(dir_okay=False, path_type=Path))
_json = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


@click.command()
@_pack
@click.argument("documents", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--extractor", metavar="NAME", help="Their triples by spacy, llm, llm:SPEC or none.  [default: spacy]")
@click.option("--chunk", type=click.IntRange(min=10), help="Words of a piece of a document, about.  [default: 120]")
@click.option("--prune", is_flag=True, help="Remove the documents that are no longer at these paths.")
@_json
@click.pass_obj
def add(
    config: str | None,
    *,
    path: Path,
    documents: tuple[Path, ...],
    extractor: str | None,
    chunk: int | None,
    prune: bool,
    as_json: bool,
) -> None:
    """Add files and folders to PACK, or bring them up to date in it.

    What has not changed is left alone. Each document is written whole or not at all. Exit code 1 if something could
    not be read.
    """
    from drag.cli.progress import fetching, ingesting
    from drag.journeys import add_documents
    from drag.settings import Settings

    settings = Settings.load(config).override("documents", extractor=extractor, chunk=chunk)
    with fetching(settings) as how, ingesting() as on_documents:
        report = add_documents(path, documents, settings=settings, how=how, prune=prune, on_documents=on_documents)
    if as_json:
        write_json({"pack": str(path), **ingested.as_record(report)})
    else:
        ingested.show(report)
    if ingested.incomplete(report):
        click.get_current_context().exit(1)


@click.command()
@_pack
@click.argument("documents", nargs=-1, required=True, metavar="DOCUMENT...")
@click.option("--vacuum/--no-vacuum", default=True, show_default=True, help="Write the file anew without them.")
@_json
def remove(path: Path, documents: tuple[str, ...], vacuum: bool, as_json: bool) -> None:
    """Remove documents from PACK: their evidence, triples, entities, vectors and words.

    DOCUMENT is an id (`drag pack documents`), the path of a file, or a pattern of either ("notes/*.md", quoted). Each
    is one transaction. Exit code 1 if there is no such document.
    """
    from drag.journeys import remove_documents

    removed = remove_documents(path, documents, vacuum=vacuum)
    if as_json:
        write_json({"pack": str(path), "removed": removed})
    else:
        for key in removed:
            output.print(f"removed: {key}", markup=False)
    if not removed:
        errors.print("no such document", style="yellow")
        click.get_current_context().exit(1)


@click.command("documents")
@_pack
@_json
def listed(path: Path, as_json: bool) -> None:
    """List the documents of PACK."""
    from dataclasses import asdict

    from rich.table import Table
    from rich.text import Text

    from drag.pack import Pack

    with Pack(path) as opened:
        found = opened.documents()
    if as_json:
        write_json([{**asdict(one), "evidence": one.pieces} for one in found])
        return
    table = Table("id", "title", "date", "kind", "evidence", header_style="bold")
    table.columns[4].justify = "right"
    for one in found:
        table.add_row(Text(one.id), Text(one.title), one.date, one.kind, f"{one.pieces:,}")
    if found:
        output.print(table, soft_wrap=False)
    else:
        output.print("no documents")


@click.command()
@_pack
def vacuum(path: Path) -> None:
    """Write PACK anew: as small as can be, and without a trace of what was removed or changed."""
    from drag.errors import PackError
    from drag.index import refresh
    from drag.pack import PackWriter

    if not path.is_file():
        raise PackError(f"there is no pack {path}")
    before = path.stat().st_size
    with PackWriter(path) as writer:
        writer.vacuum(keep_index=True)
    refresh(path)
    output.print(f"{path}: {before:,} → {path.stat().st_size:,} bytes", markup=False)
