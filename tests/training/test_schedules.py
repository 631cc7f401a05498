"""Schedules against torch's own where it has them."""

from __future__ import annotations

import pytest
import torch

import grunit
from grunit.training.schedules import Plateau, Schedule

TOTAL = 20


def torch_rates(make) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = make(optimizer)
    rates = []
    for _ in range(TOTAL):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("none", lambda o: torch.optim.lr_scheduler.ConstantLR(o, factor=1.0)),
        ("cosine", lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, TOTAL)),
        ("linear", lambda o: torch.optim.lr_scheduler.LinearLR(o, 1.0, 0.0, TOTAL)),
    ],
)
def test_against_torch(name, make):
    schedule = Schedule(name, TOTAL)
    assert [schedule.factor(step) for step in range(TOTAL)] == pytest.approx(torch_rates(make), abs=1e-9)


def test_one_cycle_rises_to_the_full_rate_and_ends_near_zero():
    schedule = Schedule("one_cycle", 100)
    factors = [schedule.factor(step) for step in range(101)]
    assert max(factors) == factors[30] == 1.0
    assert factors[0] == pytest.approx(1 / 25)
    assert factors[100] == pytest.approx(1e-5)


def test_warm_up_is_a_straight_line_from_near_zero():
    schedule = Schedule("cosine", 100, warmup=0.1)
    assert [schedule.factor(step) for step in range(10)] == pytest.approx([0.1 * n for n in range(1, 11)])


def test_plateau_against_torch():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=2, threshold=0)
    ours = Plateau(patience=3)  # torch counts the epochs it tolerates, we the epoch that is one too many
    for loss in [5, 4, 4, 4, 4, 3, 3, 3, 3, 3, 3, 2]:
        theirs.step(loss)
        ours.observe(loss)
        assert ours(0) == optimizer.param_groups[0]["lr"]


def test_an_unknown_name_gets_a_hint():
    with pytest.raises(grunit.GrunitError, match="did you mean 'cosine'"):
        Schedule("cosin", 10)
