"""How sure an answer is: whether the evidence carries one, and whether this one stands in it. No model is called.

Three small logistic regressions, each over features in plain sight, fitted to development data (`drag eval grounding
--fit`; figures in docs/experiments-search.md):

- `answerable`: does the evidence carry an answer to the question? From its best cosine to the question, and the share
  of the question's words that stand in it;
- `grounded`: does an answer stand in the evidence? From the words it adds to the question, and its longest run of
  words found there;
- `confidence`: is the answer right? From these two, the student's own probability of what it said, and how much of
  that the evidence is responsible for.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from drag.errors import ConfigError

Weights = Mapping[str, Annotated[float, Field(allow_inf_nan=False)]]
"""Feature name to weight, with the constant under `bias`: P = 1 / (1 + exp(-Σ weight · feature))."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """The weights of the three, and the least `answerable` at which a student is asked at all."""

    answerable: Weights
    grounded: Weights
    confidence: Weights
    threshold: Annotated[float, Field(ge=0, le=1)]

    @classmethod
    def load(cls, path: Path) -> Calibration:
        """Read what `drag eval grounding --fit` wrote. Raises `ConfigError` if it is missing or not of that form."""
        try:
            read = TypeAdapter(Calibration).validate_json(path.read_bytes())
        except OSError as error:
            raise ConfigError(f"cannot read the calibration {path}: {error.strerror}") from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ConfigError(f"{path}: {place + ': ' if place else ''}{first['msg']}") from error
        for name in ("answerable", "grounded", "confidence"):
            wanted, given = getattr(DEFAULT, name).keys(), getattr(read, name).keys()
            if wanted != given:
                raise ConfigError(f"{path}: '{name}' needs the weights {', '.join(sorted(wanted))}")
        return read

    def save(self, path: Path) -> None:
        """Write it as JSON. Raises `ConfigError` if that fails."""
        try:
            path.write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")
        except OSError as error:
            raise ConfigError(f"cannot write {path}: {error.strerror}") from error


DEFAULT = Calibration(
    answerable={"bias": -7.452, "cosine": 8.351, "words": 4.587},
    grounded={"bias": -2.516, "run": 5.13, "unsupported": -2.421},
    confidence={"bias": -1.447, "answerable": 0.53, "gain": 0.0, "grounded": 0.008, "logprob": 0.187},
    threshold=0.25,
)
"""Fitted to the development data that docs/experiments-search.md names; `confidence` to a student of 135M weights."""


def probability(weights: Weights, features: Mapping[str, float]) -> float:
    """The logistic regression's answer, in (0, 1)."""
    total = weights["bias"] + math.fsum(weights[name] * value for name, value in features.items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def log_odds(share: float) -> float:
    """log(p / (1 - p)), for p kept within [1e-4, 1 - 1e-4]."""
    held = min(1 - 1e-4, max(1e-4, share))
    return math.log(held / (1 - held))


def answerable_features(question: str, evidence: Sequence[str], cosines: Sequence[float]) -> dict[str, float]:
    """`cosine`: the best of the pieces', in [-1, 1]. `words`: share of the question's words that stand in any piece."""
    asked = set(own_words(question))
    found = {word for text in evidence for word in own_words(text)}
    return {
        "cosine": max(cosines, default=0.0),
        "words": len(asked & found) / len(asked) if asked else 0.0,
    }


def grounded_features(question: str, evidence: Sequence[str], answer: str) -> dict[str, float]:
    """What of an answer stands in the evidence.

    `run`: its longest run of consecutive words that stands so in one piece, as a share, in [0, 1], of its words.
    `unsupported`: log(1 + n), n being how many of the words that it adds to the question (of all its words if it adds
    none) stand nowhere in the evidence.
    """
    asked = set(own_words(question))
    said = own_words(answer)
    own = {word for word in said if word not in asked} or set(said)
    found = {word for text in evidence for word in own_words(text)}
    words = _WORD.findall(answer.casefold())
    run = _longest_run(words, [" ".join(_WORD.findall(text.casefold())) for text in evidence])
    return {
        "run": run / max(1, len(words)),
        "unsupported": math.log1p(len(own - found)),
    }


def confidence_features(
    answerable: float, grounded: float, logprob: float, alone: float | None = None
) -> dict[str, float]:
    """The two probabilities as log odds, and the mean natural-log probability of the answer's tokens.

    `alone` is that mean without the evidence; `gain` is what the evidence adds to it, 0 where it is not known.
    """
    gain = 0.0 if alone is None else logprob - alone
    return {"answerable": log_odds(answerable), "grounded": log_odds(grounded), "logprob": logprob, "gain": gain}


_WORD = re.compile(r"\w+")
EMPTY = frozenset(
    re.findall(
        r"\w+",
        """a an and are as at be been but by can did do does for from had has have he her him his how i in is it its not
        of on or she that the their them there they this to was were what when where which who why will with would
        you""",
    )
)
"""Words that tell nothing of what an answer says."""

_ASKING = EMPTY | {"whom", "whose"}


def own_words(text: str) -> list[str]:
    """The words of `text` that say something, folded to lower case and without the commonest endings."""
    return [_stem(word) for word in _WORD.findall(text.casefold()) if word not in _ASKING]


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def _longest_run(words: Sequence[str], texts: Sequence[str]) -> int:
    """The length of the longest run of `words` that stands in one of the texts, which are words between spaces."""
    padded = [f" {text} " for text in texts]
    best = 0
    for start in range(len(words)):
        # Only a longer run than the best is of interest; it grows while it is found.
        while start + best < len(words):
            wanted = f" {' '.join(words[start : start + best + 1])} "
            if not any(wanted in text for text in padded):
                break
            best += 1
    return best
