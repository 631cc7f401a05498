"""Every form of input gives the same, and what cannot be used is refused in one sentence."""

from __future__ import annotations

import pytest
import torch
from tests.nn.networks import Decay, assert_same, make, noise, noisy_state
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import grunit
from grunit import Recurrent
from grunit.errors import InputError, ShapeError


@pytest.mark.parametrize("bidirectional", [False, True])
def test_every_form_of_input_gives_the_same(bidirectional):
    rnn = Recurrent(Decay, 2, 3, bidirectional=bidirectional)
    x, dt, lengths = noise(5, 4, 2), torch.rand(5, 4, dtype=torch.float64), torch.tensor([3, 5, 1, 5])
    resets = torch.rand(5, 4) < 0.3
    start = noisy_state(rnn, 4)
    expected = rnn(x, start, lengths, resets, dt=dt)

    first = Recurrent(Decay, 2, 3, bidirectional=bidirectional, batch_first=True)
    first.load_state_dict(rnn.state_dict())
    output, state = first(x.transpose(0, 1), start, lengths, resets.T, dt=dt.T)
    assert_same((output.transpose(0, 1), state), expected)

    packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
    output, state = rnn(packed, start, resets=resets, dt=dt)
    assert torch.equal(output.batch_sizes, packed.batch_sizes)
    assert torch.equal(output.sorted_indices, packed.sorted_indices)
    assert_same((pad_packed_sequence(output)[0], state), expected)
    packed_gaps = pack_padded_sequence(dt.unsqueeze(-1), lengths, enforce_sorted=False)
    assert_same(pad_packed_sequence(rnn(packed, start, resets=resets, dt=packed_gaps)[0])[0], expected[0])

    output, state = rnn(x[:, 1], tuple(s[:, 1] for s in start), resets=resets[:, 1], dt=dt[:, 1])
    assert_same((output, state), (expected[0][:, 1], tuple(s[:, 1] for s in expected[1])))


def test_padding_reaches_neither_values_nor_gradients():
    rnn = make("gru", 2, 3, num_layers=2, bidirectional=True)
    x, lengths = noise(5, 2, 2), [3, 5]
    clean = rnn(x, lengths=lengths)
    wanted = torch.autograd.grad(clean[0].sum(), list(rnn.parameters()))
    x[3:, 0] = torch.nan
    dirty = rnn(x, lengths=lengths)
    assert_same(dirty, clean)
    assert_same(torch.autograd.grad(dirty[0].sum(), list(rnn.parameters())), wanted)


def test_lengths_that_pad_nothing_change_nothing():
    rnn, x = make("lstm", 2, 3), noise(5, 2, 2)
    assert_same(rnn(x, lengths=torch.tensor([5, 5])), rnn(x))


def test_a_batch_of_no_rows_is_a_batch():
    output, state = make("lstm", 2, 3, bidirectional=True)(noise(5, 0, 2))
    assert output.shape == (5, 0, 6)
    assert [value.shape for value in state] == [(2, 0, 3), (2, 0, 3)]


def test_non_contiguous_input_and_state():
    rnn, x = make("lstm", 2, 3, num_layers=2), noise(4, 5, 2)
    start = noisy_state(rnn, 4)
    sideways = tuple(value.transpose(0, 2).contiguous().transpose(0, 2) for value in start)
    assert_same(rnn(x.transpose(0, 1), sideways), rnn(x.transpose(0, 1).contiguous(), start))


x = torch.zeros(6, 4, 3)
WRONG = {
    "axes": (ShapeError, r"input must have shape \(T, B, F\)", lambda r: r(x[None])),
    "kind": (InputError, "input must be a tensor or a PackedSequence, got list", lambda r: r([1.0])),
    "features": (ShapeError, "input must have 3 features in its last axis, got 2", lambda r: r(x[..., :2])),
    "dtype": (InputError, "input has dtype torch.float64 and the parameters torch.float32", lambda r: r(x.double())),
    "no steps": (ShapeError, "input has no time steps", lambda r: r(x[:0])),
    "state rows": (ShapeError, r"'h' must have shape \(1, 4, 5\), got \(1, 3, 5\)", lambda r: r(x, r.init_state(3))),
    "state dtype": (
        InputError,
        "state 'h' has dtype torch.float64 and x torch.float32",
        lambda r: r(x, (torch.zeros(1, 4, 5, dtype=torch.float64),) * 2),
    ),
    "state count": (ShapeError, r"state must hold 2 tensors \(h, c\), got 1", lambda r: r(x, torch.zeros(1, 4, 5))),
    "state kind": (ShapeError, r"state must be a tuple of tensors \(h, c\), got str", lambda r: r(x, "zeros")),
    "flat state": (ShapeError, r"'h' must have shape \(1, 5\), got \(1, 1, 5\)", lambda r: r(x[:, 0], r.init_state(1))),
    "lengths shape": (
        ShapeError,
        r"lengths must have shape \(4,\), one a row, got \(2,\)",
        lambda r: r(x, None, [1, 2]),
    ),
    "lengths high": (ShapeError, "between 0 and the 6 steps of input, got 1 to 7", lambda r: r(x, None, [1, 2, 7, 3])),
    "lengths low": (ShapeError, "got -1 to 3", lambda r: r(x, lengths=[-1, 2, 2, 3])),
    "lengths kind": (InputError, "lengths must be whole numbers", lambda r: r(x, lengths=torch.ones(4))),
    "lengths unbatched": (InputError, "lengths was given with unbatched input", lambda r: r(x[:, 0], lengths=[3])),
    "lengths packed": (
        InputError,
        "lengths was given with a PackedSequence",
        lambda r: r(pack_padded_sequence(x, [6, 6, 2, 1]), lengths=[6, 6, 2, 1]),
    ),
    "resets shape": (
        ShapeError,
        r"resets must have shape \(6, 4\), as the input, got \(4, 6\)",
        lambda r: r(x, resets=torch.zeros(4, 6, dtype=torch.bool)),
    ),
    "resets kind": (InputError, "resets must be a bool tensor, got torch.float32", lambda r: r(x, resets=x[..., 0])),
    "unknown input": (InputError, "unknown input dt: the cell's extra inputs are none", lambda r: r(x, dt=x[..., 0])),
    "step axes": (ShapeError, r"x must have shape \(B, 3\), got \(6, 4, 3\)", lambda r: r.step(x)),
    "step features": (ShapeError, "x must have 3 features in its last axis, got 2", lambda r: r.step(x[0, :, :2])),
    "step state": (ShapeError, r"'h' must have shape \(1, 4, 5\)", lambda r: r.step(x[0], r.init_state(2))),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_refused_in_one_sentence(case):
    error, words, call = WRONG[case]
    with pytest.raises(error, match=words) as caught:
        call(Recurrent("lstm", 3, 5))
    assert "\n" not in str(caught.value)


EXTRA = {
    "missing": (InputError, "the cell also needs the input dt: give it by name", {}),
    "shape": (
        ShapeError,
        r"the input 'dt' must have shape \(6, 4\) or \(6, 4, n\), got \(4, 6\)",
        {"dt": x[..., 0].T},
    ),
    "kind": (InputError, "the input 'dt' must be a tensor, got float", {"dt": 0.5}),
    "unknown": (InputError, "unknown input gap: the cell's extra inputs are dt", {"dt": x[..., 0], "gap": x}),
}


@pytest.mark.parametrize("case", EXTRA)
def test_wrong_extra_inputs_are_refused_in_one_sentence(case):
    error, words, named = EXTRA[case]
    with pytest.raises(error, match=words):
        Recurrent(Decay, 3, 5).double()(x.double(), **named)


def test_a_wrong_extra_input_of_a_step_is_refused():
    with pytest.raises(ShapeError, match=r"'dt' must have shape \(4,\) or \(4, n\), got \(3,\)"):
        Recurrent(Decay, 3, 5).step(x[0].double(), dt=torch.ones(3))


def test_another_input_has_the_width_its_cell_names():
    rnn, mask = Recurrent("gru_d", 3, 5), torch.ones(4, 2, 3)
    with pytest.raises(ShapeError, match="the input 'dt' of GRUD must have 3 features in its last axis, got 1"):
        rnn(torch.zeros(4, 2, 3), mask=mask, dt=torch.ones(4, 2))
    with pytest.raises(ShapeError, match="the input 'mask' of GRUD must have 3 features in its last axis, got 1"):
        rnn.step(torch.zeros(2, 3), mask=mask[0, :, :1], dt=mask[0])


def test_lengths_are_numbers():
    with pytest.raises(InputError, match="lengths must be whole numbers, got 'abcd'"):
        Recurrent("gru", 3, 5)(torch.zeros(4, 2, 3), lengths="abcd")


def test_a_bidirectional_network_cannot_step():
    with pytest.raises(InputError, match="a bidirectional network cannot step"):
        Recurrent("gru", 3, 5, bidirectional=True).step(x[0])


class Nameless(grunit.Cell):
    """A cell that takes no sizes."""

    def __init__(self):
        super().__init__()


BUILDS = {
    "unknown cell": ("did you mean 'gru'", lambda: Recurrent("grru", 3, 5)),
    "no cell": ("give a name from grunit.cells.names", lambda: Recurrent(torch.nn.LSTM, 3, 5)),
    "unknown option": ("GRU does not know the option colour", lambda: Recurrent("gru", 3, 5, colour="red")),
    "option of Recurrent": (
        "GRU does not know the option num_layer: did you mean 'num_layers'",
        lambda: Recurrent("gru", 3, 5, num_layer=2),
    ),
    "option of the cell": (
        "option rset_after: did you mean 'reset_after'",
        lambda: Recurrent("gru", 3, 5, rset_after=True),
    ),
    "option of own cell": ("Decay does not know the option colour", lambda: Recurrent(Decay, 3, 5, colour="red")),
    "no sizes": ("Nameless cannot be built with", lambda: Recurrent(Nameless, 3, 5)),
    "layers": ("num_layers must be a whole number of at least 1, got 0", lambda: Recurrent("gru", 3, 5, 0)),
    "layers and list": ("cell lists 2 layers and num_layers is 3", lambda: Recurrent(["gru", "gru"], 3, 5, 3)),
    "empty list": ("cell lists 0 layers", lambda: Recurrent([], 3, 5)),
    "input size": ("input_size must be a whole number of at least 1, got 0", lambda: Recurrent("gru", 0, 5)),
    "hidden size": ("hidden_size must be a whole number of at least 1, got 2.5", lambda: Recurrent("gru", 3, 2.5)),
    "dropout": ("dropout must be a number between 0 and 1, got 2", lambda: Recurrent("gru", 3, 5, dropout=2)),
}


@pytest.mark.parametrize("case", BUILDS)
def test_wrong_arguments_are_refused_in_one_sentence(case):
    words, build = BUILDS[case]
    with pytest.raises(InputError, match=words):
        build()
