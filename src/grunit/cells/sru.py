"""The simple recurrent unit."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from grunit.cells.activations import Activation, find_activation
from grunit.cells.input_gated import InputGatedCell
from grunit.gates import gate


class SRU(InputGatedCell):
    r"""Simple recurrent unit: a forget gate along time, a highway around it in depth.

    .. math::
        f &= \sigma(W_f x + b_f) \qquad \sigma(W_f x + v_f \odot c + b_f) \text{ with peepholes} \\
        r &= \sigma(W_r x + b_r) \qquad \sigma(W_r x + v_r \odot c + b_r) \text{ with peepholes} \\
        c' &= f \odot c + (1 - f) \odot W_c x \\
        h' &= r \odot \phi(c') + (1 - r) \odot \alpha x

    Where F and H differ the highway carries :math:`\alpha W_x x`, a block more. Candidate and highway have no bias.

    Args:
        activation: :math:`\phi`, a name or a callable: ``"tanh"`` (default, the first version of the paper),
            ``"identity"`` in the last.
        peepholes: the gates also see the old cell state through ``weight_c (2 * H,)``, as in the last version of the
            paper. The cell is then elementwise, no longer linear in its state, and its steps run one after the other.
        highway_scale: :math:`\alpha` (default 1); the last version of the paper takes :math:`\sqrt{3}`.
        options: see :class:`~grunit.cells.input_gated.InputGatedCell`.

    When to use: deep stacks for text and speech, in place of LSTM layers of the same width: the highway keeps four
    layers and more trainable. All steps run at once, with 3/8 of the weights of an LSTM at F = H.

    Source: Lei, Zhang, Wang, Dai & Artzi, *Simple recurrent units for highly parallelizable recurrence*, EMNLP (2018),
    eqs. 1-4 with ``peepholes``; without, its first version, *Training RNNs as fast as CNNs*, arXiv 1709.02755 (2017).

    >>> h, c = SRU(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5), torch.zeros(2, 5))
    >>> h.shape, c.shape
    (torch.Size([2, 5]), torch.Size([2, 5]))
    """

    state = ("h", "c")
    stacked: tuple[str, ...] = ("candidate", "forget_gate", "reset_gate")
    unbiased = ("candidate", "highway")
    keep_bias = ("bias_ih", 0)
    weight_c: Tensor

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        activation: str | Activation = "tanh",
        peepholes: bool = False,
        highway_scale: float = 1.0,
        **options: Any,
    ):
        self.peepholes, self.highway_scale, self.width = peepholes, float(highway_scale), hidden_size
        if input_size != hidden_size:
            self.stacked = (*self.stacked, "highway")
        super().__init__(input_size, hidden_size, **options)
        self.activation = find_activation(activation)

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The peepholes, if any."""
        return {"weight_c": (2 * self.width,)} if self.peepholes else {}

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """x ``(B, F)``, h and c ``(B, H)`` -> new h, new c; the old h is not read."""
        n, f, r, *own = self.from_input(x)
        if self.peepholes:
            vf, vr = self.weight_c.chunk(2)
            f, r = f + vf * c, r + vr * c
        f = gate("forget_gate", torch.sigmoid(f))
        r = gate("reset_gate", torch.sigmoid(r))
        c = f * c + (1 - f) * gate("candidate", n)
        highway = own[0] if own else x
        return r * self.activation(c) + (1 - r) * (self.highway_scale * highway), c
