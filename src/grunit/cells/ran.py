"""The recurrent additive network: a gated sum of inputs."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import linear

from grunit.cells.gated import GatedCell
from grunit.gates import gate


class RAN(GatedCell):
    r"""Recurrent additive network: the memory is a weighted sum of the inputs, and nothing else.

    .. math::
        g &= W_g x \\
        i &= \sigma(W_i x + b_i + U_i h + b'_i) \\
        f &= \sigma(W_f x + b_f + U_f h + b'_f) \\
        c' &= f \odot c + i \odot g \\
        h' &= \phi(c')

    The candidate g sees neither the state nor a bias; its matrix is ``weight_candidate (H, F)``. ``activation`` is
    :math:`\phi`: ``"tanh"`` (default) or ``"identity"``, the paper's two forms. For the other arguments see
    :class:`~grunit.cells.gated.GatedCell`.

    When to use: where it matters to say which inputs an output was made of, for example in language models: each is in
    the memory with a weight that is a product of gates. It has 5/8 of the weights of an LSTM.

    Source: Lee, Levy & Zettlemoyer, *Recurrent additive networks*, arXiv:1705.07393 (2017).

    >>> import torch
    >>> h, c = RAN(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5), torch.zeros(2, 5))
    >>> h.shape, c.shape
    (torch.Size([2, 5]), torch.Size([2, 5]))
    """

    state = ("h", "c")
    stacked = ("input_gate", "forget_gate")
    keeps = "forget_gate"
    admits = "input_gate"
    weight_candidate: Tensor

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The matrix of the candidate."""
        assert self.input_size is not None
        return {"weight_candidate": (self.hidden_size, self.input_size)}

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """x ``(B, F)``, h and c ``(B, H)`` -> new h, new c."""
        g = gate("candidate", linear(x, self.weight_candidate))
        i, f = self.from_both(x, h)
        i = gate("input_gate", self.gate_activation(i))
        f = gate("forget_gate", self.gate_activation(f))
        c = f * c + i * g
        return self.activation(c), c
