"""Graph-style triples of a parsed text: names and short noun phrases, joined by what the clauses say of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from graphs.clauses import Clause, clauses
from graphs.dates import lives
from graphs.names import BEING
from graphs.nodes import Node, Nodes, noun
from graphs.nounfacts import NounFacts
from graphs.triple import Triple
from graphs.writer import RELATION_WORDS, Writer

# An order of trust, set by hand and not calibrated; a fact in a subordinate clause may be an opinion.
_SURE: Final = {"verb": 0.8, "passive": 0.85, "copula": 0.85, "role": 0.85}
_BORROWED: Final = 0.85
_REPORTED: Final = 0.6
_MODAL: Final = frozenset({
    "'d", "'ll", "ca", "can", "could", "may", "might", "must", "shall", "should", "will", "wo", "would",
})  # fmt: skip


class Facts:
    """The facts of one text, once `triples` is called; then `used` holds the nodes that they are of."""

    def __init__(self, nodes: Nodes, evidence_id: str) -> None:
        self._nodes = nodes
        self._tree = nodes.tree
        self._writer = Writer(nodes, evidence_id)
        self._about: dict[int, list[int]] = {}
        self._dated: set[tuple[str, str]] = set()

    @property
    def used(self) -> dict[tuple[int, int], Node]:
        """The node at each pair of (first token, token after the last)."""
        return self._writer.used

    def triples(self) -> list[Triple]:
        """Every fact once, in the order of its place in the text; each with the span of its sentence part."""
        found: dict[Triple, Triple] = {}
        said = clauses(self._tree)
        for clause in said:
            for kid in clause.objects:
                if self._tree.dep[kid] == "attr":
                    for one in self._tree.conjuncts(kid):
                        self._about[one] = list(clause.subjects)
        for triple in (
            *self._lives(),
            *(one for clause in said for one in self._clause(clause)),
            *NounFacts(self._writer, frozenset(self._about)).triples(),
        ):
            if triple.relation == "born" and (triple.head, triple.tail) in self._dated:
                continue
            known = found.get(triple)
            if known is None or (triple.confidence or 0) > (known.confidence or 0):
                found[triple] = triple
        return list(found.values())

    def _clause(self, clause: Clause) -> Iterator[Triple]:
        tree = self._tree
        relation = self._verb(clause)
        if relation is None:
            return
        heads = self._heads(clause)
        if not heads:
            return
        weight = (_BORROWED if clause.borrowed else 1.0) * (_REPORTED if self._reported(clause.verb) else 1.0)
        for head in heads:
            part = self._part(head)
            for words, tail, kind in self._says(clause, relation):
                if part is None or self._nodes.topic is None:
                    yield from self._writer.triple(head, words, tail, _SURE[kind] * weight)
                elif not self._nodes.is_topic(tail):
                    whole = replace(self._nodes.topic, first=head.first, after=head.after)
                    yield from self._writer.triple(whole, [*part, *words], tail, _SURE[kind] * weight * _BORROWED)
            for kid in clause.objects:
                if tree.dep[kid] == "attr" and not tree.has(clause.verb, "neg"):
                    for one in tree.conjuncts(kid):
                        yield from self._writer.modifiers(head, one)

    def _part(self, head: Node) -> list[int] | None:
        """The tokens of a head that is a part of what the document is about: `The music was composed by …`.

        As a node of its own, `music` or `population` would be one thing in all documents.
        """
        tree = self._tree
        topic = self._nodes.topic
        last = head.after - 1
        if topic is None or head.type or head.name == topic.name or head.after - head.first > 2:
            return None
        if tree.pos[last] != "NOUN" or self._nodes.span[last] >= 0 or tree.tag[last] == "NNS":
            return None
        before = [kid for kid in tree.kids[last] if kid < last]
        if any(tree.dep[kid] == "poss" and not self._nodes.is_topic(self._nodes.node(kid)) for kid in before):
            return None
        definite = [tree.lower[kid] for kid in before if tree.dep[kid] in {"det", "poss"}]
        if definite and definite[0] not in {"the", "its", "his", "her", "their"}:
            return None
        return list(range(head.first, head.after))

    def _heads(self, clause: Clause) -> list[Node]:
        """The subjects, coordinated ones each; of a relative clause about what something is, that something."""
        heads: list[Node] = []
        for subject in clause.subjects:
            places = [subject] if clause.antecedent else self._tree.conjuncts(subject)
            for place in places:
                for one in self._stands_for(place) if clause.antecedent else [place]:
                    node = self._nodes.node(one)
                    if node is not None and node not in heads:
                        heads.append(node)
        return heads

    def _stands_for(self, place: int) -> list[int]:
        """`film` of `X is a film directed by Y`: X. A noun that says nothing of another stands for itself."""
        tree = self._tree
        for _ in range(4):
            about = self._about.get(place)
            if about is not None:
                return [one for subject in about for one in tree.conjuncts(subject)]
            if (tree.dep[place] == "appos" and self._nodes.span[place] < 0) or (
                tree.dep[place] == "conj" and tree.dep[tree.head[place]] == "appos" and self._nodes.span[place] < 0
            ):
                place = tree.head[place]
            else:
                break
        return [place]

    def _says(self, clause: Clause, relation: list[int]) -> Iterator[tuple[list[int], Node, str]]:  # noqa: PLR0912
        """(tokens of the relation, tail, pattern) for each thing that a clause says of its subject."""
        tree = self._tree
        objects: list[int] = []
        kind = "passive" if clause.passive else "verb"
        for kid in clause.objects:
            if tree.dep[kid] == "acomp":
                yield from self._adjective(kid, relation)
                continue
            if tree.dep[kid] == "attr":
                for one in tree.conjuncts(kid):
                    yield from self._role(clause, relation, one)
                continue
            for one in tree.conjuncts(kid):
                node = self._nodes.node(one)
                if node is None or not noun(tree, one):
                    continue
                objects.append(one)
                yield relation, node, kind
                yield from self._through(relation, one, kind)
        if clause.gap is not None and not objects:
            node = self._nodes.node(clause.gap)
            if node is not None:
                yield relation, node, kind
        short = self._writer.short(objects[0]) if objects else []
        for prep in clause.preps:
            for tokens, tail in self._writer.prep(prep):
                yield [*relation, *short, *tokens], tail, kind
        for kid in tree.kids[clause.verb]:
            if tree.dep[kid] in {"npadvmod", "advmod"} and self._writer.label(kid) == "DATE":
                node = self._nodes.node(kid)
                if node is not None:
                    yield [*relation, *short], node, kind
            elif tree.dep[kid] == "advmod" and tree.has(kid, "prep"):
                # `together with`, `prior to`
                for inner in tree.kids[kid]:
                    if tree.dep[inner] == "prep":
                        for tokens, tail in self._writer.prep(inner):
                            yield [*relation, *short, kid, *tokens], tail, kind

    def _adjective(self, place: int, relation: list[int]) -> Iterator[tuple[list[int], Node, str]]:
        tree = self._tree
        for one in tree.conjuncts(place):
            plain = [kid for kid in tree.kids[one] if kid < one and tree.dep[kid] in {"advmod", "neg", "npadvmod"}]
            words = [*plain, one]
            found = False
            for prep in (kid for kid in tree.kids[one] if tree.dep[kid] == "prep"):
                for tokens, tail in self._writer.prep(prep):
                    found = True
                    yield [*relation, *words, *tokens], tail, "copula"
            if not found:
                yield relation, Node(tree.say(words), "", words[0], one + 1), "copula"

    def _role(self, clause: Clause, relation: list[int], place: int) -> Iterator[tuple[list[int], Node, str]]:
        """What something is: the noun phrase, and what that is of, by or for: (X, first wife of, Y)."""
        tree = self._tree
        node = self._nodes.node(place)
        if node is None or self._nodes.resolved.get(place) is not None:
            return
        yield relation, node, "copula"
        plain = len(relation) == 1 and tree.lower[relation[0]] in BEING
        short = self._writer.short(place)
        for prep in (kid for kid in tree.kids[place] if tree.dep[kid] == "prep"):
            for tokens, tail in self._writer.prep(prep):
                yield [*([] if plain else relation), *short, *tokens], tail, "role"
        for kid in tree.kids[place]:
            if tree.dep[kid] == "poss":
                owner = self._nodes.node(kid)
                if owner is not None:
                    yield [*([] if plain else relation), *short], owner, "role"

    def _through(self, relation: list[int], place: int, kind: str) -> Iterator[tuple[list[int], Node, str]]:
        """`played the role of X`: the object is part of the relation."""
        tree = self._tree
        if self._nodes.span[place] >= 0 and tree.pos[place] == "PROPN":
            return
        for prep in (kid for kid in tree.kids[place] if tree.dep[kid] == "prep"):
            for tokens, tail in self._writer.prep(prep):
                yield [*relation, *self._writer.short(place), *tokens], tail, kind

    def _verb(self, clause: Clause) -> list[int] | None:
        """The tokens of a clause's verb: without auxiliaries, but with what changes its truth (`did not win`)."""
        tree = self._tree
        tokens: list[int] = []
        for verb in clause.chain:
            kids = tree.kids[verb]
            denied = [kid for kid in kids if tree.dep[kid] == "neg"]
            being = tree.lower[verb] in {"be", "been", "being"}
            for kid in kids:
                if kid >= verb or tree.dep[kid] not in {"aux", "auxpass"}:
                    continue
                if (
                    denied
                    or being
                    or tree.lower[kid] in _MODAL
                    or (tree.lower[kid] == "to" and verb != clause.chain[0])
                ):
                    tokens.append(kid)
            tokens += denied
            tokens.append(verb)
            tokens += [kid for kid in kids if tree.dep[kid] == "prt"]
        tokens = sorted(set(tokens))
        return tokens if len(tokens) <= RELATION_WORDS else None

    def _lives(self) -> Iterator[Triple]:
        for life in lives(self._tree, self._nodes):
            for relation, node in life.says:
                self._dated.add((life.who.name, node.name))
                yield from self._writer.plain(life.who, relation, node, life.confidence)

    def _reported(self, verb: int) -> bool:
        """Whether the clause stands in what somebody says, thinks or supposes."""
        tree = self._tree
        place = verb
        while tree.head[place] != place:
            if tree.dep[place] == "ccomp" or (
                tree.dep[place] == "advcl" and any(tree.lower[k] == "if" for k in tree.kids[place])
            ):
                return tree.pos[tree.head[place]] == "VERB" and place > tree.head[place]
            place = tree.head[place]
        return False
