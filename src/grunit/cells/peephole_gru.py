"""GRU whose update gate looks at the candidate."""

from __future__ import annotations

from torch import Tensor

from grunit.cells.gru import GRU
from grunit.gates import gate


class PeepholeGRU(GRU):
    r"""Gated recurrent unit whose update gate also sees this step's candidate, one weight a unit.

    .. math::
        r &= \sigma(W_r x + b_r + U_r h + b'_r) \\
        n &= \tanh(W_n x + b_n + r \odot (U_n h + b'_n)) \\
        z &= \sigma(W_z x + b_z + U_z h + b'_z + p \odot n) \\
        h' &= (1 - z) \odot n + z \odot h

    The peephole ``p`` is ``weight_cz (H,)``. Arguments, ``reset_after`` among them: :class:`~grunit.cells.gru.GRU`.

    When to use: where how much is kept should hang on what would come in its place. It costs one weight a unit more
    than a GRU, and the update gate waits for the candidate.

    Source: the peepholes of Gers & Schmidhuber (2000), which let a gate see the content it admits, applied to the
    update gate of Cho et al. (2014).

    >>> import torch
    >>> h, = PeepholeGRU(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    weight_cz: Tensor

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The peephole."""
        assert self.hidden_size is not None
        return {"weight_cz": (self.hidden_size,)}

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, h ``(B, H)`` -> new h ``(B, H)``."""
        z, n = self.update_and_candidate(x, h)
        z = gate("update_gate", self.gate_activation(z + self.weight_cz * n))
        return ((1 - z) * n + z * h,)
