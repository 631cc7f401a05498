"""Batches: every row once, in an order that the seed and the epoch decide."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import grunit
from grunit.training import Batches


@given(rows=st.integers(1, 40), size=st.integers(1, 9), epoch=st.integers(0, 5), start=st.integers(0, 6))
def test_an_epoch_holds_every_row_once_and_can_start_anywhere(rows, size, epoch, start):
    batches = Batches((torch.arange(rows),), size, seed=3)
    whole = [batch.tolist() for (batch,) in batches.epoch(epoch)]
    assert sorted(row for batch in whole for row in batch) == list(range(rows))
    assert len(whole) == len(batches)
    assert [batch.tolist() for (batch,) in batches.epoch(epoch, start)] == whole[start:]


def test_epochs_differ_and_repeat():
    batches = Batches((torch.arange(50),), 50, seed=1)
    (first,), (second,) = next(batches.epoch(0)), next(batches.epoch(1))
    assert not torch.equal(first, second)
    assert torch.equal(first, next(batches.epoch(0))[0])


def test_processes_share_an_epoch_without_overlap():
    batches = Batches((torch.arange(20),), 3, seed=1)
    shares = [batches.shared(process, 2) for process in range(2)]
    assert [len(share) for share in shares] == [3, 3]
    rows = [row for share in shares for (batch,) in share.epoch(0) for row in batch.tolist()]
    assert len(set(rows)) == len(rows) == 18


def test_any_torch_data_set_will_do():
    rows = [(torch.tensor([float(row)]), row) for row in range(3)]
    values, labels = next(Batches(rows, 3, shuffle=False).epoch(0))
    assert values.shape == (3, 1)
    assert labels.tolist() == [0, 1, 2]


def test_no_rows_a_batch_is_refused():
    with pytest.raises(grunit.GrunitError, match="batch_size"):
        Batches((torch.arange(3),), 0)
