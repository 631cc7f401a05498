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


class TestBucketed:
    """Batches of near lengths."""

    lengths = torch.randint(1, 100, (403,), generator=torch.Generator().manual_seed(0))

    def batches(self, **more):
        rows = torch.arange(403)
        return Batches((rows, self.lengths), 4, seed=2, lengths=self.lengths, **more).bucketed()

    def test_every_row_comes_once_and_lengths_are_near(self):
        taken = list(self.batches().epoch(0))
        assert sorted(torch.cat([rows for rows, _ in taken]).tolist()) == list(range(403))
        spread = sum(int(lengths.max() - lengths.min()) for _, lengths in taken) / len(taken)
        assert spread < 5  # among rows drawn at random it is about 60

    def test_batches_are_not_in_the_order_of_length_and_change_with_the_epoch(self):
        first = [int(lengths.max()) for _, lengths in self.batches().epoch(0)]
        assert first != sorted(first)
        assert [rows.tolist() for rows, _ in self.batches().epoch(0)] != [
            rows.tolist() for rows, _ in self.batches().epoch(1)
        ]

    def test_the_order_follows_from_the_seed_and_goes_on_from_any_batch(self):
        whole = [rows.tolist() for rows, _ in self.batches().epoch(3)]
        assert [rows.tolist() for rows, _ in self.batches().epoch(3, start=17)] == whole[17:]

    def test_without_lengths_it_is_refused(self):
        with pytest.raises(grunit.GrunitError, match="bucketing needs the length"):
            Batches((torch.arange(3),), 2).bucketed()
