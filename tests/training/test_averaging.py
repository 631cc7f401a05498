"""Averages of weights against ``torch.optim.swa_utils``."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from grunit.training import Batches, Settings, fit
from grunit.training.averaging import WeightAverage

X = torch.linspace(-1, 1, 8).unsqueeze(1)


def squared(model, batch):
    return (model(batch[0]) - batch[1]).square().mean()


@pytest.mark.parametrize("kind", ["ema", "swa"])
def test_averages_are_those_of_torch(kind):
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    how = {"multi_avg_fn": get_ema_multi_avg_fn(0.9)} if kind == "ema" else {}
    theirs, ours = AveragedModel(model, use_buffers=True, **how), WeightAverage(kind, 0.9)
    for _ in range(5):
        for value in model.state_dict().values():
            value.copy_(torch.randn(value.shape))
        theirs.update_parameters(model)
        ours.step(model)
        ours.epoch(model)
    expected = theirs.module.state_dict()
    for name, value in ours.merged(model).items():
        if value.is_floating_point():
            torch.testing.assert_close(value, expected[name], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("kind", ["ema", "swa"])
def test_the_average_over_a_training_is_kept_and_validated(kind):
    torch.manual_seed(0)
    model = nn.Linear(1, 1)
    batches, settings = Batches((X, 3 * X + 1), 4), {"max_epochs": 4, "lr": 0.2, "optimizer": "sgd", "clip": None}
    start = copy.deepcopy(model)
    options = Settings(**settings, averaging=kind, averaging_decay=0.5, averaging_start=0.25, verbose=0, device="cpu")
    history = fit(model, squared, batches, batches, options)
    # The same training by hand, averaged by torch.
    how = {"multi_avg_fn": get_ema_multi_avg_fn(0.5)} if kind == "ema" else {}
    average = AveragedModel(start, **how)
    optimizer = torch.optim.SGD(start.parameters(), 0.2, weight_decay=0.01)
    expected = []
    for epoch in range(4):
        for batch in batches.epoch(epoch):
            optimizer.zero_grad()
            squared(start, batch).backward()
            optimizer.step()
            if kind == "ema":
                average.update_parameters(start)
        if kind == "swa" and epoch >= 1:
            average.update_parameters(start)
        whole = (X, 3 * X + 1)
        expected.append(squared(average.module if average.n_averaged > 0 else start, whole).item())
    assert history.validation == pytest.approx(expected, rel=1e-5)
    assert history.best_epoch == 4
    torch.testing.assert_close(model.weight, average.module.weight)
    torch.testing.assert_close(model.bias, average.module.bias)
