"""A step of the simple recurrent cell against torch's and its equation written out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cells.steps import DOUBLE, assert_same, beside_torch, noise, sums
from torch import nn

from grunit.cells import RNN

sizes = st.integers(1, 5)


@given(features=sizes, units=sizes, rows=sizes, bias=st.booleans())
@settings(max_examples=20)
def test_a_step_equals_that_of_torch(features, units, rows, bias):
    ours, theirs = beside_torch(RNN, nn.RNNCell, features, units, bias)
    x, h = noise(rows, features), noise(rows, units)
    assert_same(ours(x, h), [theirs(x, h)])


@pytest.mark.parametrize(
    ("activation", "function"),
    [
        ("relu", lambda v: v.clamp(min=0)),
        ("softsign", lambda v: v / (1 + v.abs())),
        ("sin", lambda v: v.sin()),
        (lambda v: v**3, lambda v: v * v * v),
    ],
    ids=["relu", "softsign", "sin", "a callable"],
)
def test_the_activation_is_an_option_by_name_and_as_a_callable(activation, function):
    cell = RNN(3, 4, activation=activation, dtype=DOUBLE)
    x, h = noise(2, 3), noise(2, 4)
    assert_same(cell(x, h), [function(sums(cell, x, h)[0])])
