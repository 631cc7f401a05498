"""The minimal gated unit: one gate forgets and resets."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn.functional import linear

from grunit.cells.gated import GatedCell
from grunit.gates import gate


class MGU(GatedCell):
    r"""Minimal gated unit: the forget gate is also the reset gate.

    .. math::
        f &= \sigma(W_f x + b_f + U_f h + b'_f) \\
        n &= \tanh(W_n x + b_n + U_n (f \odot h) + b'_n) \qquad \text{reset\_after=False: the paper} \\
        n &= \tanh(W_n x + b_n + f \odot (U_n h + b'_n)) \qquad \text{reset\_after=True: as torch's GRU} \\
        h' &= (1 - f) \odot h + f \odot n

    As in the paper the gate says how much is *forgotten*: it admits the candidate when open.

    Args:
        reset_after: whether the gate resets after the product with ``U_n``, which leaves one product a step, or
            before it (default).
        options: see :class:`~grunit.cells.gated.GatedCell`; no gate keeps the old state when open, so neither
            ``forget_bias`` nor ``initializer="chrono"``.

    When to use: as a GRU with two thirds of its weights, where size matters. One gate has two jobs: the more
    of its state a unit replaces, the more of it the candidate sees; a GRU can replace a state and ignore it.

    Source: Zhou, Wu, Zhang & Zhou, *Minimal gated unit for recurrent neural networks*, International Journal of
    Automation and Computing 13 (2016).

    >>> import torch
    >>> h, = MGU(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    state = ("h",)
    stacked = ("forget_gate", "candidate")

    def __init__(self, input_size: int, hidden_size: int, *, reset_after: bool = False, **options: Any):
        self.reset_after = reset_after
        super().__init__(input_size, hidden_size, **options)

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, h ``(B, H)`` -> new h ``(B, H)``."""
        xf, xn = self.from_input(x)
        if self.reset_after:
            hf, hn = self.from_state(h)
            f = gate("forget_gate", self.gate_activation(xf + hf))
            n = gate("candidate", self.activation(xn + f * hn))
        else:
            size = xf.shape[-1]
            bias = (None, None) if self.bias_hh is None else (self.bias_hh[:size], self.bias_hh[size:])
            f = gate("forget_gate", self.gate_activation(xf + linear(h, self.weight_hh[:size], bias[0])))
            n = gate("candidate", self.activation(xn + linear(f * h, self.weight_hh[size:], bias[1])))
        return ((1 - f) * h + f * n,)
