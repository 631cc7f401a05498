"""Layers and directions: the one walk that every recurrent module of grunit takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from grunit.cells import Cell
from grunit.compiler import run
from grunit.nn.connections import Connection
from grunit.nn.dropouts import locked_dropout
from grunit.nn.merges import merge_directions

Walk = Callable[..., tuple[Tensor, tuple[Tensor, ...]]]
"""What walks one cell along one sequence; the signature of :func:`grunit.compiler.run`."""


class Strand(NamedTuple):
    """One direction of one layer: whose step to take, with which parameters and inputs that are its own."""

    cell: Cell
    parameters: dict[str, Tensor]
    inputs: Mapping[str, Tensor] | None = None


def walk_layers(
    strands: Sequence[Strand],
    x: Tensor,
    states: Sequence[Mapping[str, Tensor]],
    *,
    directions: int = 1,
    extra_inputs: Mapping[str, Tensor] | None = None,
    valid: Tensor | None = None,
    resets: Tensor | None = None,
    dropout: float = 0.0,
    input_dropout: float = 0.0,
    output_dropout: float = 0.0,
    state_from_below: bool = False,
    merge: str = "concat",
    connections: Sequence[Connection] = (),
    dense: bool = False,
    walk: Walk = run,
) -> tuple[Tensor, list[dict[str, Tensor]]]:
    """Walk a stack of layers, each in one or two directions.

    Args:
        strands: layer by layer, in each layer forward then reverse.
        x: ``(T, B, F)``.
        states: start states ``(B, size)`` by name, one mapping a strand.
        directions: 1 or 2.
        extra_inputs: ``(T, B, n)`` by name; each cell takes those it lists.
        valid: ``(T, B)`` bool; states freeze where it is False.
        resets: ``(T, B)`` bool; a new sequence begins at that step.
        dropout: between layers, 0 to switch it off.
        input_dropout: on ``x``, one mask for all steps; output_dropout: so on what each layer gives.
        state_from_below: layers above the first start from the final states of the layer below, matched by name.
        merge: what becomes of two directions, see :func:`~grunit.nn.merges.merge_directions`.
        connections: what each layer hands up, one a layer; empty for its output as it is.
        dense: each layer reads ``x`` and what all layers below handed up.
        walk: what walks one strand.

    Returns:
        what the last layer hands up ``(T, B, size)`` and the final states, one mapping a strand.
    """
    backward_resets = None
    if resets is not None:
        # What lies beyond a row's end is no step of that row, so nothing begins there.
        resets = resets if valid is None else resets & valid
        # A reset at t parts t-1 from t; the reverse direction crosses that line when it walks t-1.
        backward_resets = torch.cat([resets[1:], torch.zeros_like(resets[:1])])
    finals: list[dict[str, Tensor]] = []
    x = locked_dropout(x, input_dropout)
    for first in range(0, len(strands), directions):
        read = functional.dropout(x, dropout) if first and dropout else x
        outputs = []
        for index in range(first, first + directions):
            cell, parameters, own = strands[index]
            start = dict(states[index])
            if state_from_below and first:
                below = finals[index - directions]
                start.update((name, below[name]) for name in start if name in below)
            crossed = resets if index == first else backward_resets
            given = {**(extra_inputs or {}), **(own or {})}
            if crossed is not None and "begins" in cell.inputs:
                given["begins"] = crossed.unsqueeze(-1).to(read)
            output, final = walk(
                cell,
                parameters,
                [read, *(given[name] for name in cell.inputs[1:])],
                [start[name] for name in cell.state],
                valid=valid,
                resets=crossed,
                reverse=index > first,
            )
            outputs.append(output)
            finals.append(dict(zip(cell.state, final, strict=True)))
        y = locked_dropout(merge_directions(outputs, merge), output_dropout)
        if connections:
            y = connections[first // directions](x, y)
        x = torch.cat([x, y], -1) if dense and first + directions < len(strands) else y
    return x, finals


def suffix_of(index: int, directions: int) -> str:
    """The ending torch gives to names of a strand.

    >>> suffix_of(3, 2)
    '_l1_reverse'
    """
    layer, direction = divmod(index, directions)
    return f"_l{layer}" + "_reverse" * direction


def step_once(
    cell: Any, parameters: dict[str, Tensor], inputs: Sequence[Tensor], states: Sequence[Tensor], **_: Any
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """A :data:`Walk` of a single step: inputs ``(B, F)``, no time axis."""
    from grunit.compiler.eager import call_step

    new = call_step(cell, parameters, inputs, states)
    return new[0], new
