"""A recurrent cell with one number a gate."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from grunit.cells.activations import Activation, find_activation
from grunit.cells.cell import Cell
from grunit.errors import InputError
from grunit.gates import gate


class ScalarGRU(Cell):
    r"""A deep view of the input, then two scalar gates: one admits the new content, one keeps the old.

    .. math::
        n &= V_2 \, \phi(V_1 x + v_1) + v_2 \\
        i &= \sigma(w_i \cdot x + u_i \cdot h + b_i) \\
        f &= \sigma(w_f \cdot x + u_f \cdot h + b_f) \\
        h' &= f h + i n

    i and f are one number a row and step, the same for all units: the direction of the state is a weighted sum of
    contents, and the gates say with what weights.

    Args:
        input_size: features of ``x``.
        hidden_size: units ``H``.
        content_size: hidden units of the network that makes the content n; default ``hidden_size``.
        activation: :math:`\phi` of that network (default ``"tanh"``).
        gate_activation: of both gates (default ``"sigmoid"``).
        forget_bias: start value of :math:`b_f`; default as ``torch.nn.Linear`` leaves it.
        bias: with all biases (default) or without.
        device, dtype: of the parameters.

    When to use: feature vectors that need a network of their own, and a memory that only has to weigh them, on small
    data: the recurrent part has ``2 H`` weights where a GRU has three matrices, and the network is computed for all
    steps at once. Units cannot keep things for different lengths of time; where that matters take ``gru``.

    Source: no paper has just this cell; it is the memory of Lee, Levy & Zettlemoyer, *Recurrent additive networks*,
    arXiv:1705.07393 (2017), without its output, with one number a gate and a deeper content.

    >>> h, = ScalarGRU(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    hidden_size: int

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        content_size: int | None = None,
        activation: str | Activation = "tanh",
        gate_activation: str | Activation = "sigmoid",
        forget_bias: float | None = None,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        **options: object,
    ):
        super().__init__(input_size, hidden_size, **options)
        content_size = hidden_size if content_size is None else content_size
        if isinstance(content_size, bool) or not isinstance(content_size, int) or content_size < 1:
            raise InputError(f"content_size must be a whole number of at least 1, got {content_size!r}")
        if forget_bias is not None and not bias:
            raise InputError("ScalarGRU was built with bias=False, so it takes no forget_bias: leave it out")
        self.activation = find_activation(activation)
        self.gate_activation = find_activation(gate_activation)
        self.forget_bias = forget_bias
        self.content_in = nn.Linear(input_size, content_size, bias, device, dtype)
        self.content_out = nn.Linear(content_size, hidden_size, bias, device, dtype)
        self.gates_from_input = nn.Linear(input_size, 2, bias, device, dtype)
        self.gates_from_state = nn.Linear(hidden_size, 2, False, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new start values, each map as ``torch.nn.Linear`` does."""
        for part in (self.content_in, self.content_out, self.gates_from_input, self.gates_from_state):
            part.reset_parameters()
        if self.forget_bias is not None:
            self.gates_from_input.bias.detach()[1] = self.forget_bias

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, h ``(B, H)`` -> new h ``(B, H)``."""
        n = gate("candidate", self.content_out(self.activation(self.content_in(x))))
        i, f = (self.gates_from_input(x) + self.gates_from_state(h)).chunk(2, -1)
        i = gate("input_gate", self.gate_activation(i))
        f = gate("forget_gate", self.gate_activation(f))
        return (f * h + i * n,)
