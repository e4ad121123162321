"""The second look at a request: the exact bytes that would leave, read anew."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol, cast

from privacy.detect import Span, detect, merge
from privacy.errors import PrivacyError
from privacy.normalise import plain
from privacy.patterns import pattern_detector
from privacy.sanitize import Session
from privacy.structure import Path, chat_structure, scalars, serialise
from privacy.turns import split_over, user_turns
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

IDENTIFIER: Final = re.compile(r"[$a-z][A-Za-z0-9_\-]*")
"""A key of a protocol or of a schema: no name is written so."""


class Scanner(Protocol):
    """The second look. Gets the exact bytes that would leave and returns what is private in them, as {kind: count}.

    An empty mapping lets the request pass.
    """

    def __call__(self, body: bytes, session: Session) -> Mapping[str, int]: ...


class ByteScanner:
    """Reads the bytes anew and looks for patterns, for every value of the session and for the deny list.

    Shares no state with the sanitizing pass but the session's values. The protocol's own words (roles, keys, the
    model's name) may happen to be a value of the session, such as a "user" that was taken for a name; they are
    searched for patterns and denied words only. The user's turns are read together as well: what only two of them say
    is found (`privacy.turns`). `kinds_off` are the kinds of patterns that may leave, as the policy says.
    """

    def __init__(
        self,
        lists: Lists,
        structure: Callable[[Path], bool] = chat_structure,
        kinds_off: frozenset[str] = frozenset(),
    ) -> None:
        self._lists = lists
        self._structure = structure
        self._kinds_off = kinds_off

    def __call__(self, body: bytes, session: Session) -> Mapping[str, int]:
        """Residues by kind. Raises ValueError where the bytes are not what the gateway writes."""
        request = json.loads(body)
        if serialise(request) != body:
            raise ValueError("not canonical")
        found: Counter[str] = Counter()
        for path, text, is_key in scalars(request):
            rest = plain(session.mask(text))
            spans = detect([self._patterns], rest)
            protocol = self._structure(path) or (is_key and IDENTIFIER.fullmatch(text))
            if not protocol:
                spans += _secrets(session, rest)
            spans = [*self._lists.without_allowed(rest, spans), *self._lists.denied(rest)]
            found.update(span.kind for span in merge(spans))

        def known(text: str) -> list[Span]:
            return [*self._lists.without_allowed(text, _secrets(session, text)), *self._lists.denied(text)]

        turns = [plain(session.mask(one)) for one in user_turns(request)]
        found.update(one.kind for one in split_over(turns, self._patterns, known))
        return found

    def _patterns(self, text: str) -> list[Span]:
        return [one for one in pattern_detector(text) if one.kind not in self._kinds_off]


def _secrets(session: Session, text: str) -> list[Span]:
    return [
        Span(match.start(), match.end(), secret.kind)
        for secret in session.secrets
        for match in secret.finder.finditer(text)
    ]


def counts_of(found: object) -> dict[str, int]:
    """What a scanner returned, if it is counts by kind. Raises `PrivacyError` if it is anything else."""
    if not isinstance(found, Mapping):
        raise PrivacyError("the second scan returned nonsense: nothing was sent")
    counts = {str(kind): count for kind, count in cast("Mapping[object, object]", found).items()}
    if any(type(count) is not int or count < 1 for count in counts.values()):
        raise PrivacyError("the second scan returned nonsense: nothing was sent")
    return cast("dict[str, int]", counts)
