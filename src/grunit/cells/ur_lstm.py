"""LSTM with refined gates that start uniformly spread."""

from __future__ import annotations

from torch import Tensor

from grunit.cells.gated import GatedCell
from grunit.errors import InputError
from grunit.gates import gate


class URLSTM(GatedCell):
    r"""LSTM whose forget gate is refined by a second gate, and starts uniformly spread over the units.

    .. math::
        f &= \sigma(W_f x + U_f h + b_f) \\
        r &= \sigma(W_r x + U_r h + b_r) \\
        e &= r \odot (1 - (1 - f)^2) + (1 - r) \odot f^2 \\
        g &= \tanh(W_g x + U_g h + b_g) \\
        o &= \sigma(W_o x + U_o h + b_o) \\
        c' &= e \odot c + (1 - e) \odot g \\
        h' &= o \odot \tanh(c')

    The effective gate e lies between the square of f and the mirrored square, so it comes near 0 and 1 while f does not
    saturate. Uniform gate initialisation: a fresh :math:`\sigma(b_f)` is drawn from U(1/H, 1 - 1/H), and :math:`b_r`
    starts at :math:`-b_f`. A ``forget_bias``, or the one that ``initializer="chrono"`` draws, stands in its place, and
    ``bias=False`` is refused. ``gate_activation`` should map to 0 to 1, else e is no mean.

    Arguments: :class:`~grunit.cells.gated.GatedCell`.

    When to use: long memory without tuning: units remember over very different spans from the start and the gate
    keeps learning near 1. It has the weights of an LSTM and costs a few more pointwise operations.

    Source: Gu, Gulcehre, Paine, Hoffman & Pascanu, *Improving the gating mechanism of recurrent neural networks*, ICML
    (2020).

    >>> import torch
    >>> h, c = URLSTM(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5), torch.zeros(2, 5))
    >>> h.shape, c.shape
    (torch.Size([2, 5]), torch.Size([2, 5]))
    """

    state = ("h", "c")
    stacked = ("forget_gate", "refine_gate", "candidate", "output_gate")
    keeps = "forget_gate"

    def reset_parameters(self) -> None:
        """As the initialiser says, then the biases of the forget and the refine gate."""
        if self.bias_ih is None:
            raise InputError("URLSTM spreads its gates by their biases, so it cannot be built with bias=False")
        super().reset_parameters()
        forget, refine, *_ = self.bias_ih.detach().chunk(4)
        from_state = self.bias_hh.detach().chunk(4)
        if self.forget_bias is None and self.initializer != "chrono":
            edge = 1 / max(self.hidden_size, 2)
            forget.uniform_(edge, 1 - edge).logit_()
            from_state[0].zero_()
        refine.copy_(-forget)
        from_state[1].zero_()

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """x ``(B, F)``, h and c ``(B, H)`` -> new h, new c."""
        f, r, g, o = self.from_both(x, h)
        f = gate("forget_gate", self.gate_activation(f))
        r = gate("refine_gate", self.gate_activation(r))
        e = gate("effective_gate", r * (1 - (1 - f) ** 2) + (1 - r) * f**2)
        g = gate("candidate", self.activation(g))
        o = gate("output_gate", self.gate_activation(o))
        c = e * c + (1 - e) * g
        return o * self.activation(c), c
