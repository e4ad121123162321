"""Private words out, placeholders in, and back again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn

from privacy.detect import Detector, Span, detect, merge
from privacy.errors import PrivacyError
from privacy.generalise import hint, is_city_level
from privacy.language import check_language
from privacy.normalise import Normal, normalise
from privacy.policy import Policy
from privacy.tokens import Escape, StreamRestorer, Tokens
from privacy.values import Everyday, Lists, Secret, finder, fold, name_parts

# What goes before the numbers when plain ones would be mistaken for something in the text.
_FORMS: Final = ("", "X", "Y", "Z", "XX", "YY", "ZZ", "XYZ")


@dataclass(frozen=True, slots=True)
class _Look:
    """A text as detection saw it; `found` has offsets in the normalised copy."""

    text: str = field(repr=False)
    normal: Normal = field(repr=False)
    found: Sequence[Span]


class Sanitizer:
    """What to look for. One for a whole program; each request gets a `session` of its own.

    `detectors` are asked about every text, in turn. `deny` are strings that always go, `allow` strings that always
    stay (deny wins); both match whole words in any case. Nothing of them is ever shown. `policy` says which kinds
    stay, what is generalised, and whether texts in other languages are refused; without one, nothing of that happens.
    """

    def __init__(
        self,
        detectors: Sequence[Detector],
        deny: Iterable[str] = (),
        allow: Iterable[str] = (),
        policy: Policy | None = None,
    ) -> None:
        self.detectors = tuple(detectors)
        self.lists = Lists(deny, allow)
        self.policy = policy or Policy("custom", foreign="allow")

    def session(self) -> Session:
        """A new session: nothing is shared with any other."""
        return Session(self.detectors, self.lists, self.policy, self._everyday)

    def _everyday(self, word: str) -> bool:
        # A detector that knows the language may say which words are everyday ones.
        known = (getattr(detector, "everyday", None) for detector in self.detectors)
        return any(one(word) for one in known if callable(one))

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

    def __init__(
        self,
        detectors: Sequence[Detector],
        lists: Lists,
        policy: Policy | None = None,
        everyday: Everyday | None = None,
    ) -> None:
        self._everyday = everyday
        self._detectors = detectors
        self._lists = lists
        self._policy = policy or Policy("custom", foreign="allow")
        self._spans: dict[str, list[Span]] = {}
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
        """The same for the texts of one request: what is found in one is replaced in all.

        By policy, a text mostly in another script or language than English is refused with a `PrivacyError`.
        """
        self._check()
        looks = [self._look(text) for text in texts]
        self._learn(looks)
        for form in _FORMS:
            tokens = self._tokens.copy()
            counts: Counter[str] = Counter()
            for text in texts:
                tokens.reserve(text)
            spans = [self._replaced(look, tokens) for look in looks]
            out = [
                self._replace(look.text, merged, tokens, counts, form)
                for look, merged in zip(looks, spans, strict=True)
            ]
            # Text around a replaced piece can happen to spell a placeholder: then another form is taken.
            if all(tokens.restore(sanitized) == text for sanitized, text in zip(out, texts, strict=True)):
                self._tokens = tokens
                self._counts += counts
                self._spans = dict(zip(texts, spans, strict=True))
                return out
        raise PrivacyError("the text is full of placeholders of every form: nothing was sent")

    def spans(self, text: str) -> list[Span]:
        """What was replaced in `text`, one of the texts of the last `sanitize`: offsets are the original's.

        Raises `PrivacyError` for any other text.
        """
        self._check()
        if text not in self._spans:
            raise PrivacyError("this is not a text of the last request")
        return list(self._spans[text])

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
        self._secrets, self._tokens, self._counts, self._spans = {}, Tokens(), Counter(), {}
        self._wiped = True

    def _look(self, text: str) -> _Look:
        normal = normalise(text)
        if self._policy.foreign == "refuse":
            check_language(normal.text)
        spans = [one for one in detect(self._detectors, normal.text) if self._hides(one, normal.text)] if text else []
        return _Look(text, normal, self._lists.without_allowed(normal.text, spans))

    def _hides(self, span: Span, text: str) -> bool:
        if span.kind in self._policy.kinds_off:
            return False
        return not (self._policy.generalise and is_city_level(span.kind, text[span.start : span.end]))

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
        pattern = finder(value, self._everyday)
        if key not in self._secrets and pattern is not None:
            self._secrets[key] = Secret(kind, entity or f"{kind}:{key}", pattern)
        return self._secrets[key].entity if key in self._secrets else f"{kind}:{key}"

    def _replaced(self, look: _Look, tokens: Tokens) -> list[Span]:
        text, normal = look.text, look.normal
        spans = [*look.found, *self._known(normal.text)]
        # What is cut away can leave a known word standing alone ("Smith" of "JohnSmith").
        while new := self._known(_blank(normal.text, spans)):
            spans += new
        original = [Span(*normal.original(span.start, span.end), span.kind, span.score) for span in spans]
        # What the text itself writes like one of our placeholders is replaced as well: restoring gives it back.
        original += [Span(start, end, "TEXT", 0.0) for start, end in tokens.issued(text)]
        return merge(original)

    def _replace(self, text: str, spans: Sequence[Span], tokens: Tokens, counts: Counter[str], form: str) -> str:
        out: list[str] = []
        position = 0
        for span in spans:
            value = text[span.start : span.end]
            key = fold(value)
            secret = self._secrets.get(key)
            entity = secret.entity if secret else f"{span.kind}:{key}"
            told = hint(span.kind, value) if self._policy.generalise else ""
            kind = f"{span.kind}_{told}" if told else span.kind
            out += [text[position : span.start], tokens.give(value, kind, entity, form)]
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
