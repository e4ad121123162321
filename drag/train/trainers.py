"""The two trainers: TRL's for the text alone, and a small one of our own for losses that look inside."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drag.errors import ConfigError
from drag.train import losses
from drag.train.base import Base
from drag.train.fake_quant import rounded
from drag.train.libraries import library
from drag.train.recipe import Loss, Recipe
from drag.train.tokens import IGNORED, Example

PROJECTIONS = "projections.pt"


def text_trainer(**options: Any) -> Any:
    """TRL's `SFTTrainer` over rows in token ids, whose last layer sees the reply's tokens only.

    Without that, the logits of the whole prompt are computed on a CPU, and they cost as much as the rest of the model.
    """
    trl = library("trl")

    class Reader(trl.SFTTrainer):
        def create_model_card(self, *_: Any, **__: Any) -> None:
            """TRL's says nothing of what was trained on; `drag train export` writes what is to be known."""

        def compute_loss(self, model: Any, inputs: Any, *_: Any, **more: Any) -> Any:
            logits, tokens, _hidden = losses.read(model, inputs)
            count = more.get("num_items_in_batch")
            # Trainer does not divide by the accumulated batches where it knows the tokens of all of them.
            return losses.text(logits, tokens) * (1 if count is None else len(tokens) / count)

    return Reader(**options)


def distiller(teachers: Sequence[Teacher | None], recipe: Recipe, **options: Any) -> Any:
    """A `transformers.Trainer` that adds up the losses of `recipe`; `teachers` stand in their order."""
    transformers, torch = library("transformers"), library("torch")

    class Distiller(transformers.Trainer):
        def __init__(self, **given: Any) -> None:
            super().__init__(**given)
            self.model_accepts_loss_kwargs = False
            self.projections = torch.nn.ModuleDict(_projections(self.model, teachers, recipe.losses))
            self.terms: dict[str, list[float]] = {}

        def compute_loss(self, model: Any, inputs: Any, *_: Any, **__: Any) -> Any:
            wants = any(one.kind == "hidden" for one in recipe.losses)
            logits, tokens, hidden = losses.read(model, inputs, hidden=wants)
            total: Any = 0.0
            for place, (one, teacher) in enumerate(zip(recipe.losses, teachers, strict=True)):
                if one.kind == "text":
                    term = losses.text(logits, tokens)
                elif one.kind == "quantised":
                    with rounded(model, one.to):
                        coarse, _tokens, _hidden = losses.read(model, inputs)
                    term = losses.divergence(coarse, logits.detach(), one.temperature)
                elif teacher is not None and one.kind == "logits":
                    wanted, _hidden = teacher.read(model, inputs, hidden=False)
                    term = losses.divergence(logits, wanted, one.temperature)
                else:
                    assert teacher is not None  # noqa: S101 - each of these losses got one
                    term = self._nearness(model, inputs, hidden, place, teacher)
                self.terms.setdefault(f"{place}:{one.kind}", []).append(float(term.detach()))
                total = total + one.weight * term
            return total

        def _nearness(self, model: Any, inputs: Any, hidden: Any, place: int, teacher: Teacher) -> Any:
            _logits, seen = teacher.read(model, inputs, hidden=True)
            mine, theirs = _compared(inputs)
            pairs = _layers(recipe.losses[place], len(hidden) - 1, len(seen) - 1)
            terms: list[Any] = []
            for layer, other in pairs.items():
                name = f"{place}:{layer}"
                projection = dict(self.projections.items()).get(name)
                terms.append(losses.nearness(hidden[layer][mine], seen[other][theirs], projection))
            return sum(terms) / len(terms)

        def create_optimizer(self, *given: Any, **more: Any) -> Any:
            made = self.optimizer is None
            super().create_optimizer(*given, **more)
            if made and len(self.projections):
                group = {"params": list(self.projections.parameters()), "weight_decay": 0.0}
                self.optimizer.add_param_group(group)
            return self.optimizer

        def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
            super().save_model(output_dir, _internal_call)
            if len(self.projections):
                torch.save(self.projections.state_dict(), Path(output_dir or self.args.output_dir) / PROJECTIONS)

        def _load_from_checkpoint(self, folder: str, *given: Any, **more: Any) -> None:
            super()._load_from_checkpoint(folder, *given, **more)
            if len(self.projections):
                self.projections.load_state_dict(torch.load(Path(folder) / PROJECTIONS, weights_only=True))

        def log(self, logs: dict[str, float], *given: Any, **more: Any) -> None:
            for name, values in self.terms.items():
                logs[f"term/{name}"] = sum(values) / len(values)
            self.terms = {}
            super().log(logs, *given, **more)

    return Distiller(**options)


@dataclass
class Teacher:
    """Who is imitated: another `model`, or None for the student itself without its adapter."""

    model: Any | None

    def read(self, student: Any, inputs: Any, *, hidden: bool) -> tuple[Any, Any]:
        """Its logits at the reply's tokens, and its hidden states, on what it reads of a batch."""
        prefix = "teacher_" if "teacher_input_ids" in inputs else ""
        bare = student.disable_adapter() if self.model is None else contextlib.nullcontext()
        with library("torch").no_grad(), bare:
            logits, _tokens, states = losses.read(self.model or student, inputs, prefix=prefix, hidden=hidden)
        return logits, states


def teachers_of(recipe: Recipe, base: Base, load: Callable[[str], Base]) -> list[Teacher | None]:
    """The teacher of each loss, None where it needs none; each model is loaded once, by `load(spec)`.

    Raises `ConfigError` for a teacher with another vocabulary: its distribution would be over other tokens.
    """
    found: dict[str, Teacher] = {}
    chosen: list[Teacher | None] = []
    for one in recipe.losses:
        if one.kind not in {"logits", "hidden"}:
            chosen.append(None)
            continue
        if one.teacher not in found:
            if one.teacher == "self":
                # An adapter can be taken off; weights that change themselves need a copy of what they were.
                model = None if recipe.method == "lora" else copy.deepcopy(base.model)
            else:
                other = load(one.teacher)
                check_vocabulary(base, other)
                model = other.model
            if model is not None:
                model.requires_grad_(False)
                model.train(False)
            found[one.teacher] = Teacher(model)
        teacher = found[one.teacher]
        if one.kind == "hidden":
            _check_layers(one, base.model.config, (teacher.model or base.model).config)
        chosen.append(teacher)
    return chosen


def check_vocabulary(student: Base, teacher: Base) -> None:
    """Raises `ConfigError` unless both have the same tokens under the same numbers."""
    mine, theirs = student.tokenizer.get_vocab(), teacher.tokenizer.get_vocab()
    if mine != theirs or student.model.config.vocab_size != teacher.model.config.vocab_size:
        raise ConfigError(
            f"the teacher {teacher.spec} has another vocabulary than {student.spec} ({len(theirs)} and {len(mine)} "
            "tokens): their logits and hidden states cannot be compared; let it write rows instead (drag train data)"
        )


class Collator:
    """Rows to one batch, padded at the end to the longest."""

    def __init__(self, padding: int) -> None:
        self._padding = padding

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """`input_ids`, `labels` and `attention_mask`, each `(rows, longest)`, and the same under `teacher_`."""
        batch: dict[str, Any] = {}
        # One row with another prompt for its teacher is enough: for the others it reads what the student reads.
        apart = any(row.get("teacher_input_ids") is not None for row in rows)
        for prefix in ("", "teacher_") if apart else ("",):
            ids = [list(row.get(f"{prefix}input_ids") or row["input_ids"]) for row in rows]
            labels = [list(row.get(f"{prefix}labels") or row["labels"]) for row in rows]
            batch[f"{prefix}input_ids"] = _padded(ids, self._padding)
            batch[f"{prefix}labels"] = _padded(labels, IGNORED)
            batch[f"{prefix}attention_mask"] = _padded([[1] * len(one) for one in ids], 0)
        return batch


def dataset(examples: Sequence[Example]) -> Any:
    """The examples as a `datasets.Dataset`."""
    rows = [one.columns() for one in examples]
    names = dict.fromkeys(name for row in rows for name in row)
    return library("datasets").Dataset.from_dict({name: [row.get(name) for row in rows] for name in names})


def _padded(rows: Sequence[list[int]], value: int) -> Any:
    torch = library("torch")
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows])


def _compared(inputs: Any) -> tuple[Any, Any]:
    """Which hidden states are compared, of the student and of the teacher: of all tokens where both read the same."""
    if "teacher_input_ids" not in inputs:
        every = inputs["attention_mask"].bool()
        return every, every
    return inputs["labels"] != IGNORED, inputs["teacher_labels"] != IGNORED


def _layers(loss: Loss, student: int, teacher: int) -> dict[int, int]:
    return losses.spread(student, teacher) if loss.layers == "even" else loss.layers


def _check_layers(loss: Loss, student: Any, teacher: Any) -> None:
    mine, theirs = int(student.num_hidden_layers), int(teacher.num_hidden_layers)
    wrong = [f"{a}: {b}" for a, b in _layers(loss, mine, theirs).items() if not (0 <= a <= mine and 0 <= b <= theirs)]
    if wrong:
        raise ConfigError(f"layers: {', '.join(wrong)}: the student has layers 0 to {mine}, its teacher 0 to {theirs}")


def _projections(student: Any, teachers: Sequence[Teacher | None], terms: Sequence[Loss]) -> dict[str, Any]:
    """A learnt map for each pair of layers whose widths differ, by the place of its loss and the student's layer."""
    torch = library("torch")
    found: dict[str, Any] = {}
    for place, (one, teacher) in enumerate(zip(terms, teachers, strict=True)):
        if one.kind != "hidden" or teacher is None or teacher.model is None:
            continue
        mine, theirs = student.config, teacher.model.config
        if mine.hidden_size != theirs.hidden_size:
            for layer in _layers(one, int(mine.num_hidden_layers), int(theirs.num_hidden_layers)):
                found[f"{place}:{layer}"] = torch.nn.Linear(mine.hidden_size, theirs.hidden_size, bias=False)
    return found
