"""The update gate RNN: a plain recurrent network with one gate."""

from __future__ import annotations

from torch import Tensor

from grunit.cells.gated import GatedCell
from grunit.gates import gate


class UGRNN(GatedCell):
    r"""Update gate RNN: a GRU without its reset gate.

    .. math::
        z &= \sigma(W_z x + b_z + U_z h + b'_z) \\
        n &= \tanh(W_n x + b_n + U_n h + b'_n) \\
        h' &= z \odot h + (1 - z) \odot n

    The paper calls the gate g and the candidate c. Arguments: :class:`~grunit.cells.gated.GatedCell`; the paper adds a
    tuned constant to the gate, which is ``forget_bias``.

    When to use: the plainest gate there is and a first step up from ``rnn``, with two thirds of the weights of a GRU.
    All that a step needs of the state is one product, and nothing waits for a second.

    Source: Collins, Sohl-Dickstein & Sussillo, *Capacity and trainability in recurrent neural networks*, ICLR (2017).

    >>> import torch
    >>> h, = UGRNN(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    state = ("h",)
    stacked = ("update_gate", "candidate")
    keeps = "update_gate"

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, h ``(B, H)`` -> new h ``(B, H)``."""
        z, n = self.from_both(x, h)
        z = gate("update_gate", self.gate_activation(z))
        n = gate("candidate", self.activation(n))
        return (z * h + (1 - z) * n,)
