"""The minimal LSTM that trains in parallel."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import softplus

from grunit.cells.activations import Activation, find_activation
from grunit.cells.input_gated import InputGatedCell
from grunit.cells.min_gru import to_positive
from grunit.gates import gate


class MinLSTM(InputGatedCell):
    r"""Minimal LSTM: forget and input gate come from the input alone and are scaled to add up to one.

    .. math::
        f &= \sigma(W_f x + b_f) \\
        i &= \sigma(W_i x + b_i) \\
        n &= W_n x + b_n \qquad n = g(W_n x + b_n) \text{ with positive} \\
        h' &= \frac{f}{f + i} \odot h + \frac{i}{f + i} \odot n

    with :math:`g(v) = v + 0.5` for :math:`v \ge 0` and :math:`\sigma(v)` below. There is one state and no output gate.

    Args:
        positive: the candidate goes through g, so that a state that starts positive stays so.
        activation: of the candidate, a name or a callable (default ``"identity"``, as the paper); not with
            ``positive``.
        options: see :class:`~grunit.cells.input_gated.InputGatedCell`.

    When to use: where minGRU is used and two gates are wanted, one to keep and one to admit; it learns a little more
    slowly in return. All steps run at once, with 3/8 of the weights of an LSTM at F = H.

    Source: Feng, Tung, Ahmed, Bengio & Hajimirsadeghi, *Were RNNs all we needed?*, arXiv 2410.01201 (2024),
    section 3.2 and appendix B.3 for g.

    >>> h, = MinLSTM(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    state = ("h",)
    stacked = ("forget_gate", "input_gate", "candidate")
    keep_bias = ("bias_ih", 0)
    admit_bias = ("bias_ih", 1)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        positive: bool = False,
        activation: str | Activation = "identity",
        **options: Any,
    ):
        super().__init__(input_size, hidden_size, **options)
        self.activation = to_positive if positive else find_activation(activation)

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, h ``(B, H)`` -> new h ``(B, H)``."""
        f, i, n = self.from_input(x)
        # i / (f + i) as the sigmoid of log i - log f: two closed gates would divide zero by zero.
        admit = gate("input_gate", torch.sigmoid(softplus(-f) - softplus(-i)))
        # Not the sigmoid of log f - log i: close to 1 it is rounded down, by the square of what is admitted.
        keep = gate("forget_gate", 1 - admit)
        n = gate("candidate", self.activation(n))
        return (keep * h + admit * n,)
