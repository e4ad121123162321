"""Whether llama.cpp reads an exported file as torch meant it: the same tokens, nearly the same probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drag.errors import ModelError
from drag.models.local import LocalModel
from drag.train.base import Base
from drag.train.libraries import library
from drag.train.rows import Row
from drag.train.tokens import prompt_ids, reply_ids
from drag.types import Prompt


@dataclass(frozen=True, slots=True)
class Parity:
    """The differences between torch's and llama.cpp's natural-log probabilities of reply tokens.

    `mean` and `worst` are absolute, over `tokens` tokens of `prompts` prompts.
    """

    mean: float
    worst: float
    tokens: int
    prompts: int


def parity(base: Base, model: Any, file: Path, adapter: Path | None, rows: Sequence[Row]) -> Parity:
    """Compare `model` in torch with `file` (under `adapter`) in llama.cpp on the replies of `rows`.

    Raises `ModelError` if llama.cpp reads other tokens than torch was trained on, or cannot load the file.
    """
    differences: list[float] = []
    longest = max(len(prompt_ids(base.tokenizer, row.messages)) + len(row.reply) for row in rows)
    with closing(LocalModel(file, adapter=adapter, context_tokens=max(512, longest + 16))) as local:
        for row in rows:
            _check_tokens(base, local, row)
            found = local.score(Prompt("parity", row.messages), [row.reply])[0].tokens
            wanted = reply_logprobs(base, model, row)
            differences += [abs(one - other) for one, other in zip(found, wanted, strict=True)]
    return Parity(sum(differences) / len(differences), max(differences), len(differences), len(rows))


def reply_logprobs(base: Base, model: Any, row: Row) -> list[float]:
    """Torch's natural-log probability of each token of a row's reply, without the one that ends the turn."""
    torch = library("torch")
    prompt, reply = prompt_ids(base.tokenizer, row.messages), reply_ids(base.tokenizer, row.reply)
    ids = torch.tensor([[*prompt, *reply]])
    with torch.inference_mode():
        logits = model(input_ids=ids, use_cache=False, logits_to_keep=len(reply) + 1).logits[0, :-1].float()
    rows = logits.log_softmax(-1)
    return [float(rows[place, token]) for place, token in enumerate(reply)]


def _check_tokens(base: Base, local: LocalModel, row: Row) -> None:
    read = tuple(local.prompt_tokens(row.messages)), tuple(local.tokens(row.reply))
    if read != (prompt_ids(base.tokenizer, row.messages), reply_ids(base.tokenizer, row.reply)):
        raise ModelError(
            f"llama.cpp reads row {row.id} in other tokens than torch was trained on: the chat template or the "
            "tokenizer of the student differs between the two"
        )
