"""The name of a triple in a pack."""

from __future__ import annotations

import hashlib

from graphs import Triple


def triple_id(triple: Triple) -> str:
    """The id that follows from a triple's three parts."""
    parts = "\x00".join((triple.head, triple.relation, triple.tail))
    return hashlib.sha256(parts.encode()).hexdigest()[:16]
