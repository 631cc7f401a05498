"""The bistable recurrent cells: units that can latch."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import linear

from grunit.cells.gated import GatedCell
from grunit.gates import gate


class NBRC(GatedCell):
    r"""Neuromodulated bistable recurrent cell: a GRU whose units feed back on themselves, and latch where strongly.

    .. math::
        a &= 1 + \tanh(W_a x + b_a + U_a h + b'_a) \\
        z &= \sigma(W_z x + b_z + U_z h + b'_z) \\
        n &= \tanh(W_n x + a \odot h) \\
        h' &= z \odot h + (1 - z) \odot n

    A unit whose feedback a is above 1 has two stable states and keeps the one it is in. The paper writes c for the
    update gate z. The candidate's matrix is ``weight_candidate (H, F)``, without a bias as in the authors' code.
    Arguments: :class:`~grunit.cells.gated.GatedCell`; ``activation`` is also that of the feedback.

    When to use: long memories of few bits, such as a first input to be recalled hundreds of steps later. It has 5/6 of
    the weights of a GRU and the same layout of a step.

    Source: Vecoven, Ernst & Drion, *A bio-inspired bistable recurrent cell allows for long-lasting memory*, PLOS ONE
    16 (2021).

    >>> import torch
    >>> h, = NBRC(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    state = ("h",)
    stacked = ("feedback", "update_gate")
    keeps = "update_gate"
    weight_candidate: Tensor

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The matrix of the candidate."""
        assert self.input_size is not None
        return {"weight_candidate": (self.hidden_size, self.input_size)}

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, h ``(B, H)`` -> new h ``(B, H)``."""
        xa, xz = self.from_input(x)
        ha, hz = self.from_state(h)
        a = gate("feedback", 1 + self.activation(xa + ha))
        z = gate("update_gate", self.gate_activation(xz + hz))
        n = gate("candidate", self.activation(linear(x, self.weight_candidate) + a * h))
        return (z * h + (1 - z) * n,)


class BRC(NBRC):
    r"""Bistable recurrent cell: every unit sees only itself, and latches when its feedback is strong.

    .. math::
        a &= 1 + \tanh(W_a x + b_a + u_a \odot h + b'_a) \\
        z &= \sigma(W_z x + b_z + u_z \odot h + b'_z) \\
        n &= \tanh(W_n x + a \odot h) \\
        h' &= z \odot h + (1 - z) \odot n

    A unit whose feedback a is above 1 has two stable states and keeps the one it is in. The paper writes c for the
    update gate z. ``u_a`` and ``u_z`` are the halves of ``weight_hh (2 * H,)``, which start at 1 as in the authors'
    code; the candidate's matrix is ``weight_candidate (H, F)``. Arguments: :class:`~grunit.cells.gated.GatedCell`;
    ``activation`` is also that of the feedback.

    When to use: long memories of few bits in stacks of layers, one layer alone does not mix its units. Half the
    weights of a GRU, and no product waits for the state.

    Source: Vecoven, Ernst & Drion, *A bio-inspired bistable recurrent cell allows for long-lasting memory*, PLOS ONE
    16 (2021).

    >>> import torch
    >>> h, = BRC(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The matrix of the candidate, and a vector in place of each recurrent matrix."""
        return {**super().more_parameters(), "weight_hh": (2 * self.hidden_size,)}

    def reset_parameters(self) -> None:
        """As the initialiser says; the recurrent weights begin at 1."""
        super().reset_parameters()
        nn.init.ones_(self.weight_hh)

    def from_state(self, h: Tensor) -> tuple[Tensor, ...]:
        """``u h + b'``, one piece ``(B, H)`` a block."""
        ua, uz = self.weight_hh.chunk(2)
        ba, bz = (0, 0) if self.bias_hh is None else self.bias_hh.chunk(2)
        return ua * h + ba, uz * h + bz
