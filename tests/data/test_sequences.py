"""Sequences of any form in one block."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunit.data import Sequences
from grunit.errors import DataError


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8), st.integers(1, 3))
def test_what_goes_in_comes_out(lengths, features):
    generator = np.random.default_rng(0)
    given = [generator.normal(size=(steps, features)) for steps in lengths]
    ragged = Sequences.of(given)
    assert len(ragged) == len(lengths)
    assert ragged.features == features
    for index, one in enumerate(given):
        np.testing.assert_array_equal(ragged[index], one)
    backwards = ragged.take(range(len(given) - 1, -1, -1))
    for index, one in enumerate(given[::-1]):
        np.testing.assert_array_equal(backwards[index], one)


def test_arrays_are_copied_and_missing_values_kept():
    X = np.array([[1.0, np.nan], [3.0, 4.0]])
    sequences = Sequences.of(X)
    X[:] = 0
    assert sequences[1].ravel().tolist() == [3.0, 4.0]
    assert np.isnan(sequences[0][1, 0])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], "0 sample"),
        (np.zeros((0, 3)), "holds nothing"),
        (np.zeros(3), "shape"),
        ([np.zeros((2, 2)), np.zeros((2, 3))], "sequence 1 has 3 features and sequence 0 has 2"),
        ([np.zeros(2), np.zeros((1, 2, 3))], "sequence 1 has shape"),
        ([np.zeros(2), np.array([])], "sequence 1 has shape"),
        ([[1, 2], [3, "x"]], "sequence 1 holds something that is not a number"),
        ([[[1, 2], [3]]], "sequence 0: its steps differ"),
        ([np.array([1j])], "complex data not supported"),
        ([np.array([0.0, -np.inf])], r"sequence 0 contains infinity at \(1, 0\)"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_number(X, message):
    with pytest.raises(DataError, match=message):
        Sequences.of(X)


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ([], r"^the second has shape \(0,\)"),
        (["x"], "^the second holds something that is not a number"),
        ([[1.0, 2.0]], "^the second has 2 features and the first has 1: give the same to all$"),
    ],
)
def test_sequences_with_names_are_called_by_them(second, words):
    with pytest.raises(DataError, match=words):
        Sequences.of([[1.0], second], "X", ["the first", "the second"])
