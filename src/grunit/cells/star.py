"""STAR: one gate, made to be stacked deep."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn.functional import linear

from grunit.cells.gated import GatedCell
from grunit.gates import gate


class STAR(GatedCell):
    r"""Stackable recurrent cell: one gate, made to keep the size of gradients across layers as well as time.

    .. math::
        k &= \sigma(W_k x + b_k + U_k h + b'_k) \\
        z &= \tanh(W_z x + b_z) \\
        h' &= \tanh((1 - k) \odot h + k \odot z)

    ``weight_ih`` is ``(2 * H, F)`` (k, z), ``weight_hh`` ``(H, H)`` and ``bias_hh`` ``(H,)``: only the gate sees the
    state.

    Args:
        bias: with the two bias vectors (default) or without.
        options: see :class:`~grunit.cells.gated.GatedCell`; ``forget_bias`` and ``"chrono"`` do not apply.

    When to use: many layers on top of each other, where LSTM and GRU become hard to train. It has 3/8 of an LSTM's
    weights when input and state are of one size, and a single product of the state.

    Source: Turkoglu, D'Aronco, Wegner & Schindler, *Gating revisited: deep multi-layer RNNs that can be trained*,
    arXiv:1911.11033 (2019).

    >>> import torch
    >>> h, = STAR(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    state = ("h",)
    stacked = ("input_gate", "candidate")
    admits = "input_gate"

    def __init__(self, input_size: int, hidden_size: int, *, bias: bool = True, **options: Any):
        self.with_bias = bias
        super().__init__(input_size, hidden_size, bias=bias, **options)

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """One recurrent matrix, that of the gate."""
        size = self.hidden_size
        return {"weight_hh": (size, size), **({"bias_hh": (size,)} if self.with_bias else {})}

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, h ``(B, H)`` -> new h ``(B, H)``."""
        k, z = self.from_input(x)
        k = gate("input_gate", self.gate_activation(k + linear(h, self.weight_hh, self.bias_hh)))
        z = gate("candidate", self.activation(z))
        return (self.activation((1 - k) * h + k * z),)
