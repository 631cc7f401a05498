"""Long short-term memory with forget gates."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn.functional import linear

from grunit.cells.activations import Activation, find_activation
from grunit.cells.gated import GatedCell
from grunit.gates import gate


class LSTM(GatedCell):
    r"""Long short-term memory.

    .. math::
        i &= \sigma(W_i x + U_i h + b_i) \\
        f &= \sigma(W_f x + U_f h + b_f) \qquad f = 1 - i \text{ with coupled\_gates} \\
        g &= \tanh(W_g x + U_g h + b_g) \\
        o &= \sigma(W_o x + U_o h + b_o) \\
        c' &= f \odot c + i \odot g \\
        h' &= o \odot \tanh(c') \qquad h' = W_r (o \odot \tanh(c')) \text{ with proj\_size}

    Args:
        coupled_gates: no forget gate of its own, ``f = 1 - i`` (CIFG, Greff et al. 2017); blocks are then i, g, o.
        proj_size: size of a projected ``h`` (Sak et al. 2014); 0 (default) for none.
        output_activation: of the cell state on its way out; default the same as ``activation``.
        options: see :class:`~grunit.cells.gated.GatedCell`.

    When to use: the first choice for long dependencies and much data; its cell state can count and add up without
    bound. Everything else in the catalogue is measured beside it.

    Source: Hochreiter & Schmidhuber (1997); Gers, Schmidhuber & Cummins (2000), eqs. 1-7; ``torch.nn.LSTM``.

    >>> import torch
    >>> h, c = LSTM(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5), torch.zeros(2, 5))
    >>> h.shape, c.shape
    (torch.Size([2, 5]), torch.Size([2, 5]))
    """

    state = ("h", "c")
    stacked: tuple[str, ...] = ("input_gate", "forget_gate", "candidate", "output_gate")
    keeps: str | None = "forget_gate"
    admits = "input_gate"
    weight_hr: Tensor

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        coupled_gates: bool = False,
        proj_size: int = 0,
        output_activation: str | Activation | None = None,
        **options: Any,
    ):
        self.coupled_gates, self.proj_size, self.width = coupled_gates, proj_size, hidden_size
        if coupled_gates:
            self.stacked = ("input_gate", "candidate", "output_gate")
            self.keeps = None
        super().__init__(input_size, hidden_size, **options)
        self.output_activation = self.activation if output_activation is None else find_activation(output_activation)

    def state_sizes(self) -> dict[str, int]:
        """``h`` has ``proj_size`` units where there is a projection."""
        return {"h": self.proj_size} if self.proj_size else {}

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The projection, if any."""
        return {"weight_hr": (self.proj_size, self.width)} if self.proj_size else {}

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """x ``(B, F)``, h ``(B, H or proj_size)``, c ``(B, H)`` -> new h, new c."""
        i, *own, g, o = self.from_both(x, h)
        i = gate("input_gate", self.gate_activation(i))
        f = gate("forget_gate", 1 - i if self.coupled_gates else self.gate_activation(own[0]))
        g = gate("candidate", self.activation(g))
        o = gate("output_gate", self.gate_activation(o))
        c = f * c + i * g
        h = o * self.output_activation(c)
        return (linear(h, self.weight_hr) if self.proj_size else h), c
