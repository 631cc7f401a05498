"""What the classic gated cells share: two affine maps laid out as in ``torch.nn``, activations, start values."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from grunit.cells.activations import Activation, find_activation
from grunit.cells.cell import Cell
from grunit.cells.initialize import initialize


class GatedCell(Cell):
    """A cell whose gates all start from ``W x + b`` and ``U h + b'``.

    Parameters are named and stacked as in ``torch.nn.LSTMCell`` and ``GRUCell``, so that weights move both ways:
    ``weight_ih (gates * H, F)``, ``weight_hh (gates * H, size of h)``, ``bias_ih`` and ``bias_hh (gates * H)``.

    Args:
        input_size: features of ``x``.
        hidden_size: units ``H``.
        bias: with the two bias vectors (default) or without.
        activation: of the candidate and the output; a name or a callable (default ``"tanh"``).
        gate_activation: of the gates; a name or a callable (default ``"sigmoid"``).
        initializer: ``"uniform"`` as torch (default), ``"normal"``, ``"orthogonal"``, ``"xavier"``, ``"he"``,
            ``"identity"`` or ``"chrono"``, see :func:`~grunit.cells.initialize.initialize`.
        forget_bias: start value of the bias of the gate that keeps the old state (default: as the initialiser left it).
        max_time: longest dependence that ``"chrono"`` prepares for, in steps (default 100).
        device, dtype: of the parameters.
    """

    stacked: tuple[str, ...] = ()
    """Names of the blocks stacked in the weights, in order."""
    keeps: str | None = None
    """The block that keeps the old state when open."""
    admits: str | None = None
    """The block that admits new content when open."""
    state_weights: tuple[str, ...] = ("weight_h",)
    """How the names of the matrices begin that multiply a state; the others multiply inputs."""
    heads: int = 1
    """Parts of the state that each have recurrent matrices of their own."""
    hidden_size: int
    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Any
    bias_hh: Any
    """None without ``bias``."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        bias: bool = True,
        activation: str | Activation = "tanh",
        gate_activation: str | Activation = "sigmoid",
        initializer: str = "uniform",
        forget_bias: float | None = None,
        max_time: int = 100,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **options: Any,
    ):
        super().__init__(input_size, hidden_size, **options)
        self.activation = find_activation(activation)
        self.gate_activation = find_activation(gate_activation)
        self.initializer, self.forget_bias, self.max_time = initializer, forget_bias, max_time
        rows = len(self.stacked) * hidden_size
        size = self.state_sizes().get("h", hidden_size)
        for name, shape in {
            "weight_ih": (rows, input_size),
            "weight_hh": (rows, size),
            "bias_ih": (rows,) if bias else None,
            "bias_hh": (rows,) if bias else None,
            **self.more_parameters(),
        }.items():
            value = None if shape is None else nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
            self.register_parameter(name, value)
        self.reset_parameters()

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of parameters beyond the two affine maps."""
        return {}

    def reset_parameters(self) -> None:
        """Draw new start values with the initialiser the cell was built with."""
        initialize(self, self.initializer, forget_bias=self.forget_bias, max_time=self.max_time)

    def from_input(self, x: Tensor) -> tuple[Tensor, ...]:
        """``W x + b``, one piece ``(B, H)`` a block."""
        return linear(x, self.weight_ih, self.bias_ih).chunk(len(self.stacked), -1)

    def from_state(self, h: Tensor) -> tuple[Tensor, ...]:
        """``U h + b'``, one piece ``(B, H)`` a block."""
        return linear(h, self.weight_hh, self.bias_hh).chunk(len(self.stacked), -1)

    def from_both(self, x: Tensor, h: Tensor) -> tuple[Tensor, ...]:
        """``W x + b + U h + b'``, one piece ``(B, H)`` a block."""
        total = linear(x, self.weight_ih, self.bias_ih) + linear(h, self.weight_hh, self.bias_hh)
        return total.chunk(len(self.stacked), -1)
