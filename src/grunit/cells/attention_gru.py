"""GRUs whose update is led by an attention score that comes with each step."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from grunit.cells.gated import GatedCell
from grunit.cells.gru import GRU
from grunit.errors import InputError
from grunit.gates import gate


class AGRU(GatedCell):
    r"""Attention-based GRU: the attention score a of the step stands in place of the update gate.

    .. math::
        r &= \sigma(W_r x + b_r + U_r h + b'_r) \\
        n &= \tanh(W_n x + b_n + r \odot (U_n h + b'_n)) \\
        h' &= (1 - a) h + a n

    a is the extra input ``attention``, one number a row and step, meant to lie in 0 to 1: at 0 the state stays, at 1 it
    is replaced. There is no update gate, so ``forget_bias`` and ``initializer="chrono"`` are refused. Arguments:
    :class:`~grunit.cells.gated.GatedCell`.

    When to use: when something else already says how much each step matters, such as the likeness of a past purchase
    to the item on offer. All units follow the one score; :class:`AUGRU` lets each unit decide too, for half as
    many weights again.

    Source: Zhou et al., *Deep interest evolution network for click-through rate prediction*, AAAI (2019), section
    "Interest evolving layer", attention based GRU (AGRU).

    >>> import torch
    >>> h, = AGRU(3, 5).step(torch.zeros(2, 3), torch.ones(2, 1), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    state = ("h",)
    inputs = ("x", "attention")
    stacked = ("reset_gate", "candidate")

    def step(self, x: Tensor, attention: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, attention ``(B, 1)``, h ``(B, H)`` -> new h ``(B, H)``."""
        xr, xn = self.from_input(x)
        hr, hn = self.from_state(h)
        r = gate("reset_gate", self.gate_activation(xr + hr))
        n = gate("candidate", self.activation(xn + r * hn))
        return ((1 - attention) * h + attention * n,)


class AUGRU(GRU):
    r"""GRU with attentional update gate: the attention score a of the step scales the update gate.

    .. math::
        r &= \sigma(W_r x + b_r + U_r h + b'_r) \\
        z &= \sigma(W_z x + b_z + U_z h + b'_z) \\
        n &= \tanh(W_n x + b_n + r \odot (U_n h + b'_n)) \\
        u &= a (1 - z) \qquad \text{scaled\_share="new": the paper} \\
        u &= 1 - (1 - a) z \qquad \text{scaled\_share="old": the authors' code, oneDNN, OpenVINO} \\
        h' &= (1 - u) \odot h + u \odot n

    a is the extra input ``attention``, one number a row and step, meant to lie in 0 to 1. The weights are those of
    ``torch.nn.GRU``, where z is the share of the old state; the paper's update gate is the share of the new one,
    ``1 - z``. The two forms differ in more than names: with the paper's, a = 0 leaves the state as it is and a = 1
    makes a plain GRU; with the other, a = 0 makes a plain GRU and a = 1 replaces the state.

    Args:
        scaled_share: ``"new"`` (default), a scales the share of the candidate; ``"old"``, 1 - a scales the share of
            the old state.
        options: ``reset_after`` of :class:`~grunit.cells.gru.GRU`, and those of :class:`~grunit.cells.gated.GatedCell`.

    When to use: interests that drift: steps the attention finds beside the point should not move the state, the others
    as far as each unit's own gate allows. It costs what a GRU costs.

    Source: Zhou et al., *Deep interest evolution network for click-through rate prediction*, AAAI (2019), section
    "Interest evolving layer", GRU with attentional update gate (AUGRU).

    >>> import torch
    >>> h, = AUGRU(3, 5).step(torch.zeros(2, 3), torch.ones(2, 1), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    inputs = ("x", "attention")

    def __init__(self, input_size: int, hidden_size: int, *, scaled_share: str = "new", **options: Any):
        if scaled_share not in ("new", "old"):
            raise InputError(
                f"scaled_share is {scaled_share!r}: use 'new' (the paper) or 'old' (the authors' code, oneDNN)"
            )
        self.scaled_share = scaled_share
        super().__init__(input_size, hidden_size, **options)

    def step(self, x: Tensor, attention: Tensor, h: Tensor) -> tuple[Tensor]:  # type: ignore[override]
        """x ``(B, F)``, attention ``(B, 1)``, h ``(B, H)`` -> new h ``(B, H)``."""
        z, n = self.update_and_candidate(x, h)
        z = gate("update_gate", self.gate_activation(z))
        u = attention * (1 - z) if self.scaled_share == "new" else 1 - (1 - attention) * z
        u = gate("attended_gate", u)
        return ((1 - u) * h + u * n,)
