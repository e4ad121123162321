"""How a model extracts triples: freely, or held to the ontology of the settings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drag import extract_prompts
from drag.errors import ConfigError
from drag.extract import ModelExtractor, OntologyExtractor, load_spacy, load_spacy_extractor, spacy_identity
from drag.extract_judge import JUDGE, LEAST, JudgedExtractor
from drag.protocols import Extractor, LanguageModel, ScoringModel
from graphs import GraphError
from graphs.ontology import Ontology, load_ontology

if TYPE_CHECKING:
    from drag.models import Fetching
    from drag.settings import Settings

HELD = 1
"""Raised whenever `graphs.candidates` proposes something else of the same text: it is then read again."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """`of` makes the extractor of a model; `identity` is what its triples depend on besides model and text."""

    of: Callable[[LanguageModel], Extractor] = ModelExtractor
    identity: str = ""


def extraction(settings: Settings, how: Fetching) -> Extraction:
    """The extraction of the settings. Raises `ConfigError` where `[build] ontology` names no usable file."""
    ontology = ontology_of(settings)
    if ontology is None:
        return Extraction()
    return Extraction(held_by(ontology, lambda: load_spacy(settings, how)), identity_of(ontology))


def of_questions(settings: Settings, how: Fetching) -> Extraction:
    """The extraction of questions' evidence: by the teacher, or by spaCy where `[build] triples_by` says so."""
    if settings.build.triples_by == "teacher":
        return extraction(settings, how)
    ontology = ontology_of(settings)
    reader = cache(lambda: load_spacy_extractor(settings, how, ontology=ontology))
    return Extraction(lambda _: reader(), spacy_identity(settings, how) + identity_of(ontology))


def held_by(ontology: Ontology, load: Callable[[], Any]) -> Callable[[LanguageModel], Extractor]:
    """Extractors that are held to an ontology.

    A model that can score judges what the words of a text propose, read by the spaCy pipeline that `load` gives; any
    other fills in records.
    """
    pipeline = cache(load)

    def of(model: LanguageModel) -> Extractor:
        if isinstance(model, ScoringModel):
            return JudgedExtractor(model, ontology, pipeline())
        return OntologyExtractor(model, ontology)

    return of


def ontology_of(settings: Settings) -> Ontology | None:
    """The ontology that `[build] ontology` names, None without one. Raises `ConfigError` if it cannot be used."""
    if not settings.build.ontology:
        return None
    try:
        return load_ontology(Path(settings.build.ontology))
    except GraphError as error:
        raise ConfigError(str(error)) from error


def identity_of(ontology: Ontology | None) -> str:
    """Digest of an ontology and of how it is used, empty for none: other relations, other triples."""
    if ontology is None:
        return ""
    parts = [
        HELD,
        JUDGE,
        extract_prompts.RECORDS,
        sorted(LEAST.items()),
        [(one.name, one.head, one.tail) for one in ontology.relations],
    ]
    return "ontology:" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
