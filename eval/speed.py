"""`drag eval speed`: ratios measured in one run, because the seconds of a shared machine mean little."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from drag.answer import style_of
from drag.pack import Built, Pack, PackWriter
from drag.pack.triples import triple_id
from drag.pipeline import Student
from drag.prompts import answer as answer_prompt
from drag.protocols import Embedder, LanguageModel
from drag.settings import Ask
from drag.types import Evidence, Question, Ranked, texts
from eval.metrics import bootstrap
from eval.report import Report
from graphs import Triple, merge, verbalise

Value = TypeVar("Value")

_PLACES = ("Leeds", "Ghent", "Porto", "Turku", "Gdynia", "Cadiz", "Bergen", "Split", "Trieste", "Cork")
_THINGS = ("clock", "bridge", "library", "tannery", "windmill", "observatory", "ferry", "cannery", "archive", "forge")
_PEOPLE = ("Mara Finch", "Ivo Lund", "Ada Brandt", "Piet Moor", "Nils Aker", "Rosa Vela", "Jon Tarn", "Eva Holm")


def ask(
    student: LanguageModel,
    embedder: Embedder,
    embedder_name: str,
    *,
    evidence: int,
    rounds: int,
    seed: int,
    sanitize: Callable[[str], object] | None = None,
) -> Report:
    """What `ask` adds to the model's own time, warm, on a pack of `evidence` pieces of made-up text.

    `overhead_ms` is the median of sanitize, embed, retrieve and prompt together; `<stage>_ms` of each;
    `ratio/ask` is the time of a whole answer over that of the bare model on the same prompt, pair by pair.
    """
    drawn = random.Random(seed)  # noqa: S311 - made-up text, no secret
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speed.pack"
        questions = _pack(path, embedder, embedder_name, evidence, drawn)
        with Pack(path) as pack:
            limits = Ask(threshold=0)  # the student is to be timed, whatever it was asked
            one = Student(student, pack, embedder, limits)
            one.ask(questions[0])  # warm: weights, caches, the FAISS index, the detectors
            if sanitize is not None:
                sanitize(questions[0].text)
            stages: dict[str, list[float]] = {"sanitize": [], "context": [], "prompt": []}
            ratios: list[float] = []
            for question in drawn.sample(questions, min(rounds, len(questions))):
                stages["sanitize"].append(_clock(lambda q=question: sanitize(q.text) if sanitize else None)[0])
                spent, context = _clock(lambda q=question: one.context(q))
                stages["context"].append(spent)
                spent, prompt = _clock(
                    lambda q=question, c=context: answer_prompt(
                        q, texts(c.evidence), verbalise(c.graph), style_of(student), limits.max_tokens
                    )
                )
                stages["prompt"].append(spent)
                # Once before both: the engine keeps what it has read, and the second would profit from the first.
                student.generate([prompt])
                bare, _ = _clock(lambda p=prompt: student.generate([p]))
                whole, _ = _clock(lambda q=question: one.ask(q))
                ratios.append(whole / bare)
    overhead = [1000 * sum(times) for times in zip(*stages.values(), strict=True)]
    metrics = {"overhead_ms": _median(overhead), "overhead_ms/worst": max(overhead)}
    metrics |= {f"{name}_ms": 1000 * _median(times) for name, times in stages.items()}
    metrics["ratio/ask"] = _median(ratios)
    settings = {"evidence": evidence, "rounds": len(ratios), "seed": seed, "student": student.name}
    intervals = {"overhead_ms": bootstrap(overhead, seed=seed), "ratio/ask": bootstrap(ratios, seed=seed)}
    return Report("speed", len(ratios), metrics, intervals, 0, settings)


def _pack(path: Path, embedder: Embedder, name: str, evidence: int, drawn: random.Random) -> list[Question]:
    """A pack of made-up facts, five to a question."""
    questions: list[Question] = []
    with PackWriter(path) as writer:
        writer.set_meta(embedder=name)
        for number in range(max(1, evidence // 5)):
            thing, place = drawn.choice(_THINGS), drawn.choice(_PLACES)
            question = Question(f"q{number}", f"Who built {thing} number {number} of {place}?")
            pieces = [
                Evidence.of(
                    f"The {thing} number {number} of {place} was built by {drawn.choice(_PEOPLE)} "
                    f"in {1700 + drawn.randrange(250)}, and part {part} of it was moved to {drawn.choice(_PLACES)}.",
                    "teacher:none",
                )
                for part in range(5)
            ]
            pieces = list({piece.id: piece for piece in pieces}.values())
            triples = [Triple(f"{thing} {number}", "stands in", place, piece.id) for piece in pieces]
            ranked = [Ranked(piece, rank, 1 / rank, {}) for rank, piece in enumerate(pieces, 1)]
            facts = [Ranked(fact, rank, 1 / rank, {}) for rank, fact in enumerate(merge(triples), 1)]
            lines = verbalise(fact.item.triple for fact in facts)
            vectors = embedder.encode([question.text, *texts(pieces), *lines], normalize_embeddings=True)
            keys = [("question", question.id), *(("evidence", piece.id) for piece in pieces)]
            keys += [("triple", triple_id(fact.item.triple)) for fact in facts]
            writer.write(Built(question, "blind", ranked, facts, dict(zip(keys, vectors, strict=True))), "speed")
            questions.append(question)
    return questions


def _clock(work: Callable[[], Value]) -> tuple[float, Value]:
    started = time.perf_counter()
    value = work()
    return time.perf_counter() - started, value


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
