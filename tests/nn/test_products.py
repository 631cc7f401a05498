"""Which products read a state, asked of cells whose matrices are known."""

from __future__ import annotations

import pytest
import torch
from tests.compiler import user_cells

from grunit.cells import GRU, LSTM, RNN, SLSTM, FastGRNN, PeepholeGRU, PeepholeLSTM
from grunit.nn.products import MaskedProducts, recurrent_weights


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (LSTM(3, 5), ["weight_hh"]),
        (LSTM(3, 5, proj_size=2), ["weight_hh"]),
        (GRU(3, 5), ["weight_hh"]),
        (GRU(3, 5, reset_after=False), ["weight_hh"]),
        (RNN(3, 5, bias=False), ["weight_hh"]),
        (PeepholeLSTM(3, 5), ["weight_hh"]),
        (PeepholeGRU(3, 5), ["weight_hh"]),
        (user_cells.Nested(3, 5), ["U.weight"]),
        (user_cells.TwoProducts(3, 5), ["U.weight", "down.weight"]),
        (user_cells.Layers(3, 5), ["net.0.weight"]),  # a matrix that reads input and state side by side
        (user_cells.MinGRU(3, 5), []),
        (user_cells.Decay(3, 5), []),
        (SLSTM(3, 6, heads=2), ["weight_hh"]),  # a block a head, each a copy of rows
        (FastGRNN(3, 5, recurrent_rank=2), ["weight_hh_low"]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, torch.nn.Module) else "",
)
def test_the_matrices_that_read_the_state(cell, expected):
    assert list(recurrent_weights(cell)) == expected


@pytest.mark.parametrize(
    "product",
    [
        lambda h, U: h @ U,
        lambda h, U: h.matmul(U),
        lambda h, U: torch.mm(h, U),
        lambda h, U: torch.nn.functional.linear(h, U.t()),
        lambda h, U: torch.addmm(torch.zeros(5), h, U),
        lambda h, U: torch.einsum("bh,hk->bk", h, U),
        lambda h, U: torch.cat([torch.zeros(5, 2), h], 1) @ torch.cat([torch.ones(2, 5), U]),
        lambda h, U: (h * 1.0).tanh().atanh() @ U,
        lambda h, U: h[:, :2] @ U[:2] + h[:, 2:] @ U[2:],
        lambda h, U: sum(part @ block for part, block in zip(h.split([2, 3], -1), U.split([2, 3]), strict=True)),
        lambda h, U: sum(part @ block for part, block in zip(h.chunk(2, -1), U.chunk(2), strict=True)),
        lambda h, U: h.view(5, 1, 5).matmul(U).view(5, 5),
    ],
)
def test_products_read_the_masked_state(product):
    h, U, mask = torch.rand(5, 5) * 0.5, torch.randn(5, 5), torch.rand(5, 5)  # as many rows as units
    with MaskedProducts(h, mask):
        result, plain = product(h, U), h * 2
    torch.testing.assert_close(plain, h * 2)
    torch.testing.assert_close(result, (h * mask) @ U)


def test_a_transposed_state_is_no_state():
    h, mask = torch.rand(5, 5), torch.rand(5, 5)
    with MaskedProducts(h, mask):
        result = h.T @ torch.eye(5)
    torch.testing.assert_close(result, h.T)
