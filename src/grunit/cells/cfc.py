"""Closed-form continuous-time cell: a liquid network without a differential equation to solve."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from grunit.cells.activations import Activation, find_activation
from grunit.cells.cell import Cell
from grunit.errors import InputError
from grunit.gates import gate

MODES = ("default", "pure", "no_gate")


def lecun_tanh(x: Tensor) -> Tensor:
    """``1.7159 tanh(0.666 x)``, the tanh of LeCun et al. (1998)."""
    return 1.7159 * torch.tanh(0.666 * x)


class CfC(Cell):
    r"""Closed-form continuous-time cell: the time since the last step says how far to go from one candidate to another.

    .. math::
        y &= \mathrm{backbone}([x, h]) \\
        f &= \sigma((W_a y + b_a) \, \Delta t + W_b y + b_b) \\
        g &= \tanh(W_1 y + b_1) \\
        u &= \tanh(W_2 y + b_2) \\
        h' &= (1 - f) \odot g + f \odot u \\
        h' &= g + f \odot u \qquad \text{with mode="no\_gate"} \\
        h' &= A \odot (1 - v \odot \exp(-\Delta t (|w| + |v|))) \qquad v = W_1 y + b_1 \text{ with mode="pure"}

    The second input is ``dt`` ``(T, B)``: the time since the step before, in any unit; give ones for a regular series.
    Parameters are named as in ``ncps.torch.CfCCell``, so weights move both ways.

    Args:
        mode: ``"default"``, ``"no_gate"``, or ``"pure"``: the approximate solution of the equation itself.
        backbone_units: width of the layers before the heads (default 128).
        backbone_layers: their number (default 1); 0 lets the heads see ``[x, h]``.
        backbone_activation: a name or a callable; default ``lecun_tanh`` as in the reference implementation.

    When to use: irregular times, few units, control and physiological signals; no solver runs, so a step
    costs what its layers cost. Their width is ``backbone_units``, whatever the state's: with narrow states make it
    small.

    Raises:
        InputError: an unknown mode, or sizes of the backbone that are not whole numbers.

    Source: Hasani et al., *Closed-form continuous-time neural networks*, Nature Machine Intelligence 4 (2022);
    ``ncps``, its reference implementation.

    >>> h, = CfC(3, 5, backbone_units=16).step(torch.zeros(2, 3), torch.tensor([[0.5], [2.0]]), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    state = ("h",)
    inputs = ("x", "dt")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        mode: str = "default",
        backbone_units: int = 128,
        backbone_layers: int = 1,
        backbone_activation: str | Activation = "lecun_tanh",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **options: Any,
    ):
        super().__init__(input_size, hidden_size, **options)
        if mode not in MODES:
            raise InputError(f"mode is {mode!r}: use one of {', '.join(MODES)}")
        for name, value, least in (("backbone_units", backbone_units, 1), ("backbone_layers", backbone_layers, 0)):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise InputError(f"{name} is {value!r}: give a whole number of at least {least}")
        activation = lecun_tanh if backbone_activation == "lecun_tanh" else find_activation(backbone_activation)
        self.mode, self.backbone_activation = mode, activation
        place: dict[str, Any] = {"device": device, "dtype": dtype}
        sizes = [input_size + hidden_size, *[backbone_units] * backbone_layers]
        # Numbered as in ncps, where activations have the odd numbers.
        self.backbone = nn.ModuleDict(
            {str(2 * k): nn.Linear(sizes[k], backbone_units, **place) for k in range(backbone_layers)}
        )
        size = sizes[-1]
        self.ff1 = nn.Linear(size, hidden_size, **place)
        if mode == "pure":
            self.w_tau = nn.Parameter(torch.empty(1, hidden_size, **place))
            self.A = nn.Parameter(torch.empty(1, hidden_size, **place))
        else:
            self.ff2 = nn.Linear(size, hidden_size, **place)
            self.time_a = nn.Linear(size, hidden_size, **place)
            self.time_b = nn.Linear(size, hidden_size, **place)
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Xavier-uniform weights, torch's biases; in pure mode no decay of its own and limits of 1."""
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                layer.reset_parameters()
                nn.init.xavier_uniform_(layer.weight)
        if self.mode == "pure":
            self.w_tau.zero_()
            self.A.fill_(1.0)

    def step(self, x: Tensor, dt: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, dt ``(B, 1)``, h ``(B, H)`` -> new h ``(B, H)``."""
        y: Tensor | None = None
        for layer in self.backbone.values():
            y = self.backbone_activation(affine(layer, x, h, y))
        v = affine(self.ff1, x, h, y)
        if self.mode == "pure":
            decay = gate("decay", torch.exp(-dt * (self.w_tau.abs() + v.abs())))
            return (self.A * (1 - v * decay),)
        f = gate("time_gate", torch.sigmoid(affine(self.time_a, x, h, y) * dt + affine(self.time_b, x, h, y)))
        g, u = gate("candidate", torch.tanh(v)), gate("late_candidate", torch.tanh(affine(self.ff2, x, h, y)))
        return (g + f * u if self.mode == "no_gate" else (1 - f) * g + f * u,)


def affine(layer: nn.Module, x: Tensor, h: Tensor, y: Tensor | None) -> Tensor:
    """The layer on y, or on ``[x, h]`` where there is no y yet: two products, so that x's can leave the time loop."""
    assert isinstance(layer, nn.Linear)
    if y is not None:
        return layer(y)
    size = x.shape[-1]
    return linear(x, layer.weight[:, :size], layer.bias) + linear(h, layer.weight[:, size:])
