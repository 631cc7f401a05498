"""The finder on problems whose best and largest learning rates are known."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

import grunit
from grunit.training import Batches, Settings, find_lr

ONE = Batches((torch.ones(4, 1),), 1)


def bowl(steepness):
    def loss(model, batch):
        return 0.5 * steepness * model.weight.square().sum() + 0.0 * batch[0].sum()

    return loss


def look(steepness, **more):
    model = nn.Linear(1, 1, bias=False).double()
    nn.init.ones_(model.weight)
    before = copy.deepcopy(model.state_dict())
    settings = Settings(optimizer="sgd", weight_decay=0, clip=None, device="cpu", verbose=0)
    drawn = torch.get_rng_state()
    curve = find_lr(model, bowl(steepness), ONE, settings, lowest=1e-5, highest=100.0, **more)
    assert torch.equal(before["weight"], model.weight)
    assert torch.equal(drawn, torch.get_rng_state())
    return curve


@pytest.mark.parametrize("steepness", [0.5, 1.0, 10.0])
def test_the_suggestion_lies_below_where_descent_diverges(steepness):
    # Descent on half k w squared multiplies w by 1 - lr k: it reaches the bottom at 1 / k and diverges above 2 / k.
    curve = look(steepness)
    assert 0.01 / steepness < curve.suggestion < 1.0 / steepness
    assert curve.lr == sorted(curve.lr)


def test_the_curve_is_that_of_the_formula():
    curve, weight = look(1.0, steps=50), 1.0
    for index, loss in enumerate(curve.loss):
        assert loss == pytest.approx(0.5 * weight**2, rel=1e-6, abs=1e-24)
        rate = 1e-5 * 1e7 ** (index / 49)
        assert curve.lr[index] == pytest.approx(rate)
        weight *= 1 - rate


@pytest.mark.parametrize("wrong", [{"steps": 3}, {"lowest": 1.0, "highest": 0.1}, {"lowest": 0.0}])
def test_a_range_that_is_none_is_refused(wrong):
    settings = Settings(device="cpu")
    with pytest.raises(grunit.GrunitError, match="give"):
        find_lr(nn.Linear(1, 1), bowl(1.0), ONE, settings, **wrong)
