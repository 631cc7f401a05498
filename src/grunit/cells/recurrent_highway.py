"""Recurrent highway network: several highway layers inside one step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from grunit.cells.gated import GatedCell
from grunit.errors import InputError
from grunit.gates import gate


class RecurrentHighway(GatedCell):
    r"""Recurrent highway network: ``depth`` highway layers take the state from one step to the next.

    .. math::
        s_0 &= h \\
        n_l &= \tanh(W_n x \, [l = 1] + b_{nl} + R_{nl} s_{l-1}) \\
        t_l &= \sigma(W_t x \, [l = 1] + b_{tl} + R_{tl} s_{l-1}) \\
        c_l &= 1 - t_l \qquad \sigma(W_c x \, [l = 1] + b_{cl} + R_{cl} s_{l-1}) \text{ with coupled\_gates=False} \\
        s_l &= n_l \odot t_l + s_{l-1} \odot c_l \qquad l = 1, \ldots, L \\
        h' &= s_L

    Only the first layer sees the input. ``weight_hh`` is ``(L * gates * H, H)``, the layers one after the other, each
    stacked n, t (, c); ``bias_hh`` alike; ``bias_ih`` adds to the first layer.

    Args:
        depth: highway layers ``L`` in a step (default 3; the paper's language models have up to 10).
        coupled_gates: carry ``1 - t`` (default, as in the paper's experiments), or a gate of its own.
        transform_bias: start value of the bias of ``t`` in every layer (default -2: layers begin by carrying); None
            leaves it as the initialiser drew it. Nothing to set with ``bias=False``.
        options: see :class:`~grunit.cells.gated.GatedCell`; ``forget_bias`` and ``"chrono"`` do not apply.

    When to use: when a step itself must compute something deep, as in language models, where the paper's perplexity
    falls with depth at the same number of weights. The products of one step wait for each other, so time grows with
    ``depth`` while an LSTM has one.

    Raises:
        InputError: ``depth`` is not a whole number of at least 1.

    Source: Zilly, Srivastava, Koutník & Schmidhuber, *Recurrent highway networks*, ICML (2017), eqs. 6-9.

    >>> h, = RecurrentHighway(3, 5, depth=4).step(torch.zeros(2, 3), torch.zeros(2, 5))
    >>> h.shape
    torch.Size([2, 5])
    """

    state = ("h",)
    stacked: tuple[str, ...] = ("candidate", "transform_gate")
    admits = "transform_gate"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        depth: int = 3,
        coupled_gates: bool = True,
        bias: bool = True,
        transform_bias: float | None = -2.0,
        **options: Any,
    ):
        if isinstance(depth, bool) or not isinstance(depth, int) or depth < 1:
            raise InputError(f"depth is {depth!r}: give a whole number of at least 1")
        self.depth, self.coupled_gates, self.with_bias = depth, coupled_gates, bias
        self.transform_bias = transform_bias if bias else None
        if not coupled_gates:
            self.stacked = ("candidate", "transform_gate", "carry_gate")
        super().__init__(input_size, hidden_size, bias=bias, **options)

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """The recurrent matrices of all layers."""
        rows = self.depth * len(self.stacked) * self.hidden_size
        return {"weight_hh": (rows, self.hidden_size), **({"bias_hh": (rows,)} if self.with_bias else {})}

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw new start values; transform gates begin at ``transform_bias``."""
        super().reset_parameters()
        if self.transform_bias is not None:
            self.bias_ih.view(len(self.stacked), -1)[1] = 0.0
            self.bias_hh.view(self.depth, len(self.stacked), -1)[:, 1] = self.transform_bias

    def step(self, x: Tensor, h: Tensor) -> tuple[Tensor]:
        """x ``(B, F)``, h ``(B, H)`` -> new h ``(B, H)``."""
        weights = self.weight_hh.chunk(self.depth)
        biases = [None] * self.depth if self.bias_hh is None else self.bias_hh.chunk(self.depth)
        for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True), 1):
            total = linear(h, weight, bias)
            if layer == 1:
                total = total + linear(x, self.weight_ih, self.bias_ih)
            n, t, *own = total.chunk(len(self.stacked), -1)
            n = gate(f"candidate_{layer}", self.activation(n))
            t = gate(f"transform_gate_{layer}", self.gate_activation(t))
            c = gate(f"carry_gate_{layer}", 1 - t if self.coupled_gates else self.gate_activation(own[0]))
            h = n * t + h * c
        return (h,)
