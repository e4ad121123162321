"""A second look by a cross-encoder: it reads question and text together, which costs a model's time for each piece."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from drag.errors import ConfigError
from drag.models.embed import load_cross_encoder


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
            self._model = load_cross_encoder(self._location)
        scores = self._model.predict([(question, text) for text in texts], show_progress_bar=False)
        return [float(score) for score in scores]
