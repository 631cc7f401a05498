"""The one door into the compiler: walk a cell along a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from grunit.compiler.eager import run_eagerly
from grunit.compiler.plan import Plan, find_plan
from grunit.compiler.sequence import run_plan
from grunit.errors import ShapeError


def run(
    cell: Any,
    parameters: dict[str, Tensor],
    inputs: Sequence[Tensor],
    states: Sequence[Tensor],
    *,
    valid: Tensor | None = None,
    resets: Tensor | None = None,
    reverse: bool = False,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Walk ``cell`` along a sequence.

    Args:
        cell: whose ``step`` to run; its own parameters are not used.
        parameters: the parameters and buffers by their names in the cell.
        inputs: one tensor ``(T, B, size)`` a name in ``cell.inputs``, T >= 1.
        states: one tensor ``(B, size)`` a name in ``cell.state``.
        valid: ``(T, B)`` bool; where False the states stay as they are.
        resets: ``(T, B)`` bool; where True the states are zeroed before that step.
        reverse: walk from the last step to the first; the output stays in the order of the input.

    Returns:
        the first state after each step ``(T, B, size)``, and a tuple of all states after the last step walked.

    Raises:
        ShapeError: there is no step to walk.
    """
    if inputs[0].shape[0] == 0:
        raise ShapeError("the input has 0 time steps: give at least one")
    by_step = {
        "valid": None if valid is None else valid.unsqueeze(-1),
        "resets": None if resets is None else resets.unsqueeze(-1),
    }
    if torch.compiler.is_compiling() or _needs_derivative_rules():
        return run_eagerly(cell, parameters, inputs, states, **by_step, reverse=reverse)
    device = inputs[0].device.type
    products = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else None
    if products is not None:
        # Products in the small dtype, everything else and the states in that of the parameters.
        wide = next((p.dtype for p in parameters.values() if p.is_floating_point()), states[0].dtype)
        inputs = [value.to(wide) if value.is_floating_point() else value for value in inputs]
        states = [value.to(wide) for value in states]
    elif len({v.dtype for v in (*parameters.values(), *inputs, *states) if v.is_floating_point()}) > 1:
        return run_eagerly(cell, parameters, inputs, states, **by_step, reverse=reverse)  # PyTorch says what is wrong
    plan = find_plan(cell, parameters, inputs, states, valid is not None, resets is not None, products)
    if not isinstance(plan, Plan):
        return run_eagerly(cell, parameters, inputs, states, **by_step, reverse=reverse)
    with torch.autocast(device, enabled=False):
        return run_plan(plan, cell, parameters, inputs, [m for m in by_step.values() if m is not None], states, reverse)


def _needs_derivative_rules() -> bool:
    """Inside ``torch.func`` transforms and forward-mode derivatives every op must be one PyTorch can differentiate."""
    return torch._C._are_functorch_transforms_active() or torch.autograd.forward_ad._current_level >= 0
