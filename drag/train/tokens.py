"""Rows as token ids: exactly those that llama.cpp reads when the exported student is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from drag.models.local import neutralise
from drag.train.rows import Row
from drag.types import Message

IGNORED = -100
"""The label of a token that no loss looks at (torch's own convention)."""


@dataclass(frozen=True, slots=True)
class Example:
    """A row in token ids. `reply` ends with the token that ends a turn; `teacher` is what its teacher reads."""

    prompt: tuple[int, ...]
    reply: tuple[int, ...]
    teacher: tuple[int, ...] | None = None

    def __len__(self) -> int:
        return max(len(self.prompt), len(self.teacher or ())) + len(self.reply)

    def columns(self) -> dict[str, list[int]]:
        """`input_ids` and `labels`, and the same for the teacher where it reads something else."""
        found = {"input_ids": [*self.prompt, *self.reply], "labels": [IGNORED] * len(self.prompt) + [*self.reply]}
        if self.teacher is not None:
            found["teacher_input_ids"] = [*self.teacher, *self.reply]
            found["teacher_labels"] = [IGNORED] * len(self.teacher) + [*self.reply]
        return found


def prompt_ids(tokenizer: Any, messages: Sequence[Message]) -> tuple[int, ...]:
    """The prompt in the model's chat template, up to where the assistant speaks, as `LocalModel` renders it."""
    turns = [{"role": one.role, "content": neutralise(one.content)} for one in messages]
    text = str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
    ids = tuple(int(one) for one in tokenizer(text, add_special_tokens=False)["input_ids"])
    # llama.cpp puts the opening mark before a prompt if the file says so, once.
    opens = tokenizer.bos_token_id if getattr(tokenizer, "add_bos_token", False) else None
    return ids if opens is None or ids[:1] == (opens,) else (int(opens), *ids)


def reply_ids(tokenizer: Any, text: str) -> tuple[int, ...]:
    """The reply's tokens, as they follow a prompt, without the one that ends the turn."""
    return tuple(int(one) for one in tokenizer(text, add_special_tokens=False)["input_ids"])


def encode(tokenizer: Any, row: Row, *, teacher: bool) -> Example:
    """A row in token ids; with its `teacher_messages` if a `teacher` is to read them."""
    reads = prompt_ids(tokenizer, row.teacher_messages) if teacher and row.teacher_messages else None
    reply = (*reply_ids(tokenizer, row.reply), int(tokenizer.eos_token_id))
    return Example(prompt_ids(tokenizer, row.messages), reply, reads)
