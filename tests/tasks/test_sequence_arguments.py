"""What arguments come to."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunit.tasks.sequence_arguments import count_epochs, is_table, split_rows


@pytest.mark.parametrize(
    ("X", "table"),
    [
        (np.zeros((3, 4)), True),
        (np.zeros((3, 4, 1)), False),
        (pd.DataFrame(np.zeros((3, 4))), True),
        ([[1, 2], [3, 4]], True),
        ([[1, 2], [3]], False),
        ([[[1], [2]], [[3], [4]]], False),
        ([np.zeros(4), np.zeros(4)], False),
        ([np.zeros((4, 1))], False),
    ],
)
def test_what_counts_as_a_table(X, table):
    assert is_table(X) is table


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.floats(0, 0.99), st.integers(0, 5))
def test_rows_are_split_once_and_every_group_is_learnt_from(groups, share, seed):
    groups = np.array(groups)
    learnt, held = split_rows(len(groups), share, seed, groups)
    assert sorted([*learnt, *held]) == list(range(len(groups)))
    assert set(groups[learnt]) == set(groups)
    for group in set(groups):
        members = (groups == group).sum()
        assert (groups[held] == group).sum() == min(members - 1, round(share * members))


def test_the_number_of_epochs_follows_the_number_of_batches():
    assert [count_epochs(None, batches) for batches in (1, 2, 30, 10_000)] == [300, 300, 20, 20]
    assert count_epochs(3, 1) == 3
