"""What training needs beside the product's own dependencies: imported late, because it takes seconds to load."""

from __future__ import annotations

import contextlib
import importlib
import os
import warnings
from collections.abc import Generator
from typing import Any

from drag.errors import ConfigError

__all__ = ["library", "quiet"]


def library(name: str) -> Any:
    """The module `name`, untyped at this border. Raises `ConfigError` if it is not installed."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # What these libraries say to a hub or to a tracker would leave the device.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        return importlib.import_module(name)
    except ImportError as error:
        missing = name.partition(".")[0]
        raise ConfigError(f"training needs {missing}, which is not installed: pip install drag-slm[train]") from error


@contextlib.contextmanager
def quiet() -> Generator[None]:
    """Without the bars, reports and warnings of transformers on the terminal."""
    log = library("transformers").utils.logging
    verbosity, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    data = library("datasets")
    data.disable_progress_bars()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.set_verbosity(verbosity)
        (log.enable_progress_bar if bars else log.disable_progress_bar)()
