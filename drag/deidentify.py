"""Questions without their private words, for packs that a remote teacher writes; and the words back, for display.

What goes into such a build is de-identified at the door: from there on no stage, request, reply or table has the words
to lose. Each question gets placeholders of its own (`<PERSON_QKTZMAWE1>`), which follow from its original text under
the key of this device. Who asks the same question again, word for word and with that key, gets its words back in the
evidence. For all others the placeholders read "a person", for somebody whose question reads the same without its names
too: what is told there is told about somebody else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from drag.errors import DragError, PackError, PrivacyError
from drag.pack import Built, PackWriter
from drag.protocols import LanguageModel
from drag.types import Context, Failure, Question
from graphs import KnowledgeGraph
from privacy.orders import is_order
from privacy.returned import Caught, Hidden, generic
from privacy.vault import PLACEHOLDER, Vault

Hide = Callable[[Sequence[Sequence[str]]], Hidden]
"""De-identifies one question: itself, its choices, and all else that belongs to it (see `privacy.returned.hide`)."""


@dataclass(frozen=True, slots=True)
class Deidentified:
    """Questions that hold no private words, the failures of those that could not be had, and what was hidden."""

    questions: Sequence[Question]
    failures: Sequence[Failure]
    caught: Caught


@dataclass(frozen=True, slots=True)
class Entered:
    """The questions that a build goes on with, and the failures of those that it could not take."""

    questions: Sequence[Question]
    failures: Sequence[Failure]


@runtime_checkable
class Deidentifying(Protocol):
    """A model behind the gateway: it can de-identify what it will be asked about."""

    def deidentify(self, questions: Sequence[Question]) -> Deidentified: ...


def deidentify(questions: Sequence[Question], hide: Hide) -> Deidentified:
    """The same questions with placeholders in texts, choices, gold answers, evidence and ids, in their order.

    `hide` is `Gateway.hide`, or another like it.

    A question that a detector fails on is left out; its failure names its place, never its text. A word that is
    private in one question is hidden in all, unless it is of a kind that is private only beside its question (places,
    dates).
    """
    caught = Caught({})
    hidden: list[Question] = []
    failures: list[Failure] = []
    for place, question in enumerate(questions, 1):
        rest = [*question.gold, *question.evidence, question.id]
        try:
            result = hide([[question.text], question.choices, rest])
        except PrivacyError as error:
            failures.append(Failure(f"private-{place}", "privacy", str(error)))
        else:
            caught.add(result.words, result.scopes)
            hidden.append(_question(question, result.layers, place))
    return Deidentified([_again(one, caught) for one in hidden], failures, caught)


def enter(questions: Sequence[Question], teacher: LanguageModel, writer: PackWriter, *, keep_names: bool) -> Entered:
    """The questions of a build as its pack may hold them.

    A remote teacher's are de-identified unless `keep_names`; a local teacher's stay as they are. Those that cannot be
    de-identified are written as failures, without their text. Raises `PackError` for a pack that was begun the other
    way: one with names in it cannot be cleaned, one without them promises to stay so. Raises `PrivacyError` if the
    detectors cannot be loaded.
    """
    hide_names = not keep_names and isinstance(teacher, Deidentifying)
    begun = writer.meta("embedder") is not None
    hidden_before = writer.meta("privacy") == {"names": "hidden"}
    if begun and hide_names != hidden_before:
        holds = "no real names" if hidden_before else "real names"
        raise PackError(f"{writer.path} was begun as a pack that holds {holds}: choose another file")
    writer.set_meta(privacy={"names": "hidden" if hide_names else "kept"})
    if not (hide_names and isinstance(teacher, Deidentifying)):
        return Entered(questions, ())
    result = teacher.deidentify(questions)
    for failure in result.failures:
        withheld = Question(failure.item_id, "(withheld: it could not be de-identified)")
        writer.write(Built(withheld, "document", (), (), {}, (failure,)), "")
    return Entered(result.questions, result.failures)


def reveal(question: Question, context: Context, hide: Hide | None) -> Context:
    """`context` of a de-identified pack with the words of `question`, where it was written for this very question.

    `hide` is called only where a placeholder was found; it has to have the key that the build had. What belongs to
    other questions, and everything where nothing can be de-identified, gets neutral words ("a person").
    """
    texts = [part for one in context.evidence for part in (one.text, one.title)]
    texts += [part for one in context.graph for part in (one.head, one.relation, one.tail)]
    if not any(PLACEHOLDER.search(text) for text in texts):
        return context
    with _words(question, hide) as vault:

        def show(text: str) -> str:
            return generic(vault.restore(text))

        evidence = tuple(replace(one, text=show(one.text), title=show(one.title)) for one in context.evidence)
        triples = [
            replace(one, head=show(one.head), relation=show(one.relation), tail=show(one.tail)) for one in context.graph
        ]
    return replace(context, evidence=evidence, graph=KnowledgeGraph(triples))


def without_orders(context: Context) -> tuple[Context, int]:
    """`context` without what gives orders to a model, and how many pieces those were: a pack may come from anyone."""
    kept = tuple(one for one in context.evidence if not (is_order(one.text) or is_order(one.title)))
    triples = [one for one in context.graph if not is_order(f"{one.head} {one.relation} {one.tail}")]
    dropped = len(context.evidence) - len(kept) + len(context.graph) - len(triples)
    return (replace(context, evidence=kept, graph=KnowledgeGraph(triples)), dropped) if dropped else (context, 0)


def _words(question: Question, hide: Hide | None) -> Vault:
    try:
        if hide is not None:
            return Vault(hide([[question.text], question.choices]).words)
    except (PrivacyError, DragError):
        # The answer is worth having without the words.
        pass
    return Vault({})


def _question(question: Question, layers: Sequence[Sequence[str]], place: int) -> Question:
    [[text], choices, rest] = layers
    count = len(question.gold)
    key = question.id if rest[-1] == question.id else f"private-{place}"
    return Question(key, text, tuple(choices), tuple(rest[:count]), tuple(rest[count:-1]))


def _again(question: Question, caught: Caught) -> Question:
    def hidden(text: str) -> str:
        return caught.hide(text)[0]

    choices, gold, evidence = (
        tuple(hidden(text) for text in given) for given in (question.choices, question.gold, question.evidence)
    )
    return replace(question, text=hidden(question.text), choices=choices, gold=gold, evidence=evidence)
