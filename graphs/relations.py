"""What a relation means, so that "was born in" and "born in", "directed" and "directed by" meet between one pair."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from graphs.triple import normal_form


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a relation says: `key` is the same for relations that say the same; `inverse` when it is said from the
    tail (`directed by`); `symmetric` when it says the same both ways (`married to`)."""

    key: str
    inverse: bool = False
    symmetric: bool = False


_AUXILIARIES = frozenset(
    ("is", "are", "was", "were", "be", "been", "being", "am", "has", "have", "had", "does", "do", "did")
)
_ARTICLES = frozenset(("a", "an", "the"))

# Irregular past forms and participles of verbs that relations are made of.
_IRREGULAR = {
    form: verb
    for verb, forms in {
        "become": "became", "begin": "began begun", "beat": "beaten", "bear": "born bore borne",
        "break": "broke broken",
        "build": "built", "buy": "bought", "choose": "chose chosen", "come": "came", "draw": "drew drawn",
        "drive": "drove driven", "fight": "fought", "find": "found", "fly": "flew flown", "give": "gave given",
        "go": "went gone", "grow": "grew grown", "hold": "held", "keep": "kept", "know": "knew known",
        "lead": "led", "leave": "left", "lie": "lay lain lies lying", "lose": "lost", "make": "made", "meet": "met",
        "pay": "paid", "rise": "rose risen", "run": "ran", "say": "said", "see": "saw seen", "sell": "sold",
        "send": "sent", "shoot": "shot", "sing": "sang sung", "sit": "sat", "speak": "spoke spoken", "stand": "stood",
        "steal": "stole stolen", "swim": "swam swum", "take": "took taken", "teach": "taught", "tell": "told",
        "think": "thought", "throw": "threw thrown", "understand": "understood", "wear": "wore worn",
        "use": "used uses using", "win": "won", "write": "wrote written", "die": "died dies dying",
        "found": "founded founds founding",
    }.items()
    for form in forms.split()
}  # fmt: skip
_IRREGULAR.update([(f"co-{form}", f"co-{verb}") for form, verb in _IRREGULAR.items()])

# The noun for who does it: (film, director, person) and (person, director of, film) say (person, direct, film).
_AGENTS = {
    "director": "direct", "author": "write", "writer": "write", "screenwriter": "write", "composer": "compose",
    "producer": "produce", "founder": "founded", "co-founder": "co-founded", "cofounder": "co-founded",
    "creator": "create", "inventor": "invent", "owner": "own", "publisher": "publish", "developer": "develop",
    "manufacturer": "manufacture", "discoverer": "discover", "painter": "paint", "performer": "perform",
    "employer": "employ", "designer": "design", "builder": "build", "editor": "edit", "translator": "translate",
}  # fmt: skip

# Ways to say one thing, after the rules below; `<` before a key: said from the tail.
_SAME = {
    "authored": "write", "author": "<write", "pen": "write",
    "situate in": "locate in", "lie in": "locate in", "sit in": "locate in", "in": "locate in",
    "stand in": "locate in", "location": "locate in", "base in": "headquarter in",
    "place of birth": "bear in", "birthplace": "bear in", "birth place": "bear in",
    "date of birth": "bear on", "birth date": "bear on", "birthdate": "bear on", "birthday": "bear on",
    "place of death": "die in", "deathplace": "die in", "death place": "die in",
    "date of death": "die on", "death date": "die on",
    "spouse": "marry", "marry to": "marry", "wife": "marry", "husband": "marry", "wife of": "marry",
    "husband of": "marry", "spouse of": "marry", "wed": "marry",
    "sibling": "sibling", "sibling of": "sibling", "brother": "sibling", "sister": "sibling", "brother of": "sibling",
    "sister of": "sibling",
    "child": "<child of", "son": "<child of", "daughter": "<child of", "children": "<child of",
    "son of": "child of", "daughter of": "child of", "parent of": "<child of", "parent": "child of",
    "father": "child of", "mother": "child of", "father of": "<child of", "mother of": "<child of",
    "country of citizenship": "citizen of", "nationality": "citizen of", "citizenship": "citizen of",
    "capital": "<capital of", "with capital": "<capital of",
    "occupation": "occupation", "profession": "occupation", "job": "occupation", "work as": "occupation",
    "educate at": "study at", "attend": "study at", "alma mater": "study at", "graduate from": "study at",
    "contain": "<part of", "include": "<part of", "consist of": "<part of", "with part": "<part of",
    "belong to": "part of", "member": "<member of",
}  # fmt: skip
_SYMMETRIC = frozenset(("marry", "sibling", "border", "adjacent to", "friend of", "partner of", "colleague of"))

_ALIAS = re.compile(
    r"^(?:is |are |was |were |be |been |being )?"
    r"(?:also |formerly |commonly |otherwise |better |officially |popularly )*(?:"
    r"known (?:simply )?as|called|named|referred to as|abbreviated (?:as|to)|nicknamed|aka|a\.k\.a\.?"
    r"|alias(?:es| of)?|short for|stands? for|abbreviation(?: of| for)?|acronym(?: of| for)?"
    r"|née|born as|stage name|pen name|birth name"
    r"|full name|nickname|other name|alternative name|same as)$"
)
# "called" and "named" alone name a thing as often as they rename it ("a town called X"): only with a word before.
_WEAK_ALIAS = re.compile(r"^(?:is |are |was |were |be |been |being )?(?:called|named|known as)$")


@lru_cache(maxsize=65536)
def meaning(relation: str) -> Meaning:
    """What `relation` means. Case, articles and auxiliaries aside; verbs by their stem; a passive with `by` is its
    active read from the tail, and so is the noun for who does it (`director`); a short table joins common synonyms.

    Negations, tenses with `will`, and every other word stay: what is not known to say the same is kept apart.
    """
    plain = normal_form(re.sub(r"(?<=[^\W\d])_(?=[^\W\d])", " ", relation)).replace("’", "'")
    tokens = [token for token in plain.split() if token not in _ARTICLES]
    negated = any(token in ("not", "never", "no") or token.endswith("n't") for token in tokens)
    tokens = [token for token in tokens if token not in ("not", "never", "no") and not token.endswith("n't")]
    own = [token for token in tokens if token not in _AUXILIARIES]
    if not own:
        own = ["have" if tokens and tokens[0] in ("has", "have", "had") else "be"]
    inverse = False
    if len(own) > 1 and own[-1] == "by" and _is_participle(own[-2]):
        own, inverse = own[:-1], True
    elif len(own) == 1 and own[0] in _AGENTS:
        own, inverse = [_AGENTS[own[0]]], True
    elif len(own) == 2 and own[1] == "of" and own[0] in _AGENTS:
        own = [_AGENTS[own[0]]]
    key = _key(own)
    same = _same().get(key)
    if same is not None:
        key, turned = same
        inverse ^= turned
    symmetric = key in _symmetric()
    if negated:
        key = f"not {key}"
    return Meaning(key, inverse and not symmetric, symmetric)


@lru_cache(maxsize=1)
def _same() -> dict[str, tuple[str, bool]]:
    """`_SAME` with stemmed keys: key → (its key, whether that is said from the tail)."""
    return {_key(key.split()): (_key(same.removeprefix("<").split()), same[0] == "<") for key, same in _SAME.items()}


@lru_cache(maxsize=1)
def _symmetric() -> frozenset[str]:
    return frozenset(_key(key.split()) for key in _SYMMETRIC)


def _key(tokens: Sequence[str]) -> str:
    return " ".join([_stem(tokens[0]), *tokens[1:]])


def is_alias(relation: str, tail: str) -> bool:
    """Whether the relation says that its tail is another name of its head (`is also known as`, `stands for`).

    A bare `known as` or `called` counts when the tail looks like a name: it has a capital or a digit, and no article.
    """
    plain = " ".join(unicodedata.normalize("NFKC", relation).casefold().replace("_", " ").split()).strip(" :,")
    if _WEAK_ALIAS.match(plain):
        return tail[:1].isupper() and not tail.casefold().startswith(("the ", "a ", "an "))
    return bool(_ALIAS.match(plain))


def _is_participle(word: str) -> bool:
    return word.endswith("ed") or word in _IRREGULAR


def _stem(word: str) -> str:
    """The verb behind a form of it, near enough for comparing: `directs`, `directed` and `directing` meet."""
    word = _IRREGULAR.get(word, word)
    for ending in ("ies", "ied"):
        if word.endswith(ending) and len(word) > 4:
            return word[:-3] + "y"
    stem = word
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            stem = word[: -len(ending)]
            break
    if stem != word and len(stem) > 3 and stem[-1] == stem[-2] and stem[-1] not in "lsz":
        stem = stem[:-1]
    return stem[:-1] if stem.endswith("e") and len(stem) > 3 else stem
