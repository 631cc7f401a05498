"""Recurrent against torch.nn and finite differences, and as a torch module among others."""

from __future__ import annotations

import copy

import pytest
import torch
from tests.nn.networks import CELLS, VARIANTS, Decay, assert_same, layer_of, make, noise, noisy_state
from torch.nn.utils.rnn import pack_padded_sequence

from grunit import Recurrent


@pytest.mark.parametrize(("name", "kind"), [("lstm", "LSTM"), ("gru", "GRU"), ("rnn", "RNN")])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_same_seed_same_weights_same_outputs_as_torch(name, kind, bidirectional):
    arguments = {"num_layers": 2, "bidirectional": bidirectional, "dtype": torch.float64}
    torch.manual_seed(1)
    theirs = getattr(torch.nn, kind)(3, 5, **arguments)
    torch.manual_seed(1)
    mine = Recurrent(name, 3, 5, **arguments)
    x = noise(6, 4, 3)
    packed = pack_padded_sequence(x, torch.tensor([2, 6, 1, 4]), enforce_sorted=False)
    for value in (x, x[:, 0], packed):
        output, state = mine(value)
        expected, their_state = theirs(value)
        assert_same(output, expected)
        assert_same(state, their_state if isinstance(their_state, tuple) else (their_state,))


@pytest.mark.parametrize("variant", VARIANTS)
def test_gradients_and_second_gradients_are_those_of_finite_differences(variant):
    rnn = make(variant, 2, 3)
    names = list(dict(rnn.named_parameters()))

    def call(x, *tensors):
        state, weights = tensors[: len(rnn.layout.names)], tensors[len(rnn.layout.names) :]
        output, final = torch.func.functional_call(rnn, dict(zip(names, weights, strict=True)), (x, state))
        return (output, *final)

    leaves = [noise(3, 2, 2), *noisy_state(rnn, 2), *(value.detach().clone() for value in rnn.parameters())]
    leaves = [leaf.requires_grad_() for leaf in leaves]
    torch.autograd.gradcheck(call, leaves, fast_mode=True)
    torch.autograd.gradgradcheck(call, leaves, fast_mode=True)


@pytest.mark.parametrize("variant", CELLS)
def test_gradients_hold_with_layers_directions_lengths_and_resets(variant):
    rnn = make(variant, 2, 3, num_layers=2, bidirectional=True)
    resets = torch.zeros(4, 2, dtype=torch.bool)
    resets[2, 1] = True

    def call(x, *state):
        output, final = rnn(x, state, lengths=[3, 4], resets=resets)
        return (output, *final)

    leaves = [leaf.requires_grad_() for leaf in (noise(4, 2, 2), *noisy_state(rnn, 2))]
    torch.autograd.gradcheck(call, leaves, fast_mode=True)
    torch.autograd.gradgradcheck(call, leaves, fast_mode=True)


def test_deepcopy_is_equal_and_independent():
    rnn, x = make("peephole_lstm", 2, 3, num_layers=2), noise(4, 2, 2)
    other, before = copy.deepcopy(rnn), rnn(x)
    rnn.cells[0].weight_ih.data.zero_()
    assert_same(other(x), before)


def test_functional_call_uses_the_parameters_it_is_given():
    rnn, other = make("gru", 2, 3), make("gru", 2, 3)
    x = noise(4, 2, 2)
    assert_same(torch.func.functional_call(rnn, dict(other.named_parameters()), (x,)), other(x))


def test_reset_parameters_draws_again_the_same_for_the_same_seed():
    torch.manual_seed(5)
    rnn = Recurrent("lstm", 2, 3, num_layers=2)
    wanted = copy.deepcopy(rnn.state_dict())
    torch.manual_seed(5)
    rnn.reset_parameters()
    assert all(torch.equal(value, wanted[name]) for name, value in rnn.state_dict().items())
    own = Recurrent(Decay, 2, 3)
    before = own.cells[0].W.weight.clone()
    own.reset_parameters()
    assert not torch.equal(own.cells[0].W.weight, before)


def test_repr_names_what_is_not_at_its_default():
    text = repr(Recurrent("gru", 3, 5, num_layers=2, dropout=0.1, reset_after=False))
    assert "gru, 3, 5, num_layers=2, dropout=0.1, reset_after=False" in text
    assert Recurrent(["lstm", Decay], 3, 5).extra_repr() == "['lstm', 'Decay'], 3, 5"


def test_init_state_takes_device_and_dtype():
    rnn = Recurrent("lstm", 2, 3)
    assert rnn.init_state(4)[0].dtype == torch.float32
    h, c = rnn.init_state(4, device="meta", dtype=torch.bfloat16)
    assert (h.shape, c.device.type, c.dtype) == ((1, 4, 3), "meta", torch.bfloat16)


def test_dropout_between_layers_scales_what_it_keeps():
    rnn, x = make("rnn", 2, 50, num_layers=2, dropout=0.5), noise(3, 8, 2)
    bottom, top = layer_of(rnn, 0, "rnn"), layer_of(rnn, 1, "rnn")
    torch.manual_seed(2)
    output = rnn(x)[0]
    torch.manual_seed(2)
    assert_same(output, top(torch.nn.functional.dropout(bottom(x)[0], 0.5))[0])
    assert_same(rnn.eval()(x)[0], top(bottom(x)[0])[0])
    torch.manual_seed(2)
    stepped = rnn.train().step(x[0])[0]
    torch.manual_seed(2)
    assert_same(stepped, rnn(x[:1])[0][0])


@pytest.mark.parametrize("variant", CELLS)
def test_bfloat16_autocast_stays_near_float32(variant):
    rnn = Recurrent(variant, 4, 8, bidirectional=True)
    x = torch.randn(6, 3, 4)
    expected = rnn(x)[0]
    with torch.autocast("cpu", torch.bfloat16):
        output = rnn(x)[0]
    # Three significant digits, six steps.
    torch.testing.assert_close(output.float(), expected, rtol=0.05, atol=0.03)
    output.float().sum().backward()
    assert all(torch.isfinite(value.grad).all() for value in rnn.parameters())


def test_no_grad_gives_the_same():
    rnn, x = make("lstm", 2, 3), noise(4, 2, 2)
    with torch.no_grad():
        quiet = rnn(x)
    assert not quiet[0].requires_grad
    assert_same(quiet, rnn(x))


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["lstm", "peephole_gru"])
def test_torch_compile_gives_the_same(variant):
    rnn, x = make(variant, 2, 3), noise(4, 2, 2)
    compiled = torch.compile(rnn, backend="aot_eager")
    assert_same(compiled(x), rnn(x))
    compiled(x)[0].sum().backward()
    assert all(value.grad is not None for value in rnn.parameters())


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["lstm", "peephole_gru"])
def test_torch_export_gives_the_same(variant):
    rnn, x = make(variant, 2, 3, num_layers=2, bidirectional=True), noise(4, 2, 2)
    program = torch.export.export(rnn, (x,))
    y = noise(4, 2, 2)
    assert_same(program.module()(y), rnn(y))
