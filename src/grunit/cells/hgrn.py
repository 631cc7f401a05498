"""The hierarchically gated recurrent network."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from grunit.cells.activations import Activation, find_activation
from grunit.cells.input_gated import InputGatedCell
from grunit.errors import InputError
from grunit.gates import gate


class HGRN(InputGatedCell):
    r"""Hierarchically gated recurrent unit: forget gates with a learnt lower bound.

    .. math::
        n &= \phi(W_n x + b_n) \\
        f &= \gamma + (1 - \gamma) \odot \sigma(W_f x + b_f) \\
        o &= \phi(W_o x + b_o) \\
        c' &= f \odot c + (1 - f) \odot n \\
        h' &= o \odot c'

    :math:`\gamma = \sigma(\text{bound})` holds one bound a unit, ``bound (H,)``. This is the real form: the paper also
    turns the state by a fixed angle a step in the complex plane, which its successor HGRN2 left out again. The layer
    norm and the output product that follow in the paper are layers of their own.

    Args:
        lower_bound: start value of :math:`\gamma`, at least 0 and below 1 (default 0.5); 0 for none, then there is no
            ``bound``. The paper ties the layers: of L layers the k-th starts at (k - 1) / L, so that upper layers keep
            for longer; build the layers one by one to do the same.
        activation: :math:`\phi`, a name or a callable (default ``"silu"``).
        options: see :class:`~grunit.cells.input_gated.InputGatedCell`.

    When to use: long sequences in deep stacks, where lower layers shall follow the moment and upper ones the long run.
    All steps run at once, with 3/8 of the weights of an LSTM at F = H.

    Source: Qin, Yang & Zhong, *Hierarchically gated recurrent neural network for sequence modeling*, NeurIPS (2023),
    section 3.2.

    >>> h, c = HGRN(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5), torch.zeros(2, 5))
    >>> h.shape, c.shape
    (torch.Size([2, 5]), torch.Size([2, 5]))
    """

    state = ("h", "c")
    stacked = ("candidate", "forget_gate", "output_gate")
    keep_bias = ("bias_ih", 1)
    bound: Tensor

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        lower_bound: float = 0.5,
        activation: str | Activation = "silu",
        **options: Any,
    ):
        if not 0 <= lower_bound < 1:
            raise InputError(f"lower_bound must be at least 0 and below 1, got {lower_bound!r}")
        self.lower_bound, self.width = float(lower_bound), hidden_size
        super().__init__(input_size, hidden_size, **options)
        self.activation = find_activation(activation)

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The lower bounds, if any, before their sigmoid."""
        return {"bound": (self.width,)} if self.lower_bound else {}

    def reset_parameters(self) -> None:
        """As the initialiser says; the bounds begin at ``lower_bound``."""
        super().reset_parameters()
        if self.lower_bound:
            nn.init.constant_(self.bound, math.log(self.lower_bound / (1 - self.lower_bound)))

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """x ``(B, F)``, h and c ``(B, H)`` -> new h, new c; the old h is not read."""
        n, f, o = self.from_input(x)
        n = gate("candidate", self.activation(n))
        # 1 - f is taken from the other side, (1 - gamma) * sigmoid(-f): where f rounds to 1 the difference would lose
        # the digits, and in the gradient of the bound two sums over all steps would cancel.
        admitted = torch.sigmoid(-f)
        if self.lower_bound:
            admitted = (1 - torch.sigmoid(self.bound)) * admitted
        f = gate("forget_gate", 1 - admitted)
        o = gate("output_gate", self.activation(o))
        c = f * c + admitted * n
        return o * c, c
