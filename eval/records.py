"""Records of a JSON Lines file, one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from drag.errors import ConfigError


def read_records(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Line number, from 1, and record; empty lines are passed over. Raises `ConfigError`, which names the line."""
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    record = json.loads(line)
                except json.JSONDecodeError as error:
                    raise ConfigError(f"{path}, line {number}: not JSON ({error.msg})") from error
                if not isinstance(record, dict):
                    raise ConfigError(f"{path}, line {number}: not a JSON object")
                yield number, cast("Mapping[str, Any]", record)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"cannot read {path}: it is not UTF-8 text") from error


def texts_of(record: Mapping[str, Any], name: str, where: str) -> tuple[str, ...]:
    """The text or texts under `name`, none if it is missing. Raises `ConfigError` for anything else."""
    value = record.get(name)
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        return (value,)
    items = cast("list[object]", value) if isinstance(value, list) else None
    if items is None or not all(isinstance(one, str) for one in items):
        raise ConfigError(f"{where}: '{name}' is neither a text nor a list of texts")
    return tuple(str(one) for one in items if str(one).strip())
