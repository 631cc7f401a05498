"""``grunit.nn.LSTMCell``, ``GRUCell`` and ``RNNCell``: torch's single steps, taken by grunit's cells."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from grunit import cells
from grunit.compiler.eager import call_step


def _take_step(
    module: torch.nn.RNNCellBase, cell: cells.Cell, input: Tensor, states: tuple[Tensor, ...] | None
) -> tuple[Tensor, ...]:
    """One step with the module's parameters, batched or not, after torch's checks with torch's messages."""
    name, size = type(module).__name__, module.hidden_size
    if input.dim() not in (1, 2):
        raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead")
    for index, value in enumerate(states or ()):
        if value.dim() not in (1, 2):
            label = "hidden" if len(cell.state) == 1 else f"hx[{index}]"
            raise ValueError(f"{name}: Expected {label} to be 1D or 2D, got {value.dim()}D instead")
    batched = input.dim() == 2
    rows = input if batched else input.unsqueeze(0)
    if rows.shape[1] != module.input_size:
        raise RuntimeError(f"input has inconsistent input_size: got {rows.shape[1]} expected {module.input_size}")
    if states is None:
        states = tuple(rows.new_zeros(len(rows), size) for _ in cell.state)
    elif not batched:
        states = tuple(value.unsqueeze(0) for value in states)
    for index, value in enumerate(states):
        if len(value) != len(rows):
            raise RuntimeError(f"Input batch size {len(rows)} doesn't match hidden{index} batch size {len(value)}")
        if value.shape[1] != size:
            raise RuntimeError(f"hidden{index} has inconsistent hidden_size: got {value.shape[1]}, expected {size}")
    parameters = {key: getattr(module, key) for key, _ in cell.named_parameters()}
    new = call_step(cell, parameters, [rows], states)
    return new if batched else tuple(value.squeeze(0) for value in new)


class LSTMCell(torch.nn.LSTMCell):
    """Drop-in for ``torch.nn.LSTMCell``: the same arguments, outputs and ``state_dict``.

    >>> h, c = LSTMCell(3, 5)(torch.zeros(2, 3))
    >>> h.shape, c.shape
    (torch.Size([2, 5]), torch.Size([2, 5]))
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        # In a list, so that it is no submodule; its own parameters are shapes only.
        self._cells = [cells.LSTM(self.input_size, self.hidden_size, bias=bool(self.bias), device="meta")]

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """Input ``(B, F)`` or ``(F,)``, hx a pair ``(B, H)`` or None for zeros -> the new pair."""
        h, c = _take_step(self, self._cells[0], input, hx)
        return h, c


class GRUCell(torch.nn.GRUCell):
    """Drop-in for ``torch.nn.GRUCell``: the same arguments, outputs and ``state_dict``.

    >>> GRUCell(3, 5)(torch.zeros(2, 3)).shape
    torch.Size([2, 5])
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._cells = [cells.GRU(self.input_size, self.hidden_size, bias=bool(self.bias), device="meta")]

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """Input ``(B, F)`` or ``(F,)``, hx ``(B, H)`` or None for zeros -> the new h."""
        return _take_step(self, self._cells[0], input, None if hx is None else (hx,))[0]


class RNNCell(torch.nn.RNNCell):
    """Drop-in for ``torch.nn.RNNCell``: the same arguments, outputs and ``state_dict``.

    >>> RNNCell(3, 5, nonlinearity="relu")(torch.zeros(2, 3)).shape
    torch.Size([2, 5])
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        # Torch accepts any word here and refuses it in forward.
        known = self.nonlinearity if self.nonlinearity in ("tanh", "relu") else "tanh"
        size = (self.input_size, self.hidden_size)
        self._cells = [cells.RNN(*size, bias=bool(self.bias), activation=known, device="meta")]

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """Input ``(B, F)`` or ``(F,)``, hx ``(B, H)`` or None for zeros -> the new h."""
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return _take_step(self, self._cells[0], input, None if hx is None else (hx,))[0]
