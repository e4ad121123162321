"""The privacy layer: what leaves the device, and the only way out.

    gateway = Gateway(Sanitizer([pattern_detector, PresidioDetector(folder)], deny=["Project Falcon"]))
    reply = gateway.send(request, transport)  # `transport` gets a `Sealed`, the caller gets the words back

Importing this is quick; Presidio and spaCy are loaded when the first text is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from privacy.audit import AuditLog
    from privacy.detect import Detector, Span
    from privacy.errors import PrivacyError
    from privacy.gateway import (
        ByteScanner,
        Gateway,
        Outgoing,
        Review,
        Reviewer,
        Scanner,
        Transport,
        Verdict,
        json_escape,
    )
    from privacy.opening import open_sanitizer
    from privacy.patterns import pattern_detector
    from privacy.policy import POLICIES, Policy
    from privacy.presidio import PresidioDetector
    from privacy.sanitize import Sanitizer, Session
    from privacy.sealed import Sealed
    from privacy.tokens import StreamRestorer
    from privacy.vault import Vault

__all__ = [
    "POLICIES",
    "AuditLog",
    "ByteScanner",
    "Detector",
    "Gateway",
    "Outgoing",
    "Policy",
    "PresidioDetector",
    "PrivacyError",
    "Review",
    "Reviewer",
    "Sanitizer",
    "Scanner",
    "Sealed",
    "Session",
    "Span",
    "StreamRestorer",
    "Transport",
    "Vault",
    "Verdict",
    "json_escape",
    "open_sanitizer",
    "pattern_detector",
]

_HOMES = {
    "privacy.audit": ("AuditLog",),
    "privacy.detect": (
        "Detector",
        "Span",
    ),
    "privacy.errors": ("PrivacyError",),
    "privacy.gateway": (
        "ByteScanner",
        "Gateway",
        "Outgoing",
        "Review",
        "Reviewer",
        "Scanner",
        "Transport",
        "Verdict",
        "json_escape",
    ),
    "privacy.opening": ("open_sanitizer",),
    "privacy.policy": ("POLICIES", "Policy"),
    "privacy.patterns": ("pattern_detector",),
    "privacy.presidio": ("PresidioDetector",),
    "privacy.sanitize": (
        "Sanitizer",
        "Session",
    ),
    "privacy.sealed": ("Sealed",),
    "privacy.tokens": ("StreamRestorer",),
    "privacy.vault": ("Vault",),
}


def __getattr__(name: str) -> Any:
    # `drag.errors` needs one class of this package; the command line should not pay for the rest.
    import importlib

    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module 'privacy' has no attribute '{name}'")
