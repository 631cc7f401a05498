"""Rows of tokens as padded batches."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grunit.errors import DataError
from grunit.tasks.token_rows import TokenRows
from grunit.training import Batches

ragged = st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=5), min_size=1, max_size=6)


@given(ragged, st.data())
def test_a_batch_holds_the_rows_asked_for(rows, data):
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1))
    ids, lengths = TokenRows(rows, padding=-100).take(torch.tensor(chosen))
    expected = torch.nn.utils.rnn.pad_sequence([torch.tensor(rows[i]) for i in chosen], True, -100)
    assert torch.equal(ids, expected)
    assert lengths.tolist() == [len(rows[i]) for i in chosen]


def test_targets_come_along():
    rows = TokenRows([[1], [2, 3]], torch.tensor([7, 8]), TokenRows([[4, 5, 6], [9]], padding=-1))
    ids, lengths, labels, other, other_lengths = rows.take(torch.tensor([1]))
    assert (ids.tolist(), lengths.tolist(), labels.tolist()) == ([[2, 3]], [2], [8])
    assert (other.tolist(), other_lengths.tolist()) == ([[9]], [1])
    assert len(rows.tensors) == 5


def test_batches_of_near_lengths():
    rows = TokenRows([[1] * length for length in (9, 1, 8, 2)])
    near = Batches(rows, 2).bucketed()
    assert sorted(sorted(lengths.tolist()) for _, lengths in near.epoch(0)) == [[1, 2], [8, 9]]
    other = Batches(TokenRows([[2] * length for length in (9, 1, 8, 2)]), 2)
    assert near.checksum != other.checksum


def test_refusals():
    with pytest.raises(DataError, match="row 1 "):
        TokenRows([[1], []])
    with pytest.raises(DataError, match="2 rows of tokens and 1 targets"):
        TokenRows([[1], [2]], torch.zeros(1))
    assert len(TokenRows([])) == 0
