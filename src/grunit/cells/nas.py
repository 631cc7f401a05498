"""The cell that neural architecture search found."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from grunit.cells.gated import GatedCell
from grunit.gates import gate


class NAS(GatedCell):
    r"""Recurrent cell found by neural architecture search: a tree of eight products where the LSTM has four.

    .. math::
        a_k &= W_k x + b_k \qquad u_k = U_k h + b'_k \qquad k = 0, \ldots, 7 \\
        l_0 &= \tanh(\sigma(a_0 + u_0) \odot \mathrm{relu}(a_1 + u_1)) \\
        l_1 &= \tanh(\sigma(a_2 + u_2) + \mathrm{relu}(a_3 \odot u_3)) \\
        l_2 &= \tanh(\tanh(a_4 + u_4) \odot \sigma(a_5 + u_5)) \\
        l_3 &= \sigma(\tanh(a_6 + u_6) + \sigma(a_7 + u_7)) \\
        c' &= \tanh(l_0 + c) \odot l_1 \\
        h' &= \tanh(c' \odot \tanh(l_2 + l_3)) \qquad h' = W_r \tanh(c' \odot \tanh(l_2 + l_3)) \text{ with proj\_size}

    The blocks of the weights are in the order of TensorFlow's ``NASCell``, which has no biases unless asked, and then
    only ``b'``: set ``bias=False``, or ``bias_ih`` to zero, to be the same.

    Args:
        proj_size: size of a projected ``h``; 0 (default) for none.
        options: see :class:`~grunit.cells.gated.GatedCell`; ``activation`` stands for tanh, ``gate_activation`` for
            the sigmoid.

    When to use: language modelling, for which it was searched, and as a hard case when cells are compared. It has
    twice the weights of an LSTM and takes about twice the time: elsewhere, measure whether it is worth that.

    Source: Zoph & Le, *Neural architecture search with reinforcement learning*, ICLR (2017), figure 8;
    ``NASCell`` of TensorFlow.

    >>> h, c = NAS(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5), torch.zeros(2, 5))
    >>> h.shape, c.shape
    (torch.Size([2, 5]), torch.Size([2, 5]))
    """

    state = ("h", "c")
    stacked = tuple(f"block_{k}" for k in range(8))
    weight_hr: Tensor

    def __init__(self, input_size: int, hidden_size: int, *, proj_size: int = 0, **options: Any):
        self.proj_size = proj_size
        super().__init__(input_size, hidden_size, **options)

    def state_sizes(self) -> dict[str, int]:
        """``h`` has ``proj_size`` units where there is a projection."""
        return {"h": self.proj_size} if self.proj_size else {}

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The projection, if any."""
        return {"weight_hr": (self.proj_size, self.hidden_size)} if self.proj_size else {}

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """x ``(B, F)``, h ``(B, H or proj_size)``, c ``(B, H)`` -> new h, new c."""
        sigma, tanh = self.gate_activation, self.activation
        a, u = self.from_input(x), self.from_state(h)
        s = [one + other for one, other in zip(a, u, strict=True)]
        content = gate("content", tanh(sigma(s[0]) * torch.relu(s[1])))
        scale = gate("scale_gate", tanh(sigma(s[2]) + torch.relu(a[3] * u[3])))
        shown = gate("shown", tanh(tanh(s[4]) * sigma(s[5])))
        floor = gate("floor_gate", sigma(tanh(s[6]) + sigma(s[7])))
        c = tanh(content + c) * scale
        h = tanh(c * gate("output_gate", tanh(shown + floor)))
        return (linear(h, self.weight_hr) if self.proj_size else h), c
