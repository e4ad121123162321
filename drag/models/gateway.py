"""The privacy layer as the settings say: composed here, because `privacy` itself knows no settings and no models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from drag.models import Fetching, fetched
from drag.settings import Settings

if TYPE_CHECKING:
    from privacy import Gateway, Sanitizer


def open_sanitizer(settings: Settings, how: Fetching) -> Sanitizer:
    """The sanitizer: patterns and Presidio over the spaCy model that the settings name, fetched if need be."""
    from drag.models.registry import load_registry
    from privacy import PresidioDetector, Sanitizer, pattern_detector

    wanted = settings.privacy
    spacy = fetched(wanted.spacy, "spacy", how) if wanted.spacy in load_registry() else Path(wanted.spacy)
    return Sanitizer([pattern_detector, PresidioDetector(spacy)], deny=wanted.deny, allow=wanted.allow)


def open_gateway(settings: Settings, how: Fetching) -> Gateway:
    """The only way to a remote model."""
    from privacy import Gateway

    return Gateway(open_sanitizer(settings, how))
