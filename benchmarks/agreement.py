"""No contender is timed that computes something else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

TOLERANCE = 1e-3
"""Of the largest number in a result: far above float32's rounding, far below any mistake in an equation."""


def check_agreement(calls: Mapping[str, Callable[[], Any]], reference: str, names: Iterable[str]) -> None:
    """Compare what contenders return with what the reference returns.

    Raises:
        AssertionError: a result differs by more than float32's rounding explains.
    """
    expected = results(calls[reference]())
    for name in names:
        for ours, theirs in zip(results(calls[name]()), expected, strict=True):
            scale = max(theirs.abs().max().item(), 1e-30)
            difference = (ours - theirs).abs().max().item() / scale
            assert difference < TOLERANCE, f"{name} computes something else than {reference}: off by {difference:.1e}"


def results(value: Any) -> tuple[Tensor, ...]:
    """What a call returned, as tensors."""
    values = value if isinstance(value, tuple) else (value,)
    return tuple(torch.as_tensor(each).detach() for each in values)
