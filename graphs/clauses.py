"""Clauses of a parsed text: which verb says what of whom, in English, by the labels of spaCy's dependency parser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from graphs.spacy_tree import NOUNS, RELATIVES, SUBJECTS, VERBS, Tree

_HELPING: Final = frozenset({"aux", "auxpass"})
_OBJECTS: Final = frozenset({"dobj", "attr", "acomp", "oprd", "dative", "obj"})
# A clause under one of these takes the subject of the clause it hangs under.
_SHARED: Final = frozenset({"conj", "xcomp", "advcl", "dep", "pcomp", "ROOT"})
_DEPTH: Final = 6


@dataclass(frozen=True, slots=True)
class Clause:
    """What one verb says.

    All numbers are tokens of the tree. `chain` holds the verb after those that govern it (`agreed` … `to sell`);
    `subjects` who does it (or who it is done to, where it is `passive`); `antecedent` says that the subject is not
    the verb's own but the noun that a relative or participle clause describes. `gap` is the noun that fills the
    missing object of a relative clause.
    """

    verb: int
    chain: tuple[int, ...]
    subjects: tuple[int, ...]
    objects: tuple[int, ...]
    preps: tuple[int, ...]
    passive: bool
    antecedent: bool = False
    gap: int | None = None
    borrowed: bool = False


def clauses(tree: Tree) -> list[Clause]:
    """The clauses of the text, in text order; a verb without anybody who does it makes none."""
    found: list[Clause] = []
    for place, pos in enumerate(tree.pos):
        if pos not in VERBS and not tree.has(place, "nsubj", "nsubjpass"):
            continue
        if tree.dep[place] in _HELPING or tree.dep[place] in {"amod", "compound", "aux"}:
            continue
        clause = _clause(tree, place)
        if clause is not None:
            found.append(clause)
    return found


def _clause(tree: Tree, verb: int) -> Clause | None:
    kids = tree.kids[verb]
    dep = tree.dep
    own = [kid for kid in kids if dep[kid] in SUBJECTS]
    subjects, antecedent, borrowed = own, False, False
    gap: int | None = None
    passive = any(dep[kid] in {"nsubjpass", "auxpass", "csubjpass"} for kid in kids)
    if dep[verb] == "relcl":
        noun = tree.head[verb]
        relative = [kid for kid in own if tree.lower[kid] in RELATIVES]
        if relative:
            subjects, antecedent = [noun], True
        else:
            gap = noun
    elif dep[verb] == "acl" and not own:
        noun = tree.head[verb]
        if tree.tag[verb] not in {"VBN", "VBD", "VBG"} or tree.pos[noun] not in NOUNS | {"PRON", "NUM", "ADJ"}:
            return None
        passive = passive or tree.tag[verb] in {"VBN", "VBD"}
        subjects, antecedent = [noun], True
    elif not own:
        subjects, antecedent, passive = _borrowed(tree, verb, passive)
        borrowed = True
    if not subjects:
        return None
    if len(subjects) > 1 and tree.dep[subjects[0]] == tree.dep[subjects[-1]]:
        # `The son of X, he directed …`: the last one is the subject, the others say what it is.
        subjects = subjects[-1:]
    return Clause(
        verb,
        _chain(tree, verb),
        tuple(subjects),
        tuple(kid for kid in kids if dep[kid] in _OBJECTS),
        tuple(
            kid for kid in kids if dep[kid] in {"prep", "agent"} or (dep[kid] == "dative" and tree.pos[kid] == "ADP")
        ),
        passive,
        antecedent,
        gap,
        borrowed,
    )


def _borrowed(tree: Tree, verb: int, passive: bool) -> tuple[list[int], bool, bool]:  # noqa: PLR0911, PLR0912
    """Subjects of a verb that has none of its own: those of the verb that it is coordinated with or hangs under."""
    dep = tree.dep
    place = verb
    for _ in range(_DEPTH):
        if dep[place] not in _SHARED or tree.head[place] == place:
            return [], False, passive
        how = dep[place]
        governor = tree.head[place]
        if how == "pcomp":
            governor = tree.head[governor]
        if tree.pos[governor] not in VERBS and not tree.has(governor, "nsubj", "nsubjpass"):
            if how == "conj" and dep[governor] == "acl":
                return [tree.head[governor]], True, True
            return [], False, passive
        if how == "advcl" and place == verb and tree.has(verb, "mark") and tree.tag[verb] not in {"VBN", "VBG", "VB"}:
            return [], False, passive
        own = [kid for kid in tree.kids[governor] if dep[kid] in SUBJECTS]
        if how == "xcomp":
            patient = [kid for kid in tree.kids[governor] if dep[kid] in {"dobj", "dative"}]
            if patient:
                return patient, False, passive
        if how == "conj" and place == verb and tree.has(governor, "auxpass") and tree.tag[verb] in {"VBN", "VBD"}:
            # `was written and directed by` shares the auxiliary; `was founded and grew` brings another form.
            passive = passive or not tree.has(verb, "aux", "auxpass", "dobj")
        if dep[governor] in {"acl", "relcl"}:
            if dep[governor] == "relcl" and own and tree.lower[own[0]] not in RELATIVES:
                return own, False, passive
            participle = dep[governor] == "acl" and tree.tag[governor] in {"VBN", "VBD"} and how == "conj"
            return [tree.head[governor]], True, passive or participle
        if how == "advcl" and tree.tag[verb] == "VBN":
            passive = True
        if own:
            return own, False, passive
        place = governor
    return [], False, passive


def _chain(tree: Tree, verb: int) -> tuple[int, ...]:
    """The verb after the verbs that it completes: `agreed to sell`, `began performing`."""
    chain = [verb]
    place = verb
    governor = tree.head[verb]
    if tree.dep[verb] == "conj" and tree.dep[governor] == "xcomp" and tree.tag[verb] == tree.tag[governor]:
        # `are equipped to change … and modify …`
        place = governor
    while tree.dep[place] == "xcomp" and len(chain) < _DEPTH:
        governor = tree.head[place]
        if tree.has(governor, "dobj", "dative") or tree.pos[governor] not in VERBS:
            break
        chain.insert(0, governor)
        place = governor
    return tuple(chain)
