"""The LSTM of image sequences."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from grunit.cells.convolved import ConvolvedCell
from grunit.gates import gate


class ConvLSTM(ConvolvedCell):
    r"""Convolutional LSTM: input, states and gates are images, the two products are convolutions.

    .. math::
        i &= \sigma(W_i * x + U_i * h + p_i \odot c + b_i) \\
        f &= \sigma(W_f * x + U_f * h + p_f \odot c + b_f) \\
        c' &= f \odot c + i \odot \tanh(W_g * x + U_g * h + b_g) \\
        o &= \sigma(W_o * x + U_o * h + p_o \odot c' + b_o) \\
        h' &= o \odot \tanh(c')

    where :math:`*` is a convolution and p is there with ``peepholes``.

    Args:
        peepholes: the gates see the cell state at their own place, ``weight_ci``, ``weight_cf`` and ``weight_co``, each
            ``(H,)`` (the paper; default without, as in most later work).
        options: the image and its kernel, see :class:`~grunit.cells.convolved.ConvolvedCell`.

    When to use: sequences of images or maps (radar, satellites, video), and signals along a line of sensors, where
    neighbours matter and what is learnt at one place holds at all. Weights do not grow with the image. Its class is
    dense; it runs on the torch backend, whose loop over time holds one convolution a step.

    Source: Shi et al., *Convolutional LSTM network: a machine learning approach for precipitation nowcasting*, NIPS
    (2015), eq. 3.

    >>> cell = ConvLSTM(1 * 6 * 4, 2 * 6 * 4, height=6, width=4)
    >>> h, c = cell.step(torch.zeros(3, 24), torch.zeros(3, 48), torch.zeros(3, 48))
    >>> h.unflatten(1, (2, 6, 4)).shape
    torch.Size([3, 2, 6, 4])
    """

    state = ("h", "c")
    stacked = ("input_gate", "forget_gate", "candidate", "output_gate")
    keeps = "forget_gate"
    weight_ci: Tensor
    weight_cf: Tensor
    weight_co: Tensor

    def __init__(self, input_size: int, hidden_size: int, *, peepholes: bool = False, **options: Any):
        self.peepholes, self.units = peepholes, hidden_size
        super().__init__(input_size, hidden_size, **options)

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The peepholes, if any."""
        return dict.fromkeys(("weight_ci", "weight_cf", "weight_co"), (self.units,)) if self.peepholes else {}

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """x ``(B, F)``, h and c ``(B, H)`` -> new h, new c; each a flat image."""
        i, f, g, o = (self.from_input(x) + self.from_state(h)).chunk(4, -1)
        if self.peepholes:
            i, f = i + self.weight_ci * c, f + self.weight_cf * c
        i = gate("input_gate", torch.sigmoid(i))
        f = gate("forget_gate", torch.sigmoid(f))
        g = gate("candidate", torch.tanh(g))
        c = f * c + i * g
        o = gate("output_gate", torch.sigmoid(o + self.weight_co * c if self.peepholes else o))
        return o * torch.tanh(c), c
