"""LSTM whose units are open for a short part of a rhythm of their own."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from grunit.cells.lstm import LSTM
from grunit.cells.peephole_lstm import PeepholeLSTM
from grunit.errors import InputError
from grunit.gates import gate


class PhasedLSTM(PeepholeLSTM):
    r"""LSTM with a time gate: each unit has a period and is updated only while it is open.

    .. math::
        \tilde{h}, \tilde{c} &= \text{peephole LSTM of } x, h, c \\
        \varphi &= ((t - s) \ \mathrm{mod} \ \tau) / \tau \\
        k &= 2 \varphi / r \qquad \text{while } \varphi < r / 2 \\
        k &= 2 - 2 \varphi / r \qquad \text{while } r / 2 \le \varphi < r \\
        k &= \alpha \varphi \qquad \text{else, in training; 0 in evaluation} \\
        c' &= k \odot \tilde{c} + (1 - k) \odot c \\
        h' &= k \odot \tilde{h} + (1 - k) \odot h

    The second input is ``time`` ``(T, B)``: the time *t* of each step, in any unit and with any gaps, not the time
    since the step before; the phase is read off the clock, so no state has to add up intervals. Count from the start of
    a recording: in float32 a time of 10,000,000 is only exact to 1.

    Args:
        leak: :math:`\alpha`, the share of gradient that a closed unit lets through in training (default 0.001).
        ratio_on: *r*, the share of its period that a unit is open (default 0.05).
        learn_ratio_on: whether *r* is a parameter (default: it is constant).
        min_period, max_period: the periods :math:`\tau` start log-uniformly between these, in the unit of ``time``
            (default 1 and 1000; take the gap between steps and the length of a sequence). The shifts *s* start
            uniformly within the period.
        peepholes: whether the gates see the cell state (default), as in the paper.
        options: see :class:`~grunit.cells.lstm.LSTM`; it takes no ``proj_size``.

    When to use: events at irregular times, several sensors of different rates, very long sequences: gradients pass
    through closed units as they are. Without rhythm in the data an LSTM given the intervals as a feature may be as
    good. It costs an LSTM; with a small ``ratio_on`` it needs more units, since few are open at a time.

    Raises:
        InputError: a projection, or periods that are not positive and ascending.

    Source: Neil, Pfeiffer & Liu, *Phased LSTM: accelerating recurrent network training for long or event-based
    sequences*, NIPS (2016), section 2.

    >>> states = torch.zeros(2, 5), torch.zeros(2, 5)
    >>> h, c = PhasedLSTM(3, 5).step(torch.zeros(2, 3), torch.tensor([[0.0], [12.5]]), *states)
    >>> h.shape
    torch.Size([2, 5])
    """

    inputs = ("x", "time")
    period: Tensor
    phase: Tensor
    ratio_on: Tensor

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        leak: float = 0.001,
        ratio_on: float = 0.05,
        learn_ratio_on: bool = False,
        min_period: float = 1.0,
        max_period: float = 1000.0,
        peepholes: bool = True,
        **options: Any,
    ):
        if options.get("proj_size"):
            raise InputError("PhasedLSTM has no projection: leave proj_size out")
        if not 0 < min_period <= max_period:
            raise InputError(f"min_period={min_period} and max_period={max_period}: give 0 < min_period <= max_period")
        if not 0 < ratio_on <= 1:
            raise InputError(f"ratio_on is {ratio_on}: give the open share of a period, above 0 and at most 1")
        self.leak, self.start_ratio_on, self.learn_ratio_on = leak, ratio_on, learn_ratio_on
        self.min_period, self.max_period, self.peepholes = min_period, max_period, peepholes
        super().__init__(input_size, hidden_size, **options)

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The peepholes, and each unit's rhythm."""
        peepholes = super().more_parameters() if self.peepholes else {}
        names = ("period", "phase", "ratio_on") if self.learn_ratio_on else ("period", "phase")
        return {**peepholes, **dict.fromkeys(names, (self.width,))}

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw new start values: the weights as the initialiser says, the rhythms from their own range."""
        super().reset_parameters()
        self.period.uniform_(math.log(self.min_period), math.log(self.max_period)).exp_()
        self.phase.uniform_(0, 1).mul_(self.period)
        if self.learn_ratio_on:
            self.ratio_on.fill_(self.start_ratio_on)

    def time_gate(self, time: Tensor) -> Tensor:
        """time ``(B, 1)`` -> how far each unit is open ``(B, H)``, from 0 to 1."""
        ratio_on = self.ratio_on if self.learn_ratio_on else self.start_ratio_on
        turns = (time - self.phase) / self.period
        phase = turns - turns.floor()
        rising = 2 * phase / ratio_on
        leak = self.leak if self.training else 0.0
        return torch.where(rising < 1, rising, torch.where(rising < 2, 2 - rising, leak * phase))

    def step(self, x: Tensor, time: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """x ``(B, F)``, time ``(B, 1)``, h and c ``(B, H)`` -> new h, new c."""
        kind = PeepholeLSTM if self.peepholes else LSTM
        new_h, new_c = kind.step(self, x, h, c)
        k = gate("time_gate", self.time_gate(time))
        return k * new_h + (1 - k) * h, k * new_c + (1 - k) * c
