"""A checkpoint goes on only with what it began with, validation data included."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import grunit
from grunit.training import Batches, Settings, fit


def squared(model, batch):
    return (model(batch[0]) - batch[1]).square().mean()


X = torch.linspace(-1, 1, 8).unsqueeze(1)
DATA = (X, 2 * X + 1)


def go(resume=None, data=DATA, held=DATA, size=4, held_size=8, seed=0, shuffle=True, **settings):
    kept = []
    torch.manual_seed(0)
    options = Settings(**{"max_epochs": 2, "verbose": 0, "device": "cpu", **settings})
    validation = None if held is None else Batches(held, held_size, shuffle=False)
    fit(
        nn.Linear(1, 1),
        squared,
        Batches(data, size, seed=seed, shuffle=shuffle),
        validation,
        options,
        keep=kept.append,
        resume=resume,
    )
    return kept[0]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"held": (X, 2 * X)}, "validation data"),
        ({"held": (X[:4], DATA[1][:4])}, "validation data"),
        ({"held": None}, "validation data"),
        ({"held_size": 3}, "batch_size of validation"),
        ({"data": (X, 2 * X)}, "training data"),
        ({"seed": 1}, "order of batches"),
        ({"shuffle": False}, "order of batches"),
        ({"optimizer": "sgd"}, "optimizer"),
        ({"optimizer_options": {"betas": (0.5, 0.9)}}, "optimizer_options"),
        ({"clip": None}, "clip"),
        ({"precision": "bfloat16"}, "precision"),
    ],
)
def test_a_difference_is_refused_by_name(change, what):
    with pytest.raises(grunit.GrunitError, match=f"made with another {what} "):
        go(resume=go(), **change)


@pytest.mark.parametrize("change", [{}, {"verbose": 0, "checkpoint_every": 1}, {"max_epochs": 3}])
def test_what_does_not_matter_may_change(change):
    assert go(resume=go(), **change).state()["position"][0] == 0
