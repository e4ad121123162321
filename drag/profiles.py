"""How a model is best asked: measured on development data, kept for each model.

A profile is looked for in the settings (`[ask] rule`, `options`, `style`, `order`, `reading`, `trim`, `match`,
`reply`), then in the user's own file, which `drag eval choice --calibrate` and `drag eval prompts --keep-profile`
write, then in the registry; a model that stands nowhere has the default.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from drag.errors import ConfigError

if TYPE_CHECKING:
    from drag.protocols import LanguageModel
    from drag.settings import Ask

Rule = Literal["mean", "total", "characters", "pmi", "calibrated", "letters", "none"]
"""How the options of a question are weighed (see `drag.choose`)."""
RULES: tuple[Rule, ...] = get_args(Rule)

Options = Literal["auto", "shown", "hidden"]
"""Whether the options stand in the prompt. `auto` is the style's own way: a plain prompt hides them."""


Style = Literal["plain", "instructed"]
"""How a student is prompted (see `drag.prompts.answer`)."""

Order = Literal["best-first", "best-last"]
"""In which order evidence stands in the prompt."""

ReadingMode = Literal["together", "each"]
"""All evidence in one prompt, or each piece alone in its own and the answers fused (see `drag.read_each`)."""

Trim = Literal["off", "sentences"]
"""Whether a piece of evidence is cut to the sentences that bear on the question (see `drag.trim`)."""

ReplyMode = Literal["written", "quoted"]
"""Whether the student writes its answer, or says a sentence of its evidence (see `drag.quote`)."""

_ASKED = ("rule", "options", "style", "order", "reading", "trim", "match", "reply")


class Profile(BaseModel):
    """How one model is asked. The default is what was measured to be best for a student of 135M weights.

    `style` `auto` goes by the size of the weights (`drag.answer.style_of`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: Rule = "mean"
    options: Options = "auto"
    style: Style | Literal["auto"] = "auto"
    order: Order = "best-first"
    reading: ReadingMode = "together"
    trim: Trim = "off"
    reply: ReplyMode = "written"
    match: float = Field(default=0.0, ge=0)
    """Weight of the cosine between an option and what the evidence says (see `drag.match`); 0: it is not looked at."""

    @property
    def show_options(self) -> bool | None:
        """True or False where the profile decides, None where the style does."""
        return None if self.options == "auto" else self.options == "shown"

    @property
    def choosing(self) -> dict[str, str]:
        """What of it decides between the options of a question that is put without evidence."""
        # A pack's recipe holds this: what is at its default must not change recipes of before it was there.
        styled = {} if self.style == "auto" else {"style": self.style}
        return {"rule": self.rule, "options": self.options, **styled}


def profile_of(model: LanguageModel, settings: Ask | None = None) -> Profile:
    """The profile of a model. Raises `ConfigError` if the user's file of profiles cannot be read."""
    found = _read(profiles_file(settings)).get(model.identity)
    profile = found if found is not None else shipped(model.name)
    if settings is None:
        return profile
    given = {name: value for name in _ASKED if (value := getattr(settings, name)) not in ("auto", None)}
    return profile.model_copy(update=given)


def keep_profile(model: LanguageModel, profile: Profile, settings: Ask | None = None) -> Path:
    """Write a model's profile into the user's file, under its identity: the same weights by any name have it.

    Raises `ConfigError` if the file cannot be read or written.
    """
    path = profiles_file(settings)
    profiles = {identity: one.model_dump() for identity, one in _read(path).items()}
    profiles[model.identity] = profile.model_dump()
    text = json.dumps(profiles, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Whole or not at all: a reader of half a file would fail.
        fresh = path.with_name(path.name + ".new")
        fresh.write_text(text, "utf-8")
        fresh.replace(path)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from error
    return path


def profiles_file(settings: Ask | None = None) -> Path:
    """Where the user's profiles are: `[ask] profiles`, or `profiles.json` in the user's data folder."""
    from platformdirs import user_data_path

    named = settings.profiles if settings is not None else None
    return named or user_data_path("drag") / "profiles.json"


def shipped(name: str) -> Profile:
    """The profile that the registry has for a model of this name; the default where it has none."""
    from drag.models.registry import load_registry

    # Under an adapter the weights are others: what was measured without it does not hold, what was with it does.
    base, _, adapter = name.partition("+")
    entry = load_registry().get(adapter or base)
    if entry is None or (entry.kind == "adapter") != bool(adapter):
        return Profile()
    return entry.profile


def _read(path: Path) -> dict[str, Profile]:
    try:
        value: object = json.loads(path.read_text("utf-8")) if path.exists() else {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read the profiles in {path}: not JSON") from error
    if not isinstance(value, dict):
        raise ConfigError(f"cannot read the profiles in {path}: not a JSON object")
    try:
        return {name: Profile.model_validate(one) for name, one in cast("Mapping[str, Any]", value).items()}
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ConfigError(f"cannot read the profiles in {path}: {where}: {first['msg']}") from error
