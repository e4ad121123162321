"""Who reads documents for triples and mentions: spaCy, a language model, or nobody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from drag.errors import ConfigError, DragError
from drag.extract import SpacyExtractor, load_spacy_extractor, spacy_identity
from drag.extraction import Extraction, extraction, identity_of, ontology_of
from drag.models import Fetching, load_model
from drag.models.cached import with_store
from drag.models.stored import ReplyStore
from drag.protocols import LanguageModel
from drag.settings import Settings
from drag.types import Evidence
from graphs.spacy_reader import Mention, Reading

if TYPE_CHECKING:
    from privacy import Reviewer


class DocumentReader(Protocol):
    """Reads the pieces of documents. `identity` is what its readings depend on besides the text."""

    identity: str

    def read(self, evidence: Sequence[Evidence], store: ReplyStore) -> Sequence[Reading | DragError]:
        """A reading of each piece, in its order, or the error of one that failed.

        The pieces are of one document where `by_document`, and `store` keeps what was paid for on the way.
        """
        ...

    by_document: bool

    def close(self) -> None:
        """Give back memory and threads."""
        ...


class NoReader:
    """Reads nothing: documents without a graph."""

    identity = "none"
    by_document = False

    def read(self, evidence: Sequence[Evidence], store: ReplyStore) -> Sequence[Reading | DragError]:
        """See `DocumentReader.read`."""
        return [Reading() for _ in evidence]

    def close(self) -> None:
        """Nothing to give back."""


class SpacyDocuments:
    """spaCy's parser, loaded when there is something to read: most runs find that nothing has changed."""

    by_document = False

    def __init__(self, identity: str, load: Callable[[], SpacyExtractor]) -> None:
        self.identity = identity
        self._load = load
        self._loaded: SpacyExtractor | None = None

    def read(self, evidence: Sequence[Evidence], store: ReplyStore) -> Sequence[Reading | DragError]:
        """See `DocumentReader.read`."""
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded.read(evidence)

    def close(self) -> None:
        """Forget the pipeline."""
        self._loaded = None


class ModelDocuments:
    """A language model, its replies held to a schema. What it names as heads and tails counts as mentioned.

    One document at a time: its replies hold its words, and go when it goes.
    """

    by_document = True

    def __init__(self, model: LanguageModel, extraction: Extraction | None = None) -> None:
        from drag.prompts import VERSIONS

        self.model = model
        self._extraction = extraction or Extraction()
        self.identity = f"llm:{model.identity}:{[name for name in VERSIONS if name.startswith('extract')]}"
        self.identity += self._extraction.identity

    def read(self, evidence: Sequence[Evidence], store: ReplyStore) -> Sequence[Reading | DragError]:
        """See `DocumentReader.read`."""
        found = self._extraction.of(with_store(self.model, store)).extract(evidence)
        return [
            triples
            if isinstance(triples, DragError)
            else Reading(
                tuple(triples),
                tuple(
                    mention
                    for one in triples
                    for mention in (Mention(one.head, one.head_type, 0, 0), Mention(one.tail, one.tail_type, 0, 0))
                ),
            )
            for triples in found
        ]

    def close(self) -> None:
        """Close the model."""
        self.model.close()


def open_reader(spec: str, settings: Settings, how: Fetching, review: Reviewer | None = None) -> DocumentReader:
    """The reader that `spec` names: `spacy`, `llm` (the teacher of the settings), `llm:SPEC` (a model) or `none`.

    `review` is asked about each request of an `openai:` model before it leaves. Raises `ConfigError` for another spec
    and `ModelError` when the model cannot be had.
    """
    from drag.models.gateway import set_review

    kind, _, name = spec.partition(":")
    if spec == "none":
        return NoReader()
    if spec == "spacy":
        ontology = ontology_of(settings)
        return SpacyDocuments(
            spacy_identity(settings, how) + identity_of(ontology),
            lambda: load_spacy_extractor(settings, how, ontology=ontology),
        )
    if kind == "llm" and (name or spec == "llm"):
        model = load_model(name or settings.models.teacher, settings, parallel=settings.models.parallel, how=how)
        set_review(model, review)
        return ModelDocuments(model, extraction(settings, how))
    raise ConfigError(f"'{spec}' is not an extractor: give spacy, llm, llm:SPEC or none")
