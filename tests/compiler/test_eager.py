"""The plain loop that everything else is compared with, itself compared with torch.nn and with loops by hand."""

from __future__ import annotations

import torch
from tests.compiler.comparison import weights_of
from torch import nn

from grunit.cells import GRU, LSTM, Cell
from grunit.compiler.eager import run_eagerly

DOUBLE = torch.float64


class Counter(Cell):
    """Counts its steps."""

    def step(self, x, h):
        return h + x


def count(valid=None, resets=None, reverse=False):
    """Counts of two rows over four steps that add 1, 2, 4 and 8."""
    x = torch.tensor([1.0, 2.0, 4.0, 8.0])[:, None, None].expand(4, 2, 1)
    output, (final,) = run_eagerly(Counter(1, 1), {}, [x], [torch.zeros(2, 1)], valid, resets, reverse)
    return output[..., 0].T.tolist(), final[:, 0].tolist()


def test_a_sum_over_the_sequence_and_backwards():
    assert count() == ([[1, 3, 7, 15]] * 2, [15, 15])
    assert count(reverse=True) == ([[15, 14, 12, 8]] * 2, [15, 15])


def test_states_freeze_where_a_row_has_ended():
    valid = torch.tensor([[True, True], [True, True], [True, False], [True, False]])[..., None]
    assert count(valid=valid) == ([[1, 3, 7, 15], [1, 3, 3, 3]], [15, 3])
    assert count(valid=valid, reverse=True) == ([[15, 14, 12, 8], [3, 2, 0, 0]], [15, 3])


def test_states_are_zeroed_before_a_step_with_a_reset():
    resets = torch.tensor([[False, True], [False, False], [True, False], [False, False]])[..., None]
    assert count(resets=resets) == ([[1, 3, 4, 12], [1, 3, 7, 15]], [12, 15])


def test_a_reset_of_a_row_that_has_ended_changes_nothing_it_outputs_later():
    valid = torch.tensor([[True, True], [True, False], [True, False], [True, False]])[..., None]
    resets = torch.tensor([[False, False], [False, False], [False, True], [False, False]])[..., None]
    output, final = count(valid=valid, resets=resets)
    assert output[0] == [1, 3, 7, 15]
    assert final[0] == 15


def test_whole_sequences_equal_torch():
    for ours, theirs in ((LSTM, nn.LSTM), (GRU, nn.GRU)):
        cell, layer = ours(3, 4, dtype=DOUBLE), theirs(3, 4, dtype=DOUBLE)
        layer.load_state_dict({f"{name}_l0": value for name, value in cell.state_dict().items()})
        x = torch.randn(5, 2, 3, dtype=DOUBLE)
        output, _ = run_eagerly(cell, weights_of(cell), [x], [torch.zeros(2, 4, dtype=DOUBLE) for _ in cell.state])
        torch.testing.assert_close(output, layer(x)[0], rtol=1e-12, atol=1e-12)
