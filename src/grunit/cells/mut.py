"""MUT1, MUT2 and MUT3: the mutations of the GRU that an evolutionary search liked best."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from grunit.cells.gated import GatedCell
from grunit.gates import gate


class MUT1(GatedCell):
    r"""Mutation 1 of the GRU: the update gate sees the input alone, and the input is squashed before it is added.

    .. math::
        z &= \sigma(W_z x + b_z) \\
        r &= \sigma(W_r x + b_r + U_r h + b'_r) \\
        n &= \tanh(\tanh(W_n x + b_n) + U_n (r \odot h) + b'_n) \\
        h' &= z \odot n + (1 - z) \odot h

    The paper writes :math:`\tanh(x)` and so needs inputs of the size of the state; here they pass :math:`W_n` first.
    ``weight_ih`` stacks r, n, z and ``weight_hh`` r, n.

    Args:
        bias: with the two bias vectors (default) or without.
        options: see :class:`~grunit.cells.gated.GatedCell`; ``forget_bias`` and ``"chrono"`` do not apply.

    When to use: in place of a GRU, with a sixth fewer weights when input and state are of one size. The paper
    found it as good as the GRU on language modelling and better on its other tasks, and an LSTM with forget bias 1 not
    far from either.

    Source: Jozefowicz, Zaremba & Sutskever, *An empirical exploration of recurrent network architectures*, ICML
    (2015).

    >>> h, = MUT1(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    state = ("h",)
    stacked = ("reset_gate", "candidate", "update_gate")
    admits = "update_gate"
    products = 2
    """Recurrent matrices: of the reset gate, the candidate, and for three the update gate."""

    def __init__(self, input_size: int, hidden_size: int, *, bias: bool = True, **options: Any):
        self.with_bias = bias
        super().__init__(input_size, hidden_size, bias=bias, **options)

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The recurrent matrices that there are."""
        rows = self.products * self.hidden_size
        return {"weight_hh": (rows, self.hidden_size), **({"bias_hh": (rows,)} if self.with_bias else {})}

    def recurrent(self, block: int, h: Tensor) -> Tensor:
        """``U h + b'`` of one block."""
        rows = slice(block * self.hidden_size, (block + 1) * self.hidden_size)
        return linear(h, self.weight_hh[rows], None if self.bias_hh is None else self.bias_hh[rows])

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, h ``(B, H)`` -> new h ``(B, H)``."""
        r, n, z = self.from_input(x)
        z = gate("update_gate", self.gate_activation(z))
        r = gate("reset_gate", self.gate_activation(r + self.recurrent(0, h)))
        n = gate("candidate", self.activation(self.activation(n) + self.recurrent(1, r * h)))
        return (z * n + (1 - z) * h,)


class MUT2(MUT1):
    r"""Mutation 2 of the GRU: gates as in the GRU, the update gate admits what is new.

    .. math::
        z &= \sigma(W_z x + b_z + U_z h + b'_z) \\
        r &= \sigma(W_r x + b_r + U_r h + b'_r) \\
        n &= \tanh(W_n x + b_n + U_n (r \odot h) + b'_n) \\
        h' &= z \odot n + (1 - z) \odot h

    The paper writes :math:`x` for :math:`W_r x + b_r` and so needs inputs of the size of the state; with
    :math:`W_r` the identity and :math:`b_r = 0` they are the same. ``weight_ih`` and ``weight_hh`` stack r, n, z.
    Arguments: :class:`MUT1`.

    When to use: as the control beside MUT1 and MUT3. With a full :math:`W_r` it is the GRU of 2014 with its update gate
    read the other way round, at the same cost.

    Source: Jozefowicz, Zaremba & Sutskever, *An empirical exploration of recurrent network architectures*, ICML
    (2015).

    >>> h, = MUT2(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    products = 3

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, h ``(B, H)`` -> new h ``(B, H)``."""
        r, n, z = self.from_input(x)
        z = gate("update_gate", self.gate_activation(z + self.recurrent(2, self.seen(h))))
        r = gate("reset_gate", self.gate_activation(r + self.recurrent(0, h)))
        n = gate("candidate", self.activation(n + self.recurrent(1, r * h)))
        return (z * n + (1 - z) * h,)

    def seen(self, h: Tensor) -> Tensor:
        """What the update gate sees of the state."""
        return h


class MUT3(MUT2):
    r"""Mutation 3 of the GRU: the update gate sees the state squashed once more.

    .. math::
        z &= \sigma(W_z x + b_z + U_z \tanh(h) + b'_z) \\
        r &= \sigma(W_r x + b_r + U_r h + b'_r) \\
        n &= \tanh(W_n x + b_n + U_n (r \odot h) + b'_n) \\
        h' &= z \odot n + (1 - z) \odot h

    ``weight_ih`` and ``weight_hh`` stack r, n, z. Arguments: :class:`MUT1`.

    When to use: where a GRU is used and the update gate shall not saturate on large states; it costs a GRU and one more
    tanh a unit.

    Source: Jozefowicz, Zaremba & Sutskever, *An empirical exploration of recurrent network architectures*, ICML
    (2015).

    >>> h, = MUT3(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    def seen(self, h: Tensor) -> Tensor:
        """What the update gate sees of the state."""
        return torch.tanh(h)
