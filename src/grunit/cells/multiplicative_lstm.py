"""LSTM whose recurrent weights depend on the input."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import linear

from grunit.cells.gated import GatedCell
from grunit.gates import gate


class MultiplicativeLSTM(GatedCell):
    r"""LSTM that sees its past through the input: every input has a recurrent matrix of its own (mLSTM).

    .. math::
        m &= (W_m x) \odot (U_m h) \\
        i &= \sigma(W_i x + U_i m + b_i) \\
        f &= \sigma(W_f x + U_f m + b_f) \\
        g &= \tanh(W_g x + U_g m + b_g) \\
        o &= \sigma(W_o x + U_o m + b_o) \\
        c' &= f \odot c + i \odot g \\
        h' &= o \odot \tanh(c')

    The recurrent matrix that an input x stands for is ``U diag(W_m x) U_m``. The matrices of the intermediate state m
    are ``weight_mx (H, F)`` and ``weight_mh (H, H)``; they have no biases, as in the paper. Arguments:
    :class:`~grunit.cells.gated.GatedCell`.

    When to use: text by characters or bytes, where what a symbol means hangs on the one before. A quarter more weights
    than an LSTM of the same size, and two products a step that wait for each other.

    Source: Krause, Lu, Murray & Renals, *Multiplicative LSTM for sequence modelling*, ICLR workshop (2017),
    arXiv:1609.07959.

    >>> import torch
    >>> h, c = MultiplicativeLSTM(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5), torch.zeros(2, 5))
    >>> h.shape, c.shape
    (torch.Size([2, 5]), torch.Size([2, 5]))
    """

    state = ("h", "c")
    state_weights = ("weight_h", "weight_mh")
    stacked = ("input_gate", "forget_gate", "candidate", "output_gate")
    keeps = "forget_gate"
    admits = "input_gate"
    weight_mx: Tensor
    weight_mh: Tensor

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The two matrices of the intermediate state."""
        assert self.input_size is not None
        return {"weight_mx": (self.hidden_size, self.input_size), "weight_mh": (self.hidden_size, self.hidden_size)}

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """x ``(B, F)``, h and c ``(B, H)`` -> new h, new c."""
        m = gate("intermediate_state", linear(x, self.weight_mx) * linear(h, self.weight_mh))
        i, f, g, o = self.from_both(x, m)
        i = gate("input_gate", self.gate_activation(i))
        f = gate("forget_gate", self.gate_activation(f))
        g = gate("candidate", self.activation(g))
        o = gate("output_gate", self.gate_activation(o))
        c = f * c + i * g
        return o * self.activation(c), c
