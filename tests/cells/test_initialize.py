"""Start values: torch's own numbers, orthogonal blocks, the bounds of Xavier and chrono, and what is refused."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from grunit.cells import GRU, LSTM, RNN, SLSTM, PeepholeLSTM
from grunit.errors import InputError


@pytest.mark.parametrize(("ours", "theirs"), [(LSTM, nn.LSTMCell), (GRU, nn.GRUCell), (RNN, nn.RNNCell)])
def test_uniform_draws_the_numbers_that_torch_draws(ours, theirs):
    torch.manual_seed(3)
    cell = ours(3, 4)
    torch.manual_seed(3)
    for name, value in theirs(3, 4).state_dict().items():
        assert torch.equal(cell.get_parameter(name), value), name


def test_orthogonal_makes_every_recurrent_block_orthogonal_and_biases_zero():
    cell = GRU(3, 6, initializer="orthogonal")
    for block in cell.weight_hh.chunk(3):
        torch.testing.assert_close(block @ block.T, torch.eye(6), rtol=0, atol=1e-5)
    assert not cell.bias_ih.any()
    assert not cell.bias_hh.any()


def test_xavier_bounds_every_gate_by_its_own_fans():
    cell = LSTM(30, 50, initializer="xavier")
    assert math.sqrt(6 / 80) * 0.98 < cell.weight_ih.abs().max() <= math.sqrt(6 / 80)
    assert math.sqrt(6 / 100) * 0.98 < cell.weight_hh.abs().max() <= math.sqrt(6 / 100)


def test_chrono_sets_the_forget_bias_from_times_and_the_input_bias_to_its_negative():
    cell = LSTM(3, 500, initializer="chrono", max_time=50)
    i, f, *_ = (cell.bias_ih + cell.bias_hh).chunk(4)
    assert torch.equal(i, -f)
    assert f.min() >= 0
    assert f.max() <= math.log(49)
    # The times are uniform, so their mean is 25, with a standard error of 49 / sqrt(12 * 500) = 0.63.
    assert abs(f.exp().mean() - 25) < 4 * 0.63


@pytest.mark.parametrize("kind", [LSTM, GRU, PeepholeLSTM])
def test_the_forget_bias_is_the_sum_of_both_biases_of_the_keeping_gate(kind):
    cell = kind(3, 4, forget_bias=1.0)
    total = (cell.bias_ih + cell.bias_hh).chunk(len(cell.stacked))
    assert (total[cell.stacked.index(cell.keeps)] == 1).all()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: GRU(3, 4, initializer="ortogonal"), "did you mean 'orthogonal'"),
        (lambda: LSTM(3, 4, bias=False, forget_bias=1.0), "bias=False"),
        (lambda: RNN(3, 4, forget_bias=1.0), "no gate that keeps"),
        (lambda: LSTM(3, 4, coupled_gates=True, initializer="chrono"), "no gate that keeps"),
        (lambda: LSTM(3, 4, initializer="chrono", max_time=2), "at least 3 steps"),
        (lambda: GRU(3, 4, activation="tahn"), "did you mean 'tanh'"),
        (lambda: GRU(3, 4, aktivation="tanh"), "GRU does not know the option aktivation"),
    ],
)
def test_what_cannot_be_is_refused_with_the_mend(make, words):
    with pytest.raises(InputError, match=words):
        make()


def test_reset_parameters_draws_anew_with_the_same_initialiser():
    cell = GRU(3, 4, initializer="orthogonal")
    before = cell.weight_hh.clone()
    cell.reset_parameters()
    assert not torch.equal(cell.weight_hh, before)
    block = cell.weight_hh[:4]
    torch.testing.assert_close(block @ block.T, torch.eye(4), rtol=0, atol=1e-5)


def test_parameters_are_made_on_the_device_and_in_the_dtype_asked_for():
    cell = LSTM(3, 4, device="meta", dtype=torch.float64)
    assert {(p.device.type, p.dtype) for p in cell.parameters()} == {("meta", torch.float64)}


def test_he_bounds_every_gate_by_its_inputs():
    cell = GRU(24, 54, initializer="he")
    assert 0.5 * 0.97 < cell.weight_ih.abs().max() <= 0.5  # sqrt(6 / 24)
    assert 0.97 / 3 < cell.weight_hh.abs().max() <= 1 / 3  # sqrt(6 / 54)
    assert not cell.bias_hh.any()


def test_normal_has_the_variance_of_one_over_the_inputs():
    cell = LSTM(100, 64, initializer="normal")
    assert abs(cell.weight_ih.var() * 100 - 1) < 4 * math.sqrt(2 / cell.weight_ih.numel())
    assert abs(cell.weight_hh.var() * 64 - 1) < 4 * math.sqrt(2 / cell.weight_hh.numel())


def test_identity_is_the_irnn_of_its_paper():
    cell = RNN(30, 40, activation="relu", initializer="identity")
    assert torch.equal(cell.weight_hh, torch.eye(40))
    assert abs(cell.weight_ih.std() / 0.001 - 1) < 4 / math.sqrt(2 * 1200)
    assert not cell.bias_ih.any()
    h = torch.rand(2, 40)
    assert torch.equal(cell.step(torch.zeros(2, 30), h)[0], h)  # without input it remembers for ever


def test_every_head_has_an_identity_of_its_own():
    cell = SLSTM(3, 6, heads=2, initializer="identity")
    assert torch.equal(cell.weight_hh, torch.eye(3).repeat(8, 1))
