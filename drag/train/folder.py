"""The folder of a run: what it was started with, its log, its checkpoints, and what came out of it.

run.json        what decides the run (recipe, rows, student), and what it came to
sample.jsonl    a few of its rows, for the parity check of an export
log.jsonl       one line an optimizer step
loss.svg        the same as a picture
checkpoint-N/   the newest two; a run that was killed goes on from there
adapter/        LoRA: the adapter, in peft's form
model/          full training: the weights, in transformers' form
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from drag.errors import ConfigError
from drag.train.rows import Row, read_all, write_rows

RUN = "run.json"
ADAPTER = "adapter"
MODEL = "model"
_KEYS = ("base", "recipe_sha256", "rows_sha256")
_WHAT = {"base": "student", "recipe_sha256": "recipe", "rows_sha256": "rows"}


class RunFolder:
    """The folder of one run. Raises `ConfigError` wherever a file of it cannot be read or written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, facts: Mapping[str, Any], sample: Sequence[Row]) -> bool:
        """Start, or go on with what was started: whether it is finished already.

        Raises `ConfigError` if the folder holds another run: another student, other rows or another recipe.
        """
        there = self.facts() if (self.path / RUN).exists() else None
        if there is not None:
            other = [_WHAT[key] for key in _KEYS if there.get(key) != facts[key]]
            if other:
                raise ConfigError(f"{self.path} holds a run with another {' and '.join(other)}: give another folder")
            return bool(there.get("finished"))
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise ConfigError(f"{self.path} is there and holds no run: give an empty or a new folder")
        self.path.mkdir(parents=True, exist_ok=True)
        write_rows(self.path / "sample.jsonl", sample)
        self.write(facts)
        return False

    def facts(self) -> dict[str, Any]:
        """What `run.json` says. Raises `ConfigError` if there is none."""
        try:
            value: object = json.loads((self.path / RUN).read_text("utf-8"))
        except OSError as error:
            raise ConfigError(f"{self.path} holds no run: drag train run … -o {self.path}") from error
        except ValueError as error:
            raise ConfigError(f"{self.path / RUN} is broken") from error
        if not isinstance(value, dict) or "base" not in value:
            raise ConfigError(f"{self.path / RUN} is not of a training run")
        return cast("dict[str, Any]", value)

    def write(self, facts: Mapping[str, Any]) -> None:
        """Write `run.json`, in whole or not at all."""
        replace_text(self.path / RUN, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")

    def sample(self) -> list[Row]:
        """The rows of the parity check."""
        return read_all(self.path / "sample.jsonl")

    def checkpoint(self) -> tuple[Path, int] | None:
        """The newest whole checkpoint and its step. One that was cut off by a kill has no readable state yet."""
        found: list[tuple[int, Path]] = []
        for path in self.path.glob("checkpoint-*"):
            try:
                state: Any = json.loads((path / "trainer_state.json").read_text("utf-8"))
                found.append((int(state["global_step"]), path))
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return (max(found)[1], max(found)[0]) if found else None

    def log(self, record: Mapping[str, Any]) -> None:
        """Add a line to the log."""
        with (self.path / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def logged(self) -> list[dict[str, Any]]:
        """The log's lines. A line that a kill cut off is left out."""
        found: list[dict[str, Any]] = []
        path = self.path / "log.jsonl"
        for line in path.read_text("utf-8").splitlines() if path.exists() else []:
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    def rewind(self, step: int) -> None:
        """Forget what was logged after `step`: those steps are done again."""
        kept = [json.dumps(one) + "\n" for one in self.logged() if one["step"] <= step]
        replace_text(self.path / "log.jsonl", "".join(kept))


def replace_text(path: Path, text: str) -> None:
    """Write a text file in whole or not at all. Raises `ConfigError` if it cannot be written."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(text, "utf-8")
        part.replace(path)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from error
