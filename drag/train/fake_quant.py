"""Weights rounded as llama.cpp's blocks round them, in a form that can be trained through."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any, Literal

from drag.train.libraries import library

Rounding = Literal["q8_0", "q4_0"]

BLOCK = 32
"""Weights of one row that share a scale."""


def round_weights(weight: Any, to: Rounding) -> Any:
    """`weight` after a round trip through blocks of 32 along its last dimension; as it is where that does not divide.

    The rounding is ggml's (`quantize_row_q8_0_ref`, `quantize_row_q4_0_ref`): `q8_0` has the scale max |w| / 127,
    `q4_0` the extreme value, with its sign, / −8, and codes 0 to 15; both keep their scale in 16 bits.
    """
    torch = library("torch")
    if weight.shape[-1] % BLOCK:
        return weight
    blocks = weight.detach().float().reshape(*weight.shape[:-1], -1, BLOCK)
    if to == "q8_0":
        scale = blocks.abs().amax(-1, keepdim=True) / 127
        codes = blocks * _inverse(scale)
        codes = torch.sign(codes) * torch.floor(codes.abs() + 0.5)
    else:
        extreme = blocks.gather(-1, blocks.abs().argmax(-1, keepdim=True))
        scale = extreme / -8
        codes = (blocks * _inverse(scale) + 8.5).trunc().clamp(0, 15) - 8
    return (codes * scale.half().float()).reshape(weight.shape).to(weight.dtype)


def straight_through(weight: Any, to: Rounding) -> Any:
    """The rounded weight, whose gradient is the weight's own (Bengio et al. 2013, arXiv 1308.3432)."""
    return weight + (round_weights(weight, to) - weight).detach()


@contextlib.contextmanager
def rounded(model: Any, to: Rounding) -> Generator[None]:
    """Within this, every linear layer of the model's layers, its adapter added first, computes with rounded weights."""
    torch = library("torch")
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    changed: list[Any] = []
    inside: set[int] = set()
    try:
        for module in causal.base_model.layers.modules():
            if hasattr(module, "base_layer") and hasattr(module, "lora_A"):
                inside |= {id(one) for one in module.modules()} - {id(module)}
                changed.append(module)
            elif isinstance(module, torch.nn.Linear) and id(module) not in inside:
                changed.append(module)
        for module in changed:
            module.forward = _Rounded(module, to)
        yield
    finally:
        for module in changed:
            module.__dict__.pop("forward", None)


class _Rounded:
    """What a linear layer does while it is rounded."""

    def __init__(self, module: Any, to: Rounding) -> None:
        self._module = module
        self._to: Rounding = to

    def __call__(self, x: Any) -> Any:
        linear = getattr(self._module, "base_layer", self._module)
        weight = linear.weight.float()
        if linear is not self._module:
            for name in self._module.active_adapters:
                down, up = self._module.lora_A[name].weight, self._module.lora_B[name].weight
                weight = weight + self._module.scaling[name] * (up.float() @ down.float())
        weight = straight_through(weight, self._to).to(x.dtype)
        bias = None if linear.bias is None else linear.bias.to(x.dtype)
        return library("torch").nn.functional.linear(x, weight, bias)


def _inverse(scale: Any) -> Any:
    torch = library("torch")
    return torch.where(scale == 0, torch.zeros_like(scale), 1 / scale)
