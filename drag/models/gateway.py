"""The privacy layer as the settings say: composed here, because `privacy` itself knows no settings and no models."""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from drag.models import Fetching, fetched
from drag.protocols import LanguageModel
from drag.settings import Settings

if TYPE_CHECKING:
    from privacy import Gateway, Review, Reviewer, Sanitizer, Verdict
    from privacy.returned import Hidden


_CHOICES = {"threshold", "impersonal", "generalise", "public", "dates", "foreign"}
"""The single choices of `[privacy]` that change the named policy where they are set."""


def open_sanitizer(settings: Settings, how: Fetching) -> Sanitizer:
    """The sanitizer of the settings' policy, over the spaCy model that they name, fetched if need be."""
    import privacy
    import privacy.policy
    from drag.models.registry import load_registry

    wanted = settings.privacy
    spacy = fetched(wanted.spacy, "spacy", how) if wanted.spacy in load_registry() else Path(wanted.spacy)
    single = wanted.model_dump(include=_CHOICES, exclude_none=True)
    chosen = privacy.policy.policy(wanted.policy).change(**single, kinds_off=frozenset(wanted.kinds_off))
    return privacy.open_sanitizer(chosen, spacy_path=spacy, deny=wanted.deny, allow=wanted.allow)


def open_gateway(settings: Settings, how: Fetching) -> Gateway:
    """The only way to a remote model, with its audit log where the settings name one.

    Where they want each request approved, it refuses all until `set_review` says who decides. Raises `PrivacyError`
    under the policy `off`, which is for local use.
    """
    from privacy import AuditLog, Gateway, PrivacyError
    from privacy.gateway import PROBE

    wanted = settings.privacy
    if wanted.policy == "off":
        raise PrivacyError("the policy is off, which is for local use: nothing is sent to a remote model")
    return Gateway(
        open_sanitizer(settings, how),
        audit=AuditLog(wanted.audit) if wanted.audit is not None else None,
        review=_nobody if wanted.approve else None,
        policy=wanted.policy,
        probe=PROBE,
        key=placeholder_key(settings),
    )


def set_review(model: LanguageModel, review: Reviewer | None) -> bool:
    """Let `review` decide about each request of `model`, if that is a remote one; says whether it is."""
    from privacy import Gateway

    gateway = getattr(model, "gateway", None)
    if not isinstance(gateway, Gateway):
        return False
    if review is not None:
        gateway.review = review
    return True


def on_device_hide(settings: Settings, how: Fetching) -> Callable[[Sequence[Sequence[str]]], Hidden]:
    """De-identifies a question as a build on this device did (see `privacy.returned.hide`).

    The sanitizer is opened at the first call, with what is on this machine: `ask` fetches nothing for it.
    """
    from privacy.returned import hide

    def again(layers: Sequence[Sequence[str]]) -> Hidden:
        sanitizer = open_sanitizer(settings, replace(how, allowed=False))
        return hide(sanitizer.session(), layers, placeholder_key(settings))

    return again


def placeholder_key(settings: Settings) -> bytes:
    """The key of placeholders in packs: that of `[privacy] key`, or this device's own, made at first use.

    Raises `PrivacyError` if a key that the settings name cannot be had. Where the device's own cannot be kept, a
    new one serves once: then the words of a pack cannot be put back later, and a `RuntimeWarning` says so.
    """
    from platformdirs import user_data_path

    from privacy.errors import PrivacyError
    from privacy.keys import KEY_BYTES, open_key

    path = settings.privacy.key or user_data_path("drag") / "placeholders.key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return open_key(path)
    except OSError as error:
        fault = f"the key {path} cannot be had: {error.strerror or type(error).__name__}"
    if settings.privacy.key is not None:
        raise PrivacyError(fault)
    warnings.warn(f"{fault}; names of this pack cannot be put back later", RuntimeWarning, stacklevel=2)
    return secrets.token_bytes(KEY_BYTES)


def _nobody(review: Review) -> Verdict:
    return "refuse"
