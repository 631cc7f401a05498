"""A step of the hierarchically gated recurrent unit against the paper's equations."""

from __future__ import annotations

import pytest
import torch
from tests.cells.equations import assert_equal, cut, normal, sigmoid, silu, step

from grunit.cells import HGRN
from grunit.errors import InputError
from grunit.gates import record_gates


@pytest.mark.parametrize("lower_bound", [0.0, 0.3, 0.9])
def test_a_step_is_the_papers(lower_bound):
    cell = HGRN(3, 4, lower_bound=lower_bound, dtype=torch.float64)
    (wn, wf, wo), (bn, bf, bo) = cut(cell, "weight_ih", 3), cut(cell, "bias_ih", 3)
    x, h, c = normal(2, 3), normal(2, 4), normal(2, 4)
    f = lower_bound + (1 - lower_bound) * sigmoid(x @ wf.T + bf)
    new_c = f * c + (1 - f) * silu(x @ wn.T + bn)
    assert_equal(step(cell, x, h, c), [silu(x @ wo.T + bo) * new_c, new_c])


def test_no_forget_gate_falls_below_its_bound():
    cell = HGRN(3, 4)
    with torch.no_grad():
        cell.bound.copy_(torch.tensor([-2.0, 0.0, 1.0, 3.0]))
    with record_gates() as gates:
        cell.step(torch.full((1, 3), -1e4) * cell.weight_ih[4:5].sign(), torch.zeros(1, 4), torch.zeros(1, 4))
    assert (gates["forget_gate"] > torch.sigmoid(cell.bound) - 1e-6).all()
    torch.testing.assert_close(gates["forget_gate"][0, 0], torch.sigmoid(torch.tensor(-2.0)))


def test_without_a_bound_there_is_no_parameter_for_it():
    assert "bound" in dict(HGRN(3, 4).named_parameters())
    assert "bound" not in dict(HGRN(3, 4, lower_bound=0).named_parameters())


@pytest.mark.parametrize("bound", [-0.1, 1.0, 2.0])
def test_a_bound_that_is_no_share_is_refused(bound):
    with pytest.raises(InputError, match="lower_bound must be at least 0 and below 1"):
        HGRN(3, 4, lower_bound=bound)
