"""LSTM with layer normalisation."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import layer_norm

from grunit.cells.layer_norm import LayerNormCell
from grunit.gates import gate


class LayerNormLSTM(LayerNormCell):
    r"""LSTM whose products, and the cell state on its way out, are layer-normalised.

    .. math::
        (i, f, g, o) &= \mathrm{LN}(W x) + \mathrm{LN}(U h) \\
        c' &= \sigma(f) \odot c + \sigma(i) \odot \tanh(g) \\
        h' &= \sigma(o) \odot \tanh(\mathrm{LN}(c'))

    Each LN has a gain and a bias of its own (``gain_ih``, ``bias_ih`` and so on; ``gain_c``, ``bias_c`` for the cell
    state) and spans all four blocks at once, as in the paper. The bias b that the paper adds besides is the same thing
    as theirs. Arguments: :class:`~grunit.cells.layer_norm.LayerNormCell`.

    When to use: long sequences and deep stacks that train unsteadily, or large learning rates: each step's activity
    stays in range whatever the state does. The reductions wait between the product and the gates, so a step is slower
    than an LSTM's.

    Source: Ba, Kiros & Hinton, *Layer normalization*, arXiv:1607.06450 (2016), supplementary material, and the authors'
    code.

    >>> h, c = LayerNormLSTM(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5), torch.zeros(2, 5))
    >>> h.shape, c.shape
    (torch.Size([2, 5]), torch.Size([2, 5]))
    """

    state = ("h", "c")
    stacked = ("input_gate", "forget_gate", "candidate", "output_gate")
    together = (4,)
    keeps = "forget_gate"
    admits = "input_gate"
    gain_c: Tensor
    bias_c: Any
    """None without ``bias``."""

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The gains, and the bias of the normalised cell state."""
        shapes = {**super().more_parameters(), "gain_c": (self.hidden_size,)}
        return {**shapes, "bias_c": (self.hidden_size,)} if self.biased else shapes

    def reset_parameters(self) -> None:
        """As the initialiser says; gains begin at 1 and the bias of the cell state at 0."""
        super().reset_parameters()
        torch.nn.init.ones_(self.gain_c)
        if self.biased:
            torch.nn.init.zeros_(self.bias_c)

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """x ``(B, F)``, h and c ``(B, H)`` -> new h, new c."""
        i, f, g, o = self.from_both(x, h)
        i = gate("input_gate", self.gate_activation(i))
        f = gate("forget_gate", self.gate_activation(f))
        g = gate("candidate", self.activation(g))
        o = gate("output_gate", self.gate_activation(o))
        c = f * c + i * g
        normal = layer_norm(c, (self.hidden_size,), self.gain_c, self.bias_c if self.biased else None, self.epsilon)
        return o * self.activation(normal), c
