"""Start values of the parameters, by name."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from grunit.errors import InputError

if TYPE_CHECKING:
    from grunit.cells.gated import GatedCell

INITIALIZERS = ("uniform", "orthogonal", "xavier", "chrono")


def _blocks(cell: GatedCell, value: Tensor) -> tuple[Tensor, ...]:
    """The rows of a stacked weight or bias, one piece a gate."""
    return value.chunk(len(cell.stacked), 0)


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
            seed. ``"orthogonal"``: each gate's recurrent block orthogonal (Saxe et al. 2014), input weights
            Xavier-uniform, biases 0. ``"xavier"``: every gate's blocks Xavier-uniform (Glorot & Bengio 2010), biases 0.
            ``"chrono"``: as uniform, then the keeping gate's bias from log U(1, max_time - 1) and the admitting gate's
            its negative (Tallec & Ollivier 2018, eq. 16).
        forget_bias: afterwards set the keeping gate's bias to this (Jozefowicz et al. 2015 recommend 1).
        max_time: longest dependence that chrono prepares for, in steps.

    Raises:
        InputError: unknown name, or a bias is asked of a cell without one.
    """
    if name not in INITIALIZERS:
        near = difflib.get_close_matches(str(name), INITIALIZERS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "use one of " + ", ".join(INITIALIZERS)
        raise InputError(f"unknown initializer {name!r}: {hint}")
    kind = type(cell).__name__
    if (name == "chrono" or forget_bias is not None) and (cell.keeps is None or cell.bias_ih is None):
        why = "was built with bias=False" if cell.keeps else "has no gate that keeps the old state"
        raise InputError(f"{kind} {why}, so it takes neither forget_bias nor initializer='chrono': leave them out")
    if name == "chrono" and max_time < 3:
        raise InputError(f"max_time is {max_time}: chrono initialisation needs at least 3 steps")

    bound = 1 / math.sqrt(cell.hidden_size) if cell.hidden_size else 0.0
    for parameter in cell.parameters():
        nn.init.uniform_(parameter, -bound, bound)
    if name in ("orthogonal", "xavier"):
        recurrent = nn.init.orthogonal_ if name == "orthogonal" else nn.init.xavier_uniform_
        for block in _blocks(cell, cell.weight_ih):
            nn.init.xavier_uniform_(block)
        for block in _blocks(cell, cell.weight_hh):
            recurrent(block)
        if cell.bias_ih is not None:
            cell.bias_ih.zero_()
            cell.bias_hh.zero_()
    if name == "chrono":
        assert cell.keeps is not None  # refused above
        steps = torch.empty(cell.hidden_size, dtype=cell.bias_ih.dtype, device=cell.bias_ih.device)
        times = steps.uniform_(1, max_time - 1).log_()
        _fill_bias(cell, cell.keeps, times)
        if cell.admits:
            _fill_bias(cell, cell.admits, -times)
    if forget_bias is not None:
        assert cell.keeps is not None
        _fill_bias(cell, cell.keeps, forget_bias)
