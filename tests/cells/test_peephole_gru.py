"""A step of the peephole GRU against its equations written out."""

from __future__ import annotations

import pytest
from tests.cells.steps import DOUBLE, assert_same, halves, noise, without_peepholes

from grunit.cells import GRU, PeepholeGRU


@pytest.mark.parametrize("reset_after", [True, False])
def test_the_update_gate_sees_the_candidate_of_this_step(reset_after):
    cell = PeepholeGRU(3, 4, reset_after=reset_after, dtype=DOUBLE)
    x, h = noise(2, 3), noise(2, 4)
    (xr, xz, xn), (hr, hz, hn) = halves(cell, x, h)
    r = (xr + hr).sigmoid()
    inner = r * hn if reset_after else (r * h) @ cell.weight_hh[8:].T + cell.bias_hh[8:]
    n = (xn + inner).tanh()
    z = (xz + hz + cell.weight_cz * n).sigmoid()
    assert_same(cell(x, h), [(1 - z) * n + z * h])


@pytest.mark.parametrize("reset_after", [True, False])
def test_without_its_peephole_it_is_the_plain_cell(reset_after):
    options = {"reset_after": reset_after, "dtype": DOUBLE}
    cell, plain = without_peepholes(PeepholeGRU(3, 4, **options), GRU(3, 4, **options))
    x, h = noise(2, 3), noise(2, 4)
    assert_same(cell(x, h), plain(x, h))
