"""LSTM whose gates look at the cell state."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import linear

from grunit.cells.lstm import LSTM
from grunit.gates import gate


class PeepholeLSTM(LSTM):
    r"""LSTM with peephole connections: the gates see the cell state, one weight a unit.

    .. math::
        i &= \sigma(W_i x + U_i h + p_i \odot c + b_i) \\
        f &= \sigma(W_f x + U_f h + p_f \odot c + b_f) \qquad f = 1 - i \text{ with coupled\_gates} \\
        g &= \tanh(W_g x + U_g h + b_g) \\
        c' &= f \odot c + i \odot g \\
        o &= \sigma(W_o x + U_o h + p_o \odot c' + b_o) \\
        h' &= o \odot \tanh(c')

    Input and forget gates see the cell state of the step before, the output gate the new one. The peepholes are
    ``weight_ci``, ``weight_cf`` (not with ``coupled_gates``) and ``weight_co``, each ``(H,)``. Arguments, among them
    ``coupled_gates``, ``proj_size`` and ``output_activation``: :class:`~grunit.cells.lstm.LSTM`.

    When to use: where exact times between events matter, which the gates can then read off the cell state. It costs
    three weights a unit more than an LSTM.

    Source: Gers & Schmidhuber, *Recurrent nets that time and count*, IJCNN (2000).

    >>> import torch
    >>> h, c = PeepholeLSTM(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    weight_ci: Tensor
    weight_cf: Tensor
    weight_co: Tensor

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The peepholes, and the projection if any."""
        names = ("weight_ci", "weight_co") if self.coupled_gates else ("weight_ci", "weight_cf", "weight_co")
        return {**super().more_parameters(), **dict.fromkeys(names, (self.width,))}

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """x ``(B, F)``, h ``(B, H or proj_size)``, c ``(B, H)`` -> new h, new c."""
        i, *own, g, o = self.from_both(x, h)
        i = gate("input_gate", self.gate_activation(i + self.weight_ci * c))
        f = gate("forget_gate", 1 - i if self.coupled_gates else self.gate_activation(own[0] + self.weight_cf * c))
        g = gate("candidate", self.activation(g))
        c = f * c + i * g
        o = gate("output_gate", self.gate_activation(o + self.weight_co * c))
        h = o * self.output_activation(c)
        return (linear(h, self.weight_hr) if self.proj_size else h), c
