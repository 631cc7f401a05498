"""sLSTM of the xLSTM: exponential gates, kept in range by a running maximum."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear, logsigmoid

from grunit.cells.gated import GatedCell
from grunit.errors import InputError
from grunit.gates import gate


class SLSTM(GatedCell):
    r"""LSTM with exponential gates: the cell state is a weighted mean of all candidates, and late ones can outweigh it.

    .. math::
        \tilde{i}, \tilde{f}, \tilde{z}, \tilde{o} &= W x + b + R h + b' \\
        m' &= \max(\log \sigma(\tilde{f}) + m, \tilde{i}) \\
        i &= \exp(\tilde{i} - m') \\
        f &= \exp(\log \sigma(\tilde{f}) + m - m') \qquad \exp(\tilde{f} + m - m') \text{ with forget\_gate="exp"} \\
        c' &= f \odot c + i \odot \tanh(\tilde{z}) \\
        n' &= f \odot n + i \\
        h' &= \sigma(\tilde{o}) \odot c' / n'

    ``n`` sums the weights, ``m`` is the largest exponent so far and cancels in ``c / n``. A unit whose ``n`` is not
    positive has seen nothing yet: its ``f`` is 0 and its ``m'`` is ``i``'s exponent, so zeros are a start state.

    Args:
        heads: the recurrent matrices are block-diagonal, one block a head: units see only their own head's ``h``.
            ``weight_hh`` is then ``(4 * H, H / heads)``. Default 1: units see all.
        forget_gate: ``"sigmoid"`` (default) or ``"exp"``; the paper has both.
        options: see :class:`~grunit.cells.gated.GatedCell`; ``gate_activation`` is that of the output gate.

    When to use: sequences in which a late, rare event must overrule what was stored, such as looking for the nearest
    neighbour so far; unlike cells that are linear in the state it mixes its units at every step. It costs an LSTM and
    two exponentials a unit, and keeps four states; ``heads`` shrinks the recurrent matrices.

    Raises:
        InputError: ``heads`` does not divide ``hidden_size``, or ``forget_gate`` is unknown.

    Source: Beck et al., *xLSTM: extended long short-term memory*, NeurIPS (2024), eqs. 8-17.

    >>> h, c, n, m = SLSTM(3, 8, heads=2).step(torch.zeros(2, 3), *[torch.zeros(2, 8)] * 4)
    >>> h.shape, bool(h.isfinite().all())
    (torch.Size([2, 8]), True)
    """

    state = ("h", "c", "n", "m")
    zoned = ("h",)
    stacked = ("input_gate", "forget_gate", "candidate", "output_gate")
    keeps = "forget_gate"
    admits = "input_gate"

    def __init__(
        self, input_size: int, hidden_size: int, *, heads: int = 1, forget_gate: str = "sigmoid", **options: Any
    ):
        if isinstance(heads, bool) or not isinstance(heads, int) or heads < 1 or hidden_size % heads:
            raise InputError(f"heads is {heads!r}: give a whole number that divides hidden_size={hidden_size}")
        if forget_gate not in ("sigmoid", "exp"):
            raise InputError(f"forget_gate is {forget_gate!r}: use 'sigmoid' or 'exp'")
        self.heads, self.forget_gate = heads, forget_gate
        super().__init__(input_size, hidden_size, **options)

    def more_parameters(self) -> dict[str, tuple[int, ...]]:
        """One recurrent block a gate and head."""
        return {"weight_hh": (4 * self.hidden_size, self.hidden_size // self.heads)}

    def from_state(self, h: Tensor) -> tuple[Tensor, ...]:
        """``R h + b'``, one piece ``(B, H)`` a gate; R has one block a head."""
        if self.heads == 1:
            return super().from_state(h)
        size = self.hidden_size // self.heads
        blocks = self.weight_hh.view(4, self.heads, size, size)
        pieces = [linear(part, blocks[:, k].reshape(4 * size, size)) for k, part in enumerate(h.chunk(self.heads, -1))]
        gates = [torch.cat(parts, -1) for parts in zip(*(piece.chunk(4, -1) for piece in pieces), strict=True)]
        if self.bias_hh is None:
            return tuple(gates)
        return tuple(value + bias for value, bias in zip(gates, self.bias_hh.chunk(4), strict=True))

    def step(self, x: Tensor, h: Tensor, c: Tensor, n: Tensor, m: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """x ``(B, F)``, h, c, n and m ``(B, H)`` -> new h, c, n and m."""
        i, f, z, o = (a + b for a, b in zip(self.from_input(x), self.from_state(h), strict=True))
        z = gate("candidate", self.activation(z))
        o = gate("output_gate", self.gate_activation(o))
        seen = n > 0
        f = torch.where(seen, (logsigmoid(f) if self.forget_gate == "sigmoid" else f) + m, i)
        m = gate("stabilizer", torch.maximum(f, i))
        i = gate("input_gate", torch.exp(i - m))
        f = gate("forget_gate", torch.where(seen, torch.exp(f - m), torch.zeros_like(f)))
        c = f * c + i * z
        n = gate("normalizer", f * n + i)
        return o * c / n, c, n, m
