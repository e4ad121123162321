"""The errors of the privacy package."""


class PrivacyError(Exception):
    """The gateway refused to let something out. The message names kinds and counts, never the private text."""
