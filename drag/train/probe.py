"""What a run will cost: three steps that leave no trace."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from drag.train.libraries import library
from drag.train.recipe import Recipe
from drag.train.tokens import Example

STEPS = 3


@dataclass(frozen=True, slots=True)
class Estimate:
    """The cost of a run, from a probe on this machine as busy as it is now.

    `seconds_per_step` is of an optimizer step, the mean over the probe's last two; `tokens_per_second` counts prompts
    and replies; `minutes` is for the steps that are still to be done; `memory` is the most that this process has held,
    in bytes.
    """

    seconds_per_step: float
    tokens_per_second: float
    steps: int
    minutes: float
    memory: int
    trained_parameters: int


def probe(trainer: Any, examples: Sequence[Example], recipe: Recipe, steps: int) -> Estimate:
    """Measure three optimizer steps at a learning rate of nothing, on rows from all lengths, the longest among them."""
    torch = library("torch")
    model: Any = trainer.model
    trained = [one for one in model.parameters() if one.requires_grad]
    # A rate of nothing changes no weight, and yet takes the time and the memory of the real optimizer.
    optimizer = torch.optim.AdamW(trained, lr=0.0, weight_decay=0.0)
    batches = _batches(sorted(examples, key=len), recipe)
    spent: list[tuple[float, int]] = []
    model.train()
    for batch in batches:
        began, tokens = time.perf_counter(), 0
        for rows in batch:
            inputs = trainer.data_collator([one.columns() for one in rows])
            tokens += int(inputs["attention_mask"].sum())
            with trainer.compute_loss_context_manager():
                loss = trainer.compute_loss(model, inputs)
            loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        spent.append((time.perf_counter() - began, tokens))
    if recipe.white_box:
        trainer.terms = {}
        trainer.projections.zero_grad(set_to_none=True)
    seconds = sum(one for one, _ in spent[1:]) / (len(spent) - 1)
    rate = sum(tokens for _, tokens in spent[1:]) / max(1e-9, sum(one for one, _ in spent[1:]))
    return Estimate(
        round(seconds, 3),
        round(rate, 1),
        steps,
        round(seconds * steps / 60, 2),
        peak_memory(),
        sum(one.numel() for one in trained),
    )


def peak_memory() -> int:
    """The most memory that this process has held, in bytes."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


def _batches(rows: Sequence[Example], recipe: Recipe) -> list[list[list[Example]]]:
    """Three optimizer steps' batches. The first takes the longest rows, for the memory; the others every length."""
    size = recipe.batch
    longest = [list(rows[-size:])]
    middle: list[list[Example]] = []
    count = 2 * recipe.accumulation
    for place in range(count):
        # Batches hold rows of about one length, and their starts are spread evenly over all lengths.
        start = round((len(rows) - size) * (place + 0.5) / count) if len(rows) > size else 0
        middle.append(list(rows[start : start + size]))
    return [longest, middle[::2], middle[1::2]]
