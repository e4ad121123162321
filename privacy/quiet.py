"""Refusals that carry nothing along: neither the error that caused them nor the frames that held the words."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from privacy.errors import PrivacyError

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def quiet(work: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """`work`, with every `PrivacyError` raised anew from a frame whose locals are empty.

    Whoever shows local variables with a traceback (rich, pytest, crash reporters) shows no private words then. Other
    errors, such as those of a transport, go through as they are.
    """

    @wraps(work)
    def call(*arguments: Parameters.args, **options: Parameters.kwargs) -> Result:
        try:
            return work(*arguments, **options)
        except PrivacyError as error:
            fault = str(error)
        del arguments, options
        raise PrivacyError(fault)

    return call
