"""A step of the real-gated linear recurrent unit against the paper's equations; its start values, its safe root."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.cells.equations import assert_equal, cut, normal, sigmoid, step

from grunit.cells import RGLRU
from grunit.cells.rg_lru import gentle_sqrt


@pytest.mark.parametrize("features", [3, 4])
@pytest.mark.parametrize("sharpness", [8.0, 2.0])
def test_a_step_is_the_papers(features, sharpness):
    cell = RGLRU(features, 4, sharpness=sharpness, dtype=torch.float64)
    wr, wi, *wx = cut(cell, "weight_ih", 2 if features == 4 else 3)
    br, bi = cut(cell, "bias_ih", 2)
    x, h = normal(2, features), normal(2, 4)
    r, i = sigmoid(x @ wr.T + br), sigmoid(x @ wi.T + bi)
    # Eq. 4 in terms of the rate at r = 1: the paper's sigmoid(Lambda) is our exp(-softplus(decay)).
    rate = 1 / (1 + np.exp(cell.decay.detach().numpy()))
    a = rate ** (sharpness * r)
    content = x if features == 4 else x @ wx[0].T
    assert_equal(step(cell, x, h), [a * h + np.sqrt(1 - a * a) * (i * content)])


@pytest.mark.parametrize("sharpness", [8.0, 2.0])
def test_the_decay_at_an_open_gate_starts_between_0_9_and_0_999(sharpness):
    cell = RGLRU(4, 4000, sharpness=sharpness, dtype=torch.float64)
    slowest = torch.sigmoid(-cell.decay) ** sharpness
    assert 0.9 <= slowest.min() < 0.901
    assert 0.998 < slowest.max() <= 0.999
    assert abs(slowest.mean() - 0.9495) < 0.002


def test_the_root_is_exact_above_a_millionth_and_its_slope_at_most_1000():
    x = torch.tensor([0.0, 1e-12, 9e-7, 1.1e-6, 0.25, 1.0], dtype=torch.float64, requires_grad=True)
    y = gentle_sqrt(x)
    (slope,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(y[3:], x[3:].sqrt(), rtol=1e-15, atol=0)
    torch.testing.assert_close(y[:3], x[:3] * 1000, rtol=1e-15, atol=0)
    torch.testing.assert_close(slope[3:], 0.5 / x[3:].sqrt(), rtol=1e-15, atol=0)
    assert slope.max() <= 1000 * (1 + 1e-12)


def test_units_that_forget_nothing_have_finite_gradients():
    cell = RGLRU(4, 4)
    with torch.no_grad():
        cell.decay.fill_(-200.0)  # softplus of it is 0 in float32, so a is 1
    h = torch.ones(2, 4)
    (new,) = cell.step(torch.randn(2, 4), h)
    torch.testing.assert_close(new, h, rtol=0, atol=0)
    new.sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in cell.parameters())
