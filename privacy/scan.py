"""The second look at a request: the exact bytes that would leave, read anew."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol

from privacy.detect import Span, detect, merge
from privacy.normalise import plain
from privacy.patterns import pattern_detector
from privacy.sanitize import Session
from privacy.structure import Path, chat_structure, scalars, serialise
from privacy.values import Lists


class Probe(NamedTuple):
    """A text that is sanitized beside each request, and the words that must be gone from it.

    A detector that fails silently (an empty model, a plug-in that returns nothing) is found out by this and by
    nothing else: what it misses looks like a text without private words.
    """

    text: str
    hidden: tuple[str, ...]


PROBE: Final = Probe(
    "My name is Margaret Holloway, you can reach me at margaret@mail.example.", ("Margaret", "Holloway", "mail.example")
)
"""Somebody who does not exist: a name for what finds names, an address for what finds forms."""

_IDENTIFIER = re.compile(r"[$a-z][a-z0-9_\-]*")


class Scanner(Protocol):
    """The second look. Gets the exact bytes that would leave and returns what is private in them, as {kind: count}.

    An empty mapping lets the request pass.
    """

    def __call__(self, body: bytes, session: Session) -> Mapping[str, int]: ...


class ByteScanner:
    """Reads the bytes anew and looks for patterns, for every value of the session and for the deny list.

    Shares no state with the sanitizing pass but the session's values. The protocol's own words (roles, keys, the
    model's name) may happen to be a value of the session, such as a "user" that was taken for a name; they are
    searched for patterns and denied words only.
    """

    def __init__(self, lists: Lists, structure: Callable[[Path], bool] = chat_structure) -> None:
        self._lists = lists
        self._structure = structure

    def __call__(self, body: bytes, session: Session) -> Mapping[str, int]:
        """Residues by kind. Raises ValueError where the bytes are not what the gateway writes."""
        request = json.loads(body)
        if serialise(request) != body:
            raise ValueError("not canonical")
        found: Counter[str] = Counter()
        for path, text, is_key in scalars(request):
            rest = plain(session.mask(text))
            spans = detect([pattern_detector], rest)
            protocol = self._structure(path) or (is_key and _IDENTIFIER.fullmatch(text))
            if not protocol:
                spans += [
                    Span(match.start(), match.end(), secret.kind)
                    for secret in session.secrets
                    for match in secret.finder.finditer(rest)
                ]
            spans = [*self._lists.without_allowed(rest, spans), *self._lists.denied(rest)]
            found.update(span.kind for span in merge(spans))
        return found
