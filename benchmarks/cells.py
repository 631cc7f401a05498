"""Cells as a user writes them, which no library has a kernel for."""

from __future__ import annotations

import torch
from torch import Tensor, nn

import grunit


class LayerNormLSTM(grunit.Cell):
    """LSTM with layer norm on both products and on the cell state (Ba, Kiros & Hinton 2016, eqs. 20-22)."""

    state = ("h", "c")

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.W = nn.Linear(input_size, 4 * hidden_size, bias=False)
        self.U = nn.Linear(hidden_size, 4 * hidden_size, bias=False)
        self.norm_x, self.norm_h = nn.LayerNorm(4 * hidden_size), nn.LayerNorm(4 * hidden_size)
        self.norm_c = nn.LayerNorm(hidden_size)

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        i, f, g, o = (self.norm_x(self.W(x)) + self.norm_h(self.U(h))).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(self.norm_c(c)), c


class MultiplicativeLSTM(grunit.Cell):
    """Two dependent products a step: the second multiplies what the first made (Krause et al. 2016, eqs. 18-20).

    A quarter more arithmetic than an LSTM of the same size has.
    """

    state = ("h", "c")

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__(input_size, hidden_size)
        self.W, self.U = nn.Linear(input_size, 4 * hidden_size), nn.Linear(hidden_size, 4 * hidden_size, bias=False)
        self.W_m, self.U_m = (nn.Linear(size, hidden_size, bias=False) for size in (input_size, hidden_size))

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        m = self.W_m(x) * self.U_m(h)
        i, f, g, o = (self.W(x) + self.U(m)).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c
