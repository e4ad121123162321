"""`drag eval speed resolve`: how long entity resolution takes on a graph of so many names."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from eval.report import Report, show
from graphs import Triple, merge
from graphs.resolve import resolve

_SYLLABLES = (
    "ba",
    "den",
    "cor",
    "lin",
    "mar",
    "tol",
    "ves",
    "kin",
    "ra",
    "sel",
    "um",
    "fre",
    "gan",
    "hol",
    "ys",
    "pra",
)
_KINDS = (("PERSON", 0.4), ("ORG", 0.2), ("GPE", 0.15), ("", 0.25))
_RELATIONS = ("was born in", "born in", "directed", "directed by", "is located in", "founded", "married to", "wrote")


def resolution(entities: int, seed: int, *, dimension: int = 64) -> Report:
    """Seconds to resolve made-up triples that hold at least `entities` names, in all the ways that names vary.

    `seconds` is `resolve` with embeddings given (making them is not in it), `cpu_seconds` the processor's share of it
    (others may use the machine), `seconds/names` is `resolve` without embeddings; `ratio/merge` is that over merging by
    normal form alone, in the same run. `names` and `entities` count before and after.
    """
    drawn = random.Random(seed)  # noqa: S311 - made-up text, no secret
    triples = _triples(entities, drawn)
    names = {name for one in triples for name in (one.head, one.tail)}
    plain, _ = _clock(lambda: merge(triples))
    bare, _ = _clock(lambda: resolve(triples))
    vectors = _vectors(sorted(names), seed, dimension)
    before = time.process_time()
    whole, found = _clock(lambda: resolve(triples, encode=lambda some: [vectors[name] for name in some]))
    metrics = {
        "seconds": whole,
        "cpu_seconds": time.process_time() - before,
        "seconds/names": bare,
        "ratio/merge": bare / plain,
        "names": float(len(names)),
        "triples": float(len(triples)),
        "entities": float(len(found.entities)),
    }
    return Report("speed", len(names), metrics, {}, 0, {"what": "resolve", "entities": entities, "seed": seed})


def _triples(entities: int, drawn: random.Random) -> list[Triple]:
    """Names in documents of some thirty facts: people with surnames alone, acronyms, plurals, other spellings."""
    triples: list[Triple] = []
    seen: set[str] = set()
    while len(seen) < entities:
        place = f"e{len(triples)}"
        here: list[tuple[str, str]] = []
        for _ in range(20):
            kind = drawn.choices([kind for kind, _ in _KINDS], [share for _, share in _KINDS])[0]
            words = [_word(drawn) for _ in range(3 if kind == "ORG" else 2)]
            name = " ".join(word.capitalize() for word in words) if kind else " ".join(words)
            here.append((name, kind))
            vary = drawn.random()
            if kind == "PERSON" and vary < 0.5:
                here.append((words[-1].capitalize(), kind))
            elif kind == "ORG" and vary < 0.3:
                here.append(("".join(word[0] for word in words).upper(), kind))
            elif not kind and vary < 0.3:
                here.append((f"{name}s", kind))
        for _ in range(30):
            (head, head_type), (tail, tail_type) = drawn.sample(here, 2)
            relation = drawn.choice(_RELATIONS)
            triples.append(Triple(head, relation, tail, place, head_type, tail_type))
            seen |= {head, tail}
    return triples


def _word(drawn: random.Random) -> str:
    return "".join(drawn.choice(_SYLLABLES) for _ in range(drawn.randint(2, 3)))


def _vectors(names: Sequence[str], seed: int, dimension: int) -> dict[str, Any]:
    import numpy

    random_numbers = numpy.random.default_rng(seed)
    vectors = random_numbers.standard_normal((len(names), dimension)).astype(numpy.float32)
    vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
    return dict(zip(names, vectors, strict=True))


def _clock(work: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    value = work()
    return time.perf_counter() - started, value


@click.command("resolve")
@click.option("--entities", type=click.IntRange(min=100), default=100_000, show_default=True, help="Names, at least.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the made-up names.")
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write JSON; - for stdout.")
def resolve_command(*, entities: int, seed: int, file: Path | None) -> None:
    """How long it takes to find out which names of a graph are one thing. No model is loaded."""
    show(resolution(entities, seed), file)
