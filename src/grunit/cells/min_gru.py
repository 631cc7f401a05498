"""The minimal GRU that trains in parallel."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from grunit.cells.activations import Activation, find_activation
from grunit.cells.input_gated import InputGatedCell
from grunit.gates import gate


def to_positive(x: Tensor) -> Tensor:
    """``x + 0.5`` where x is not negative, else its sigmoid: always above zero, so that it has a logarithm.

    >>> to_positive(torch.tensor([-1000.0, 0.0, 2.0]))
    tensor([0.0000, 0.5000, 2.5000])
    """
    return torch.where(x >= 0, x + 0.5, torch.sigmoid(x))


class MinGRU(InputGatedCell):
    r"""Minimal gated recurrent unit: a GRU whose gate and candidate do not look at the state.

    .. math::
        z &= \sigma(W_z x + b_z) \\
        n &= W_n x + b_n \qquad n = g(W_n x + b_n) \text{ with positive} \\
        h' &= (1 - z) \odot h + z \odot n

    with :math:`g(v) = v + 0.5` for :math:`v \ge 0` and :math:`\sigma(v)` below. There is no reset gate.

    Args:
        positive: the candidate goes through g, so that a state that starts positive stays so. Others need that to
            compute in logarithms; here it is a choice of model, the scan multiplies and never divides.
        activation: of the candidate, a name or a callable (default ``"identity"``, as the paper); not with
            ``positive``.
        options: see :class:`~grunit.cells.input_gated.InputGatedCell`.

    When to use: long sequences and fast training, with two layers or more, since a gate that sees only its own step
    needs the layer below for context. All steps run at once; it has a third of the weights of a GRU at F = H.

    Source: Feng, Tung, Ahmed, Bengio & Hajimirsadeghi, *Were RNNs all we needed?*, arXiv 2410.01201 (2024),
    section 3.1 and appendix B.3 for g.

    >>> h, = MinGRU(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    state = ("h",)
    stacked = ("update_gate", "candidate")
    admit_bias = ("bias_ih", 0)

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
        z, n = self.from_input(x)
        z = gate("update_gate", torch.sigmoid(z))
        n = gate("candidate", self.activation(n))
        return ((1 - z) * h + z * n,)
