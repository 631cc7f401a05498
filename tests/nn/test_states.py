"""The stacked state when layers differ, and layers that start where the one below ended."""

from __future__ import annotations

import pytest
import torch
from tests.nn.networks import Decay, assert_same, layer_of, noise, noisy_state

import grunit
from grunit import Recurrent
from grunit.errors import ShapeError


def test_a_list_of_cells_is_one_alayer_of():
    rnn = Recurrent(["lstm", "gru", "peephole_lstm"], 2, 3, bidirectional=True, dtype=torch.float64)
    assert rnn.num_layers == 3
    x, lengths = noise(5, 2, 2), [2, 5]
    start = noisy_state(rnn, 2)
    assert [value.shape for value in start] == [(6, 2, 3), (4, 2, 3)]
    output, (h, c) = rnn(x, start, lengths)

    value, rows = x, {"h": 0, "c": 0}
    for layer, name in enumerate(["lstm", "gru", "peephole_lstm"]):
        one = Recurrent(name, value.shape[-1], 3, bidirectional=True, dtype=torch.float64)
        for mine, theirs in zip(one.cells, rnn.cells[2 * layer :], strict=False):
            mine.load_state_dict(theirs.state_dict())
        state = tuple(tensor[rows[n] : rows[n] + 2] for n, tensor in zip(one.layout.names, start, strict=False))
        value, final = one(value, state, lengths)
        for n, wanted in zip(one.layout.names, final, strict=True):
            assert_same({"h": h, "c": c}[n][rows[n] : rows[n] + 2], wanted)
            rows[n] += 2
    assert_same(output, value)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_state_from_below_starts_each_layer_where_the_one_below_ended(bidirectional):
    rnn = Recurrent(["gru", "lstm"], 2, 3, bidirectional=bidirectional, state_from_below=True, dtype=torch.float64)
    x, lengths = noise(5, 2, 2), [2, 5]
    output, (h, c) = rnn(x, lengths=lengths)
    directions = rnn.directions
    zero = torch.zeros_like(c)
    below, (ended,) = layer_of(rnn, 0, "gru")(x, lengths=lengths)
    above, (h_above, c_above) = layer_of(rnn, 1, "lstm")(below, (ended, zero), lengths)
    assert_same((output, h, c), (above, torch.cat([ended, h_above]), c_above))
    # A state that is given is used as it is.
    start = noisy_state(rnn, 2)
    plain = Recurrent(["gru", "lstm"], 2, 3, bidirectional=bidirectional, dtype=torch.float64)
    plain.load_state_dict(rnn.state_dict())
    assert_same(rnn(x, start), plain(x, start))
    assert directions == (2 if bidirectional else 1)


def test_step_with_state_from_below_is_a_sequence_of_one_step():
    rnn = Recurrent("lstm", 2, 3, num_layers=2, state_from_below=True, dtype=torch.float64)
    x = noise(4, 2)
    output, state = rnn(x.unsqueeze(0))
    assert_same(rnn.step(x), (output[0], state))


class Narrow(grunit.Cell):
    """A cell whose h is smaller than hidden_size."""

    def state_sizes(self):
        return {"h": 2}


def test_states_of_one_name_and_different_sizes_are_refused():
    with pytest.raises(ShapeError, match="'h' has size 3 in one layer and 2 in Narrow"):
        Recurrent([Decay, Narrow], 2, 3, state_from_below=True)
