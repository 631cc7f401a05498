"""LSTM whose gates look at the cell state."""

from __future__ import annotations

from torch import Tensor

from grunit.cells.gated import GatedCell
from grunit.gates import gate


class PeepholeLSTM(GatedCell):
    r"""LSTM with peephole connections: the gates see the cell state, one weight a unit.

    .. math::
        i &= \sigma(W_i x + U_i h + p_i \odot c + b_i) \\
        f &= \sigma(W_f x + U_f h + p_f \odot c + b_f) \\
        g &= \tanh(W_g x + U_g h + b_g) \\
        c' &= f \odot c + i \odot g \\
        o &= \sigma(W_o x + U_o h + p_o \odot c' + b_o) \\
        h' &= o \odot \tanh(c')

    Input and forget gates see the cell state of the step before, the output gate the new one. The peepholes are
    ``weight_ci``, ``weight_cf`` and ``weight_co``, each ``(H,)``. Arguments: :class:`~grunit.cells.gated.GatedCell`.

    Source: Gers & Schmidhuber, *Recurrent nets that time and count*, IJCNN (2000).

    >>> import torch
    >>> h, c = PeepholeLSTM(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    state = ("h", "c")
    stacked = ("input_gate", "forget_gate", "candidate", "output_gate")
    keeps, admits = "forget_gate", "input_gate"
    weight_ci: Tensor
    weight_cf: Tensor
    weight_co: Tensor

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The three peepholes."""
        assert self.hidden_size is not None
        return dict.fromkeys(("weight_ci", "weight_cf", "weight_co"), (self.hidden_size,))

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """x ``(B, F)``, h ``(B, H)``, c ``(B, H)`` -> new h, new c."""
        i, f, g, o = self.from_both(x, h)
        i = gate("input_gate", self.gate_activation(i + self.weight_ci * c))
        f = gate("forget_gate", self.gate_activation(f + self.weight_cf * c))
        g = gate("candidate", self.activation(g))
        c = f * c + i * g
        o = gate("output_gate", self.gate_activation(o + self.weight_co * c))
        return o * self.activation(c), c
