"""Who `he`, `its` or `the film` is, where a text leaves one candidate only. Anything less sure stays unresolved."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from graphs.nodes import Node, Nodes
from graphs.spacy_tree import SUBJECTS, Tree

_HE: Final = frozenset({"he", "him", "his", "himself"})
_SHE: Final = frozenset({"she", "her", "hers", "herself"})
_IT: Final = frozenset({"it", "its", "itself"})
_THEY: Final = frozenset({"they", "their", "theirs", "them"})
_NOT_THINGS: Final = frozenset({"DATE", "TIME", "NORP", "LANGUAGE", "PERSON"})


def resolve(nodes: Nodes) -> None:  # noqa: PLR0912
    """Write into `nodes.resolved` what each pronoun and each `the film` of its text stands for."""
    tree = nodes.tree
    topic_sex: frozenset[str] | None = None
    last: Node | None = None  # the subject of the sentence before, or of this one up to here
    people: dict[str, tuple[Node, int]] = {}
    sentence = -1
    subject_here: Node | None = None
    for place, lower in enumerate(tree.lower):
        if tree.sentence[place] != sentence:
            sentence = tree.sentence[place]
            last = subject_here or last
            subject_here = None
        sex = _HE if lower in _HE else _SHE if lower in _SHE else None
        found: Node | None = None
        topic = nodes.topic
        near = subject_here or last
        if sex is not None:
            others = [node for node, said in people.values() if sentence - said <= 1 and not nodes.is_topic(node)]
            person = topic is not None and topic.type in {"PERSON", ""} and topic_sex in {None, sex}
            if topic is not None and person and (nodes.is_topic(near) or near is None or near.type != "PERSON"):
                found = topic
                topic_sex = sex
                if topic.type == "":
                    nodes.topic = topic = replace(topic, type="PERSON")
            elif (
                near is not None
                and near.type == "PERSON"
                and (len({one.name for one in others} | {near.name}) == 1 and not (topic and person))
            ):
                found = near
        elif lower in _IT and tree.dep[place] != "expl" and not _weather(tree, place):
            if near is not None and near.type not in _NOT_THINGS and (nodes.is_topic(near) or near.type):
                found = near
        elif lower in _THEY:
            if near is not None and nodes.is_topic(near) and near.type in {"ORG", "NORP", ""}:
                found = near
        elif (
            topic is not None
            and tree.pos[place] == "NOUN"
            and lower in nodes.kinds
            and topic.type != "PERSON"
            and [tree.lower[kid] for kid in tree.kids[place] if kid < place and tree.dep[kid] != "punct"]
            in (["the"], ["this"])
            and place != nodes.lead
            and tree.dep[place] not in {"attr", "appos"}
        ):
            found = topic
        if found is not None:
            nodes.resolved[place] = replace(found, first=place, after=place + 1)
        if tree.dep[place] in SUBJECTS:
            node = nodes.node(place)
            if node is not None and tree.dep[tree.head[place]] not in {"relcl", "acl"}:
                subject_here = node
        number = nodes.span[place]
        if number >= 0 and nodes.spans[number][2] == "PERSON":
            node = nodes.node(place)
            if node is not None:
                people[node.name] = (node, sentence)


def _weather(tree: Tree, place: int) -> bool:
    """`It is known that …`, `it takes years to …`: the sentence says later what `it` is."""
    if tree.dep[place] not in SUBJECTS:
        return False
    verb = tree.head[place]
    return any(
        tree.dep[kid] in {"ccomp", "csubj"} and kid > verb and not tree.has(verb, "dobj") for kid in tree.kids[verb]
    )
