"""The GRU of image sequences."""

from __future__ import annotations

import torch
from torch import Tensor

from grunit.cells.convolved import ConvolvedCell
from grunit.gates import gate


class ConvGRU(ConvolvedCell):
    r"""Convolutional GRU: input, state and gates are images, the products are convolutions.

    .. math::
        z &= \sigma(W_z * x + U_z * h + b_z) \\
        r &= \sigma(W_r * x + U_r * h + b_r) \\
        n &= \tanh(W_n * x + U_n * (r \odot h) + b_n) \\
        h' &= (1 - z) \odot h + z \odot n

    where :math:`*` is a convolution. As in the paper an open update gate admits, where torch's GRU keeps. The image
    and its kernel: :class:`~grunit.cells.convolved.ConvolvedCell`; the paper leaves the bias out.

    When to use: as the convolutional LSTM, with three quarters of its weights and one state; video features, maps,
    lines of sensors. Its class is dense; it runs on the torch backend, two convolutions a step wait for each other.

    Source: Ballas, Yao, Pal & Courville, *Delving deeper into convolutional networks for learning video
    representations*, ICLR (2016), eqs. 7-10.

    >>> cell = ConvGRU(1 * 6 * 4, 2 * 6 * 4, height=6, width=4)
    >>> h, = cell.step(torch.zeros(3, 24), torch.zeros(3, 48))
    >>> h.unflatten(1, (2, 6, 4)).shape
    torch.Size([3, 2, 6, 4])
    """

    state = ("h",)
    stacked = ("update_gate", "reset_gate", "candidate")

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, h ``(B, H)`` -> new h ``(B, H)``; each a flat image."""
        xz, xr, xn = self.from_input(x).chunk(3, -1)
        hz, hr = self.from_state(h, 0, 2).chunk(2, -1)
        z = gate("update_gate", torch.sigmoid(xz + hz))
        r = gate("reset_gate", torch.sigmoid(xr + hr))
        n = gate("candidate", torch.tanh(xn + self.from_state(r * h, 2)))
        return ((1 - z) * h + z * n,)
