"""A recipe: everything that decides what a training run makes of its rows, in one YAML file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from drag.errors import ConfigError

Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Target = Literal["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
LINEARS: tuple[Target, ...] = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""Every linear projection of attention and of the feed-forward part, by the names of transformers."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Loss(_Strict):
    """One term of the loss; the terms are added by their weights.

    | kind | what is compared |
    |---|---|
    | `text` | the reply's tokens with the student's distribution: cross entropy |
    | `logits` | the teacher's distribution with the student's, on the reply's tokens: forward KL at `temperature`, times its square (Hinton et al. 2015, arXiv 1503.02531) |
    | `hidden` | the teacher's hidden states with the student's, at mapped layers: mean squared error over the teacher's mean square (after TinyBERT, Jiao et al. 2020, arXiv 1909.10351) |
    | `quantised` | the student with its weights rounded `to` blocks of 32 with itself in full precision: KL (after LLM-QAT, Liu et al. 2023, arXiv 2305.17888) |

    `teacher` is a model spec (a registry name, a .gguf file or a folder) or `self`: the student as it was before the
    training, which reads a row's `teacher_messages` where it has some (context distillation, Snell et al. 2022,
    arXiv 2209.15189). `layers` maps the student's layers to the teacher's, both from 1 (0 is the embedding); `even`
    spreads them.
    """  # noqa: E501 - a table

    kind: Literal["text", "logits", "hidden", "quantised"]
    weight: float = Field(default=1.0, gt=0)
    temperature: float = Field(default=1.0, gt=0, le=20)
    teacher: str = "self"
    layers: Literal["even"] | dict[int, int] = "even"
    to: Literal["q8_0", "q4_0"] = "q4_0"


class Init(_Strict):
    """Where the weights begin: the student's own (`none`), or a smaller student made of them.

    `layers` keeps `layers` of its layers, evenly spaced, first and last among them. `uniform` keeps `width` of its
    hidden dimensions and as many of its heads and feed-forward rows in proportion, evenly spaced, of `layers` layers
    (weight selection, Xu et al., ICLR 2024, arXiv 2311.18823).
    """

    kind: Literal["none", "layers", "uniform"] = "none"
    layers: Positive | None = None
    width: Positive | None = None

    @model_validator(mode="after")
    def _complete(self) -> Init:
        if self.kind == "layers" and (self.layers is None or self.width is not None):
            raise ValueError("'layers' needs a number of layers and takes no width")
        if self.kind == "uniform" and self.width is None:
            raise ValueError("'uniform' needs a width")
        if self.kind == "none" and (self.layers or self.width):
            raise ValueError("layers and width mean nothing without a kind: layers or uniform")
        return self


class Recipe(_Strict):
    """How a student is trained. Numbers of tokens are the student's own; rates are per optimizer step."""

    method: Literal["lora", "full"] = "lora"
    rank: Positive = 16
    alpha: float = Field(default=32.0, gt=0, description="the adapter's product is scaled by alpha / rank")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="of the adapter's input")
    targets: Literal["all-linear"] | tuple[Target, ...] = "all-linear"
    learning_rate: float = Field(default=5e-4, gt=0, le=1)
    steps: Positive | None = Field(default=None, description="optimizer steps")
    epochs: float | None = Field(default=None, gt=0, description="passes over the rows; default: one, without steps")
    batch: Positive = Field(default=4, description="rows that are read together")
    accumulation: Positive = Field(default=2, description="batches of one optimizer step")
    max_tokens: Positive = Field(default=1024, description="longer rows are left out and counted, never cut")
    warmup: Share = Field(default=0.05, description="share of the steps in which the rate rises")
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    weight_decay: float = Field(default=0.0, ge=0)
    clip: float = Field(default=1.0, gt=0, description="the gradient's norm, at most")
    seed: int = Field(default=0, ge=0, lt=2**31)
    checkpoint_every: Positive = Field(default=25, description="optimizer steps")
    losses: tuple[Loss, ...] = (Loss(kind="text"),)
    init: Init = Init()
    dtype: Literal["bf16", "f32"] = "bf16"

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        if not self.losses:
            raise ValueError("there has to be a loss")
        if self.steps is not None and self.epochs is not None:
            raise ValueError("steps and epochs exclude each other")
        if not self.targets:
            raise ValueError("an adapter needs a target")
        if self.method == "lora" and self.init.kind != "none":
            raise ValueError("a smaller student starts from rough weights, all of which have to learn: method: full")
        return self

    @property
    def target_modules(self) -> tuple[Target, ...]:
        """The projections that get an adapter."""
        return LINEARS if self.targets == "all-linear" else self.targets

    @property
    def white_box(self) -> bool:
        """Whether a loss looks at more than the text: then our own trainer runs, else TRL's."""
        return any(one.kind != "text" for one in self.losses)

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, over every setting: two recipes with the same digest make the same run."""
        return hashlib.sha256(json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()

    @classmethod
    def load(cls, path: Path) -> Recipe:
        """Read a YAML file. Raises `ConfigError`, one line long, for whatever is wrong with it."""
        try:
            table: Any = yaml.safe_load(path.read_text("utf-8"))
        except OSError as error:
            raise ConfigError(f"cannot read {path}: {error.strerror}") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
        return cls.of({} if table is None else table, str(path))

    @classmethod
    def of(cls, table: Any, source: str = "recipe") -> Recipe:
        """The recipe of a table such as a YAML file holds. Raises `ConfigError`, which begins with `source`."""
        try:
            return cls.model_validate(table)
        except ValidationError as error:
            found = (f"{'.'.join(map(str, one['loc'])) or 'recipe'}: {one['msg']}" for one in error.errors())
            raise ConfigError(f"{source}: {'; '.join(found)}") from error

    def override(self, **flags: Any) -> Recipe:
        """This recipe with the flags that were given (those that are not None). Raises `ConfigError`."""
        given = {name: value for name, value in flags.items() if value is not None}
        table = {**self.model_dump(), **given}
        if "steps" in given:
            table["epochs"] = None
        return Recipe.of(table)
