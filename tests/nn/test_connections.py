"""Ways around layers, maps behind them, all layers below, and the two directions: against layers run one by one."""

from __future__ import annotations

import pytest
import torch
from tests.nn.networks import assert_same, layer_of, make, noise
from torch.nn.functional import linear

from grunit import Recurrent
from grunit.nn.merges import merge_directions

T, B, H = 5, 3, 4


def test_add_is_the_input_and_the_output():
    rnn, x = make("gru", H, H, num_layers=2, residual="add"), noise(T, B, H)
    below = x
    for layer in range(2):
        below = below + layer_of(rnn, layer, "gru")(below)[0]
    assert_same(rnn(x)[0], below)
    assert set(rnn.state_dict()) == set(make("gru", H, H, num_layers=2).state_dict())


def test_a_way_around_a_layer_of_another_size_is_a_learnt_matrix():
    rnn, x = make("gru", 2, H, residual="add"), noise(T, B, 2)
    connection = rnn.connections[0]
    assert connection.skip.weight.shape == (H, 2)
    assert connection.skip.bias is None
    assert_same(rnn(x)[0], linear(x, connection.skip.weight) + layer_of(rnn, 0, "gru")(x)[0])


@pytest.mark.parametrize("kind", ["gated", "highway"])
@pytest.mark.parametrize("input_size", [2, H])
def test_gates_admit_the_output_and_in_a_highway_shut_out_the_input(kind, input_size):
    rnn, x = make("gru", input_size, H, residual=kind), noise(T, B, input_size)
    connection, y = rnn.connections[0], layer_of(rnn, 0, "gru")(x)[0]
    g = 1 / (1 + torch.exp(-(x @ connection.gate.weight.T + connection.gate.bias)))
    around = x if input_size == H else x @ connection.skip.weight.T
    expected = {"gated": around + g * y, "highway": g * y + (1 - g) * around}[kind]
    assert_same(rnn(x)[0], expected)


def test_a_highway_starts_mostly_around():
    rnn = Recurrent("gru", H, H, residual="highway")
    assert (rnn.connections[0].gate.bias == -1).all()
    with torch.no_grad():
        rnn.connections[0].gate.bias.fill_(7)
    rnn.reset_parameters()
    assert (rnn.connections[0].gate.bias == -1).all()


def test_projection_is_a_linear_map_after_each_layer():
    rnn, x = make("lstm", 3, H, num_layers=2, bidirectional=True, projection=2), noise(T, B, 3)
    below = x
    for layer, size in enumerate((3, 2)):
        one = Recurrent("lstm", size, H, bidirectional=True, dtype=torch.float64)
        for mine, theirs in zip(one.cells, rnn.cells[2 * layer :], strict=False):
            mine.load_state_dict(theirs.state_dict())
        project = rnn.connections[layer].project
        below = one(below)[0] @ project.weight.T + project.bias
    output, (h, _) = rnn(x)
    assert_same(output, below)
    assert (rnn.output_size, h.shape) == (2, (4, B, H))


def test_residual_goes_around_the_projection_too():
    rnn, x = make("gru", 2, H, residual="add", projection=2), noise(T, B, 2)
    assert_same(rnn(x)[0], x + rnn.connections[0].project(layer_of(rnn, 0, "gru")(x)[0]))


def test_dense_layers_read_the_input_and_all_layers_below():
    rnn, x = make("gru", 2, H, num_layers=3, dense=True), noise(T, B, 2)
    seen = [x]
    for layer, size in enumerate((2, 2 + H, 2 + 2 * H)):
        one = Recurrent("gru", size, H, dtype=torch.float64)
        one.cells[0].load_state_dict(rnn.cells[layer].state_dict())
        seen.append(one(torch.cat(seen, -1))[0])
    assert_same(rnn(x)[0], seen[-1])
    assert rnn.output_size == H


@pytest.mark.parametrize(
    ("how", "formula"),
    [
        ("concat", lambda a, b: torch.cat([a, b], -1)),
        ("sum", lambda a, b: a + b),
        ("mean", lambda a, b: 0.5 * a + 0.5 * b),
        ("multiply", lambda a, b: a * b),
        ("max", lambda a, b: torch.where(a > b, a, b)),
    ],
)
def test_directions_merge_as_named(how, formula):
    rnn, x, lengths = make("lstm", 2, H, num_layers=2, bidirectional=True, merge=how), noise(T, B, 2), [5, 2, 4]
    below = x
    for layer in range(2):
        ahead, back = (Recurrent("lstm", below.shape[-1], H, dtype=torch.float64) for _ in range(2))
        ahead.cells[0].load_state_dict(rnn.cells[2 * layer].state_dict())
        back.cells[0].load_state_dict(rnn.cells[2 * layer + 1].state_dict())
        turned = [torch.cat([below[:n, i].flip(0), below[n:, i]]) for i, n in enumerate(lengths)]
        reverse = back(torch.stack(turned, 1), lengths=lengths)[0]
        reverse = torch.stack([torch.cat([reverse[:n, i].flip(0), reverse[n:, i]]) for i, n in enumerate(lengths)], 1)
        below = formula(ahead(below, lengths=lengths)[0], reverse)
    assert_same(rnn(x, lengths=lengths)[0], below)
    assert rnn.output_size == below.shape[-1]


def test_one_direction_has_nothing_to_merge():
    x = noise(T, B, H)
    assert merge_directions([x], "multiply") is x


def test_nothing_comes_out_beyond_the_end_of_a_row():
    rnn = make("gru", 2, H, num_layers=2, residual="gated", projection=3)
    x = noise(T, B, 2)
    output = rnn(x, lengths=[5, 2, 4])[0]
    assert not output[2:, 1].any()
    x[2:, 1] = float("nan")
    assert_same(rnn(x, lengths=[5, 2, 4])[0], output)
