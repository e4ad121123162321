"""What leaves and what does not, as choices that can be written in a settings file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from privacy.errors import PrivacyError


@dataclass(frozen=True, slots=True)
class Policy:
    """Every choice of the sanitizer. Take a named one and `change` what should differ.

    `threshold` in [0, 1] is the least score with which a possible name is hidden: lower hides more. `impersonal` is
    the same for texts that ask about the world (`privacy.context`). `kinds_off` names kinds that stay, such as
    `GROUP`. `generalise` leaves the year of a date, the band of an age and the city of an address in the text beside
    the placeholder. `public` lets well-known names stay in impersonal texts. `dates` hides full dates and ages in
    texts that are not impersonal. `foreign` says what happens to texts mostly in another script or language than
    English: `refuse` (a `PrivacyError`) or `allow`. `hide` false turns everything off.
    """

    name: str
    threshold: float = 0.075
    impersonal: float = 0.4
    kinds_off: frozenset[str] = field(default=frozenset())
    generalise: bool = False
    public: bool = True
    dates: bool = True
    foreign: str = "refuse"
    hide: bool = True

    def __post_init__(self) -> None:
        if not (0 <= self.threshold <= 1 and 0 <= self.impersonal <= 1):
            raise PrivacyError("a policy's thresholds lie between 0 and 1")
        if self.foreign not in {"refuse", "allow"}:
            raise PrivacyError("a policy's `foreign` is `refuse` or `allow`")

    def change(self, **choices: Any) -> Policy:
        """The same policy with other choices. Raises `PrivacyError` for one that does not exist or is out of range."""
        try:
            return replace(self, **choices)
        except TypeError:
            raise PrivacyError(f"a policy has no such choice: {', '.join(sorted(choices))}") from None


POLICIES: Final = {
    "strict": Policy("strict", threshold=0.015, impersonal=0.05, public=False),
    "balanced": Policy("balanced"),
    "off": Policy("off", hide=False, foreign="allow"),
}


def policy(name: Policy | str) -> Policy:
    """The policy of that name; a `Policy` is returned as it is. Raises `PrivacyError` for an unknown name."""
    if isinstance(name, Policy):
        return name
    if name not in POLICIES:
        raise PrivacyError(f"there is no privacy policy {name!r}: choose one of {', '.join(POLICIES)}")
    return POLICIES[name]
