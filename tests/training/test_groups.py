"""Who learns and how fast: steps against the formula."""

from __future__ import annotations

import copy
import itertools

import pytest
import torch
from torch import nn

import grunit
from grunit.training import Batches, Settings, fit
from grunit.training.groups import depths


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.front = nn.Linear(2, 3)
        self.core = grunit.Recurrent("gru", 3, 4, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(8, 1)

    def forward(self, x):
        return self.head(self.core(self.front(x))[0])


def step(**settings):
    """One step of plain descent: how much each parameter moved in terms of its gradient."""
    torch.manual_seed(0)
    model, x = Net(), torch.randn(4, 5, 2)
    twin = copy.deepcopy(model)
    twin(x).square().mean().backward()
    options = {"max_epochs": 1, "lr": 0.5, "optimizer": "sgd", "weight_decay": 0, "clip": None, **settings}
    batches = Batches((x,), 4, shuffle=False)
    fit(model, lambda net, batch: net(batch[0]).square().mean(), batches, None, Settings(**options, verbose=0))
    before = dict(twin.named_parameters())
    moved = {}
    for name, parameter in model.named_parameters():
        gradient = before[name].grad
        moved[name] = ((before[name] - parameter) * gradient).sum().item() / gradient.square().sum().item()
        assert parameter.requires_grad
    return moved


def test_what_is_frozen_does_not_move_and_can_learn_again_afterwards():
    moved = step(freeze=["front.*", "core.cells.0.*"])
    for name, rate in moved.items():
        still = name.startswith(("front.", "core.cells.0."))
        assert rate == pytest.approx(0.0 if still else 0.5, rel=1e-3, abs=0), name


def test_factors_by_pattern_the_last_match_counts():
    moved = step(lr_factors={"core.*": 0.1, "*bias*": 0.2})
    for name, rate in moved.items():
        factor = 0.2 if "bias" in name else 0.1 if name.startswith("core") else 1.0
        assert rate == pytest.approx(0.5 * factor, rel=1e-3), name


def test_rates_fall_from_the_head_down_by_layers():
    moved = step(layer_decay=0.5)
    for name, rate in moved.items():
        depth = 3 if "front" in name else 0 if "head" in name else 2 if name[11] in "01" else 1
        assert rate == pytest.approx(0.5 * 0.5**depth, rel=2e-3), name


def test_the_schedule_moves_every_group_alike():
    model = nn.Linear(1, 1)
    x = torch.ones(1, 1)
    options = {"optimizer": "sgd", "weight_decay": 0, "clip": None, "scheduler": "linear", "lr_factors": {"bias": 0.1}}
    places = []
    fit(
        model,
        lambda net, batch: net(batch[0]).mean(),
        Batches((x,), 1),
        None,
        Settings(max_epochs=4, lr=1.0, verbose=0, device="cpu", **options),
        watch=lambda history: places.append((history.lr[-1], model.weight.item(), model.bias.item())),
    )
    rates = [rate for rate, _, _ in places]
    assert rates == pytest.approx([1.0, 0.75, 0.5, 0.25])
    for (_, weight, bias), (rate, after, lower) in itertools.pairwise(places):
        assert weight - after == pytest.approx(rate, rel=1e-5)
        assert bias - lower == pytest.approx(0.1 * rate, rel=1e-5)


@pytest.mark.parametrize("argument", [{"freeze": ["core.cell.0.weight_ih"]}, {"lr_factors": {"heads.weight": 0.1}}])
def test_a_pattern_that_fits_nothing_is_refused_with_the_nearest(argument):
    with pytest.raises(grunit.GrunitError, match=r"did you mean '(core.cells.0.weight_ih|head.weight)'"):
        step(**argument)


def test_layers_of_other_parts_count_one_by_one():
    model = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1))
    assert depths(model) == {"0.weight": 0, "0.bias": 0, "2.weight": 1, "2.bias": 1}
