"""Averages of weights against ``torch.optim.swa_utils``."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from grunit.errors import InputError
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


NOISY = torch.randn(24, 1, generator=torch.Generator().manual_seed(3))
TARGET = 2 * NOISY + torch.randn(24, 1, generator=torch.Generator().manual_seed(4))
TRIGGERED = {
    "max_epochs": 14,
    "lr": 0.3,
    "optimizer": "sgd",
    "weight_decay": 0.0,
    "clip": None,
    "averaging": "triggered",
}


def train_triggered(patience, **more):
    torch.manual_seed(0)
    model, batches = nn.Linear(1, 1), Batches((NOISY[:16], TARGET[:16]), 2, seed=1)
    held = Batches((NOISY[16:], TARGET[16:]), 8, shuffle=False)
    settings = Settings(**TRIGGERED, averaging_patience=patience, checkpoint_every=3, verbose=0, device="cpu")
    return model, fit(model, squared, batches, held, settings, **more)


@pytest.mark.parametrize("patience", [1, 3, 5])
def test_the_triggered_average_is_that_of_the_paper(patience):
    model, history = train_triggered(patience)
    # Algorithm 1 of Merity et al. (2018), looked at once an epoch, with all weights kept and their mean taken anew.
    torch.manual_seed(0)
    twin, batches = nn.Linear(1, 1), Batches((NOISY[:16], TARGET[:16]), 2, seed=1)
    optimizer = torch.optim.SGD(twin.parameters(), 0.3)
    logs, since, started = [], [], None

    def mean():
        return [torch.stack(several).mean(0) for several in zip(*since, strict=True)] or list(twin.parameters())

    bests = {}
    for epoch in range(14):
        for batch in batches.epoch(epoch):
            optimizer.zero_grad()
            squared(twin, batch).backward()
            optimizer.step()
            if since:
                since.append([weight.detach().clone() for weight in twin.parameters()])
        weight, bias = mean()
        value = (NOISY[16:] * weight + bias - TARGET[16:]).square().mean().item()
        bests[epoch + 1] = (weight.detach().clone(), bias.detach().clone())
        if started is None and len(logs) > patience and value > min(logs[:-patience]):
            since, started = [[weight.detach().clone() for weight in twin.parameters()]], epoch + 1
        logs.append(value)
    assert started is not None
    assert started < 14
    assert history.averaged_from == started
    assert history.validation == pytest.approx(logs, rel=1e-4)
    weight, bias = bests[history.best_epoch]
    torch.testing.assert_close(model.weight, weight, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(model.bias, bias, rtol=1e-5, atol=1e-6)


def test_a_triggered_average_is_resumed_to_the_same_bits_from_any_moment():
    moments = []
    model, history = train_triggered(1, keep=moments.append)
    assert history.averaged_from is not None
    for moment in moments[::2]:
        resumed, again = train_triggered(1, resume=moment)
        assert torch.equal(resumed.weight, model.weight)
        assert torch.equal(resumed.bias, model.bias)
        assert again.validation == history.validation
        assert again.averaged_from == history.averaged_from


def test_losses_that_are_no_numbers_neither_begin_an_average_nor_are_the_least():
    average, model = WeightAverage("triggered", patience=1), nn.Linear(1, 1)
    nan = float("nan")
    assert not average.look(model, [nan, 2.0, 3.0])  # nothing to be held against
    assert not average.look(model, [1.0, 2.0, nan])
    assert not average.look(model, [1.0, 2.0, float("inf")])
    assert average.look(model, [nan, 1.0, 2.0, 3.0])
    assert not average.look(model, [nan, 1.0, 2.0, 3.0, 4.0])


def test_a_triggered_average_needs_validation():
    settings = Settings(**TRIGGERED, verbose=0, device="cpu")
    with pytest.raises(InputError, match="looks at validation, and there is none"):
        fit(nn.Linear(1, 1), squared, Batches((X, X), 4), None, settings)
