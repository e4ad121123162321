"""The options that evaluations share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from drag.cli.options import prompt_options

_seed = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of every draw.")
_json = click.option(
    "--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write JSON; - for stdout."
)
_embedder = click.option("--embedder", metavar="SPEC", help="Who embeds.  [default: all-minilm-l6-v2]")

_common = (
    click.option("--limit", type=click.IntRange(min=1), help="Only N rows."),
    _seed,
    _json,
    click.option("--student", metavar="SPEC", help="Who answers.  [default: smollm2-135m]"),
    _embedder,
)


def with_common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --limit, --seed, --json, --student and --embedder."""
    return _with(command, _common)


_corpus = (
    click.argument("corpus", type=click.Path(exists=True, path_type=Path)),
    click.argument("questions", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
    click.option("--limit", type=click.IntRange(min=1), help="Only N questions; the corpus stays whole."),
    _seed,
    _json,
    _embedder,
    click.option("--extractor", metavar="NAME", help="Triples by spacy, llm, llm:SPEC or none.  [default: spacy]"),
    click.option(
        "--pack",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The pack to search; CORPUS is added as far as it is not in it.  [default: one in the cache]",
    ),
)


_answering = (
    click.option("--max-tokens", type=click.IntRange(min=1), help="Length of an answer, at most.  [default: 64]"),
    prompt_options,
    click.option("--threshold", type=click.FloatRange(0, 1), help="Abstain below; 0: never.  [default: 0.25]"),
)


def with_answering(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --max-tokens, --threshold and those of `prompt_options`: how questions are answered."""
    return _with(command, _answering)


def with_corpus(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add CORPUS, QUESTIONS, --limit, --seed, --json, --embedder, --extractor and --pack."""
    return _with(command, _corpus)


def _with(command: Callable[..., Any], options: Sequence[Callable[[Any], Any]]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command
