"""What comes back is untrusted: orders in it are dropped, private words in it become placeholders again.

Three tools. `is_order` tells a text that talks to a model from one that informs. `Caught` knows private words and finds
them in a reply in any case and spacing, however they got there. `Hidden` gives the private words of one question
placeholders that belong to this question alone, so that a pack may hold them: `<PERSON_QKTZMA1>` in one question and
`<PERSON_BVREHX1>` in another are two things, and only whoever asks the same question again can put the words back.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from privacy.normalise import normalise, plain
from privacy.sanitize import Session
from privacy.tokens import Tokens
from privacy.values import finder, fold, name_parts
from privacy.vault import PLACEHOLDER, issued, kind_of

# Conservative on purpose: evidence *about* prompts ("an injection tells a model to …") has to survive. What is dropped
# speaks to the reader's model in the imperative, or has the form of a chat template, a tool call or a lure to a site.
_MODEL_WORDS: Final = r"(?:instructions?|prompts?|rules|guidelines|directions|system message|context)"
_BEFORE: Final = r"(?:previous|prior|above|preceding|earlier|foregoing|system|original|initial|your|these|those|any)"
_ORDERS: Final = re.compile(
    "|".join(
        (
            rf"\b(?:ignore|disregard|forget|override|bypass)\s+(?:\S{{1,30}}\s+){{0,3}}?{_BEFORE}\s+(?:\S{{1,30}}\s+){{0,2}}?"
            rf"{_MODEL_WORDS}\b",
            r"\b(?:repeat|reveal|print|show|output|disclose|recite|leak|tell me)\s+(?:\S{1,30}\s+){0,3}?"
            r"(?:your|the|this)\s+(?:\S{1,30}\s+){0,2}?(?:system prompt|prompt|instructions|mapping|placeholders?)\b",
            r"\byou are now\s+(?:a|an|in|the|going|free|dan)\b",
            r"\b(?:from now on|henceforth),?\s+(?:you|always|never|only|answer|reply|respond)\b",
            r"\b(?:you must|you should|please|always|now|instead)\s*,?\s+(?:only\s+)?"
            r"(?:answer|reply|respond)\s+(?:only\s+)?(?:with|by|in|that|to)\b",
            r"(?:^|[.!?:]\s+)(?:answer|reply|respond)\s+(?:only\s+)?(?:with|that)\b",
            r"\bnew (?:system )?instructions?\s*:",
            r"(?:^|\n)\s*(?:system|assistant|developer)\s*:\s",
            r"<\|?/?(?:im_start|im_end|system|assistant|tool_call|tool|function|endoftext|eot_id)\b[^>]{0,40}>",
            r"\[/?inst\]|<</?sys>>",
            r"\b(?:call|invoke|use|run|execute)\s+the\s+(?:\S{1,30}\s+){0,2}?(?:tool|function|plugin|command)\b",
            r"[\"'](?:tool_calls?|function_call|tool_name|arguments)[\"']\s*:",
            r"\b(?:visit|open|fetch|download|load|browse|curl|wget|click(?:\s+on)?|go\s+to|navigate\s+to|request)\s+"
            r"(?:\S{1,30}\s+){0,3}?(?:https?://|www\.)",
            r"!\[[^\]]{0,200}\]\(\s*(?:https?:)?//",
            r"\b(?:send|post|forward|upload|e-?mail|transmit)\s+(?:\S{1,30}\s+){0,6}?to\s+(?:https?://|www\.|[\w.+-]+@)",
        )
    ),
    re.IGNORECASE,
)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_WORD = re.compile(r"[^\W_]+")
# A word of these kinds is private beside the question that it came from; in other answers it may be common knowledge
# ("Paris"). All other kinds, and names of several words, are private everywhere.
_LOCAL: Final = frozenset({"AGE", "DATE", "GROUP", "JOB", "LOCATION", "NAME", "NRP", "ORGANIZATION", "TEXT", "TITLE"})
_EVERYWHERE: Final = frozenset({"PERSON", "ORGANIZATION"})

_GENERIC: Final = {
    "PERSON": "a person",
    "ORGANIZATION": "an organisation",
    "LOCATION": "a place",
    "EMAIL": "an e-mail address",
    "PHONE": "a phone number",
    "URL": "a web address",
    "DATE": "a date",
    "AGE": "an age",
    "ADDRESS": "an address",
    "NAME": "a name",
    "ID": "a number",
}


def is_order(text: str) -> bool:
    """Whether `text` gives orders to a model: "ignore previous instructions", chat markup, tool calls, lures to a URL.

    A filter for what is stored or shown to a student, not a proof: an order in plain prose that none of the forms
    knows gets through.
    """
    return _ORDERS.search(plain(text)) is not None


def without_orders(reply: str) -> tuple[str, int]:
    """`reply` (JSON, whole or cut off) with every string that is an order made empty, and how many there were."""
    dropped = 0

    def look(match: re.Match[str]) -> str:
        nonlocal dropped
        try:
            text = json.loads(match.group())
        except ValueError:
            text = match.group()
        if not is_order(text):
            return match.group()
        dropped += 1
        return '""'

    return _STRING.sub(look, reply), dropped


def generic(text: str) -> str:
    """`text` with neutral words in place of placeholders: "a person", "an organisation", "something private"."""
    return PLACEHOLDER.sub(lambda match: _GENERIC.get(kind_of(match.group()), "something private"), text)


class Caught:
    """Private words by their placeholders, to be found in a reply. Absent from `repr`; cannot be pickled.

    Words are found as whole words, in any case, spacing and look-alike letters; of a person's name the parts too.
    """

    def __init__(self, words: Mapping[str, str], *, scope: str = "") -> None:
        """`words` maps placeholders to what they stand for. `scope` is what `Hidden.scope` says of them."""
        self._by_first: dict[str, list[_Private]] = {}
        self._tokens = Tokens()
        self.add(words, scope)

    def add(self, words: Mapping[str, str], scope: str = "") -> None:
        """More words."""
        for name, word in words.items():
            self._tokens.values[name.strip("<>")] = word
            kind = kind_of(name)
            parts = [(word, True), *((part, False) for part in name_parts(word) if kind == "PERSON")]
            for value, whole in parts:
                pattern = finder(plain(value))
                first = _WORD.search(fold(value))
                if pattern is None or first is None:
                    continue
                everywhere = kind not in _LOCAL and kind != "PERSON"
                everywhere = everywhere or (whole and kind in _EVERYWHERE and len(value.split()) > 1)
                private = _Private(name, kind, "" if everywhere else scope, pattern)
                known = self._by_first.setdefault(first.group(), [])
                if private not in known:
                    known.append(private)

    def find(self, text: str, scopes: Iterable[str] = ()) -> dict[str, int]:
        """Private words in `text`, as {kind: count}."""
        counts: dict[str, int] = {}
        for _, _, private in self._spans(text, scopes):
            counts[private.kind] = counts.get(private.kind, 0) + 1
        return counts

    def hide(self, text: str, scopes: Iterable[str] = ()) -> tuple[str, int]:
        """`text` with its private words as placeholders, and how many there were.

        Words without a scope of their own count always; others only where their scope is among `scopes`.
        """
        out: list[str] = []
        position = count = 0
        for start, end, private in self._spans(text, scopes):
            if start >= position:
                out += [text[position:start], private.name]
                position = end
                count += 1
        return "".join([*out, text[position:]]), count

    def _spans(self, text: str, scopes: Iterable[str]) -> list[tuple[int, int, _Private]]:
        normal = normalise(text)
        wanted = {"", *scopes}
        words = set(_WORD.findall(normal.text.casefold())) if self._by_first else set[str]()
        found = [
            (*normal.original(*match.span()), private)
            for word in words & self._by_first.keys()
            for private in self._by_first[word]
            if private.scope in wanted
            for match in private.pattern.finditer(normal.text)
        ]
        # The longest of those that begin together: "Margaret Holloway" before "Margaret".
        return sorted(found, key=lambda one: (one[0], -one[1]))

    def restore(self, text: str) -> str:
        """`text` with the words back, to be shown to the person whose words they are and to nobody else."""
        return self._tokens.restore(text)

    def wipe(self) -> None:
        """Forget every word."""
        self._by_first.clear()
        self._tokens.values.clear()

    def __repr__(self) -> str:
        return f"<Caught {sum(len(known) for known in self._by_first.values())} words>"

    def __reduce_ex__(self, protocol: object) -> str:
        raise TypeError("private words cannot be pickled or copied")


@dataclass(frozen=True, slots=True)
class _Private:
    name: str
    kind: str
    scope: str
    pattern: re.Pattern[str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Hidden:
    """Texts of one question, de-identified. `words` (placeholder to word) is never shown by `repr`."""

    texts: Sequence[str]
    scope: str
    """Six letters that follow from the question, de-identified alone: the same for whoever asks the same."""
    words: Mapping[str, str] = field(repr=False)

    def __reduce_ex__(self, protocol: object) -> str:
        raise TypeError("private words cannot be pickled or copied")


def hide(session: Session, texts: Sequence[str]) -> Hidden:
    """De-identify the `texts` of one question, the question itself first, with placeholders of its own.

    `session` is a new one and can be wiped afterwards. Raises `PrivacyError` as `Session.sanitize_all` does.
    """
    # The question alone decides the scope and takes the first numbers: whoever asks it later has nothing else. What the
    # other texts give away about it is hidden in it afterwards.
    scope = scope_of(session.sanitize(texts[0]))
    sanitized = session.sanitize_all(texts)
    words = issued(session, sanitized)

    def rename(match: re.Match[str]) -> str:
        return _scoped(match, scope) if match.group() in words else match.group()

    renamed = {PLACEHOLDER.sub(rename, name): word for name, word in words.items()}
    return Hidden([PLACEHOLDER.sub(rename, text) for text in sanitized], scope, renamed)


def scope_of(sanitized: str) -> str:
    """The scope of a sanitized question."""
    number = int.from_bytes(hashlib.sha256(sanitized.encode()).digest()[:8], "big")
    letters = ""
    for _ in range(6):
        number, letter = divmod(number, 26)
        letters += chr(ord("A") + letter)
    return letters


def scopes_in(text: str) -> set[str]:
    """The scopes of the placeholders in `text`."""
    return {match[2] for match in PLACEHOLDER.finditer(text) if len(match[2]) >= 6}


def _scoped(match: re.Match[str], scope: str) -> str:
    kind, _, number, spelling = match.groups()
    return f"<{kind}_{scope}{number}{spelling}>"
