"""A step of the GRU, in both published forms, against torch's and the equations written out."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.cells.steps import DOUBLE, assert_same, beside_torch, halves, noise
from torch import nn

from grunit.cells import GRU

sizes = st.integers(1, 5)


@given(features=sizes, units=sizes, rows=sizes, bias=st.booleans())
@settings(max_examples=20)
def test_a_step_equals_that_of_torch(features, units, rows, bias):
    ours, theirs = beside_torch(GRU, nn.GRUCell, features, units, bias)
    x, h = noise(rows, features), noise(rows, units)
    assert_same(ours(x, h), [theirs(x, h)])


def test_the_form_of_the_2014_paper_resets_the_state_before_the_product():
    cell = GRU(3, 4, reset_after=False, dtype=DOUBLE)
    x, h = noise(2, 3), noise(2, 4)
    (xr, xz, xn), (hr, hz, _) = halves(cell, x, h)
    r, z = (xr + hr).sigmoid(), (xz + hz).sigmoid()
    n = (xn + (r * h) @ cell.weight_hh[8:].T + cell.bias_hh[8:]).tanh()
    assert_same(cell(x, h), [(1 - z) * n + z * h])


def test_the_paper_s_form_without_biases():
    cell = GRU(3, 4, reset_after=False, bias=False, dtype=DOUBLE)
    x, h = noise(2, 3), noise(2, 4)
    xr, xz, xn = (x @ cell.weight_ih.T).chunk(3, 1)
    hr, hz, _ = (h @ cell.weight_hh.T).chunk(3, 1)
    r, z = (xr + hr).sigmoid(), (xz + hz).sigmoid()
    n = (xn + (r * h) @ cell.weight_hh[8:].T).tanh()
    assert_same(cell(x, h), [(1 - z) * n + z * h])
