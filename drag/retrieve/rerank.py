"""A second look by a cross-encoder: it reads question and text together, which costs a model's time for each piece."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from drag.errors import ConfigError, ModelError
from drag.models.embed import first_line


class CrossEncoderRanker:
    """A `Ranker` over a Sentence Transformers cross-encoder in a folder (or `hf:REPO`), loaded when it first scores."""

    def __init__(self, spec: str) -> None:
        """Raises `ConfigError` if `spec` names neither a folder nor a repository."""
        self._location = spec.removeprefix("hf:")
        if not spec.startswith("hf:") and not Path(spec).is_dir():
            raise ConfigError(f"'{spec}' is not a cross-encoder: give a folder or hf:REPO")
        self._model: Any = None

    def score(self, question: str, texts: Sequence[str]) -> list[float | None]:
        """See `Ranker.score`: the model's own score, of no fixed range. Raises `ModelError` if it cannot be loaded."""
        if not texts:
            return []
        if self._model is None:
            try:
                # Typed by hand at this border: the library's own types drag torch's in.
                library = importlib.import_module("sentence_transformers")
                self._model = library.CrossEncoder(self._location, device="cpu")
            except (OSError, ValueError, ImportError) as error:
                raise ModelError(f"cannot load the cross-encoder {self._location}: {first_line(error)}") from error
        scores = self._model.predict([(question, text) for text in texts], show_progress_bar=False)
        return [float(score) for score in scores]
