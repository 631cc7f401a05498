"""The drop-ins against torch.nn: the same numbers, gradients, names, start values and errors."""

from __future__ import annotations

import copy
import io
import itertools
import pickle

import pytest
import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pack_sequence

import grunit
from grunit import nn as ours

KINDS = {
    "lstm": ("LSTM", {}),
    "lstm_projected": ("LSTM", {"proj_size": 2}),
    "gru": ("GRU", {}),
    "rnn_tanh": ("RNN", {}),
    "rnn_relu": ("RNN", {"nonlinearity": "relu"}),
}
FORMS = ("time_major", "batch_first", "unbatched", "packed_sorted", "packed_unsorted")
LENGTHS = {"packed_sorted": [6, 4, 4, 1], "packed_unsorted": [2, 6, 1, 6]}


def pair(kind, **options):
    """Torch's layer and ours with the same weights, in float64."""
    name, more = KINDS[kind]
    theirs = getattr(torch.nn, name)(3, 5, **more, **options, dtype=torch.float64)
    mine = getattr(ours, name)(3, 5, **more, **options, dtype=torch.float64)
    mine.load_state_dict(theirs.state_dict(), strict=True)
    return theirs, mine


def make_input(form, layer, given):
    """Leaves that need gradients, and a function that makes the layer's arguments of them."""
    rows = {"unbatched": ()}.get(form, (4,))
    shape = (4, 6, 3) if form == "batch_first" else (6, *rows, 3)
    count = layer.num_layers * (2 if layer.bidirectional else 1)
    sizes = [layer.proj_size or 5, 5][: 2 if isinstance(layer, torch.nn.LSTM) else 1]
    leaves = [torch.randn(shape, dtype=torch.float64, requires_grad=True)]
    if given:
        leaves += [torch.randn(count, *rows, size, dtype=torch.float64, requires_grad=True) for size in sizes]

    def arguments(x, *state):
        if form in LENGTHS:
            x = pack_padded_sequence(x, torch.tensor(LENGTHS[form]), enforce_sorted=form == "packed_sorted")
        if not state:
            return (x,)
        return (x, state if len(sizes) == 2 else state[0])

    return leaves, arguments


def flatten(result):
    output, state = result
    output = output.data if isinstance(output, PackedSequence) else output
    return [output, *([state] if isinstance(state, torch.Tensor) else state)]


def outputs_and_gradients(layer, leaves, arguments):
    leaves = [leaf.detach().clone().requires_grad_() for leaf in leaves]
    results = flatten(layer(*arguments(*leaves)))
    weights = [torch.linspace(-1, 1, value.numel(), dtype=value.dtype).reshape(value.shape) for value in results]
    loss = sum((value * weight).sum() for value, weight in zip(results, weights, strict=True))
    return results, torch.autograd.grad(loss, [*leaves, *layer.parameters()])


CONFIGURATIONS = list(itertools.product(KINDS, (True, False), (1, 2, 3), (False, True)))


@pytest.mark.parametrize(("kind", "bias", "num_layers", "bidirectional"), CONFIGURATIONS)
def test_outputs_and_all_gradients_equal_torch(kind, bias, num_layers, bidirectional):
    for form, given in itertools.product(FORMS, (False, True)):
        options = {"batch_first": form == "batch_first"}
        theirs, mine = pair(kind, bias=bias, num_layers=num_layers, bidirectional=bidirectional, **options)
        leaves, arguments = make_input(form, theirs, given)
        expected = outputs_and_gradients(theirs, leaves, arguments)
        actual = outputs_and_gradients(mine, leaves, arguments)
        for wanted, got in zip(itertools.chain(*expected), itertools.chain(*actual), strict=True):
            torch.testing.assert_close(got, wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_state_dicts_load_strictly_both_ways(kind, bidirectional):
    theirs, mine = pair(kind, num_layers=2, bidirectional=bidirectional)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    theirs.load_state_dict(mine.state_dict(), strict=True)
    assert [n for n, _ in mine.named_modules()] == [""]
    assert mine._flat_weights_names == theirs._flat_weights_names
    assert [[w.shape for w in layer] for layer in mine.all_weights] == [
        [w.shape for w in layer] for layer in theirs.all_weights
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_start_values_are_torchs_for_the_same_seed(kind):
    name, more = KINDS[kind]
    layers = []
    for home in (torch.nn, ours):
        torch.manual_seed(7)
        layers.append(getattr(home, name)(3, 5, 2, bidirectional=True, **more))
    for wanted, got in zip(layers[0].parameters(), layers[1].parameters(), strict=True):
        assert torch.equal(got, wanted)
    torch.manual_seed(8)
    layers[0].reset_parameters()
    torch.manual_seed(8)
    layers[1].reset_parameters()
    assert torch.equal(layers[1].weight_hh_l1_reverse, layers[0].weight_hh_l1_reverse)


@pytest.mark.parametrize("kind", KINDS)
def test_repr_is_torchs(kind):
    for options in ({}, {"num_layers": 2, "dropout": 0.5, "bias": False}, {"bidirectional": True, "batch_first": True}):
        theirs, mine = pair(kind, **options)
        assert repr(mine) == repr(theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_positional_arguments_mean_what_they_mean_in_torch(kind):
    name, _ = KINDS[kind]
    arguments = (3, 5, 2, "relu", False, True, 0.25, True) if name == "RNN" else (3, 5, 2, False, True, 0.25, True)
    assert repr(getattr(ours, name)(*arguments)) == repr(getattr(torch.nn, name)(*arguments))


def test_packed_output_keeps_batch_sizes_and_indices():
    packed = pack_sequence([torch.randn(n, 3) for n in (2, 5, 5, 1)], enforce_sorted=False)
    theirs, mine = torch.nn.GRU(3, 5)(packed)[0], ours.GRU(3, 5)(packed)[0]
    for field in ("batch_sizes", "sorted_indices", "unsorted_indices"):
        assert torch.equal(getattr(mine, field), getattr(theirs, field))
    assert ours.GRU(3, 5)(pack_sequence([torch.randn(3, 3)]))[0].sorted_indices is None


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_drops_between_layers_only_and_only_while_training(kind):
    _, mine = pair(kind, num_layers=2, dropout=1.0)
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    zero_input = mine(x)[0]
    mine.weight_ih_l0.data.mul_(2)
    assert torch.equal(mine(x)[0], zero_input)
    assert zero_input.abs().sum() > 0
    theirs, mine = pair(kind, num_layers=2, dropout=0.7)
    torch.testing.assert_close(mine.eval()(x)[0], theirs.eval()(x)[0], rtol=1e-10, atol=1e-10)


CELLS = ("LSTMCell", "GRUCell", "RNNCell")


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("given", [True, False])
def test_single_steps_equal_torch(name, bias, batched, given):
    theirs = getattr(torch.nn, name)(3, 5, bias, dtype=torch.float64)
    mine = getattr(ours, name)(3, 5, bias, dtype=torch.float64)
    assert repr(mine) == repr(theirs)
    mine.load_state_dict(theirs.state_dict(), strict=True)
    theirs.load_state_dict(mine.state_dict(), strict=True)
    rows = (2,) if batched else ()
    x = torch.randn(*rows, 3, dtype=torch.float64)
    state = [torch.randn(*rows, 5, dtype=torch.float64) for _ in range(2)]
    hx = None if not given else tuple(state) if name == "LSTMCell" else state[0]
    results = []
    for cell in (theirs, mine):
        new = cell(x, hx)
        new = new if isinstance(new, tuple) else (new,)
        results.append([*new, *torch.autograd.grad(sum((v * v).sum() for v in new), list(cell.parameters()))])
    for wanted, got in zip(*results, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", CELLS)
def test_cells_start_as_torchs_for_the_same_seed(name):
    cells = []
    for home in (torch.nn, ours):
        torch.manual_seed(3)
        cells.append(getattr(home, name)(3, 5))
    assert all(torch.equal(a, b) for a, b in zip(*(cell.parameters() for cell in cells), strict=True))


def test_relu_cell_and_unknown_nonlinearity():
    theirs = torch.nn.RNNCell(3, 5, nonlinearity="relu")
    mine = ours.RNNCell(3, 5, nonlinearity="relu")
    mine.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 3)
    torch.testing.assert_close(mine(x), theirs(x))
    with pytest.raises(RuntimeError, match="Unknown nonlinearity: sine"):
        ours.RNNCell(3, 5, nonlinearity="sine")(x)


def messages(build, home, arguments):
    """Type and words of the error that a call raises."""
    with pytest.raises(Exception) as caught:
        build(home)(*arguments)
    return type(caught.value), str(caught.value)


zeros = torch.zeros
WRONG_CALLS = {
    "features": (zeros(6, 4, 2),),
    "axes": (zeros(6, 4, 3, 1),),
    "dtype": (zeros(6, 4, 3, dtype=torch.float64),),
    "state rows": (zeros(6, 4, 3), zeros(1, 3, 5)),
    "state layers": (zeros(6, 4, 3), zeros(2, 4, 5)),
    "state size": (zeros(6, 4, 3), zeros(1, 4, 6)),
    "flat state": (zeros(6, 4, 3), zeros(4, 5)),
    "deep state": (zeros(6, 3), zeros(1, 1, 5)),
    "packed state": (pack_sequence([zeros(2, 3)]), zeros(1, 3, 5)),
}


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("call", WRONG_CALLS)
def test_wrong_calls_fail_with_torchs_errors(name, call):
    x, *state = WRONG_CALLS[call]
    if call == "packed state" and name == "LSTM":
        with pytest.raises(RuntimeError, match="Expected hidden"):  # torch's LSTM does not look, and goes on
            ours.LSTM(3, 5)(x, (state[0], state[0]))
        return
    if state and name == "LSTM":
        state = [(state[0], state[0])]

    def build(home):
        return getattr(home, name)(3, 5)

    expected, actual = (messages(build, home, (x, *state)) for home in (torch.nn, ours))
    assert actual[0] is expected[0]
    # Torch words this one a little differently for the LSTM and the GRU than for the RNN.
    assert actual[1].replace("4D tensor instead", "4D instead") == expected[1].replace(
        "4D tensor instead", "4D instead"
    )


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_no_time_steps_are_refused(name):
    for home in (torch.nn, ours):
        with pytest.raises(RuntimeError, match="Expected sequence length to be larger than 0 in RNN"):
            getattr(home, name)(3, 5)(zeros(0, 4, 3))


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_a_batch_of_no_rows_has_gradients_of_zero(name):
    layer = getattr(ours, name)(3, 5)
    output, _ = layer(zeros(6, 0, 3))
    assert output.shape == (6, 0, 5)
    output.sum().backward()
    assert not layer.weight_hh_l0.grad.any()


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize(
    "options",
    [
        {"hidden_size": 0},
        {"hidden_size": 2.0},
        {"num_layers": 0},
        {"dropout": 1.5},
        {"bias": 1},
        {"batch_first": "no"},
        {"proj_size": 9},
    ],
    ids=str,
)
def test_wrong_constructor_arguments_fail_with_torchs_errors(name, options):
    def build(home):
        return lambda: getattr(home, name)(**{"input_size": 3, "hidden_size": 5, **options})

    expected, actual = (messages(build, home, ()) for home in (torch.nn, ours))
    assert actual == expected


def test_dropout_with_one_layer_warns_as_torch_does():
    with pytest.warns(UserWarning, match="dropout option adds dropout after all but last recurrent layer"):
        ours.GRU(3, 5, dropout=0.5)


def test_unknown_nonlinearity_is_refused():
    with pytest.raises(ValueError, match="Unknown nonlinearity 'sine'"):
        ours.RNN(3, 5, nonlinearity="sine")


@pytest.mark.parametrize("kind", KINDS)
def test_copies_are_equal_and_independent(kind):
    _, mine = pair(kind, num_layers=2)
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    saved = io.BytesIO()
    torch.save(mine, saved)
    saved.seek(0)
    copies = [copy.deepcopy(mine), pickle.loads(pickle.dumps(mine)), torch.load(saved, weights_only=False)]
    before = mine(x)[0]
    mine.weight_ih_l0.data.zero_()
    for other in copies:
        assert torch.equal(other(x)[0], before)
        assert torch.equal(other.double().float().double()(x)[0], other(x)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_functional_call_uses_the_parameters_it_is_given(kind):
    theirs, mine = pair(kind)
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    other = {name: value * 0.5 for name, value in mine.named_parameters()}
    expected = torch.func.functional_call(theirs, other, (x,))
    actual = torch.func.functional_call(mine, other, (x,))
    torch.testing.assert_close(actual, expected, rtol=1e-10, atol=1e-10)


def test_weight_norm_takes_part_in_outputs_and_gradients():
    _, mine = pair("lstm")
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    before = mine(x)[0]
    torch.nn.utils.parametrizations.weight_norm(mine, "weight_hh_l0")
    torch.testing.assert_close(mine(x)[0], before, rtol=1e-10, atol=1e-10)
    magnitude = mine.parametrizations.weight_hh_l0.original0
    magnitude.data.mul_(2)
    with torch.no_grad():
        doubled = pair("lstm")[1]
        doubled.load_state_dict({**{n: getattr(mine, n) for n in doubled.state_dict()}})
    torch.testing.assert_close(mine(x)[0], doubled(x)[0], rtol=1e-10, atol=1e-10)
    mine(x)[0].sum().backward()
    assert magnitude.grad.abs().sum() > 0
    copy.deepcopy(mine)


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated")
def test_the_older_weight_norm_works_as_well():
    _, mine = pair("lstm_projected")
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    before = mine(x)[0]
    torch.nn.utils.weight_norm(mine, "weight_hr_l0")
    torch.testing.assert_close(mine(x)[0], before, rtol=1e-10, atol=1e-10)
    torch.nn.utils.remove_weight_norm(mine, "weight_hr_l0")
    torch.testing.assert_close(mine(x)[0], before, rtol=1e-10, atol=1e-10)


def test_a_weight_may_be_missing_while_it_is_being_replaced():
    _, mine = pair("gru")
    weight = mine.weight_hh_l0
    del mine.weight_hh_l0
    mine.float()
    mine.weight_hh_l0 = torch.nn.Parameter(weight.float())
    assert mine(torch.zeros(4, 2, 3))[0].dtype == torch.float32


def test_replaced_and_shared_weights_are_used():
    _, mine = pair("gru")
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    mine.weight_ih_l0 = torch.nn.Parameter(torch.zeros_like(mine.weight_ih_l0))
    assert torch.equal(mine(x)[0], mine(x * 2)[0])
    assert mine._flat_weights[0] is mine.weight_ih_l0


def test_flatten_parameters_does_nothing():
    assert ours.LSTM(3, 5).flatten_parameters() is None


def test_trace_reads_the_gates_of_a_drop_in():
    _, mine = pair("gru", bidirectional=True)
    gates = grunit.trace(mine, torch.randn(4, 2, 3, dtype=torch.float64))
    assert gates["update_gate_l0_reverse"].shape == (4, 2, 5)
