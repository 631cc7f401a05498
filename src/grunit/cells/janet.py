"""JANET: an LSTM of which only the forget gate is left."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from grunit.cells.gated import GatedCell
from grunit.gates import gate


class JANET(GatedCell):
    r"""Just another network: of the LSTM's gates only the forget gate, and one state.

    .. math::
        s &= W_f x + b_f + U_f h + b'_f \\
        n &= \tanh(W_n x + b_n + U_n h + b'_n) \\
        h' &= \sigma(s) \odot h + (1 - \sigma(s - \beta)) \odot n

    The offset :math:`\beta` lets in a little more than is forgotten, so that what is kept long can still grow.

    Args:
        beta: the offset (default 1, as in the paper; 0 makes it a leaky average).
        initializer: default ``"chrono"``, as in the paper: forget biases spread over time scales up to ``max_time``
            steps; ``"uniform"`` without biases.
        bias: with the two bias vectors (default) or without.
        options: see :class:`~grunit.cells.gated.GatedCell`; give ``max_time`` the length of the longest dependence.

    When to use: long dependences of a known length, such as in sequential images or sensor windows, at half the weights
    of an LSTM; set ``max_time``. There is no output gate: what a unit remembers is what it shows.

    Source: van der Westhuizen & Lasenby, *The unreasonable effectiveness of the forget gate*, arXiv:1804.04849 (2018);
    chrono: Tallec & Ollivier, *Can recurrent neural networks warp time?*, ICLR (2018).

    >>> import torch
    >>> h, = JANET(3, 5, max_time=400).step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    state = ("h",)
    stacked = ("forget_gate", "candidate")
    keeps = "forget_gate"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        beta: float = 1.0,
        bias: bool = True,
        initializer: str | None = None,
        **options: Any,
    ):
        self.beta = beta
        initializer = initializer or ("chrono" if bias else "uniform")
        super().__init__(input_size, hidden_size, bias=bias, initializer=initializer, **options)

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, h ``(B, H)`` -> new h ``(B, H)``."""
        s, n = self.from_both(x, h)
        f = gate("forget_gate", self.gate_activation(s))
        i = gate("input_gate", 1 - self.gate_activation(s - self.beta))
        n = gate("candidate", self.activation(n))
        return (f * h + i * n,)
