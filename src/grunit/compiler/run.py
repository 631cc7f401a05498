"""The one door into the compiler: walk a cell along a sequence."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from grunit.compiler.eager import run_eagerly
from grunit.compiler.operator import plan_key, walk_by_key, watch_constants
from grunit.compiler.plan import Plan, find_plan
from grunit.compiler.sequence import run_plan
from grunit.errors import InputError, ShapeError

PLAIN_TENSOR = Tensor.__torch_dispatch__


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
        InputError: inside ``torch.jit.trace``.
    """
    if inputs[0].shape[0] == 0:
        raise ShapeError("the input has 0 time steps: give at least one")
    if torch.jit.is_tracing():
        raise InputError("torch.jit.trace cannot follow a recurrent layer: use torch.export or torch.compile")
    by_step = {
        "valid": None if valid is None else valid.unsqueeze(-1),
        "resets": None if resets is None else resets.unsqueeze(-1),
    }
    capturing = torch.compiler.is_compiling()
    if _must_be_ordinary((*parameters.values(), *inputs, *states), inputs[0].shape[0], capturing):
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
    masks = [m for m in by_step.values() if m is not None]
    if capturing:
        watch_constants(cell)
        key = plan_key(
            cell,
            tuple(parameters),
            tuple(_form(value, value.shape) for value in parameters.values()),
            tuple(_form(value, (1, value.shape[-1])) for value in inputs),
            tuple(_form(value, (1, value.shape[-1])) for value in states),
            valid is not None,
            resets is not None,
            products,
        )
        if key:
            names = (*parameters, *cell.inputs)
            return walk_by_key(key, names, list(parameters.values()), inputs, masks, states, reverse)
        return run_eagerly(cell, parameters, inputs, states, **by_step, reverse=reverse)
    plan = find_plan(cell, parameters, inputs, states, valid is not None, resets is not None, products)
    if not isinstance(plan, Plan):
        return run_eagerly(cell, parameters, inputs, states, **by_step, reverse=reverse)
    if products is None:
        return run_plan(plan, cell, parameters, inputs, masks, states, reverse)
    with torch.autocast(device, enabled=False):
        return run_plan(plan, cell, parameters, inputs, masks, states, reverse)


def _form(value: Tensor, shape: Sequence[int]) -> tuple[tuple[int, ...], torch.dtype, torch.device]:
    """What a tensor looks like; a capture with symbolic sizes takes these ones for fixed."""
    return tuple(operator.index(size) for size in shape), value.dtype, value.device


def _must_be_ordinary(tensors: Sequence[Tensor], steps: int | torch.SymInt, capturing: bool) -> bool:
    """Whether somebody watches single operations, so that each must be one of PyTorch's own.

    ``torch.func`` transforms, forward-mode derivatives, tracers, modes that count or fake operations, tensors that
    only describe values or lie on several machines. So does ``torch.export``, whose programs leave this process:
    they unroll the loop, unless the number of steps is left open, which no unrolled loop can do.
    """
    if torch._C._are_functorch_transforms_active() or torch.autograd.forward_ad._current_level >= 0:
        return True
    if capturing:
        return torch.compiler.is_exporting() and not isinstance(steps, torch.SymInt)
    if torch._C._len_torch_dispatch_stack():
        return True
    return any(value.is_meta or type(value).__torch_dispatch__ is not PLAIN_TENSOR for value in tensors)
