"""GRU with layer normalisation."""

from __future__ import annotations

from torch import Tensor

from grunit.cells.layer_norm import LayerNormCell
from grunit.gates import gate


class LayerNormGRU(LayerNormCell):
    r"""GRU whose products are layer-normalised.

    .. math::
        (r, z) &= \mathrm{LN}(W_{rz} x) + \mathrm{LN}(U_{rz} h) \\
        n &= \tanh(\mathrm{LN}(W_n x) + \sigma(r) \odot \mathrm{LN}(U_n h)) \\
        h' &= (1 - \sigma(z)) \odot n + \sigma(z) \odot h

    The blocks are stacked r, z, n as in ``torch.nn.GRU``. Both gates are normalised together, the candidate by itself;
    each LN has a gain and a bias of its own. Here z keeps the old state, as in torch and in the authors' code; the
    printed equation exchanges the roles of z and 1 - z, which is the same cell with z's gains and biases negated.
    Arguments: :class:`~grunit.cells.layer_norm.LayerNormCell`; the reset gate acts after the product.

    When to use: as :class:`~grunit.cells.layer_norm_lstm.LayerNormLSTM`, with three quarters of its weights. A few
    units are too few: with ``hidden_size=1`` the normalised candidate is a constant.

    Source: Ba, Kiros & Hinton, *Layer normalization*, arXiv:1607.06450 (2016), supplementary material, and the authors'
    code.

    >>> import torch
    >>> h, = LayerNormGRU(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    state = ("h",)
    stacked = ("reset_gate", "update_gate", "candidate")
    together = (2, 1)
    keeps = "update_gate"

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, h ``(B, H)`` -> new h ``(B, H)``."""
        xr, xz, xn = self.from_input(x)
        hr, hz, hn = self.from_state(h)
        r = gate("reset_gate", self.gate_activation(xr + hr))
        z = gate("update_gate", self.gate_activation(xz + hz))
        n = gate("candidate", self.activation(xn + r * hn))
        return ((1 - z) * n + z * h,)
