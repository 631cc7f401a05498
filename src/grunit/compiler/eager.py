"""The step called in a Python loop: what every backend must equal, and what runs what cannot be compiled.

Fifteen lines that a reader can trust. All of it is ordinary differentiable PyTorch, so second derivatives,
forward-mode derivatives and ``torch.func`` transforms come through here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from grunit.errors import InputError


def call_step(
    cell: Any, parameters: dict[str, Tensor], inputs: Sequence[Tensor], states: Sequence[Tensor]
) -> tuple[Tensor, ...]:
    """One step of ``cell`` with the given parameters; inputs and states in the order of their names."""
    named = dict(zip((*cell.inputs, *cell.state), (*inputs, *states), strict=True))
    new = functional_call(cell, parameters, tuple(named[name] for name in cell.argument_order()))
    if isinstance(new, Tensor):
        return (new,)
    if not isinstance(new, (tuple, list)):
        raise InputError(f"step of {type(cell).__name__} must return its new states, it returned {type(new).__name__}")
    return tuple(new)


def guarded_step(
    cell: Any,
    parameters: dict[str, Tensor],
    inputs: Sequence[Tensor],
    states: Sequence[Tensor],
    valid: Tensor | None,
    reset: Tensor | None,
) -> tuple[Tensor, ...]:
    """One step that starts from zero where ``reset`` and keeps the old state where not ``valid``, both ``(B, 1)``."""
    if reset is not None:
        states = [state.masked_fill(reset, 0) for state in states]
    new = call_step(cell, parameters, inputs, states)
    if valid is not None:
        new = tuple(torch.where(valid, after, before) for after, before in zip(new, states, strict=True))
    return new


def run_eagerly(
    cell: Any,
    parameters: dict[str, Tensor],
    inputs: Sequence[Tensor],
    states: Sequence[Tensor],
    valid: Tensor | None = None,
    resets: Tensor | None = None,
    reverse: bool = False,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Walk ``inputs``, each ``(T, B, F)``, from ``states``, each ``(B, H)``; masks are ``(T, B, 1)`` bool.

    Returns the first state after every step ``(T, B, H)`` and all states after the last.
    """
    current, outputs = tuple(states), []
    length = inputs[0].shape[0]
    for t in reversed(range(length)) if reverse else range(length):
        current = guarded_step(
            cell,
            parameters,
            [value[t] for value in inputs],
            current,
            None if valid is None else valid[t],
            None if resets is None else resets[t],
        )
        outputs.append(current[0])
    if reverse:
        outputs.reverse()
    return torch.stack(outputs), current
