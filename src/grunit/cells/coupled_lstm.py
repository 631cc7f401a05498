"""LSTM whose forget gate is what the input gate leaves over."""

from __future__ import annotations

from typing import Any

from grunit.cells.lstm import LSTM
from grunit.errors import InputError


class CoupledLSTM(LSTM):
    r"""LSTM with coupled input and forget gate (CIFG): what is admitted is forgotten in the same measure.

    .. math::
        i &= \sigma(W_i x + U_i h + b_i) \\
        g &= \tanh(W_g x + U_g h + b_g) \\
        o &= \sigma(W_o x + U_o h + b_o) \\
        c' &= (1 - i) \odot c + i \odot g \\
        h' &= o \odot \tanh(c')

    The same as ``LSTM(coupled_gates=True)``; the weights are stacked i, g, o. There is no forget gate of its own, so
    ``forget_bias`` and ``initializer="chrono"`` are refused.

    Args:
        options: ``proj_size`` and ``output_activation`` of :class:`~grunit.cells.lstm.LSTM`, and those of
            :class:`~grunit.cells.gated.GatedCell`.

    When to use: in place of an LSTM where size and time matter, with three quarters of its weights; the study below
    found no significant loss by the coupling. The state stays a weighted mean of candidates, so it cannot count.

    Source: Greff, Srivastava, Koutnik, Steunebrink & Schmidhuber, *LSTM: a search space odyssey*, IEEE TNNLS 28 (2017),
    variant CIFG.

    >>> import torch
    >>> h, c = CoupledLSTM(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 5), torch.zeros(2, 5))
    >>> h.shape, c.shape
    (torch.Size([2, 5]), torch.Size([2, 5]))
    """

    def __init__(self, input_size: int, hidden_size: int, **options: Any):
        if "coupled_gates" in options:
            raise InputError("CoupledLSTM always couples its gates: leave coupled_gates out, or take the cell 'lstm'")
        super().__init__(input_size, hidden_size, coupled_gates=True, **options)
