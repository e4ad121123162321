"""Private words out, placeholders in, and back again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from privacy.detect import Detector, Span, detect, merge
from privacy.errors import PrivacyError
from privacy.normalise import Normal, normalise
from privacy.tokens import Escape, StreamRestorer, Tokens
from privacy.values import Lists, Secret, finder, fold, name_parts

# What goes before the numbers when plain ones would be mistaken for something in the text.
_FORMS: Final = ("", "X", "Y", "Z", "XX", "YY", "ZZ", "XYZ")


@dataclass(frozen=True, slots=True)
class _Look:
    """A text as detection saw it; `found` has offsets in the normalised copy."""

    text: str
    normal: Normal
    found: Sequence[Span]


class Sanitizer:
    """What to look for. One for a whole program; each request gets a `session` of its own.

    `detectors` are asked about every text, in turn. `deny` are strings that always go, `allow` strings that always
    stay (deny wins); both match whole words in any case. Nothing of them is ever shown.
    """

    def __init__(self, detectors: Sequence[Detector], deny: Iterable[str] = (), allow: Iterable[str] = ()) -> None:
        self.detectors = tuple(detectors)
        self.lists = Lists(deny, allow)

    def session(self) -> Session:
        """A new session: nothing is shared with any other."""
        return Session(self.detectors, self.lists)

    def load(self) -> None:
        """Load what the detectors load at first use, now. Raises `PrivacyError` if that is missing."""
        for detector in self.detectors:
            load = getattr(detector, "load", None)
            if callable(load):
                load()

    def __repr__(self) -> str:
        return f"<Sanitizer {len(self.detectors)} detectors, {self.lists!r}>"


class Session:
    """The private words of one request, each with its placeholder; in memory only.

    A value found anywhere is replaced everywhere, in any case, and so are the parts of a person's name. One entity
    has one number (`<PERSON_1>`), each of its spellings a letter (`<PERSON_1B>`), so that restoring is exact. Equal
    texts in equal order give equal placeholders. Not for several threads at once.
    """

    def __init__(self, detectors: Sequence[Detector], lists: Lists) -> None:
        self._detectors = detectors
        self._lists = lists
        self._secrets: dict[str, Secret] = {}
        self._tokens = Tokens()
        self._counts: Counter[str] = Counter()
        self._wiped = False

    @property
    def counts(self) -> Mapping[str, int]:
        """How many pieces of text were replaced so far, by kind."""
        return dict(sorted(self._counts.items()))

    @property
    def secrets(self) -> Sequence[Secret]:
        """The values that must not leave, for a second look. Their `repr` shows kinds only."""
        return tuple(self._secrets.values())

    def sanitize(self, text: str) -> str:
        """`text` with placeholders; `restore` of it is `text` again, exactly. Raises `PrivacyError` on any fault."""
        return self.sanitize_all([text])[0]

    def sanitize_all(self, texts: Sequence[str]) -> list[str]:
        """The same for the texts of one request: what is found in one is replaced in all."""
        self._check()
        looks = [self._look(text) for text in texts]
        self._learn(looks)
        for form in _FORMS:
            tokens = self._tokens.copy()
            counts: Counter[str] = Counter()
            for text in texts:
                tokens.reserve(text)
            out = [self._replace(look, tokens, counts, form) for look in looks]
            # Text around a replaced piece can happen to spell a placeholder: then another form is taken.
            if all(tokens.restore(sanitized) == text for sanitized, text in zip(out, texts, strict=True)):
                self._tokens = tokens
                self._counts += counts
                return out
        raise PrivacyError("the text is full of placeholders of every form: nothing was sent")

    def restore(self, text: str, *, escape: Escape | None = None) -> str:
        """`text` with the words back in the place of their placeholders; unknown placeholders stay as they are.

        By token, never by offset. `<person_1>` and a bare `PERSON_1` are understood too. `escape` makes a value fit
        for its place, such as the inside of a JSON string.
        """
        self._check()
        return self._tokens.restore(text, escape)

    def stream(self, *, escape: Escape | None = None) -> StreamRestorer:
        """The same for text that comes in pieces."""
        self._check()
        return StreamRestorer(self._tokens, escape)

    def mask(self, text: str) -> str:
        """`text` without this session's placeholders, for a second look at the rest."""
        self._check()
        return self._tokens.mask(text)

    def wipe(self) -> None:
        """Forget every value; no use after that. (Python may keep copies until it reuses the memory.)"""
        self._secrets, self._tokens, self._counts = {}, Tokens(), Counter()
        self._wiped = True

    def _look(self, text: str) -> _Look:
        normal = normalise(text)
        spans = detect(self._detectors, normal.text) if normal.text else []
        return _Look(text, normal, self._lists.without_allowed(normal.text, spans))

    def _learn(self, looks: Sequence[_Look]) -> None:
        found = [(span.kind, look.normal.text[span.start : span.end]) for look in looks for span in merge(look.found)]
        # Longest first, so that a surname on its own belongs to the full name that stands elsewhere.
        for kind, value in sorted(found, key=lambda one: -len(one[1])):
            entity = self._add(kind, value, None)
            if kind == "PERSON":
                for part in name_parts(value):
                    self._add(kind, part, entity)

    def _add(self, kind: str, value: str, entity: str | None) -> str:
        key = fold(value)
        pattern = finder(value)
        if key not in self._secrets and pattern is not None:
            self._secrets[key] = Secret(kind, entity or f"{kind}:{key}", pattern)
        return self._secrets[key].entity if key in self._secrets else f"{kind}:{key}"

    def _replace(self, look: _Look, tokens: Tokens, counts: Counter[str], form: str) -> str:
        text, normal = look.text, look.normal
        spans = [*look.found, *self._known(normal.text)]
        # What is cut away can leave a known word standing alone ("Smith" of "JohnSmith").
        while new := self._known(_blank(normal.text, spans)):
            spans += new
        original = [Span(*normal.original(span.start, span.end), span.kind, span.score) for span in spans]
        # What the text itself writes like one of our placeholders is replaced as well: restoring gives it back.
        original += [Span(start, end, "TEXT", 0.0) for start, end in self._tokens.issued(text)]
        out: list[str] = []
        position = 0
        for span in merge(original):
            value = text[span.start : span.end]
            key = fold(value)
            secret = self._secrets.get(key)
            entity = secret.entity if secret else f"{span.kind}:{key}"
            out += [text[position : span.start], tokens.give(value, span.kind, entity, form)]
            counts[span.kind] += 1
            position = span.end
        return "".join([*out, text[position:]])

    def _known(self, text: str) -> list[Span]:
        again = [
            Span(match.start(), match.end(), secret.kind, 0.5)
            for secret in self._secrets.values()
            for match in secret.finder.finditer(text)
        ]
        return [*self._lists.without_allowed(text, again), *self._lists.denied(text)]

    def _check(self) -> None:
        if self._wiped:
            raise PrivacyError("this session was wiped")

    def __repr__(self) -> str:
        return f"<Session {sum(self._counts.values())} replaced>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("the private words of a session cannot be pickled or copied")


def _blank(text: str, spans: Iterable[Span]) -> str:
    characters = list(text)
    for span in spans:
        characters[span.start : span.end] = "\x00" * (span.end - span.start)
    return "".join(characters)
