"""Rows as the network reads them: scaled, filled, masked and padded."""

from __future__ import annotations

import numpy as np
import torch

from grunit.data.sequence_scaling import FeatureScaler
from grunit.data.sequences import Sequences
from grunit.tasks.sequence_rows import SequenceRows
from grunit.training import Batches


def test_a_batch_holds_what_the_sequences_hold():
    generator = np.random.default_rng(0)
    given = [generator.normal(size=(steps, 2)) for steps in (3, 1, 5, 2)]
    given[2][1, 0] = np.nan
    rows = SequenceRows(
        Sequences.of(given),
        FeatureScaler(np.array([1.0, 0.0]), np.array([2.0, 1.0])),
        [0],
        torch.arange(4),
        torch.float64,
    )
    inputs, lengths, targets = rows.take(torch.tensor([2, 1]))
    assert inputs.shape == (2, 5, 3)
    assert lengths.tolist() == [5, 1]
    assert targets.tolist() == [2, 1]
    expected = np.concatenate([(given[2] - [1, 0]) / [2, 1], np.ones((5, 1))], 1)
    expected[1, [0, 2]] = 0
    np.testing.assert_allclose(inputs[0].numpy(), expected)
    np.testing.assert_allclose(inputs[1, 0].numpy(), [(given[1][0, 0] - 1) / 2, given[1][0, 1], 1])
    assert not inputs[1, 1:].any()


def test_a_batch_is_as_wide_as_its_longest_row_and_the_data_have_a_checksum():
    rows = SequenceRows(Sequences.of([np.zeros(9), np.ones(2), np.ones(3)]), FeatureScaler(np.zeros(1), np.ones(1)), [])
    assert rows.take(torch.tensor([1, 2]))[0].shape == (2, 3, 1)
    other = SequenceRows(
        Sequences.of([np.zeros(9), np.ones(3), np.ones(2)]), FeatureScaler(np.zeros(1), np.ones(1)), []
    )
    assert Batches(rows, 2).checksum != Batches(other, 2).checksum
