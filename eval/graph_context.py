"""`drag eval graph`: what a student reads of a graph, against the same number of tokens of text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from drag import prompts
from drag.errors import ConfigError, DragError
from drag.prompts import ABSTENTION, Style
from drag.protocols import LanguageModel
from drag.questions import to_question
from drag.retrieve import Retriever
from drag.settings import Ask
from drag.types import Question
from eval.metrics import bootstrap, contains, mcnemar, mean, normalise
from eval.records import read_records
from eval.report import Report
from eval.triples import triples_of
from graphs import Triple, normal_form, verbalise
from graphs.verbalise import Style as Wording

WORDINGS: Final[tuple[Wording, ...]] = ("sentences", "arrows", "grouped")
TEXT: Final = "bm25"
"""The arm that the others are compared with."""

Count = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the tails of its gold triples, and how many steps it takes to answer (`kind_of`)."""

    question: Question
    tails: tuple[str, ...]
    kind: str

    @property
    def telling(self) -> bool:
        """Whether an accepted answer in a context says anything: not `yes`, and not what the question names already."""
        gold = [normalise(one) for one in self.question.gold]
        asked = f" {normalise(self.question.text)} "
        return bool(gold) and not any(one in {"", "yes", "no"} or f" {one} " in asked for one in gold)


@dataclass(frozen=True, slots=True)
class Read:
    """What one arm gives the student to read."""

    evidence: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join((*self.evidence, *self.facts))


def read_asked(path: Path) -> list[Asked]:
    """The questions with `answers` and gold `triples`. Raises `ConfigError` where there is none."""
    found: list[Asked] = []
    for number, record in read_records(path):
        where = f"{path}, line {number}"
        gold = triples_of(record, where)
        try:
            question = to_question(record)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from error
        if gold and question.gold:
            kind = record.get("type")
            named = kind if isinstance(kind, str) and kind else kind_of(gold)
            found.append(Asked(question, tuple(tail for _, _, tail in gold), named))
    if not found:
        raise ConfigError(f"{path} holds no record with 'answers' and 'triples'")
    return found


def kind_of(gold: Sequence[tuple[str, str, str]]) -> str:
    """The type of a question that has none, from its gold triples.

    `chain`: the tail of one is the head of another (the director of a film, and where he was born); `comparison`: none
    is, so the facts stand side by side; `chain+comparison`: several chains side by side (three triples and more).
    """
    heads = {normal_form(head) for head, _, _ in gold}
    chained = any(normal_form(tail) in heads for _, _, tail in gold)
    return ("chain+comparison" if len(gold) > 2 else "chain") if chained else "comparison"


def cut(texts: Sequence[str], budget: int, count: Count) -> tuple[str, ...]:
    """The texts, the first first, up to `budget` tokens: the last one is cut after the last word that fits."""
    kept: list[str] = []
    left = budget
    for text in texts:
        size = count(text)
        if size <= left:
            kept.append(text)
            left -= size
            continue
        words = text.split()
        low, high = 0, len(words)
        while low < high:  # the most words that fit
            middle = (low + high + 1) // 2
            low, high = (middle, high) if count(" ".join(words[:middle])) <= left else (low, middle - 1)
        return (*kept, " ".join(words[:low])) if low else tuple(kept)
    return tuple(kept)


def said(triples: Sequence[Triple], wording: Wording, budget: int, count: Count) -> tuple[str, ...]:
    """As many of the triples, the first first, as fit `budget` tokens in that wording."""
    chosen: list[Triple] = []
    lines: list[str] = []
    for one in triples:
        further = verbalise([*chosen, one], wording)
        if count("\n".join(further)) <= budget:
            chosen.append(one)
            lines = further
    return tuple(lines)


def contexts(  # noqa: PLR0917
    one: Asked, words: Retriever, fused: Retriever, budget: int, count: Count, wordings: Sequence[Wording]
) -> dict[str, Read]:
    """What each arm gives to read: all have the same number of tokens at most.

    `bm25`: the text of the pieces that BM25 finds; `text`: of those that the product finds; `graph`: the triples that
    the product chooses, `graph-arrows` and `graph-grouped` the same in other wordings; `half`: as many tokens of each.
    """
    question = one.question.text
    plain = [each.item.titled for each in words.search(question)]
    found = [each.item.titled for each in fused.search(question)]

    def triples(tokens: int) -> Sequence[Triple]:
        # More than can fit in any wording: how many do is found afterwards.
        limits = Ask(graph_tokens=2 * tokens)
        return fused.context(question, limits, count, evidence=False).graph.triples

    read = {TEXT: Read(cut(plain, budget, count)), "text": Read(cut(found, budget, count))}
    chosen = triples(budget)
    for wording in wordings:
        name = "graph" if wording == WORDINGS[0] else f"graph-{wording}"
        read[name] = Read(facts=said(chosen, wording, budget, count))
    half = budget // 2
    read["half"] = Read(cut(found, half, count), said(chosen, WORDINGS[0], budget - half, count))
    return read


def ask(model: LanguageModel, question: Question, read: Read, *, style: Style, max_tokens: int) -> str | None:
    """What the student answers after reading that, prompted as the product does; None where it fails."""
    try:
        (reply,) = model.generate([prompts.answer(question, read.evidence, read.facts, style, max_tokens)])
    except DragError:
        return None
    return None if isinstance(reply, DragError) else reply.text


def summarise(
    asked: Sequence[Asked],
    read: Sequence[Mapping[str, Read]],
    answers: Sequence[Mapping[str, str | None]],
    *,
    seed: int,
    settings: Mapping[str, object],
) -> Report:
    """Measures of each arm, over all questions and over each type (`…/<type>`), with bootstrap intervals.

    `tails/<arm>`: share of the tails of a question's gold triples that stand in what the arm gives to read;
    `all_tails`: all of them do; `answer`: an accepted answer does, over the questions whose answer is not `yes` or `no`
    and not named in the question itself. Of the questions that were put to the student (the first of `asked`, as many
    as there are `answers`): `contains/<arm>`, an accepted answer stands in what it said; `telling/<arm>`, the same over
    the questions that `answer` is over. `p/<measure>/<arm>`: McNemar's exact test against `bm25`, paired.
    """
    metrics: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    kinds = sorted({one.kind for one in asked})
    failures = sum(None in one.values() for one in answers)
    put_to = asked[: len(answers)]
    counts: dict[str, int] = {}

    def put(measure: str, values: Mapping[str, Sequence[float]], of: Sequence[Asked]) -> None:
        for kind in ("", *(kinds if len(kinds) > 1 else ())):
            rows = [place for place, one in enumerate(of) if kind in ("", one.kind)]
            if not rows:
                continue
            counts[f"{measure}/{kind}" if kind else measure] = len(rows)
            first = [values[TEXT][place] == 1 for place in rows]
            for arm, all_values in values.items():
                name = f"{measure}/{arm}/{kind}" if kind else f"{measure}/{arm}"
                metrics[name] = mean([all_values[place] for place in rows])
                intervals[name] = bootstrap([all_values[place] for place in rows], seed=seed)
                if arm != TEXT and measure != "tails":
                    metrics[f"p/{name}"] = mcnemar(first, [all_values[place] == 1 for place in rows])

    def each(of: Sequence[int], measure: Callable[[int, str], float]) -> dict[str, list[float]]:
        return {arm: [measure(place, arm) for place in of] for arm in read[0]}

    everything = range(len(asked))
    telling = [place for place in everything if asked[place].telling]
    shares = each(everything, lambda place, arm: _share(read[place][arm].text, asked[place].tails))
    put("tails", shares, asked)
    put("all_tails", {arm: [float(value == 1) for value in values] for arm, values in shares.items()}, asked)
    put(
        "answer",
        each(telling, lambda place, arm: float(contains(read[place][arm].text, asked[place].question.gold))),
        [asked[place] for place in telling],
    )
    if answers:
        right = each(range(len(answers)), lambda place, arm: float(_right(answers[place][arm], asked[place].question)))
        put("contains", right, put_to)
        some = [place for place in telling if place < len(answers)]
        put(
            "telling",
            {arm: [values[place] for place in some] for arm, values in right.items()},
            [asked[place] for place in some],
        )
    return Report("graph", len(asked), metrics, intervals, failures, {**settings, "questions_of": counts})


def _share(text: str, tails: Sequence[str]) -> float:
    return mean([float(contains(text, [tail])) for tail in tails])


def _right(reply: str | None, question: Question) -> bool:
    if reply is None:
        return False
    said, _, _ = prompts.parse_answer(reply, 0)
    return ABSTENTION not in said.casefold() and contains(said, question.gold)
