"""Embedders: names, folders and hub repositories to something with `encode`."""

from __future__ import annotations

import importlib
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from drag.errors import ConfigError, ModelError

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    from drag.models import Fetching
    from drag.protocols import Embedder


FEW = 8
"""Up to this many sentences are embedded on one thread: several wait for each other longer than they work, and on a
busy machine a single question then takes ten times as long."""


class LocalEmbedder:
    """A Sentence Transformers model from a folder or a hub repository, loaded when it is first used.

    Importing torch costs seconds; a question that never needs a vector should not pay for it.
    """

    def __init__(self, location: str) -> None:
        self._location = location
        self._model: Any = None

    def load(self) -> LocalEmbedder:
        """Load the weights now. Raises `ModelError` if there is no such model."""
        if self._model is None:
            os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
            try:
                # Typed by hand at this border: the library's own types drag torch's in.
                sentence_transformers = importlib.import_module("sentence_transformers")
                # A bar for a load of half a second would stand in the middle of our own output.
                importlib.import_module("transformers.utils.logging").disable_progress_bar()
                self._model = sentence_transformers.SentenceTransformer(self._location, device="cpu")
            except (OSError, ValueError, ImportError) as error:
                raise ModelError(f"cannot load the embedder {self._location}: {first_line(error)}") from error
        return self

    def encode(self, sentences: list[str], *, normalize_embeddings: bool = True) -> NDArray[numpy.float32]:
        """Vectors of shape (len(sentences), dimension), float32, of length 1 unless told otherwise."""
        import numpy

        self.load()
        with _threads(1 if len(sentences) <= FEW else None):
            vectors = self._model.encode(sentences, normalize_embeddings=normalize_embeddings, show_progress_bar=False)
        return numpy.asarray(vectors, dtype=numpy.float32)


@contextmanager
def _threads(count: int | None) -> Generator[None]:
    """Let torch use so many threads for a while; the setting is the whole process's, so it is put back."""
    torch: Any = importlib.import_module("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def first_line(error: BaseException) -> str:
    """The first line of an error's text: libraries add pages of advice."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def load_embedder(spec: str, how: Fetching | None = None) -> Embedder:
    """The embedder that `spec` names.

    `spec` is a registry name (`all-minilm-l6-v2`), a folder, `hf:REPO-or-folder`, or `package.module:Class` (called
    without arguments). Raises `ConfigError` for a spec that means nothing and `ModelError` when the model cannot be
    had.
    """
    from drag.models import Fetching, fetched
    from drag.models.registry import load_registry

    if spec.startswith("hf:"):
        return LocalEmbedder(spec.removeprefix("hf:"))
    if spec in load_registry():
        return LocalEmbedder(str(fetched(spec, "sentence-transformers", how or Fetching())))
    if Path(spec).is_dir():
        return LocalEmbedder(spec)
    if ":" in spec:
        return cast("Embedder", load_class(spec)())
    raise ConfigError(f"'{spec}' is not an embedder: give a registry name, a folder, hf:REPO or package.module:Class")


def load_cross_encoder(location: str) -> Any:
    """The Sentence Transformers cross-encoder in a folder or hub repository. Raises `ModelError` if there is none."""
    try:
        library = importlib.import_module("sentence_transformers")
        return library.CrossEncoder(location, device="cpu")
    except (OSError, ValueError, ImportError) as error:
        raise ModelError(f"cannot load the cross-encoder {location}: {first_line(error)}") from error


def load_class(spec: str) -> Any:
    """The object that `package.module:Class` names. Raises `ConfigError` if there is none."""
    module, _, attribute = spec.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"cannot load '{spec}': {first_line(error)}") from error
