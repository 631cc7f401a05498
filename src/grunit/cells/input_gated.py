"""What the cells linear in their state share: all gates come from the input alone."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from grunit.cells.cell import Cell
from grunit.cells.initialize import check_initializer, draw_block, draw_times
from grunit.errors import InputError


class InputGatedCell(Cell):
    """A cell whose gates read ``x`` and never a state: linear in its state, so parallel over time.

    Parameters: ``weight_ih (blocks * H, F)`` and ``bias_ih (biased blocks * H)``, blocks in the order of ``stacked``.

    Args:
        input_size: features of ``x``.
        hidden_size: units ``H``.
        bias: with the bias (default) or without.
        initializer: ``"uniform"`` as ``torch.nn.Linear`` (default), or another name that
            :func:`~grunit.cells.initialize.initialize` knows, each block drawn as one that multiplies inputs.
        forget_bias: start value of the bias of the gate that keeps the old state, or, where one gate keeps and admits,
            its negative for that gate (default: as the initialiser left it).
        max_time: longest dependence that ``"chrono"`` prepares for, in steps (default 100).
        device, dtype: of the parameters.
    """

    stacked: tuple[str, ...] = ()
    """Names of the blocks stacked in the weight, in order."""
    unbiased: tuple[str, ...] = ()
    """Those of them that have no bias."""
    input_size: int
    hidden_size: int
    weight_ih: Tensor
    bias_ih: Any
    """None without ``bias``."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        bias: bool = True,
        initializer: str = "uniform",
        forget_bias: float | None = None,
        max_time: int = 100,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **options: Any,
    ):
        super().__init__(input_size, hidden_size, **options)
        self.initializer, self.forget_bias, self.max_time = initializer, forget_bias, max_time
        for name, shape in {
            "weight_ih": (len(self.stacked) * hidden_size, input_size),
            "bias_ih": (len(self.biased) * hidden_size,) if bias and self.biased else None,
            **self.more_parameters(),
        }.items():
            value = None if shape is None else nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
            self.register_parameter(name, value)
        self.reset_parameters()

    @property
    def biased(self) -> tuple[str, ...]:
        """The blocks that have a bias, in order."""
        return tuple(name for name in self.stacked if name not in self.unbiased)

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of further parameters."""
        return {}

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw new start values with the initialiser the cell was built with."""
        chrono = check_initializer(self.initializer) == "chrono"
        place = self.keep_bias or self.admit_bias
        if (chrono or self.forget_bias is not None) and (place is None or self.bias_ih is None):
            why = "has no gate that keeps the old state" if place is None else "was built with bias=False"
            kind = type(self).__name__
            raise InputError(f"{kind} {why}, so it takes neither forget_bias nor initializer='chrono': leave them out")
        if chrono:
            draw_times(0, self.max_time)  # refuses a max_time before anything is drawn
        bound = 1 / math.sqrt(self.input_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)
        if self.initializer not in ("uniform", "chrono"):
            for block in self.weight_ih.split(self.hidden_size):
                draw_block(self.initializer, block, recurrent=False)
            if self.bias_ih is not None:
                self.bias_ih.zero_()
        if chrono:
            times = draw_times(self.hidden_size, self.max_time)
            self._fill_bias(self.keep_bias, times)
            self._fill_bias(self.admit_bias, -times)
        if self.forget_bias is not None:
            start = torch.full((self.hidden_size,), float(self.forget_bias))
            self._fill_bias(place, start if self.keep_bias else -start)

    def _fill_bias(self, place: Any, value: Tensor) -> None:
        if place is not None:
            name, block = place
            self.get_parameter(name).split(self.hidden_size)[block].copy_(value)

    def from_input(self, x: Tensor) -> tuple[Tensor, ...]:
        """``W x + b``, one piece ``(B, H)`` a block."""
        bias = self.bias_ih
        if bias is not None and self.biased != self.stacked:
            # One product of all blocks is quicker than one each, so blocks without a bias get one of zeros.
            given = dict(zip(self.biased, bias.chunk(len(self.biased)), strict=True))
            none = bias.new_zeros(self.hidden_size)
            bias = torch.cat([given.get(name, none) for name in self.stacked])
        return linear(x, self.weight_ih, bias).chunk(len(self.stacked), -1)
