"""All contenders do the same work."""

from __future__ import annotations

import pytest
import torch

from grunit import cells
from grunit.cli.catalogue import CLASSIC
from grunit.cli.contenders import PEERS, Size, build, contenders, count_flops, peer_of, walk_plainly

SIZE = Size(3, 4, 8)


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("training", [True, False])
def test_cells_that_torch_has_agree_with_it(name, training):
    calls = contenders(name, SIZE, training)
    expected = calls["torch.nn"]()
    for other in ("torch", "eager"):
        torch.testing.assert_close(calls[other](), expected)


def test_training_returns_the_gradients_of_the_input_and_of_all_parameters():
    gradients = contenders("peephole_lstm", SIZE, training=True)["torch"]()
    ours, _ = build("peephole_lstm", SIZE)
    assert [g.shape for g in gradients] == [(4, 3, 8), *(p.shape for p in ours.parameters())]
    assert all(g.abs().sum() > 0 for g in gradients)


def test_the_c_backend_does_the_same():
    calls = contenders("lstm", SIZE, training=True)
    torch.testing.assert_close(calls["c"](), calls["torch.nn"]())


def test_inference_takes_no_gradients():
    assert not any(call().requires_grad for name, call in contenders("gru", SIZE, False).items() if name != "c")


@pytest.mark.parametrize("name", CLASSIC)
def test_every_cell_has_a_peer_with_as_many_states(name):
    cell = cells.get(name)(2, 3)
    peer = PEERS[peer_of(cell)](2, 3)
    _, final = peer(torch.zeros(1, 2))
    assert len(cell.state) == (2 if isinstance(final, tuple) else 1)


def test_plain_walk_of_a_projected_cell():
    cell = cells.LSTM(8, 8, proj_size=3)
    assert walk_plainly(cell, torch.zeros(4, 2, 8)).shape == (4, 2, 3)


def test_flops_of_an_lstm_by_hand():
    # Four gates, input and state, one multiplication and one addition for each weight; twice that on the way back.
    forward = 2 * 4 * (8 * 8 + 8 * 8) * 3 * 4
    assert count_flops(torch.nn.LSTM(8, 8), SIZE, False) == forward
    assert count_flops(torch.nn.LSTM(8, 8), SIZE, True) == 3 * forward
