"""Start values of the parameters, by name."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from grunit.errors import InputError, suggest

if TYPE_CHECKING:
    from grunit.cells.gated import GatedCell

INITIALIZERS = ("uniform", "normal", "orthogonal", "xavier", "he", "identity", "chrono")


def check_initializer(name: str) -> str:
    """The name, if it is one.

    Raises:
        InputError: it is not; the message suggests the nearest.
    """
    if name not in INITIALIZERS:
        raise InputError(f"unknown initializer {name!r}: {suggest(name, INITIALIZERS)}")
    return name


@torch.no_grad()
def draw_block(name: str, block: Tensor, *, recurrent: bool) -> None:
    """Draw one matrix ``(outputs, inputs)`` of one gate in place.

    Args:
        name: ``"normal"``, ``"orthogonal"``, ``"xavier"``, ``"he"`` or ``"identity"``, as in :func:`initialize`.
        block: the matrix.
        recurrent: whether it multiplies a state, not an input.

    >>> block = torch.empty(3, 3)
    >>> draw_block("identity", block, recurrent=True)
    >>> torch.equal(block, torch.eye(3))
    True
    """
    if name == "orthogonal" and recurrent:
        nn.init.orthogonal_(block)
    elif name in ("orthogonal", "xavier"):
        nn.init.xavier_uniform_(block)
    elif name == "he":
        nn.init.kaiming_uniform_(block, nonlinearity="relu")
    elif name == "identity" and recurrent:
        nn.init.eye_(block)
    elif name == "identity":
        nn.init.normal_(block, std=0.001)
    else:
        nn.init.normal_(block, std=1 / math.sqrt(block.shape[1]))


def draw_times(size: int, max_time: int) -> Tensor:
    """Biases ``log U(1, max_time - 1)``: a gate at this bias keeps its state for that many steps (chrono, eq. 16)."""
    if max_time < 3:
        raise InputError(f"max_time is {max_time}: chrono initialisation needs at least 3 steps")
    return torch.empty(size).uniform_(1, max_time - 1).log_()


def _blocks(cell: GatedCell, value: Tensor, heads: int = 1) -> tuple[Tensor, ...]:
    """The rows of a stacked weight or bias, one piece a gate and head, or fewer where gates share them."""
    return value.split(max(cell.hidden_size // heads, 1), 0)


def _fill_bias(cell: GatedCell, block: str, value: Tensor | float) -> None:
    """Set the sum of both biases of one gate to ``value``."""
    row = cell.stacked.index(block)
    _blocks(cell, cell.bias_ih)[row].copy_(torch.as_tensor(value))
    _blocks(cell, cell.bias_hh)[row].zero_()


@torch.no_grad()
def initialize(cell: GatedCell, name: str, *, forget_bias: float | None = None, max_time: int = 100) -> None:
    """Draw start values for a gated cell in place.

    Args:
        cell: the cell.
        name: ``"uniform"``: all from U(-1/sqrt(H), 1/sqrt(H)) as ``torch.nn`` does, the same numbers for the same
            seed. The next five draw each gate's blocks by their own sizes and set biases to 0. ``"normal"``: from
            N(0, 1 / inputs of the block) (LeCun et al. 1998). ``"orthogonal"``: recurrent blocks orthogonal (Saxe et
            al. 2014), input blocks Xavier-uniform. ``"xavier"``: Xavier-uniform (Glorot & Bengio 2010). ``"he"``:
            He-uniform, for relu (He et al. 2015). ``"identity"``: recurrent blocks the identity, input blocks from
            N(0, 0.001^2), for relu (IRNN, Le et al. 2015). ``"chrono"``: as uniform, then the keeping gate's bias from
            log U(1, max_time - 1) and the admitting gate's its negative (Tallec & Ollivier 2018, eq. 16).
        forget_bias: afterwards set the keeping gate's bias to this (Jozefowicz et al. 2015 recommend 1).
        max_time: longest dependence that chrono prepares for, in steps.

    Raises:
        InputError: unknown name, or a bias is asked of a cell without one.
    """
    check_initializer(name)
    kind = type(cell).__name__
    if (name == "chrono" or forget_bias is not None) and (cell.keeps is None or cell.bias_ih is None):
        why = "was built with bias=False" if cell.keeps else "has no gate that keeps the old state"
        raise InputError(f"{kind} {why}, so it takes neither forget_bias nor initializer='chrono': leave them out")
    if name == "chrono":
        draw_times(0, max_time)  # refuses a max_time before anything is drawn

    bound = 1 / math.sqrt(cell.hidden_size) if cell.hidden_size else 0.0
    for parameter in cell.parameters():
        nn.init.uniform_(parameter, -bound, bound)
    if name not in ("uniform", "chrono"):
        for parameter_name, value in cell.named_parameters(recurse=False):
            if value.dim() > 1:  # one weight a unit is no matrix: it stays uniform
                recurrent = parameter_name.startswith(cell.state_weights)
                alone = recurrent and parameter_name != "weight_hh"  # a projection or the like, of no gate
                for block in (value,) if alone else _blocks(cell, value, cell.heads if recurrent else 1):
                    draw_block(name, block, recurrent=recurrent)
            elif parameter_name.startswith("bias"):
                value.zero_()
    if name == "chrono":
        assert cell.keeps is not None  # refused above
        times = draw_times(cell.hidden_size, max_time).to(cell.bias_ih)
        _fill_bias(cell, cell.keeps, times)
        if cell.admits:
            _fill_bias(cell, cell.admits, -times)
    if forget_bias is not None:
        assert cell.keeps is not None
        _fill_bias(cell, cell.keeps, forget_bias)
