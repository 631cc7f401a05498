"""What is said of each step: likelihoods and quantiles against SciPy, and back from normalised to data."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from grunit.errors import InputError
from grunit.tasks.forecast_normalize import Frame
from grunit.tasks.forecast_outputs import OUTPUTS, find_output

LEVELS = [0.025, 0.1, 0.5, 0.9, 0.975]
UNITS = torch.tensor([[3.0, 2.0], [10.0, 5.0]], dtype=torch.float64)


def parameters(name, rows=2, steps=3):
    output = OUTPUTS[name](LEVELS)
    raw = torch.randn(rows, steps, output.size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    return output, output.read(raw)


def counts(shape):
    """Scaled as counts 0, 1, 2, ... of the two series are."""
    numbers = torch.arange(shape[0] * shape[1], dtype=torch.float64).reshape(shape)
    return (numbers - UNITS[:, :1]) / UNITS[:, 1:], numbers


@pytest.mark.parametrize("name", OUTPUTS)
def test_quantiles_ascend(name):
    output, found = parameters(name)
    assert (output.quantiles(found, UNITS).diff(dim=-1) >= 0).all()


def test_likelihoods_are_scipys():
    target = torch.tensor([[0.3, -1.0, 2.0], [0.0, 5.0, -2.0]], dtype=torch.float64)
    output, found = parameters("normal")
    expected = -stats.norm.logpdf(target, found[..., 0], found[..., 1]).mean()
    assert output.loss(found, target, UNITS).item() == pytest.approx(expected, rel=1e-10)
    output, found = parameters("student_t")
    expected = -stats.t.logpdf(target, found[..., 2], found[..., 0], found[..., 1]).mean()
    assert output.loss(found, target, UNITS).item() == pytest.approx(expected, rel=1e-10)
    output, found = parameters("negative_binomial")
    target, numbers = counts((2, 3))
    mean, dispersion = found[..., 0] * UNITS[:, 1:], found[..., 1]
    expected = -stats.nbinom.logpmf(numbers, 1 / dispersion, 1 / (1 + dispersion * mean)).mean()
    assert output.loss(found, target, UNITS).item() == pytest.approx(expected, rel=1e-10)


def test_quantiles_are_those_below_which_the_share_lies():
    output, found = parameters("normal")
    share = stats.norm.cdf(output.quantiles(found, UNITS), found[..., :1], found[..., 1:])
    np.testing.assert_allclose(share, np.broadcast_to(LEVELS, share.shape), rtol=1e-9)
    output, found = parameters("student_t")
    share = stats.t.cdf(output.quantiles(found, UNITS), found[..., 2:], found[..., :1], found[..., 1:2])
    np.testing.assert_allclose(share, np.broadcast_to(LEVELS, share.shape), rtol=1e-9)


def test_quantiles_of_counts_are_counts_with_the_asked_share_below():
    output, found = parameters("negative_binomial")
    numbers = output.quantiles(found, UNITS) * UNITS[:, None, 1:] + UNITS[:, None, :1]
    np.testing.assert_allclose(numbers, numbers.round(), atol=1e-9)
    mean, dispersion = found[..., :1] * UNITS[:, None, 1:], found[..., 1:]
    below = stats.nbinom(1 / dispersion, 1 / (1 + dispersion * mean))
    assert (below.cdf(numbers.round()) >= np.array(LEVELS) - 1e-12).all()
    assert (below.cdf(numbers.round() - 1) < np.array(LEVELS)).all()


@pytest.mark.parametrize(("name", "error"), [("mse", np.square), ("mae", np.abs)])
def test_a_point_has_one_number_for_all_quantiles(name, error):
    output, found = parameters(name)
    target = torch.zeros(2, 3, dtype=torch.float64)
    assert output.loss(found, target, UNITS).item() == pytest.approx(error(found.numpy()).mean())
    assert (output.quantiles(found, UNITS) == found).all()


@pytest.mark.parametrize("name", OUTPUTS)
def test_what_was_not_observed_changes_neither_loss_nor_gradient(name):
    output, found = parameters(name)
    found = found.detach().requires_grad_(True)
    target = counts((2, 3))[0]
    target[0, 1] = target[1] = torch.nan
    loss = output.loss(found, target, UNITS)
    loss.backward()
    alone = found.detach()[:1, [0, 2]].requires_grad_(True)
    expected = output.loss(alone, target[:1, [0, 2]], UNITS[:1])
    expected.backward()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(found.grad[:1, [0, 2]], alone.grad)
    assert (found.grad[0, 1] == 0).all()
    assert (found.grad[1] == 0).all()


@pytest.mark.parametrize("name", ["quantile", "mse", "normal", "student_t"])
def test_a_series_moved_and_stretched_has_its_forecast_moved_and_stretched(name):
    output, found = parameters(name)
    frame = Frame(torch.tensor([[[5.0]], [[-1.0]]]).double(), torch.tensor([[[2.0]], [[3.0]]]).double())
    before = output.quantiles(found, UNITS)
    after = output.quantiles(output.place(found, frame), UNITS)
    torch.testing.assert_close(after, frame.level + frame.spread * before)


def test_a_misspelt_loss_is_told_the_nearest():
    with pytest.raises(InputError, match="unknown loss 'norml': did you mean 'normal'"):
        find_output("norml")
