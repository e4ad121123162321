"""What comes back is untrusted: private words in it become placeholders again. (Orders in it: see `privacy.orders`.)

Two tools. `Caught` knows private words and finds them in a reply in any case and spacing, however they got there.
`Hidden` gives the private words of one question placeholders that belong to this very question, so that a pack may
hold them: `<PERSON_QKTZMAWE1>` in one and `<PERSON_BVREHXQA1>` in another are two things, even where both questions
read the same once they are de-identified. The letters are a keyed digest of the original: they say nothing about it,
and only whoever asks the same question again, with the same key, can put the words back.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from privacy.normalise import normalise, plain
from privacy.sanitize import Session
from privacy.tokens import Tokens
from privacy.values import finder, fold, name_parts
from privacy.vault import PLACEHOLDER, issued, kind_of

_WORD = re.compile(r"[^\W_]+")
SHORTEST: Final = 6
"""Letters of a scope, at least: those that a session puts before a number are fewer."""
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


def generic(text: str) -> str:
    """`text` with neutral words in place of placeholders: "a person", "an organisation", "something private"."""
    return PLACEHOLDER.sub(lambda match: _GENERIC.get(kind_of(match.group()), "something private"), text)


class Caught:
    """Private words by their placeholders, to be found in a reply. Absent from `repr`; cannot be pickled.

    Words are found as whole words, in any case, spacing and look-alike letters; of a person's name the parts too.
    """

    def __init__(self, words: Mapping[str, str], scopes: Iterable[str] = ()) -> None:
        """`words` maps placeholders to what they stand for. `scopes` is what `Hidden.scopes` says of them.

        Without scopes the words are those of one request, and private everywhere in its reply.
        """
        self._by_first: dict[str, list[_Private]] = {}
        self._tokens = Tokens()
        self.add(words, scopes)

    def add(self, words: Mapping[str, str], scopes: Iterable[str] = ()) -> None:
        """More words, those of one question."""
        beside = frozenset(scopes)
        for name, word in words.items():
            self._tokens.values[name.strip("<>")] = word
            kind = kind_of(name)
            parts = [(word, True), *((part, False) for part in name_parts(word) if kind == "PERSON")]
            for value, whole in parts:
                pattern = finder(plain(value))
                first = _WORD.search(fold(value))
                if pattern is None or first is None:
                    continue
                everywhere = not beside or (kind not in _LOCAL and kind != "PERSON")
                everywhere = everywhere or (whole and kind in _EVERYWHERE and len(value.split()) > 1)
                private = _Private(name, kind, everywhere, beside, pattern)
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

        Words that are private everywhere count always; others only where a scope of their question is among `scopes`.
        A word that several questions have gets the placeholder of the one whose scope is there.
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
        wanted = frozenset(scopes)
        words = set(_WORD.findall(normal.text.casefold())) if self._by_first else set[str]()
        found = [
            (*normal.original(*match.span()), private)
            for word in words & self._by_first.keys()
            for private in self._by_first[word]
            if private.everywhere or private.scopes & wanted
            for match in private.pattern.finditer(normal.text)
        ]
        # The longest of those that begin together: "Margaret Holloway" before "Margaret"; then the question's own.
        return sorted(found, key=lambda one: (one[0], -one[1], not one[2].scopes & wanted))

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
    everywhere: bool
    scopes: frozenset[str]
    pattern: re.Pattern[str] = field(repr=False)

    def __reduce_ex__(self, protocol: object) -> str:
        raise TypeError("private words cannot be pickled or copied")


@dataclass(frozen=True, slots=True)
class Hidden:
    """Texts of one question, de-identified, in the layers in which they were given.

    `words` (placeholder to word) is never shown by `repr`.
    """

    layers: Sequence[Sequence[str]]
    scopes: Sequence[str]
    """Eight letters for each layer: a keyed digest of the originals of this layer and of those before it."""
    words: Mapping[str, str] = field(repr=False)

    def __reduce_ex__(self, protocol: object) -> str:
        raise TypeError("private words cannot be pickled or copied")


def hide(session: Session, layers: Sequence[Sequence[str]], key: bytes) -> Hidden:
    """De-identify one question with placeholders of its own.

    `layers` are the question itself, then what is asked with it (choices), then all else that belongs to it. A word
    gets the scope of the first layer that gives it away, and its number there depends on no later one: whoever asks
    with the same first layers and the same `key` gets the same placeholders, and only for what stands in these layers.
    Words of the last layer belong to this very record: no other has the same placeholders.

    `session` is a new one and can be wiped afterwards. Raises `PrivacyError` as `Session.sanitize_all` does.
    """
    texts: list[str] = []
    scopes: list[str] = []
    sanitized: list[str] = []
    home: dict[str, str] = {}
    words: dict[str, str] = {}
    digest = hmac.new(key, digestmod=hashlib.sha256)
    for layer in layers:
        texts += layer
        digest.update(b"".join(b"%d:%b" % (len(raw), raw) for raw in (one.encode() for one in ("", *layer))))
        scopes.append(_letters(digest.digest()))
        if layer:
            sanitized = session.sanitize_all(texts)
            words = issued(session, sanitized)
            home |= {name: scopes[-1] for name in words if name not in home}

    def rename(match: re.Match[str]) -> str:
        scope = home.get(match.group())
        return _scoped(match, scope) if scope and match.group() in words else match.group()

    rest = iter(PLACEHOLDER.sub(rename, text) for text in sanitized)
    renamed = {PLACEHOLDER.sub(rename, name): word for name, word in words.items()}
    return Hidden([[next(rest) for _ in layer] for layer in layers], tuple(scopes), renamed)


def scopes_in(text: str) -> set[str]:
    """The scopes of the placeholders in `text`."""
    return {match[2] for match in PLACEHOLDER.finditer(text) if len(match[2]) >= SHORTEST}


def _letters(digest: bytes) -> str:
    # 26^8 is 2e11: of a million questions in a pack, the odds that one has the letters of the one asked are 5e-6.
    number = int.from_bytes(digest[:8], "big")
    letters = ""
    for _ in range(8):
        number, letter = divmod(number, 26)
        letters += chr(ord("A") + letter)
    return letters


def _scoped(match: re.Match[str], scope: str) -> str:
    kind, _, number, spelling = match.groups()
    return f"<{kind}_{scope}{number}{spelling}>"
