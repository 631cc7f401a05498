"""IndRNN: every unit remembers only itself."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from grunit.cells.activations import Activation
from grunit.cells.gated import GatedCell
from grunit.errors import InputError
from grunit.gates import gate


class IndRNN(GatedCell):
    r"""Independently recurrent network: one recurrent weight a unit.

    .. math::
        h' = \phi(W x + b + u \odot h + b')

    ``u`` is ``weight_hh (H,)``, drawn from U(0, 2^(1/max_time)): with a rectified unit that lets a memory live for
    ``max_time`` steps and not explode. Training can push weights beyond; the paper holds them there, which after an
    optimiser's step is ``cell.weight_hh.data.clamp_(-limit, limit)`` with the same limit.

    Args:
        activation: :math:`\phi` (default ``"relu"``).
        options: see :class:`~grunit.cells.gated.GatedCell`, ``max_time`` among them; there is no gate, so neither
            ``forget_bias`` nor ``initializer="chrono"``.

    When to use: deep stacks over long sequences, with normalisation between the layers; one layer alone cannot mix its
    units. The recurrence costs nothing beside its input product: an eighth of the weights of an LSTM.

    Source: Li, Li, Cook, Zhu & Gao, *Independently recurrent neural network (IndRNN): building a longer and deeper
    RNN*, CVPR (2018).

    >>> import torch
    >>> h, = IndRNN(3, 5, max_time=1000).step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    state = ("h",)
    stacked = ("candidate",)

    def __init__(self, input_size: int, hidden_size: int, *, activation: str | Activation = "relu", **options: Any):
        super().__init__(input_size, hidden_size, activation=activation, **options)

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """A vector in place of the recurrent matrix."""
        return {"weight_hh": (self.hidden_size,)}

    def reset_parameters(self) -> None:
        """As the initialiser says; the recurrent weights from U(0, 2^(1/max_time))."""
        if self.max_time < 1:
            raise InputError(f"max_time is {self.max_time}: give the longest dependence, at least 1 step")
        super().reset_parameters()
        nn.init.uniform_(self.weight_hh, 0, 2 ** (1 / self.max_time))

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, h ``(B, H)`` -> new h ``(B, H)``."""
        (of_x,) = self.from_input(x)
        of_h = self.weight_hh * h if self.bias_hh is None else self.weight_hh * h + self.bias_hh
        return (gate("candidate", self.activation(of_x + of_h)),)
