"""The light GRU of speech recognition: no reset gate, a rectified candidate."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import layer_norm, linear

from grunit.cells.activations import Activation
from grunit.cells.gated import GatedCell
from grunit.gates import gate


class LiGRU(GatedCell):
    r"""Light gated recurrent unit: a GRU without reset gate whose candidate is rectified.

    .. math::
        z &= \sigma(N(W_z x) + U_z h + b_z) \\
        n &= \mathrm{relu}(N(W_n x) + U_n h + b_n) \\
        h' &= z \odot h + (1 - z) \odot n

    N normalises what comes from the input, never what comes from the state. In the paper it is batch normalisation; a
    step knows nothing of the other rows of a batch or of other steps, so here it is layer normalisation over both
    blocks together, with a learnt ``gain (2 * H,)``, or nothing.

    Args:
        normalize: with layer normalisation, or without (default).
        activation: of the candidate (default ``"relu"``).
        options: see :class:`~grunit.cells.gated.GatedCell`.

    When to use: speech and other signals with wide inputs, stacked deep and bidirectional. Two thirds of the weights
    of a GRU and one product a step; the state of a rectified cell can grow without bound, so clip gradients, and use
    ``normalize=True`` or ``initializer="orthogonal"`` on long sequences.

    Source: Ravanelli, Brakel, Omologo & Bengio, *Light gated recurrent units for speech recognition*, IEEE
    Transactions on Emerging Topics in Computational Intelligence 2 (2018); layer normalisation as in SpeechBrain.

    >>> h, = LiGRU(3, 5, normalize=True).step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    state = ("h",)
    stacked = ("update_gate", "candidate")
    keeps = "update_gate"
    gain: Tensor

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        normalize: bool = False,
        activation: str | Activation = "relu",
        **options: Any,
    ):
        self.normalize = normalize
        super().__init__(input_size, hidden_size, activation=activation, **options)

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The gain of the normalisation, if any."""
        return {"gain": (2 * self.hidden_size,)} if self.normalize else {}

    def reset_parameters(self) -> None:
        """As the initialiser says; the gain begins at 1."""
        super().reset_parameters()
        if self.normalize:
            torch.nn.init.ones_(self.gain)

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, h ``(B, H)`` -> new h ``(B, H)``."""
        if self.normalize:
            normal = layer_norm(linear(x, self.weight_ih), (2 * self.hidden_size,), self.gain, self.bias_ih)
            z, n = (normal + linear(h, self.weight_hh, self.bias_hh)).chunk(2, -1)
        else:
            z, n = self.from_both(x, h)
        z = gate("update_gate", self.gate_activation(z))
        n = gate("candidate", self.activation(n))
        return (z * h + (1 - z) * n,)
