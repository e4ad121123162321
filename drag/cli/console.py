"""Where the command line writes: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console

output = Console(soft_wrap=True, highlight=False)
"""Results that a person reads."""

errors = Console(stderr=True, soft_wrap=True, highlight=False)
"""Progress, notes and errors: never mixed into what a pipe reads."""


def write_json(value: Any, indent: int | None = 2) -> None:
    """Write one JSON value to standard output, unwrapped and unstyled; without an indent it is one line."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=indent) + "\n")
    sys.stdout.flush()
