"""The real-gated linear recurrent unit of Griffin."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import softplus

from grunit.cells.input_gated import InputGatedCell
from grunit.gates import gate

STEEPEST = 1000.0
SMALLEST = STEEPEST**-2


def gentle_sqrt(x: Tensor) -> Tensor:
    """The square root of what is above 1e-6 and ``1000 x`` below, so that no derivative is above 1000.

    >>> gentle_sqrt(torch.tensor([0.0, 0.25]))
    tensor([0.0000, 0.5000])
    """
    # The root is taken of the clamped value: where() alone would let the infinite derivative of sqrt(0) through as NaN.
    return torch.where(x > SMALLEST, x.clamp(min=SMALLEST).sqrt(), x * STEEPEST)


class RGLRU(InputGatedCell):
    r"""Real-gated linear recurrent unit: every unit decays at a rate of its own, which the input can slow down.

    .. math::
        r &= \sigma(W_r x + b_r) \\
        i &= \sigma(W_i x + b_i) \\
        a &= \exp(-s \cdot \mathrm{softplus}(\Lambda) \odot r) \\
        h' &= a \odot h + \sqrt{1 - a^2} \odot (i \odot x)

    Where F and H differ the input gate acts on :math:`W_x x`, a block more without a bias. :math:`\Lambda` is
    ``decay (H,)``, drawn such that a is between 0.9 and 0.999 when r is 1. The factor :math:`\sqrt{1 - a^2}` keeps the
    state as large as its input; below :math:`1 - a^2 = 10^{-6}` its slope is held at 1000 and it goes straight to 0.

    Args:
        sharpness: :math:`s` (default 8, as the paper).
        options: see :class:`~grunit.cells.input_gated.InputGatedCell`.

    When to use: long sequences and very long memory, between layers that mix units (it has no nonlinearity of its
    own): language, audio, sensor streams. All steps run at once; the gates are full matrices, in the paper they are
    block-diagonal to save weights.

    Source: De et al., *Griffin: mixing gated linear recurrences with local attention for efficient language models*,
    arXiv 2402.19427 (2024), eqs. 1-4 and appendix A.

    >>> h, = RGLRU(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    state = ("h",)
    stacked: tuple[str, ...] = ("recurrence_gate", "input_gate")
    unbiased = ("candidate",)
    decay: Tensor

    def __init__(self, input_size: int, hidden_size: int, *, sharpness: float = 8.0, **options: Any):
        self.sharpness, self.width = float(sharpness), hidden_size
        if input_size != hidden_size:
            self.stacked = (*self.stacked, "candidate")
        super().__init__(input_size, hidden_size, **options)

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The rates of decay."""
        return {"decay": (self.width,)}

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """As the initialiser says; the decays as described above."""
        super().reset_parameters()
        slowest = self.decay.uniform_(0.9, 0.999).log_().neg_() / self.sharpness
        self.decay.copy_(slowest.expm1().log())

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, h ``(B, H)`` -> new h ``(B, H)``."""
        r, i, *own = self.from_input(x)
        r = gate("recurrence_gate", torch.sigmoid(r))
        i = gate("input_gate", torch.sigmoid(i))
        log_a = -self.sharpness * softplus(self.decay) * r
        a = gate("decay_gate", torch.exp(log_a))
        content = gate("candidate", i * (own[0] if own else x))
        # -expm1(2 log a) is 1 - a^2 without the cancellation near a = 1.
        return (a * h + gentle_sqrt(-torch.expm1(2 * log_a)) * content,)
