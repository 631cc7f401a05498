"""What the layer-normalised cells share: each affine map is normalised before its gains and biases act."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import layer_norm, linear

from grunit.cells.gated import GatedCell
from grunit.errors import InputError


class LayerNormCell(GatedCell):
    """A cell with ``LN(W x)`` and ``LN(U h)`` in place of ``W x + b`` and ``U h + b'``.

    ``LN(a)`` is ``gain * (a - mean) / sqrt(variance + epsilon) + bias``, with mean and variance over the units of one
    row and step. The gains are ``gain_ih`` and ``gain_hh (gates * H)`` and start at 1; the biases are ``bias_ih`` and
    ``bias_hh`` and start as the initialiser leaves them.

    Args:
        input_size: features of ``x``.
        hidden_size: units ``H``.
        epsilon: added to the variance (default 1e-5).
        bias: with biases (default) or without.
        options: see :class:`~grunit.cells.gated.GatedCell`.
    """

    together: tuple[int, ...] = ()
    """How many blocks each normalisation spans, in the order in which they are stacked."""
    gain_ih: Tensor
    gain_hh: Tensor

    def __init__(self, input_size: int, hidden_size: int, *, epsilon: float = 1e-5, bias: bool = True, **options: Any):
        if isinstance(epsilon, bool) or not isinstance(epsilon, (int, float)) or not epsilon > 0:
            raise InputError(f"epsilon is {epsilon!r}: it is added to a variance that can be 0, give a number above 0")
        self.epsilon, self.biased = float(epsilon), bias
        super().__init__(input_size, hidden_size, bias=bias, **options)

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The gains of the two normalised maps."""
        rows = len(self.stacked) * self.hidden_size
        return {"gain_ih": (rows,), "gain_hh": (rows,)}

    def reset_parameters(self) -> None:
        """As the initialiser says; gains begin at 1."""
        super().reset_parameters()
        torch.nn.init.ones_(self.gain_ih)
        torch.nn.init.ones_(self.gain_hh)

    def from_input(self, x: Tensor) -> tuple[Tensor, ...]:
        """``LN(W x)``, one piece ``(B, H)`` a block."""
        return self.normalized(linear(x, self.weight_ih), self.gain_ih, self.bias_ih)

    def from_state(self, h: Tensor) -> tuple[Tensor, ...]:
        """``LN(U h)``, one piece ``(B, H)`` a block."""
        return self.normalized(linear(h, self.weight_hh), self.gain_hh, self.bias_hh)

    def from_both(self, x: Tensor, h: Tensor) -> tuple[Tensor, ...]:
        """``LN(W x) + LN(U h)``, one piece ``(B, H)`` a block."""
        return tuple(a + b for a, b in zip(self.from_input(x), self.from_state(h), strict=True))

    def normalized(self, total: Tensor, gain: Tensor, bias: Tensor | None) -> tuple[Tensor, ...]:
        """Blocks ``(B, gates * H)`` normalised, those that belong together over all their units at once."""
        blocks: list[Tensor] = []
        start = 0
        for count in self.together:
            end = start + count * self.hidden_size
            own_bias = None if bias is None else bias[start:end]
            normal = layer_norm(total[:, start:end], (end - start,), gain[start:end], own_bias, self.epsilon)
            blocks.extend(normal.chunk(count, -1))
            start = end
        return tuple(blocks)
