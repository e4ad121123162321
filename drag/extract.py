"""Triples from evidence, by a language model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drag import prompts, replies
from drag.errors import DragError
from drag.protocols import LanguageModel
from drag.types import Evidence
from graphs import Triple


class ModelExtractor:
    """An `Extractor` that asks a language model, its reply held to a schema; at most `count` triples a piece."""

    def __init__(self, model: LanguageModel, count: int = 4) -> None:
        self._model = model
        self._count = count

    def extract(self, evidence: Sequence[Evidence]) -> list[list[Triple] | DragError]:
        """See `Extractor.extract`."""
        asked = [prompts.extract(one, self._count) for one in evidence]
        return replies.ask(self._model, asked, [_parser(one) for one in evidence])


def _parser(evidence: Evidence) -> Callable[[str], list[Triple]]:
    return lambda reply: prompts.parse_extract(reply, evidence)
