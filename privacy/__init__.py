"""The privacy layer: what leaves the device, and the only way out."""

from privacy.errors import PrivacyError

__all__ = ["PrivacyError"]
