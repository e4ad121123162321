"""Triples as short text, for a small model to read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, assert_never

from graphs.triple import Triple, normal_form

Style = Literal["sentences", "arrows", "grouped"]


def verbalise(triples: Iterable[Triple], style: Style = "sentences") -> list[str]:
    """One line of text for each fact, or for each head; a list, so that a budget can cut it between lines.

    - `sentences`: `Insulin lowers blood sugar.`
    - `arrows`: `insulin → lowers → blood sugar`
    - `grouped`: `insulin: lowers blood sugar; is made by the pancreas`, one line for each head

    Keeps the order of the triples; a fact that was said before under another spelling is not repeated.
    """
    facts = _distinct(triples)
    match style:
        case "sentences":
            return [_sentence(fact) for fact in facts]
        case "arrows":
            return [f"{fact.head} → {fact.relation} → {fact.tail}" for fact in facts]
        case "grouped":
            return _grouped(facts)
        case _:
            assert_never(style)


def _distinct(triples: Iterable[Triple]) -> list[Triple]:
    first: dict[tuple[str, str, str], Triple] = {}
    for triple in triples:
        key = (normal_form(triple.head), normal_form(triple.relation), normal_form(triple.tail))
        first.setdefault(key, triple)
    return list(first.values())


def _sentence(fact: Triple) -> str:
    text = f"{fact.head} {fact.relation} {fact.tail}"
    # `pH`, `iPhone` and `mRNA` keep their own capitals.
    if text.split(maxsplit=1)[0].islower():
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _grouped(facts: list[Triple]) -> list[str]:
    groups: dict[str, tuple[str, list[str]]] = {}
    for fact in facts:
        _, said = groups.setdefault(normal_form(fact.head), (fact.head, []))
        said.append(f"{fact.relation} {fact.tail}")
    return [f"{head}: {'; '.join(said)}" for head, said in groups.values()]
