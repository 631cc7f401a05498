"""Start values by name for cells that do not know the option themselves, a user's own too."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from grunit.cells import Cell
from grunit.cells.initialize import check_initializer, draw_block, draw_times
from grunit.errors import InputError
from grunit.nn.blocks import find_blocks

OPTIONS = ("initializer", "forget_bias", "max_time")


def take_options(kind: type[Cell], options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options that the cell takes itself, and those of ``initializer``, ``forget_bias`` and ``max_time`` it does not.

    >>> from grunit.cells import GRU
    >>> take_options(GRU, {"initializer": "orthogonal"})
    ({'initializer': 'orthogonal'}, {})
    >>> take_options(Cell, {"initializer": "orthogonal"})
    ({}, {'initializer': 'orthogonal'})
    """
    known: set[str] = set()
    for base in kind.__mro__:
        if "__init__" in vars(base):
            known.update(inspect.signature(vars(base)["__init__"]).parameters)
    ours = {name: value for name, value in options.items() if name in OPTIONS and name not in known}
    return {name: value for name, value in options.items() if name not in ours}, ours


def initialize_cell(
    cell: Cell, initializer: str | None = None, *, forget_bias: float | None = None, max_time: int = 100
) -> None:
    """Draw start values for any cell in place.

    Which matrices multiply a state and which an input is read off the equations of the step. A matrix stacked of n
    gates is drawn gate by gate, and one that reads input and state side by side, part by part. Parameters that are
    neither factors of a product nor added to one (decays, gains, peepholes) stay as the cell made them.

    The bias that keeps the old state is not to be read off equations; a cell names it in class attributes:
    ``keep_bias = "forget.bias"``, or ``("W.bias", 1)`` for the second block of ``hidden_size``, and ``admit_bias`` in
    the same way for the gate that admits new content. One of them is enough.

    Args:
        cell: the cell.
        initializer: a name, see :func:`grunit.cells.initialize.initialize`; ``"chrono"`` leaves the weights as they
            are. None for the start values that the cell made.
        forget_bias: afterwards the start value of the keeping bias; where only ``admit_bias`` is named, its negative.
        max_time: longest dependence that chrono prepares for, in steps.

    Raises:
        InputError: an unknown name, a cell without the bias or the matrices that are asked for, or one whose step
            cannot be traced.

    >>> class Plain(Cell):
    ...     def __init__(self, input_size, hidden_size):
    ...         super().__init__(input_size, hidden_size)
    ...         self.W = torch.nn.Linear(input_size + hidden_size, 2 * hidden_size)
    ...     def step(self, x, h):
    ...         z, n = self.W(torch.cat([x, h], -1)).chunk(2, -1)
    ...         return torch.sigmoid(z) * h + torch.tanh(n)
    >>> cell = Plain(3, 5)
    >>> initialize_cell(cell, "identity")
    >>> torch.equal(cell.W.weight[5:, 3:], torch.eye(5))
    True
    """
    if initializer is not None:
        check_initializer(initializer)
    biases = {}
    if initializer == "chrono" or forget_bias is not None:
        biases = _named_biases(cell)
    times = draw_times(cell.hidden_size or 0, max_time) if initializer == "chrono" else None
    if initializer not in (None, "chrono"):
        _draw(cell, str(initializer))
    with torch.no_grad():
        for sign, bias in biases.items():
            if times is not None:
                bias.copy_(sign * times)
            if forget_bias is not None and (sign == 1 or 1 not in biases):
                bias.fill_(sign * forget_bias)


@torch.no_grad()
def _draw(cell: Cell, name: str) -> None:
    parameters = dict(cell.named_parameters())
    if any(value.is_meta for value in parameters.values()):
        return  # shapes without values
    found = find_blocks(cell)
    kind = type(cell).__name__
    if not found.blocks:
        raise InputError(f"{kind} multiplies no matrix with an input or a state: leave initializer out")
    if name == "identity" and not any(block.recurrent for block in found.blocks):
        raise InputError(f"{kind} has no matrix that multiplies a state, so initializer='identity' means nothing to it")
    # All parameters one behind the other: a block is a set of places in there.
    flat = torch.cat([value.reshape(-1).double().cpu() for value in parameters.values()])
    bound = 1 / math.sqrt(cell.hidden_size or 1)
    for block in found.blocks:
        drawn = torch.empty(block.places.shape)
        if name == "uniform":
            drawn.uniform_(-bound, bound)
        else:
            draw_block(name, drawn, recurrent=block.recurrent)
        flat[block.places] = drawn.double()
    for places in found.biases:
        flat[places] = torch.empty(places.shape).uniform_(-bound, bound).double() if name == "uniform" else 0.0
    pieces = flat.split([value.numel() for value in parameters.values()])
    for value, piece in zip(parameters.values(), pieces, strict=True):
        value.copy_(piece.view_as(value))


def _named_biases(cell: Cell) -> dict[int, Tensor]:
    """The bias that keeps under 1, the bias that admits under -1, as far as the cell names them."""
    kind, size = type(cell).__name__, cell.hidden_size or 0
    parameters = dict(cell.named_parameters())
    found: dict[int, Tensor] = {}
    for sign, attribute in ((1, "keep_bias"), (-1, "admit_bias")):
        given = getattr(cell, attribute, None)
        if given is None:
            continue
        name, block = given if isinstance(given, tuple) else (given, 0)
        if name not in parameters:
            raise InputError(f"{kind}.{attribute} names {name!r}, which is no parameter: use {', '.join(parameters)}")
        bias = parameters[name].data
        if isinstance(given, tuple):
            bias = bias[block * size : (block + 1) * size]
        if tuple(bias.shape) != (size,):
            raise InputError(
                f"{kind}.{attribute} must be {size} numbers, one a unit, and {given!r} is {tuple(bias.shape)}: "
                "name a block of a stacked bias as (name, block)"
            )
        found[sign] = bias
    if not found:
        raise InputError(
            f"{kind} does not say which bias keeps the old state, so it takes neither forget_bias nor "
            "initializer='chrono': name it in the class attribute keep_bias, or leave them out"
        )
    return found
