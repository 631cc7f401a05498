"""FastGRNN: a gated cell small enough for a microcontroller."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from grunit.cells.gated import GatedCell
from grunit.errors import InputError
from grunit.gates import gate


class FastGRNN(GatedCell):
    r"""Fast gated recurrent network: gate and candidate share their matrices, which may be of low rank.

    .. math::
        s &= W x + U h \\
        z &= \sigma(s + b_z) \\
        n &= \tanh(s + b_n) \\
        h' &= z \odot h + (\zeta (1 - z) + \nu) \odot n

    ``weight_ih (H, F)`` is W and ``weight_hh (H, H)`` is U. With ``input_rank``, W is the product of
    ``weight_ih (H, input_rank)`` and ``weight_ih_low (input_rank, F)``; with ``recurrent_rank`` U likewise. The two
    scalars stay between 0 and 1: they are the sigmoids of the parameters ``zeta (1,)`` and ``nu (1,)``.

    Args:
        input_rank: rank of W (``wRank`` in the authors' code); None (default) for a full matrix.
        recurrent_rank: rank of U (``uRank``); None (default) for a full matrix.
        zeta: start value of the parameter ``zeta``, before its sigmoid (default 1, as the authors).
        nu: start value of the parameter ``nu``, before its sigmoid (default -4, as the authors).
        options: see :class:`~grunit.cells.gated.GatedCell`.

    When to use: on small devices. It has a third of the weights of a GRU and a quarter of those of an LSTM, with low
    ranks fewer still; the paper shows it on short windows of sensors and audio.

    Source: Kusupati et al., *FastGRNN: a fast, accurate, stable and tiny kilobyte sized gated recurrent neural
    network*, NeurIPS (2018); low ranks and start values as in the authors' EdgeML.

    >>> h, = FastGRNN(8, 5, input_rank=2, recurrent_rank=3).step(torch.zeros(2, 8), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    state = ("h",)
    stacked = ("update_gate", "candidate")
    keeps = "update_gate"
    weight_ih_low: Tensor
    weight_hh_low: Tensor
    zeta: Tensor
    nu: Tensor

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        input_rank: int | None = None,
        recurrent_rank: int | None = None,
        zeta: float = 1.0,
        nu: float = -4.0,
        **options: Any,
    ):
        for name, rank in {"input_rank": input_rank, "recurrent_rank": recurrent_rank}.items():
            if rank is not None and (isinstance(rank, bool) or not isinstance(rank, int) or rank < 1):
                raise InputError(
                    f"{name} must be a whole number of at least 1, or None for a full matrix, got {rank!r}"
                )
        self.input_rank, self.recurrent_rank, self.start = input_rank, recurrent_rank, {"zeta": zeta, "nu": nu}
        super().__init__(input_size, hidden_size, **options)

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The shared matrices, whole or as two factors, and the two scalars."""
        assert self.input_size is not None
        shapes: dict[str, tuple[int, ...]] = {}
        for name, rank, size in (
            ("weight_ih", self.input_rank, self.input_size),
            ("weight_hh", self.recurrent_rank, self.hidden_size),
        ):
            shapes[name] = (self.hidden_size, rank or size)
            if rank:
                shapes[f"{name}_low"] = (rank, size)
        return {**shapes, "zeta": (1,), "nu": (1,)}

    def reset_parameters(self) -> None:
        """As the initialiser says; the scalars begin as they were given."""
        super().reset_parameters()
        torch.nn.init.constant_(self.zeta, self.start["zeta"])
        torch.nn.init.constant_(self.nu, self.start["nu"])

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, h ``(B, H)`` -> new h ``(B, H)``."""
        of_x = linear(linear(x, self.weight_ih_low) if self.input_rank else x, self.weight_ih)
        of_h = linear(linear(h, self.weight_hh_low) if self.recurrent_rank else h, self.weight_hh)
        bz, bn = (0, 0) if self.bias_ih is None else (self.bias_ih + self.bias_hh).chunk(2, -1)
        z = gate("update_gate", self.gate_activation(of_x + of_h + bz))
        n = gate("candidate", self.activation(of_x + of_h + bn))
        zeta, nu = torch.sigmoid(self.zeta), torch.sigmoid(self.nu)
        return (z * h + (zeta * (1 - z) + nu) * n,)
