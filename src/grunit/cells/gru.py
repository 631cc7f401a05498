"""The gated recurrent unit."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn.functional import linear

from grunit.cells.gated import GatedCell
from grunit.gates import gate


class GRU(GatedCell):
    r"""Gated recurrent unit, in both published forms.

    .. math::
        r &= \sigma(W_r x + b_r + U_r h + b'_r) \\
        z &= \sigma(W_z x + b_z + U_z h + b'_z) \\
        n &= \tanh(W_n x + b_n + r \odot (U_n h + b'_n)) \qquad \text{reset\_after=True: cuDNN, torch} \\
        n &= \tanh(W_n x + b_n + U_n (r \odot h) + b'_n) \qquad \text{reset\_after=False: the 2014 paper} \\
        h' &= (1 - z) \odot n + z \odot h

    Args:
        reset_after: whether the reset gate acts after the product with ``U_n`` (default) or before it.
        options: see :class:`~grunit.cells.gated.GatedCell`.

    When to use: the first choice where data is short or memory matters: one state, three quarters of the weights of an
    LSTM, and mostly as good.

    Source: Cho et al., *Learning phrase representations using RNN encoder-decoder*, EMNLP (2014), eqs. 5-8;
    ``torch.nn.GRU`` for the form with ``reset_after``.

    >>> import torch
    >>> h, = GRU(3, 5, reset_after=False).step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    state = ("h",)
    stacked = ("reset_gate", "update_gate", "candidate")
    keeps = "update_gate"

    def __init__(self, input_size: int, hidden_size: int, *, reset_after: bool = True, **options: Any):
        self.reset_after = reset_after
        super().__init__(input_size, hidden_size, **options)

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, h ``(B, H)`` -> new h ``(B, H)``."""
        z, n = self.update_and_candidate(x, h)
        z = gate("update_gate", self.gate_activation(z))
        return ((1 - z) * n + z * h,)

    def update_and_candidate(self, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """The update gate before its activation, and the candidate."""
        xr, xz, xn = self.from_input(x)
        return self.candidate_of(xr, xz, xn, h)

    def candidate_of(self, xr: Tensor, xz: Tensor, xn: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """As :meth:`update_and_candidate`, given what the input adds to each block."""
        if self.reset_after:
            hr, hz, hn = self.from_state(h)
            r = gate("reset_gate", self.gate_activation(xr + hr))
            return xz + hz, gate("candidate", self.activation(xn + r * hn))
        size = xr.shape[-1]
        bias = (None, None) if self.bias_hh is None else (self.bias_hh[: 2 * size], self.bias_hh[2 * size :])
        hr, hz = linear(h, self.weight_hh[: 2 * size], bias[0]).chunk(2, -1)
        r = gate("reset_gate", self.gate_activation(xr + hr))
        hn = linear(r * h, self.weight_hh[2 * size :], bias[1])
        return xz + hz, gate("candidate", self.activation(xn + hn))
