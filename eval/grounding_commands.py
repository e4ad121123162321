"""`drag eval grounding`, as a command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from drag.errors import ConfigError

_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_new = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("data", type=_file, nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(min=1), help="Only N records of each file.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of every draw.")
@click.option("--json", "file", type=_new, help="Write JSON; - for stdout.")
@click.option("--embedder", metavar="SPEC", help="Who embeds.  [default: all-minilm-l6-v2]")
@click.option("--calibration", type=_file, help="Weights to judge with.  [default: those of the settings]")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Least probability that evidence can answer.")
@click.option("--fit", "fitted", type=_new, metavar="FILE", help="Fit the weights to all of this, and write them.")
@click.option("--gain", is_flag=True, help="For --fit: weigh, too, what the evidence adds to an answer's likelihood.")
@click.option("--open", "opens", type=_file, multiple=True, help="For --fit: questions with evidence of their own.")
@click.option(
    "--retrieval", "pairs", type=(_file, _file), multiple=True, metavar="CORPUS QUESTIONS", help="For --fit: a corpus."
)
@click.pass_obj
def grounding(
    config: str | None,
    *,
    data: Sequence[Path],
    limit: int | None,
    seed: int,
    file: Path | None,
    embedder: str | None,
    calibration: Path | None,
    threshold: float | None,
    fitted: Path | None,
    gain: bool,
    opens: Sequence[Path],
    pairs: Sequence[tuple[Path, Path]],
) -> None:
    """Tell questions that the evidence can answer from others, and right answers from made-up ones.

    A record of DATA has `question` and `evidence`, and either `answerable` (true or false), or an `answer` and whether
    it is `grounded` in the evidence. No student is asked: these are the judgements by which `drag ask` abstains.

    DATA may also be what `drag eval open --run` kept: answers, of which the confidence is judged.

    --fit chooses the weights anew, from DATA and what --open and --retrieval add: there the evidence of a question is
    set against the nearest evidence of others. Point `[ask] calibration` at the file to use them. What is then
    reported was measured on the data that the weights were fitted to: keep some of it apart.
    """
    from dataclasses import replace

    from drag.cli.console import errors
    from drag.cli.progress import fetching
    from drag.confidence import DEFAULT, Calibration
    from drag.models.embed import load_embedder
    from drag.questions import read_questions
    from drag.settings import Settings
    from eval.calibrate import fit, pairs_of_corpus, pairs_of_open
    from eval.draw import draw
    from eval.grounding import judge, read_cases, summarise
    from eval.report import show

    if fitted is None and (opens or pairs or gain):
        raise ConfigError("--open, --retrieval and --gain are about what is fitted: give --fit as well")
    settings = Settings.load(config).override("models", embedder=embedder)
    source = calibration or settings.ask.calibration
    weights = Calibration.load(source) if source else DEFAULT
    least = threshold if threshold is not None else settings.ask.threshold
    if least is not None:
        weights = replace(weights, threshold=least)
    groups = [draw(read_cases(path), limit, seed) for path in data]
    with fetching(settings) as how:
        encoder = load_embedder(settings.models.embedder, how)
    judged = [list(judge(cases, encoder)) for cases in groups]
    if fitted is not None:
        more = [pairs_of_open(draw(read_questions(path), limit, seed), encoder) for path in opens]
        more += [pairs_of_corpus(corpus, questions, encoder) for corpus, questions in pairs]
        weights = fit([*judged, *(list(judge(cases, encoder)) for cases in more)], weights, gain=gain)
        weights.save(fitted)
        errors.print(f"{fitted}: fitted to {sum(map(len, groups)) + sum(map(len, more))} cases", markup=False)
    told = {
        "data": [path.name for path in data],
        "limit": limit,
        "seed": seed,
        "embedder": settings.models.embedder,
        "threshold": weights.threshold,
        "fitted": fitted is not None,
    }
    show(summarise([one for group in judged for one in group], weights, seed=seed, settings=told), file)
