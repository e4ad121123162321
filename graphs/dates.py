"""Births and deaths as encyclopaedias write them: `(born 5 October 1987 in Leeds)`, `(1901 – 1980)`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from graphs.nodes import Node, Nodes
from graphs.spacy_tree import Tree

_MONTH: Final = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?|July?|Aug(?:ust|\.)?|"
    r"Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
DATE: Final = re.compile(
    rf"(?:\b\d{{1,2}}(?:st|nd|rd|th)? {_MONTH},? \d{{3,4}}\b|\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{3,4}}\b"
    rf"|\b{_MONTH},? \d{{3,4}}\b|\b\d{{1,2}} {_MONTH}\b|\b\d{{4}}-\d\d-\d\d\b|\b\d{{3,4}}\b)"
)
_BRACKET: Final = re.compile(r"\(([^()]{3,200})\)")
_DASH: Final = re.compile(r"\s*[–—−]\s*|\s+-\s+|(?<=\d)\s*-\s*(?=\d)|(?<=\d)-\s|\s+to\s+")
_BORN: Final = re.compile(r"\b(?:born|b\.|née)(?:\s|$)|\*\s*(?=\d)", re.IGNORECASE)
_DIED: Final = re.compile(r"\b(?:died|d\.)(?:\s|$)|†", re.IGNORECASE)
_PLACE: Final = re.compile(r"(?:^|[\s,;])(?:in|at|near)\s+(?=[^\W\d_])|,\s*(?=[^\W\d_a-z])")
_SURE: Final = 0.95
_SURE_PLACE: Final = 0.85


@dataclass(frozen=True, slots=True)
class Life:
    """What brackets say of somebody: (relation, date or place) pairs."""

    who: Node
    says: tuple[tuple[str, Node], ...]
    confidence: float = _SURE


def lives(tree: Tree, nodes: Nodes) -> Iterator[Life]:
    """The births and deaths in the brackets of a text, each of the name that stands before its bracket."""
    if "(" not in tree.text:
        return
    ends = {end: place for place, end in enumerate(tree.ends)}
    for match in _BRACKET.finditer(tree.text):
        inside = match.group(1)
        dates = list(DATE.finditer(inside))
        if not dates:
            continue
        born, died = _parts(inside, dates)
        if not born and not died:
            continue
        before = tree.text[: match.start()].rstrip()
        place = ends.get(len(before))
        who = _owner(tree, nodes, place)
        if who is None or (who.type not in {"PERSON", ""} and not nodes.is_topic(who)):
            continue
        start = match.start(1)
        says = [*_says(tree, nodes, inside, born, start, "born"), *_says(tree, nodes, inside, died, start, "died")]
        if says:
            yield Life(who, tuple(says))


def _parts(inside: str, dates: list[re.Match[str]]) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """Where the bracket speaks of the birth and where of the death."""
    born, died = _BORN.search(inside), _DIED.search(inside)
    if born or died:
        if born and died:
            return (born.end(), died.start()), (died.end(), len(inside))
        if born:
            dash = next(
                (
                    one
                    for one in _DASH.finditer(inside, born.end())
                    if len(dates) > 1 and one.start() > dates[0].end() - 1
                ),
                None,
            )
            if dash and DATE.search(inside, dash.end()):
                return (born.end(), dash.start()), (dash.end(), len(inside))
            return (born.end(), len(inside)), None
        return None, (died.end() if died else 0, len(inside))
    # Two dates with a dash between them; two bare years may be a reign or a run, but stand after a person's name.
    for dash in _DASH.finditer(inside):
        first = [one for one in dates if one.end() <= dash.start()]
        second = [one for one in dates if one.start() >= dash.end()]
        if first and second:
            return (first[0].start(), dash.start()), (dash.end(), len(inside))
    return None, None


def _says(  # noqa: PLR0917
    tree: Tree, nodes: Nodes, inside: str, part: tuple[int, int] | None, shift: int, word: str
) -> Iterator[tuple[str, Node]]:
    if part is None:
        return
    start, end = part
    date = DATE.search(inside, start, end)
    if date is not None:
        node = _cover(tree, date.start() + shift, date.end() + shift, "DATE")
        if node is not None:
            yield (
                f"{word} on"
                if re.search(r"[A-Z]", date.group()) and re.match(r"\d{1,2}\b|.*\d,", date.group())
                else f"{word} in",
                node,
            )
    rest = date.end() if date is not None else start
    seen = set[int]()
    for place in range(len(tree.words)):
        if not shift + rest <= tree.starts[place] < shift + end:
            continue
        number = nodes.span[place]
        if number < 0 or number in seen:
            continue
        seen.add(number)
        if nodes.spans[number][2] in {"GPE", "LOC", "FAC", "ORG", "EVENT", "PERSON"} and _PLACE.search(
            inside[rest : tree.starts[nodes.spans[number][0]] - shift] + "X"
        ):
            node = nodes.node(nodes.spans[number][1] - 1)
            if node is not None and not nodes.is_topic(node):
                yield f"{word} in", node


def _owner(tree: Tree, nodes: Nodes, place: int | None) -> Node | None:
    """Who a bracket speaks of: the name right before it, or the topic where that is the subject of its sentence."""
    if place is None:
        return None
    if nodes.topic is not None and nodes.lead is not None and tree.sentence[place] == tree.sentence[nodes.lead]:
        verb = tree.head[nodes.lead]
        if place < verb or place <= nodes.lead:
            return nodes.resolved.get(nodes.lead)
    while place > 0 and tree.pos[place] == "PUNCT":
        place -= 1
    if nodes.span[place] < 0 and tree.pos[place] not in {"PROPN"}:
        return None
    return nodes.node(place)


def _cover(tree: Tree, start: int, end: int, label: str) -> Node | None:
    inside = [place for place in range(len(tree.words)) if tree.starts[place] >= start and tree.ends[place] <= end]
    if not inside:
        return None
    return Node(tree.text[start:end], label, inside[0], inside[-1] + 1)
