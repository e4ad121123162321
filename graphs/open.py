"""Open-style triples: what each clause says, in the text's own words and with whole noun phrases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from graphs.clauses import Clause, clauses
from graphs.spacy_tree import NOUNS, RELATIVES, Tree
from graphs.triple import Triple

_CLAUSE: Final = 0.8
_BORROWED: Final = 0.65
_NOUN: Final = 0.6
# Clauses inside a noun phrase have triples of their own.
_OUTER: Final = frozenset({"relcl", "appos", "advcl", "parataxis"})
_LOOSE: Final = _OUTER | {"acl", "conj", "cc", "punct", "preconj"}
_EDGE: Final = frozenset({",", ".", ";", ":", "-", "--", "–", "—"})
_QUESTIONS: Final = RELATIVES | {"how", "why"}


@dataclass(frozen=True, slots=True)
class _Said:
    """Tokens of head and tail; the relation is tokens too, or a word that the text leaves out."""

    head: list[int]
    relation: list[int]
    tail: list[int]
    sure: float
    word: str = ""


def statements(tree: Tree, evidence_id: str) -> Iterator[Triple]:
    """The triples of a text, each once: of its clauses in their order, then of its noun phrases."""
    seen: set[tuple[str, str, str]] = set()
    for said in (*(one for clause in clauses(tree) for one in _clause(tree, clause)), *_nouns(tree)):
        head, relation, tail = _trimmed(tree, said.head), said.relation, _trimmed(tree, said.tail)
        parts = tree.say(head), said.word or tree.say(relation), tree.say(tail)
        if not all(any(letter.isalnum() for letter in part) for part in parts) or parts in seen:
            continue
        seen.add(parts)
        places = [*head, *relation, *tail]
        span = (tree.starts[min(places)], tree.ends[max(places)])
        yield Triple(*parts, evidence_id, _type(tree, head), _type(tree, tail), span, said.sure)


def _clause(tree: Tree, clause: Clause) -> Iterator[_Said]:
    sure = _BORROWED if clause.borrowed or clause.antecedent else _CLAUSE
    relation = _verb(tree, clause)
    adjuncts = _adjuncts(tree, clause)
    for subject in clause.subjects:
        head = _phrase(tree, subject, _LOOSE if clause.antecedent else _OUTER)
        for one, tail in _says(tree, clause, relation, adjuncts):
            yield _Said(head, one, tail, sure)


def _says(
    tree: Tree, clause: Clause, relation: list[int], adjuncts: list[list[int]]
) -> Iterator[tuple[list[int], list[int]]]:
    """(relation, tail) of each thing that the clause says."""
    objects = [kid for kid in clause.objects if tree.lower[kid] not in RELATIVES]
    beside = sorted({place for one in adjuncts for place in one})
    whole = [tree.under(kid) for kid in tree.kids[clause.verb] if tree.dep[kid] == "ccomp" and kid > clause.verb]
    for kid in objects:
        if tree.dep[kid] == "acomp":
            yield from _adjective(tree, relation, kid, beside)
            continue
        tail = _phrase(tree, kid, _OUTER)
        yield relation, sorted({*tail, *beside})
    for tail in whole:
        yield relation, tail
    if clause.gap is not None and not objects:
        yield relation, _phrase(tree, clause.gap, _LOOSE)
    elif not objects and not whole:
        for one in adjuncts:
            first = one[0]
            if tree.dep[first] in {"prep", "agent", "dative"} and len(one) > 1:
                yield [*relation, first], one[1:]
            else:
                yield relation, one


def _adjective(tree: Tree, relation: list[int], place: int, beside: list[int]) -> Iterator[tuple[list[int], list[int]]]:
    """`is subject to` approval: the adjective goes to the relation where something follows it."""
    after = next((kid for kid in tree.kids[place] if tree.dep[kid] in {"prep", "xcomp"} and kid > place), None)
    if after is None:
        yield relation, sorted({*tree.under(place), *beside})
        return
    tail = tree.under(after)
    rest = [one for one in tree.under(place) if one not in tail]
    if tree.dep[after] == "prep":
        rest, tail = [*rest, after], [one for one in tail if one != after]
    yield [*relation, *rest], tail


def _adjuncts(tree: Tree, clause: Clause) -> list[list[int]]:
    """The phrases beside the objects: with a preposition, or of time."""
    found: list[list[int]] = []
    for kid in tree.kids[clause.verb]:
        if kid in clause.preps:
            places = tree.under(kid, _OUTER)
            if len(places) > 1 and not any(tree.lower[one] in {"which", "whom"} for one in places[:3]):
                found.append(places)
        elif tree.dep[kid] in {"npadvmod", "advmod"} and kid > clause.verb:
            found.append(tree.under(kid))
    return found


def _verb(tree: Tree, clause: Clause) -> list[int]:
    """The verbs with their auxiliaries, negation, particle and the adverbs before them."""
    tokens: list[int] = []
    for verb in clause.chain:
        for kid in tree.kids[verb]:
            before = tree.dep[kid] == "advmod" and kid < verb and not tree.kids[kid] and tree.pos[kid] == "ADV"
            if tree.dep[kid] in {"aux", "auxpass", "neg", "prt"} or (before and tree.lower[kid] not in _QUESTIONS):
                tokens.append(kid)
        tokens.append(verb)
    return sorted(set(tokens))


def _phrase(tree: Tree, place: int, without: frozenset[str]) -> list[int]:
    return _trimmed(tree, tree.under(place, without))


def _trimmed(tree: Tree, places: Sequence[int]) -> list[int]:
    """Without the marks at its ends."""
    first, after = 0, len(places)
    while first < after and tree.words[places[first]] in _EDGE:
        first += 1
    while after > first and tree.words[places[after - 1]] in _EDGE:
        after -= 1
    return list(places[first:after])


def _nouns(tree: Tree) -> Iterator[_Said]:
    """Appositions. Possession and adjectives are left out: on open sets they cost more precision than they bring."""
    for place, dep in enumerate(tree.dep):
        governor = tree.head[place]
        if dep == "appos" and tree.pos[place] in NOUNS and tree.pos[governor] in NOUNS:
            yield _Said(_phrase(tree, governor, _LOOSE), [], _phrase(tree, place, _OUTER), _NOUN, "is")


def _type(tree: Tree, places: Sequence[int]) -> str:
    """The type of the name that makes up a phrase, if one does."""
    numbers = {tree.entity[place] for place in places if tree.pos[place] not in {"DET", "PUNCT", "PART"}}
    number = next(iter(numbers)) if len(numbers) == 1 else -1
    return tree.entities[number][2] if number >= 0 else ""
