"""Masks: how often, how long, how large."""

from __future__ import annotations

import pytest
import torch
from tests.nn.networks import assert_same, layer_of, make, noise

from grunit import Recurrent
from grunit.nn.dropouts import drop_weights, locked_dropout, locked_mask, zoneout_mask

ROWS = 40_000
"""Draws; a share is then within 4 / sqrt(ROWS) / 2 = 0.01 of what it should be but once in 15,000 times."""


def test_a_locked_mask_drops_the_same_features_at_every_step_of_a_row():
    x = torch.ones(6, ROWS // 8, 8, dtype=torch.float64)
    dropped = locked_dropout(x, 0.3)
    assert (dropped == dropped[0]).all()
    assert abs((dropped[0] == 0).double().mean() - 0.3) < 0.01
    assert_same(dropped[0].unique(), torch.tensor([0, 1 / 0.7], dtype=torch.float64))
    assert not (dropped[0, 0] == dropped[0]).all()  # rows have masks of their own
    assert not torch.equal(locked_dropout(x, 0.3), dropped)  # so has each call


def test_a_locked_mask_takes_the_memory_of_one_step():
    mask = locked_mask(torch.zeros(1000, 2, 3), 5, 0.5)
    assert mask.shape == (1000, 2, 5)
    assert mask.untyped_storage().nbytes() == 2 * 5 * 4


def test_zoneout_draws_for_each_unit_and_step():
    mask = zoneout_mask(torch.zeros(4, ROWS // 8, 3), 2, 0.2)
    assert mask.shape == (4, ROWS // 8, 2)
    assert_same(mask.unique(), torch.tensor([0.0, 1.0]))
    assert abs(mask.mean() - 0.2) < 0.01
    assert all(not torch.equal(mask[0], mask[t]) for t in range(1, 4))


def test_dropped_weights_keep_their_expectation():
    given = {"weight_hh": torch.ones(200, 200, dtype=torch.float64), "bias": torch.ones(3)}
    dropped = drop_weights(given, {"weight_hh": 0.4})
    assert abs((dropped["weight_hh"] == 0).double().mean() - 0.4) < 0.01
    assert_same(dropped["weight_hh"].unique(), torch.tensor([0, 1 / 0.6], dtype=torch.float64))
    assert dropped["bias"] is given["bias"]


@pytest.mark.parametrize("bidirectional", [False, True])
def test_input_dropout_is_a_mask_on_the_input(bidirectional):
    rnn, x = make("lstm", 6, 3, num_layers=2, bidirectional=bidirectional, input_dropout=0.5), noise(5, 4, 6)
    torch.manual_seed(3)
    output = rnn(x)[0]
    torch.manual_seed(3)
    mask = torch.nn.functional.dropout(torch.ones(4, 6, dtype=torch.float64), 0.5)
    assert_same(output, rnn.eval()(x * mask)[0])


def test_output_dropout_is_a_mask_on_the_output_of_each_layer_and_not_on_its_state():
    rnn, x = make("gru", 2, 6, num_layers=2, output_dropout=0.5), noise(5, 4, 2)
    torch.manual_seed(3)
    output, (h,) = rnn(x)
    torch.manual_seed(3)
    masks = [torch.nn.functional.dropout(torch.ones(4, 6, dtype=torch.float64), 0.5) for _ in range(2)]
    below, (first,) = layer_of(rnn, 0, "gru")(x)
    above, (second,) = layer_of(rnn, 1, "gru")(below * masks[0])
    assert_same((output, h), (above * masks[1], torch.cat([first, second])))


def test_a_mask_in_evaluation_is_none():
    x = torch.randn(5, 4, 2)
    plain = Recurrent("lstm", 2, 6, num_layers=2)
    for option in ("input_dropout", "state_dropout", "output_dropout", "weight_drop"):
        rnn = Recurrent("lstm", 2, 6, num_layers=2, **{option: 0.9})
        rnn.load_state_dict(plain.state_dict())
        assert not torch.equal(rnn(x)[0], plain(x)[0])
        assert_same(rnn.eval()(x), plain(x))
