"""`drag eval triples`: its options, and what they open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drag.errors import ConfigError

if TYPE_CHECKING:
    from drag.models import Fetching
    from drag.models.stored import ReplyStore
    from drag.protocols import Extractor, LanguageModel
    from drag.settings import Settings
    from eval.triples import Row
    from graphs.ontology import Ontology

_DEFAULT_MODEL = "qwen2.5-coder-1.5b"


@click.command("triples")
@click.argument("data", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--limit", type=click.IntRange(min=1), help="Only N rows.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of every draw.")
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write JSON; - for stdout.")
@click.option(
    "--extractor", default="spacy", show_default=True, metavar="NAME", help=f"spacy, llm ({_DEFAULT_MODEL}), llm:SPEC."
)
@click.option(
    "--ontology",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Allowed relations and types.  [default: NAME_ontologies.json beside a DATA file NAME_….jsonl]",
)
@click.option(
    "--corpus",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="DATA holds questions; are their gold triples linked in the graph of their passages?",
)
@click.option("--embedder", metavar="SPEC", help="Who embeds facts.  [default: all-minilm-l6-v2]")
@click.option(
    "--replies",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep a model's replies in this file, and go on from there.",
)
@click.pass_obj
def triples(
    config: str | None,
    *,
    data: Path,
    limit: int | None,
    seed: int,
    file: Path | None,
    extractor: str,
    ontology: Path | None,
    corpus: Path | None,
    embedder: str | None,
    replies: Path | None,
) -> None:
    """Triples that an extractor makes of texts, against gold triples or facts.

    DATA holds `text` with `triples` or `facts` a record. Open sets are scored token by token (multi-match precision,
    one-to-one recall, summed over all rows), ontology sets exactly after normalisation; facts by whether the graph
    alone carries them. spaCy writes whole phrases for open sets and short ones otherwise. With --corpus, DATA holds
    questions with `triples` and `evidence_ids`.
    """
    from drag.cli.progress import fetching
    from drag.settings import Settings
    from eval import triples_links
    from eval.draw import draw
    from eval.report import Report, show
    from eval.triples import read_rows, run, scores
    from graphs.ontology import load_ontologies

    settings = Settings.load(config).override("models", embedder=embedder)
    questions = draw(triples_links.read_questions(data), limit, seed) if corpus else []
    rows = (
        triples_links.read_corpus(corpus, {name for one in questions for name in one.passages})
        if corpus
        else draw(read_rows(data), limit, seed)
    )
    beside = ontology or _beside(data)
    allowed = load_ontologies(beside) if beside is not None else {}
    facts = not corpus and all(row.facts for row in rows)
    open_set = not allowed and not facts and not corpus
    metrics: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    with fetching(settings) as how, ExitStack() as stack:
        opened = (
            _spacy(settings, how, allowed, open_set=open_set)
            if extractor == "spacy"
            else _model(_spec(extractor), settings, how, allowed, (replies, stack))
        )
        done = run(rows, opened.of, batch=opened.batch, size=opened.size)
        if corpus:
            found = {row.id: one for row, one in zip(rows, done.triples, strict=True)}
            metrics, intervals = triples_links.links(questions, found, seed=seed)
        elif facts:
            from drag.models.embed import load_embedder
            from eval.triples import hallucinated
            from eval.triples_facts import coverage

            vectors = load_embedder(settings.models.embedder, how)
            metrics, intervals = coverage(rows, done.triples, vectors, seed=seed)
            metrics["hallucinated_entities"] = hallucinated(rows, done.triples)
            metrics["triples"] = sum(len(one or ()) for one in done.triples) / len(rows)
        else:
            metrics, intervals = scores(rows, done.triples, held=bool(allowed), seed=seed)
        metrics |= opened.cost(rows, done.seconds)
    failures = sum(one is None for one in done.triples)
    made_with = {
        "data": data.name,
        "extractor": extractor,
        "style": opened.style,
        "ontology": beside.name if beside is not None else None,
        "seed": seed,
        "limit": limit,
        "errors": sorted(set(done.errors))[:5],
    }
    size = sum(len(one.gold) for one in questions) if corpus else len(rows)
    show(Report("triples", size, metrics, intervals, failures, made_with), file)
    if failures == len(rows):
        raise ConfigError("every row failed: nothing was measured")


@dataclass(frozen=True, slots=True)
class _Opened:
    """An extractor for each row, and what it costs: a function of the rows and the seconds they took."""

    of: Callable[[Row], Extractor]
    cost: Callable[[Sequence[Row], float], dict[str, float]]
    batch: int
    style: str
    size: int | None = None


def _spec(extractor: str) -> str:
    kind, _, spec = extractor.partition(":")
    if kind != "llm":
        raise ConfigError(f"'{extractor}' is no extractor: give spacy, llm or llm:SPEC")
    return spec or _DEFAULT_MODEL


def _spacy(settings: Settings, how: Fetching, allowed: dict[str, Ontology], *, open_set: bool) -> _Opened:
    from drag.extract import SpacyExtractor, load_spacy
    from eval.triples import ontology_of
    from eval.triples_links import speed
    from graphs.spacy_reader import SpacyReader

    nlp = load_spacy(settings, how)
    style = "open" if open_set else "graph"
    reader = SpacyReader(nlp, style=style)
    free = SpacyExtractor(reader)
    held = {name: SpacyExtractor(SpacyReader(nlp, ontology=one)) for name, one in allowed.items()}

    def of(row: Row) -> Extractor:
        return held[ontology_of(row, allowed).name] if allowed else free

    return _Opened(of, lambda rows, seconds: speed(nlp, reader, rows), 256, "ontology" if allowed else style)


def _model(
    spec: str,
    settings: Settings,
    how: Fetching,
    ontologies: dict[str, Ontology],
    kept: tuple[Path | None, ExitStack],
) -> _Opened:
    from drag.extract import ModelExtractor, load_spacy
    from drag.extraction import held_by
    from drag.models import load_model
    from drag.models.cached import with_store
    from eval.triples import ontology_of
    from eval.triples_usage import FileStore, metered

    replies, stack = kept
    inner = load_model(spec, settings, how=how)
    stack.callback(inner.close)
    meter = metered(inner)
    model: LanguageModel = meter
    if replies is not None:
        store: ReplyStore = FileStore(replies)
        model = with_store(meter, store)
    made: dict[str, Extractor] = {}
    pipeline = cache(lambda: load_spacy(settings, how))

    def of(row: Row) -> Extractor:
        if not ontologies:
            return made.setdefault("", ModelExtractor(model))
        one = ontology_of(row, ontologies)
        if one.name not in made:
            made[one.name] = held_by(one, pipeline)(model)
        return made[one.name]

    # A model reads a long text as a build gives it one: in pieces.
    return _Opened(of, meter.cost, 1, "ontology" if ontologies else "free", settings.documents.chunk)


def _beside(data: Path) -> Path | None:
    """`tekgen_ontologies.json` beside `tekgen_dev.jsonl`."""
    found = data.with_name(data.stem.partition("_")[0] + "_ontologies.json")
    return found if found.is_file() else None
