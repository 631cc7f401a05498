"""What one step is made of."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import grunit
from grunit.training import Batches, Settings, fit

PLAIN = {"optimizer": "sgd", "weight_decay": 0, "clip": None, "verbose": 0, "device": "cpu"}


def squared(model, batch):
    return (model(batch[0]) - batch[1]).square().mean()


def data(rows=10):
    x = torch.randn(rows, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return x, x.sum(1, keepdim=True).sin()


def train(size, seed=0, **settings):
    torch.manual_seed(seed)
    model = nn.Linear(3, 1).double()
    history = fit(model, squared, Batches(data(), size, seed=3), None, Settings(**{**PLAIN, "lr": 0.1, **settings}))
    return model, history


@pytest.mark.parametrize("scheduler", ["none", "one_cycle", "linear"])
@pytest.mark.parametrize("clip", [None, 0.05])
def test_accumulated_batches_are_one_batch_of_their_size(scheduler, clip):
    # Ten rows: 4 + 4 + 2 against (2 + 2) + (2 + 2) + 2, the last step smaller.
    options = {"max_epochs": 3, "scheduler": scheduler, "clip": clip, "warmup": 0.2}
    whole, one = train(4, **options)
    parts, other = train(2, accumulate=2, **options)
    torch.testing.assert_close(parts.weight, whole.weight, rtol=1e-12, atol=1e-14)
    assert other.train == pytest.approx(one.train, rel=1e-12)
    assert other.lr == one.lr


def test_rows_count_alike_where_accumulated_batches_differ_in_size():
    whole, _ = train(10, max_epochs=1)
    parts, _ = train(4, max_epochs=1, accumulate=3)
    torch.testing.assert_close(parts.weight, whole.weight, rtol=1e-12, atol=1e-14)


def test_clipping_by_value_bounds_each_entry_before_the_norm_is():
    x = torch.tensor([[100.0, 0.01]])
    for clip, expected in ((None, [0.5, 0.01]), (0.1, [0.1 * 0.5 / (0.25 + 1e-4) ** 0.5, 0.1 * 0.01 / 0.2501**0.5])):
        line = nn.Linear(2, 1, bias=False)
        start = line.weight.detach().clone()
        settings = Settings(**{**PLAIN, "max_epochs": 1, "lr": 1.0, "clip_value": 0.5, "clip": clip})
        fit(line, lambda model, batch: model(batch[0]).mean(), Batches((x,), 1), None, settings)
        assert (start - line.weight)[0].tolist() == pytest.approx(expected, rel=1e-3)


def test_auxiliary_losses_are_added_with_their_factor_and_not_reported():
    x = torch.ones(1, 1)
    line = nn.Linear(1, 1, bias=False)
    start = line.weight.item()
    settings = Settings(
        **{**PLAIN, "max_epochs": 1, "lr": 0.1, "auxiliary": [(lambda model, batch: 3 * model(batch[0]).mean(), 0.5)]}
    )
    history = fit(line, lambda model, batch: model(batch[0]).mean(), Batches((x,), 1), None, settings)
    assert start - line.weight.item() == pytest.approx(0.1 * (1 + 0.5 * 3), rel=1e-5)
    assert history.train == [pytest.approx(start)]


def test_a_second_head_learns_by_its_own_loss():
    class Heads(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.first, self.second = nn.Linear(1, 4), nn.Linear(4, 1), nn.Linear(4, 1)

        def forward(self, x):
            self.hidden = self.body(x).tanh()
            return self.first(self.hidden)

    torch.manual_seed(0)
    model, x = Heads(), torch.linspace(-1, 1, 16).unsqueeze(1)
    settings = Settings(
        max_epochs=200,
        lr=0.05,
        verbose=0,
        device="cpu",
        auxiliary=[(lambda model, batch: (model.second(model.hidden) - batch[2]).square().mean(), 1.0)],
    )
    fit(model, squared, Batches((x, x.sin(), -x), 16), None, settings)
    model(x)
    assert (model.second(model.hidden) + x).square().mean() < 0.01


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"clip_value": 0.0}, "clip_value"),
        ({"l1": -1}, "l1"),
        ({"averaging": "mean"}, "averaging"),
        ({"averaging_decay": 1.0}, "averaging_decay"),
        ({"averaging_patience": 0}, "averaging_patience"),
        ({"accumulate": 0}, "accumulate"),
        ({"accumulate": 2, "chunk": 3}, "accumulate"),
        ({"freeze": "core.*"}, "freeze"),
        ({"lr_factors": {"core.*": 0.0}}, "lr_factors"),
        ({"layer_decay": 2.0}, "layer_decay"),
        ({"checkpoint_every": 0}, "checkpoint_every"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(settings, name):
    with pytest.raises(grunit.GrunitError, match=f"^{name} is "):
        Settings(**settings)


def known_loss(model, batch):
    """Of the known targets alone."""
    known = ~batch[1].isnan()
    return (model(batch[0])[known] - batch[1][known]).square().mean() if known.any() else model(batch[0]).sum() * 0


def count_known(batch):
    return int((~batch[1].isnan()).sum())


def sparse():
    """Ten rows of 3 targets, of which the first rows know 1 and the last all; one knows none."""
    x, y = data()
    y = y.repeat(1, 3)
    y[:5, 1:], y[6] = torch.nan, torch.nan
    return x, y


@pytest.mark.parametrize("size", [1, 3, 4, 10])
def test_losses_are_means_over_all_known_targets_whatever_the_batches(size):
    torch.manual_seed(0)
    model = nn.Linear(3, 3).double()
    x, y = sparse()
    with torch.no_grad():
        answers = model(x)
    errors = [(float(a) - float(b)) ** 2 for a, b in zip(answers.ravel(), y.ravel(), strict=True) if not b.isnan()]
    settings = Settings(**{**PLAIN, "max_epochs": 1, "lr": 1e-15})
    held = Batches((x, y), size, shuffle=False)
    history = fit(model, known_loss, Batches((x, y), size, seed=3), held, settings, weigh=count_known)
    assert len(errors) == 17
    assert history.validation == [pytest.approx(sum(errors) / 17, rel=1e-12)]
    assert history.train == [pytest.approx(sum(errors) / 17, rel=1e-12)]


def test_known_targets_count_alike_where_accumulated_batches_know_unlike_many():
    def learn(size, **settings):
        torch.manual_seed(0)
        model = nn.Linear(3, 3).double()
        options = Settings(**{**PLAIN, "max_epochs": 2, "lr": 0.1, **settings})
        fit(model, known_loss, Batches(sparse(), size, seed=3), None, options, weigh=count_known)
        return model

    torch.testing.assert_close(learn(2, accumulate=5).weight, learn(10).weight, rtol=1e-12, atol=1e-14)
