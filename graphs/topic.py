"""What a text is about: the name that its facts are facts of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from graphs.names import Names
from graphs.spacy_tree import SUBJECTS, Tree

# Words that a sentence begins with and no name does.
OPENERS: Final = frozenset({
    "The", "A", "An", "In", "On", "At", "For", "From", "With", "By", "It", "Its", "It's", "He", "She", "They",
    "His", "Her", "Their", "This", "That", "These", "Those", "When", "While", "After", "Before", "As", "Both",
    "Among", "During", "Although", "However", "Also", "Following", "Having", "Shortly", "Later", "Since",
    "Upon", "To", "Of", "And", "But", "Or", "Co-written", "Co-produced", "Written", "Directed", "Produced",
    "Narrated", "Released", "Originally", "Statistics", "Redirect", "Principal", "There", "I", "We", "You",
    "Who", "Which", "Where", "Most", "Many", "Some", "Several", "All", "One", "Two", "Three", "Other", "Music",
    "Each", "Not", "Based", "Set", "Starring",
})  # fmt: skip
_NAMES_TOO: Final = frozenset({
    "One", "Two", "Three", "All", "Not", "You", "We", "When", "Music", "Other",
})  # fmt: skip
_INSIDE: Final = frozenset({"a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"})
_VERB: Final = (
    r"(?:is|was|are|were|has|had|represents?|starred|stars|won|made|played|plays|began|became|features?|tells|follows|"
    r"premiered|received|served)"
)
_WORKS: Final = r"(?:video|song|single|track|album|film|cover|version|novel|series|movie|episode|book|play)"
_KIND: Final = re.compile(rf"\b(?:{_WORKS}s?|story|artists?|team|soundtrack)\b", re.IGNORECASE)
_OPENING: Final = re.compile(
    r"(?P<name>(?:The )?[A-Z0-9À-Þ](?:[^.,;()\"]|(?<= ),|(?<=\bMr)\.|(?<=\bDr)\.|(?<=\bMs)\.|(?<=\bSt)\.){0,80}?)"
    rf"(?:, [A-Z]{{2,4}})?(?: \([^)]*\)?\)| ?, [^,]{{3,60}},)? {_VERB}\b"
)
_AFTER: Final = re.compile(rf"[A-Z][\w-]*(?:ed|en|ing) [^,]{{3,80}}, {_OPENING.pattern}")
_QUOTED: Final = re.compile(r"""["“]([^"“”]{2,80})["”]\s*(?:\(|,|is|was|are|were|featur|has|had|by)""")
_CALLED: Final = re.compile(rf"""\b{_WORKS}\b[^".“;]{{0,20}} ["“]([^"“”]{{2,80}})["”]""")
_NICKNAME: Final = re.compile(r"""[A-Z][\w.-]+(?: [A-Z][\w.-]+)* ["“](\w+)["”] ([A-Z][\w-]+)""")
_OWNER: Final = re.compile(
    r"((?:[A-Z0-9][\w.!?-]*|&|of|the|and|in|for)(?: (?:[A-Z0-9][\w.!?-]*|&|of|the|and|in|for))*)['’]s? "
)
_REDIRECT: Final = re.compile(r"Redirects?(?: to)?:? (.+)")
_NAMING: Final = frozenset({"PERSON", "WORK_OF_ART", "ORG", "PRODUCT", "EVENT", "FAC", "GPE"})
_TEAM: Final = re.compile(r"\b(?:team|season|championships?|tournament|club|cup)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Topic:
    """A name, the recogniser's label for it, and whether the text shows by its form that it is about it."""

    name: str
    label: str = ""
    sure: bool = True


def topic(tree: Tree, names: Names) -> Topic | None:
    """The name that a sentence opens with, one that owns something, or the first subject or object.

    None where it names nothing.
    """
    text = tree.text
    for pattern in (_REDIRECT, _QUOTED):
        found = pattern.match(text)
        if found:
            return Topic(found.group(1).strip(" .,"))
    name = _nickname(text) or _opening(tree) or _owner(text)
    if name:
        return Topic(_common(name, text))
    found = _CALLED.search(text)
    if found:
        return Topic(found.group(1).strip(" ,"), "WORK_OF_ART")
    return _main(tree, names)


def trim(name: str) -> str:
    """Without a small article before it and a possessive or a full stop after it."""
    bare = re.sub(r"['’]s?$", "", name.strip(' ,;:"“”'))
    if not re.search(r"(?:\b\w|\b(?:Jr|Sr|Inc|Ltd|Co|Bros|St))\.$", bare):
        bare = bare.rstrip(".")
    return re.sub(r"^(?:the|an?) ", "", bare)


def _opening(tree: Tree) -> str:
    """`Puss Gets the Boot was …`, `Une chambre en ville is …`: all before the first verb, if that is a name."""
    found = _OPENING.match(tree.text) or _AFTER.match(tree.text)
    if not found:
        return ""
    name = found["name"].strip(" ,")
    article = name.startswith("The ")
    words = name.removeprefix("The ").split()
    if not words or not _is_name(name, words) or (len(words) == 1 and not _is_alone(tree, words[0], article=article)):
        return ""
    name = re.sub(r" (?:\w+ly|later|also|then|soon|now|first|once|has|had|who)$", "", name)
    # The article belongs to a title (`The Treasures of Agra`), not to a description (`The Andante favori`).
    described = any(word[:1].islower() and word not in _INSIDE for word in name.split())
    return name.removeprefix("The ") if described or is_group(name) else name


def is_group(name: str) -> bool:
    """Whether a name is that of a team, a season or a competition by its last word, and so not of a person."""
    return _TEAM.search(name) is not None


def _is_name(name: str, words: list[str]) -> bool:
    """Capitals and few small words, or a team's; no word for a kind of work, which tells of a name and is none."""
    first = words[0]
    if not (first[:1].isupper() or first[:1].isdigit()) or name.isdigit():
        return False
    if first in OPENERS and first not in _NAMES_TOO and not (len(words) > 1 and words[1][:1].isupper()):
        return False
    plain = sum(word[:1].islower() for word in words)
    return is_group(name) or (plain <= max(2, len(words) - 2) and not _KIND.search(name))


def _is_alone(tree: Tree, word: str, *, article: bool) -> bool:
    """Whether a single word is a whole name: no common noun, and not the surname of somebody who is named in full."""
    common = word == tree.words[0] and tree.pos[0] not in {"PROPN", "X"} and word.istitle()
    part = re.search(rf"\b[A-Z][\w-]+ {re.escape(word)}(?:['’]s)?\b", tree.text)
    return not (article or common or part)


def _common(name: str, text: str) -> str:
    """First name and surname of `Richard Michael Duffy (born …)`: lives are told under the full name, once."""
    words = name.split()
    if len(words) == 3 and all(word[:1].isupper() and word[1:] for word in words) and f"{name} (born" in text:
        return f"{words[0]} {words[2]}"
    return name


def _nickname(text: str) -> str:
    """`Michael Francis "Mick" Foley`: Mick Foley."""
    found = _NICKNAME.match(text)
    return f"{found.group(1)} {found.group(2)}" if found else ""


def _owner(text: str) -> str:
    """`in the early years of Julie & Julia's culinary career`: a name of several words that owns something."""
    for found in _OWNER.finditer(text):
        words = found.group(1).removesuffix("'s").split()
        while words and (words[0] in OPENERS or not words[0][:1].isupper()):
            words = words[1:]
        if len(words) > 1:
            return " ".join(words)
    return ""


def _main(tree: Tree, names: Names) -> Topic | None:
    """The name that is the subject of a main clause, or whatever name comes next to that; a surname in full."""
    spans = [one for one in names.spans if one[2] in _NAMING]
    if not spans:
        return None
    first, after, label = min(spans, key=lambda one: (-_rank(tree, one[0], one[1]), one[0]))
    name = trim(tree.text[tree.starts[first] : tree.ends[after - 1]])
    full = re.search(rf"\b[A-Z][\w-]+ {re.escape(name)}\b", tree.text) if " " not in name else None
    return Topic(full.group() if full else name, "PERSON" if full else label, sure=False)


def _rank(tree: Tree, first: int, after: int) -> int:
    for place in range(first, after):
        dep, head = tree.dep[place], tree.head[place]
        if first <= head < after and head != place:
            continue
        if dep in SUBJECTS:
            return 3 if tree.dep[head] == "ROOT" else 2
        if dep in {"dobj", "poss"}:
            return 1
    return 0
