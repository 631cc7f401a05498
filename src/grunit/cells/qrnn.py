"""The quasi-recurrent network: convolutions in time, then a gated pooling."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from grunit.cells.activations import Activation, find_activation
from grunit.cells.input_gated import InputGatedCell
from grunit.errors import InputError, suggest
from grunit.gates import gate

POOLINGS: dict[str, tuple[str, ...]] = {
    "f": ("candidate", "forget_gate"),
    "fo": ("candidate", "forget_gate", "output_gate"),
    "ifo": ("candidate", "forget_gate", "output_gate", "input_gate"),
}


class QRNN(InputGatedCell):
    r"""Quasi-recurrent network: gates from a convolution over the last steps of the input, then a gated pooling.

    .. math::
        n &= \phi(W_n x + V_n x_{-1} + b_n) \\
        f &= \sigma(W_f x + V_f x_{-1} + b_f) \\
        o &= \sigma(W_o x + V_o x_{-1} + b_o) \qquad o = 1 \text{ with pooling f} \\
        c' &= f \odot c + (1 - f) \odot n \qquad f \odot c + i \odot n \text{ with pooling ifo} \\
        h' &= o \odot c'

    where :math:`x_{-1}` is the x of the step before and :math:`i = \sigma(W_i x + V_i x_{-1} + b_i)`. V is there with
    ``window=2``; a wider window adds one V a step.

    Args:
        window: steps of the input that a gate sees, this one included (default 1). A wider window makes more states:
            the weights of the convolution are applied to x when it comes, and for each gate and each later step in
            reach one state ``(B, H)`` holds what the x so far add to that gate then. The cell is then elementwise in
            its states, no longer linear, and its steps run one after the other, still without a product among them.
        pooling: ``"f"``, ``"fo"`` (default) or ``"ifo"``.
        activation: :math:`\phi`, a name or a callable (default ``"tanh"``).
        options: see :class:`~grunit.cells.input_gated.InputGatedCell`.

    When to use: text and other sequences whose local context matters, at the speed of a convolution. With
    ``window=1`` all steps run at once, with 3/8 of the weights of an LSTM at F = H.

    Source: Bradbury, Merity, Xiong & Socher, *Quasi-recurrent neural networks*, ICLR (2017), eqs. 1-5.

    >>> h, c = QRNN(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5), torch.zeros(2, 5))
    >>> h.shape, c.shape
    (torch.Size([2, 5]), torch.Size([2, 5]))
    >>> QRNN(3, 5, window=2, pooling="f").state
    ('h', 'c', 'candidate_in_1', 'forget_gate_in_1')
    """

    state: tuple[str, ...] = ("h", "c")  # type: ignore[misc]
    zoned = ("h", "c")
    keep_bias = ("bias_ih", 1)
    weight_before: Tensor

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        window: int = 1,
        pooling: str = "fo",
        activation: str | Activation = "tanh",
        **options: Any,
    ):
        if pooling not in POOLINGS:
            raise InputError(f"unknown pooling {pooling!r}: {suggest(pooling, POOLINGS)}")
        if isinstance(window, bool) or not isinstance(window, int) or window < 1:
            raise InputError(f"window must be a whole number of at least 1, got {window!r}")
        later = [f"{name}_in_{steps}" for steps in range(1, window) for name in POOLINGS[pooling]]
        self.state, self.stacked = ("h", "c", *later), POOLINGS[pooling]
        self.window, self.sizes = window, (input_size, hidden_size)
        self.admit_bias = ("bias_ih", 3) if pooling == "ifo" else None  # type: ignore[misc]
        super().__init__(input_size, hidden_size, **options)
        self.activation = find_activation(activation)

    def argument_order(self) -> tuple[str, ...]:  # type: ignore[override]
        """The names of ``step``'s arguments; how many states there are depends on the window."""
        return (*self.inputs, *self.state)

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The weights of a wider window, the nearest step before first."""
        features, units = self.sizes
        rows = (self.window - 1) * len(self.stacked) * units
        return {"weight_before": (rows, features)} if self.window > 1 else {}

    def step(self, x: Tensor, h: Tensor, c: Tensor, *before: Tensor) -> tuple[Tensor, ...]:
        """x ``(B, F)``, every state ``(B, H)`` -> new states; the old h is not read."""
        blocks = len(self.stacked)
        later: tuple[Tensor, ...] = ()
        sums = self.from_input(x)
        if before:
            adds = linear(x, self.weight_before).chunk((self.window - 1) * blocks, -1)
            sums = tuple(now + old for now, old in zip(sums, before[:blocks], strict=True))
            rest = before[blocks:]
            later = tuple(add + rest[k] if k < len(rest) else add for k, add in enumerate(adds))
        n, f, *more = sums
        n = gate("candidate", self.activation(n))
        f = gate("forget_gate", torch.sigmoid(f))
        i = gate("input_gate", torch.sigmoid(more[1])) if len(more) > 1 else 1 - f
        c = f * c + i * n
        h = gate("output_gate", torch.sigmoid(more[0])) * c if more else c
        return (h, c, *later)
