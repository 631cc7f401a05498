"""LSTM whose input and state gate each other before the step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from grunit.cells.lstm import LSTM
from grunit.errors import InputError
from grunit.gates import gate


class MogrifierLSTM(LSTM):
    r"""LSTM whose input and last output gate each other for some rounds before the step.

    .. math::
        x_i &= 2 \sigma(Q_i h_{i-1}) \odot x_{i-2} \qquad i = 1, 3, 5 \ldots \qquad x_{-1} = x \\
        h_i &= 2 \sigma(R_i x_{i-1}) \odot h_{i-2} \qquad i = 2, 4 \ldots \qquad h_0 = h \\
        h', c' &= \mathrm{LSTM}(x_i, h_i, c) \qquad \text{the last x and the last h}

    The factor 2 makes a fresh cell begin near the plain LSTM, which it is with ``rounds=0``. The matrices are
    ``weight_q1 (F, H)``, ``weight_r2 (H, F)``, ``weight_q3`` and so on; with a rank each is a product, such as
    ``weight_q1_left (F, rank)`` times ``weight_q1_right (rank, H)``.

    Args:
        rounds: times that one of the two gates the other (default 5).
        rank: of the matrices Q and R, as the product of two factors; None (default) for full ones.
        options: ``coupled_gates``, ``proj_size`` and the others of :class:`~grunit.cells.lstm.LSTM`.

    When to use: language models on little data, where the same word should mean different things in different
    contexts. With full matrices and F = H it has 13/8 of the weights of an LSTM, and five more products a step, each
    waiting for the one before; give ``rank`` where that is too slow.

    Source: Melis, Kocisky & Blunsom, *Mogrifier LSTM*, ICLR (2020), eqs. 1-2.

    >>> cell = MogrifierLSTM(3, 5, rounds=2, rank=1)
    >>> h, c = cell.step(torch.zeros(2, 3), torch.zeros(2, 5), torch.zeros(2, 5))
    >>> h.shape, c.shape
    (torch.Size([2, 5]), torch.Size([2, 5]))
    """

    state_weights = ("weight_h", "weight_q")

    def __init__(self, input_size: int, hidden_size: int, *, rounds: int = 5, rank: int | None = None, **options: Any):
        if isinstance(rounds, bool) or not isinstance(rounds, int) or rounds < 0:
            raise InputError(f"rounds must be a whole number of at least 0, got {rounds!r}")
        if rank is not None and (isinstance(rank, bool) or not isinstance(rank, int) or rank < 1):
            raise InputError(f"rank must be a whole number of at least 1, or None for full matrices, got {rank!r}")
        self.rounds, self.rank = rounds, rank
        super().__init__(input_size, hidden_size, **options)

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The matrices of every round, and the projection if any."""
        assert self.input_size is not None
        shapes: dict[str, tuple[int, ...]] = {}
        for number in range(1, self.rounds + 1):
            name, sizes = f"weight_r{number}", (self.proj_size or self.width, self.input_size)
            if number % 2:
                name, sizes = f"weight_q{number}", sizes[::-1]
            if self.rank is None:
                shapes[name] = sizes
            else:
                shapes[f"{name}_left"], shapes[f"{name}_right"] = (sizes[0], self.rank), (self.rank, sizes[1])
        return {**super().more_parameters(), **shapes}

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """x ``(B, F)``, h ``(B, H or proj_size)``, c ``(B, H)`` -> new h, new c."""
        for number in range(1, self.rounds + 1):
            if number % 2:
                x = gate(f"input_gain_{number}", 2 * torch.sigmoid(self.product(f"weight_q{number}", h))) * x
            else:
                h = gate(f"state_gain_{number}", 2 * torch.sigmoid(self.product(f"weight_r{number}", x))) * h
        return super().step(x, h, c)

    def product(self, name: str, value: Tensor) -> Tensor:
        """A matrix, or its two factors, times a vector."""
        if self.rank is None:
            return linear(value, getattr(self, name))
        return linear(linear(value, getattr(self, f"{name}_right")), getattr(self, f"{name}_left"))
