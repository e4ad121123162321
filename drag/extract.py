"""Triples from evidence: by a language model, or by spaCy's parser."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drag import extract_prompts, replies
from drag.errors import ConfigError, DragError, ModelError, ReplyError
from drag.protocols import LanguageModel
from drag.types import Evidence
from graphs import Triple
from graphs.ontology import Ontology

if TYPE_CHECKING:
    from drag.models import Fetching
    from drag.settings import Settings
    from graphs.spacy_reader import Reading, SpacyReader, Style

_WORDS_A_FACT = 24
"""A text may give a triple for every so many words, and `count` at least."""

SPACY_READING = 1
"""Raised whenever `graphs.spacy_reader` reads something else from the same text: documents are then read again."""

_NOTHING = "the model states no fact that the text and the ontology bear out"


class ModelExtractor:
    """An `Extractor` that asks a language model, its reply held to a schema.

    At most `count` triples a piece, more where it is long (see `_WORDS_A_FACT`).
    """

    def __init__(self, model: LanguageModel, count: int = 4) -> None:
        self._model = model
        self._count = count

    def extract(self, evidence: Sequence[Evidence]) -> list[list[Triple] | DragError]:
        """See `Extractor.extract`."""
        most = [max(self._count, len(one.text.split()) // _WORDS_A_FACT) for one in evidence]
        asked = [extract_prompts.extract(one, count) for one, count in zip(evidence, most, strict=True)]
        return replies.ask(self._model, asked, [_parser(one) for one in evidence])


class OntologyExtractor:
    """An `Extractor` that asks a language model for the relations of `ontology`, and keeps no others.

    A piece of which the model states nothing usable gives a `ReplyError`: an empty list would look as if there were
    nothing in it.
    """

    def __init__(self, model: LanguageModel, ontology: Ontology) -> None:
        self._model = model
        self._ontology = ontology

    def extract(self, evidence: Sequence[Evidence]) -> list[list[Triple] | DragError]:
        """See `Extractor.extract`."""
        asked = [extract_prompts.records(one, self._ontology) for one in evidence]
        parsers = [partial(self._parse, evidence=one) for one in evidence]
        found = replies.ask(self._model, asked, parsers)
        return [ReplyError(_NOTHING) if one == [] else one for one in found]

    def _parse(self, reply: str, evidence: Evidence) -> list[Triple]:
        return extract_prompts.parse_records(reply, evidence, self._ontology)


class SpacyExtractor:
    """An `Extractor` over spaCy's parser: fast, English, and nothing that does not stand in the text.

    A piece that says nothing of anything gives an empty list; that is no failure here, for nothing was asked.
    """

    def __init__(self, reader: SpacyReader) -> None:
        self._reader = reader

    def extract(self, evidence: Sequence[Evidence]) -> list[list[Triple] | DragError]:
        """See `Extractor.extract`."""
        return [list(reading.triples) for reading in self.read(evidence)]

    def read(self, evidence: Sequence[Evidence]) -> list[Reading]:
        """Triples and mentions of each piece of evidence, in its order."""
        return list(self._reader.read((one.text, one.id, one.title) for one in evidence))


def load_spacy(settings: Settings, how: Fetching) -> Any:
    """The spaCy pipeline that `[privacy] spacy` names, a registry name or a folder, fetched if need be.

    Raises `ConfigError` where spaCy is not installed and `ModelError` where the folder holds no pipeline.
    """
    from drag.models import fetched
    from drag.models.registry import load_registry

    wanted = settings.privacy.spacy
    path = fetched(wanted, "spacy", how) if wanted in load_registry() else Path(wanted)
    if not (path / "meta.json").is_file():
        raise ModelError(f"there is no spaCy pipeline in {path}: drag models pull {wanted}")
    try:
        spacy: Any = importlib.import_module("spacy")
    except ImportError as error:
        raise ConfigError("extraction by spaCy needs spaCy: pip install 'drag-slm[remote]'") from error
    try:
        return spacy.load(path)
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot load the spaCy pipeline {path}: {str(error).splitlines()[0]}") from error


def spacy_identity(settings: Settings, how: Fetching) -> str:
    """Name and version of the pipeline, from its own description: without loading it."""
    from drag.models import fetched
    from drag.models.registry import load_registry

    wanted = settings.privacy.spacy
    path = fetched(wanted, "spacy", how) if wanted in load_registry() else Path(wanted)
    try:
        meta = json.loads((path / "meta.json").read_text("utf-8"))
        pipeline = f"{meta['lang']}-{meta['name']}-{meta['version']}"
    except (OSError, ValueError, KeyError):
        pipeline = str(path)  # loading it will say what is wrong
    return f"spacy:{pipeline}:{SPACY_READING}"


def load_reader(
    settings: Settings, how: Fetching, *, style: Style = "graph", ontology: Ontology | None = None
) -> SpacyReader:
    """A `SpacyReader` over the pipeline of the settings (see `load_spacy`)."""
    from graphs.spacy_reader import SpacyReader

    return SpacyReader(load_spacy(settings, how), style=style, ontology=ontology)


def load_spacy_extractor(settings: Settings, how: Fetching, *, ontology: Ontology | None = None) -> SpacyExtractor:
    """A `SpacyExtractor` over the pipeline of the settings, held to an ontology where there is one."""
    return SpacyExtractor(load_reader(settings, how, ontology=ontology))


def _parser(evidence: Evidence) -> Callable[[str], list[Triple]]:
    return lambda reply: extract_prompts.parse_extract(reply, evidence)
