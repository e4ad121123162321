"""What is seen of a candidate, as numbers: each between about 0 and 3, with a name that says what it is.

Nothing here knows a threshold or a weight; `privacy.weights` has those.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from privacy import cues
from privacy.candidates import PROPER, Candidate, Group
from privacy.context import asking, exam, neutral, unfinished
from privacy.lexicon import Lexicon
from privacy.names import GIVEN, SURNAMES
from privacy.public import PEOPLE, PLACES, is_public
from privacy.topics import Topics

_NER: Final = {
    "PERSON": "person", "ORG": "org", "GPE": "place", "LOC": "place", "FAC": "site", "NORP": "norp",
    "PRODUCT": "thing", "EVENT": "thing", "WORK_OF_ART": "thing", "LAW": "thing",
}  # fmt: skip
_VIEW: Final = 60
# Tokens on either side that tell what a place is about.
_AROUND: Final = 6
_LETTERS: Final = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Scene:
    """What the whole text says: the same for all of its candidates."""

    values: Mapping[str, float]
    lower: frozenset[str]
    words: int
    text: str


def scene(doc: Any, found: list[Group]) -> Scene:
    text: str = doc.text
    alphabetic: list[str] = [token.text for token in doc if token.is_alpha]
    words = max(1, len(alphabetic))
    lower = list(filter(str.islower, alphabetic))
    lines = text.count("\n") + 1
    first = len(cues.FIRST.findall(text))
    names = sum(len(one.places) for one in found)
    calm = neutral(text)
    return Scene(
        {
            "doc_first": min(1.0, first / 3),
            "doc_first_rate": min(2.0, 20 * first / words),
            "doc_long": math.log10(1 + words),
            "doc_lines": math.log10(lines),
            "doc_asks": float(bool(cues.ASKS.search(text[:200]) or text.rstrip().endswith("?"))),
            "doc_writes": float(bool(cues.WRITES.search(text[:200]))),
            "doc_document": float(bool(cues.DOCUMENT.search(text))),
            "doc_fiction": float(bool(cues.FICTION.search(text))),
            "doc_code": min(2.0, 10 * len(cues.CODE.findall(text)) / words),
            "doc_names": min(2.0, 5 * names / words),
            "doc_neutral": float(calm),
            "doc_impersonal": float(calm and asking(text)),
            "doc_open": float(unfinished(text)),
            "doc_exam": float(exam(text)),
            "doc_lowercase": float(len(lower) > 0.97 * words),
        },
        frozenset(lower),
        words,
        text,
    )


def seen(doc: Any, found: list[Group], lexicon: Lexicon, topics: Topics) -> list[dict[str, float]]:
    """The numbers of each group `found` in `doc`, in the same order."""
    about = scene(doc, found)
    out = [features(group, doc, about, lexicon) for group in found]
    if topics and found:
        _add_topics(out, doc, about.text, found, topics)
    return out


def _add_topics(out: list[dict[str, float]], doc: Any, text: str, found: list[Group], topics: Topics) -> None:
    """What each group, the words around its places and the whole text are about."""
    sums = topics.sums([token.lower_ if token.is_alpha and not token.is_stop else "" for token in doc])
    own: list[Any] = []
    around: list[Any] = []
    for group in found:
        place = group.places[0]
        words = _LETTERS.findall(text[place.start : place.end].lower())
        own.append(sum((topics.vector(word) for word in words), sums[0]))
        near = [
            sums[min(len(doc), one.last + _AROUND)]
            - sums[one.last]
            + sums[one.first]
            - sums[max(0, one.first - _AROUND)]
            for one in group.places[:10]
        ]
        around.append(sum(near[1:], near[0]))
    whole = topics.of([sums[-1]], "text_")[0]
    for values, mine, its in zip(out, topics.of(own, "is_"), topics.of(around, "near_"), strict=True):
        values.update(mine)
        values.update(its)
        values.update(whole)


def features(group: Group, doc: Any, about: Scene, lexicon: Lexicon) -> dict[str, float]:
    """The numbers of one group; what differs between its places is averaged, `any_…` is the largest."""
    total: defaultdict[str, float] = defaultdict(float)
    best: defaultdict[str, float] = defaultdict(float)
    # Forty places say as much as four thousand.
    places = group.places[:40]
    for place in places:
        for name, value in _place(place, doc, about.text).items():
            total[name] += value
            best["any_" + name] = max(best["any_" + name], value)
    out = {name: value / len(places) for name, value in total.items()}
    out.update({name: value for name, value in best.items() if name in _MAXIMA})
    out.update(_words(group, doc, about, lexicon))
    out.update(about.values)
    return out


_MAXIMA: Final = frozenset(
    {"any_ner_person", "any_ner_org", "any_cue_person", "any_cue_work", "any_cue_place", "any_first_near"}
)


def _place(one: Candidate, doc: Any, text: str) -> dict[str, float]:
    out: dict[str, float] = {}
    label, second = _NER.get(one.label), _NER.get(one.second)
    out["ner_" + (label or "none")] = 1.0
    if label == "person" and second == "person":
        out["both_person"] = 1.0
    if not label and second:
        out["second_" + second] = 1.0
    tokens = [doc[at] for at in range(one.first, one.last) if not doc[at].is_punct]
    count = max(1, len(tokens))
    out["propn"] = sum(token.tag_ in PROPER for token in tokens) / count
    out["noun"] = (
        sum(token.tag_[:2] in {"NN", "JJ", "VB", "RB"} and token.tag_ not in PROPER for token in tokens) / count
    )
    out["other_pos"] = 1 - out["propn"] - out["noun"]
    before = text[max(0, one.start - _VIEW) : one.start]
    line = before.rsplit("\n", 1)[-1]
    after = text[one.end : one.end + _VIEW].split("\n", 1)[0]
    for name, pattern in cues.BEFORE.items():
        if pattern.search(before):
            out["cue_" + name] = 1.0
    stripped = line.strip(" \t*-•#>|\"'(")
    begins_line = not stripped and (one.start == 0 or "\n" in before or not before)
    begins_sentence = bool(stripped) and stripped[-1] in ".!?:"
    out["line_start"] = float(begins_line)
    out["sentence_start"] = float(begins_sentence)
    out["whole_line"] = float(begins_line and not after.strip(" \t*.,:;|\"')"))
    out["colon_after"] = float(after.lstrip(" *").startswith(":"))
    out["colon_before"] = float(stripped.endswith(":"))
    out["comma_near"] = float(after[:1] == "," or stripped.endswith(","))
    out["bracket"] = float(after[:1] == ")" or before[-1:] == "(")
    out["quoted"] = float(before[-1:] in {'"', "'", "`"} or after[:1] in {'"', "`"})
    out["the_before"] = float(bool(re.search(r"(?i)\b(?:the|a|an)\s$", before)))
    out["possessive"] = float(after[:2].lower() == "'s")
    out["first_near"] = float(bool(cues.FIRST.search(before[-40:]) or cues.FIRST.search(after[:40])))
    out["code_near"] = float(
        bool(re.search(r"[{}=;<>/\\_$]$", before.rstrip(" ")) or re.match(r"[{}=;<>/\\_$(]", after))
    )
    out["glued"] = float(before[-1:] in {"_", "-", "/", ".", "@"} or after[:1] in {"_", "-", "/", "@"})
    out["at_sign"] = float(before[-1:] == "@" or text[one.start] == "@")
    out["early"] = float(one.start < 150)
    out["late"] = float(len(text) - one.end < 100 and len(text) > 400)
    left = doc[one.first - 1] if one.first else None
    right = doc[one.last] if one.last < len(doc) else None
    for side in (left, right):
        if side is not None and side.ent_type_ in {"PERSON", "ORG", "GPE"}:
            out["beside_entity"] = 1.0
    if right is not None and right.ent_type_ == "DATE":
        out["beside_date"] = 1.0
    return out


def _words(group: Group, doc: Any, about: Scene, lexicon: Lexicon) -> dict[str, float]:
    key = group.key
    place = group.places[0]
    shown = about.text[place.start : place.end]
    words = re.findall(r"[^\W_]+(?:['.&-][^\W_]+)*\.?", shown)
    low = [word.lower().removesuffix("'s") for word in words] or [key]
    count = len(low)
    alpha = [word for word in low if word.isalpha()]
    out: dict[str, float] = {
        "tokens": math.log2(1 + count),
        "single": float(count == 1),
        "two": float(count == 2),
        "three_up": float(count > 2),
        "many": float(count > 5),
        "length": math.log10(1 + len(key)),
        "short": float(len(key) <= 3),
        "places": math.log10(len(group.places)),
        "often": float(len(group.places) > 3),
        "share": min(2.0, 50 * len(group.places) / about.words),
        "everyday": sum(word in lexicon for word in alpha) / count,
        "unknown": sum(word not in lexicon for word in alpha) / count,
        "all_unknown": float(bool(alpha) and all(word not in lexicon for word in low)),
        "no_vector": sum(not doc.vocab[word].has_vector for word in low) / count if len(doc.vocab.vectors) else 0.0,
        "given": float(any(word in GIVEN for word in low)),
        "surname": float(any(word in SURNAMES for word in low)),
        "given_first": float(low[0] in GIVEN),
        "public": float(is_public(shown)),
        "public_person": float(key in PEOPLE),
        "public_place": float(key in PLACES),
        "org_word": float(any(word in cues.ORG_WORDS for word in low)),
        "street_word": float(any(word in cues.STREET_WORDS for word in low)),
        "role_word": float(any(word in cues.ROLE_WORDS for word in low)),
        "upper": float(shown.isupper() and len(shown) > 1),
        "acronym": float(shown.isupper() and shown.isalpha() and 2 <= len(shown) <= 5),
        "lower": float(shown.islower()),
        "title": float(all(word[0].isupper() for word in words if word[0].isalpha()) and not shown.isupper()),
        "camel": float(bool(re.search(r"[a-z][A-Z]", shown))),
        "digits": float(any(c.isdigit() for c in shown)),
        "only_digits": float(not any(c.isalpha() for c in shown)),
        "mixed_digits": float(any(c.isdigit() for c in shown) and any(c.isalpha() for c in shown)),
        "dotted": float("." in shown),
        "foreign": float(not shown.isascii()),
        "seen_lower": float(all(word in about.lower for word in low)),
    }
    return out
