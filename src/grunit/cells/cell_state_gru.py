"""Two gates around a memory that is a running mean of the inputs."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import linear

from grunit.cells.gated import GatedCell
from grunit.gates import gate


class CellStateGRU(GatedCell):
    r"""GRU with a cell state: the memory is a gated mean of linear images of the inputs, an output gate shows it.

    .. math::
        r &= \sigma(W_r x + b_r + U_r h + b'_r) \\
        u &= \sigma(W_u x + b_u + U_u h + b'_u) \\
        c' &= r \odot c + (1 - r) \odot W x \\
        h' &= u \odot \tanh(c')

    The candidate :math:`W x` has neither state nor bias nor activation; its matrix is ``weight_candidate (H, F)``.
    ``forget_bias`` acts on r, which keeps the memory. Arguments: :class:`~grunit.cells.gated.GatedCell`.

    When to use: small and quick models whose memory should be a weighted mean of what was seen, and stay in the range
    of it. It has 5/8 of the weights of an LSTM; only the gates see the state, and no product waits for another.

    Source: no paper has just this cell; it is the memory of Lei, Zhang, Wang, Dai & Artzi, *Simple recurrent units for
    highly parallelizable recurrence*, EMNLP (2018), under gates that see h as those of an LSTM.

    >>> import torch
    >>> h, c = CellStateGRU(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5), torch.zeros(2, 5))
    >>> h.shape, c.shape
    (torch.Size([2, 5]), torch.Size([2, 5]))
    """

    state = ("h", "c")
    stacked = ("reset_gate", "update_gate")
    keeps = "reset_gate"
    weight_candidate: Tensor

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The matrix of the candidate."""
        assert self.input_size is not None
        return {"weight_candidate": (self.hidden_size, self.input_size)}

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """x ``(B, F)``, h and c ``(B, H)`` -> new h, new c."""
        r, u = self.from_both(x, h)
        r = gate("reset_gate", self.gate_activation(r))
        u = gate("update_gate", self.gate_activation(u))
        candidate = gate("candidate", linear(x, self.weight_candidate))
        c = r * c + (1 - r) * candidate
        return u * self.activation(c), c
