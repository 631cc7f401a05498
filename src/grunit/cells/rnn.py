"""The simple recurrent network of Elman (1990)."""

from __future__ import annotations

from torch import Tensor

from grunit.cells.gated import GatedCell
from grunit.gates import gate


class RNN(GatedCell):
    r"""Simple (Elman) recurrent cell: no gates, one nonlinearity.

    .. math::
        h_t = \phi(W x_t + b + U h_{t-1} + b')

    ``activation`` is :math:`\phi`: ``"tanh"`` (default), ``"relu"``, any other name or callable.
    For the other arguments see :class:`~grunit.cells.gated.GatedCell`.

    When to use: as the baseline that shows what gates are worth, and for dependencies of some ten steps. It has a
    quarter of the weights of an LSTM; over long spans its gradients vanish.

    Source: Elman, *Finding structure in time*, Cognitive Science 14 (1990); ``torch.nn.RNNCell``.

    >>> import torch
    >>> h, = RNN(3, 5, activation="relu").step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    state = ("h",)
    stacked = ("candidate",)

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, h ``(B, H)`` -> new h ``(B, H)``."""
        (candidate,) = self.from_both(x, h)
        return (gate("candidate", self.activation(candidate)),)
