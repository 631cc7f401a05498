"""Which learning rate to begin with: one short training whose rate rises at every batch."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import nn

from grunit.errors import InputError
from grunit.training.batches import Batches
from grunit.training.devices import find_processes
from grunit.training.loop import DivergenceError, learn
from grunit.training.randomness import seeded
from grunit.training.run import Run
from grunit.training.settings import Settings


@dataclass(frozen=True)
class LearningRateCurve:
    """What :func:`find_lr` saw.

    Attributes:
        lr: the rates that were tried, rising.
        loss: the loss of the batch at each.
        smoothed: the same, smoothed.
        suggestion: where the smoothed loss fell most steeply.
    """

    lr: list[float]
    loss: list[float]
    smoothed: list[float]
    suggestion: float


class _Rising:
    """A schedule from the lowest rate to the highest, equal factors apart."""

    def __init__(self, lowest: float, highest: float, steps: int):
        self.lowest, self.ratio, self.steps = lowest, highest / lowest, steps

    def factor(self, position: int) -> float:
        return self.lowest * self.ratio ** (position / (self.steps - 1))


def find_lr(
    model: nn.Module,
    loss: Callable[..., Any],
    train: Batches,
    settings: Settings,
    *,
    lowest: float = 1e-6,
    highest: float = 1.0,
    steps: int = 100,
) -> LearningRateCurve:
    """Raise the learning rate batch by batch until the loss explodes, on a copy of the model.

    Args:
        model: stays as it is, as do the random generators.
        loss, train: as for :func:`grunit.training.fit`.
        settings: its optimiser, clipping and penalties are used, its rate and schedule not.
        lowest, highest: rates between which to look.
        steps: batches in all, at least 10; more are repeated where an epoch has fewer.

    Returns:
        the curve. It ends early where the smoothed loss is over four times its least, or no number.

    Source: Smith, *Cyclical learning rates for training neural networks* (2017), section 3.3. The smoothing (an
    exponential mean of 0.9, corrected at its start) and the steepest fall as the suggestion are later practice.

    Raises:
        InputError: a range or number of steps that is none.
        DivergenceError: the loss is no number from the start.

    >>> import torch
    >>> x = torch.linspace(-1, 1, 16).unsqueeze(1)
    >>> curve = find_lr(
    ...     nn.Linear(1, 1), lambda model, batch: (model(batch[0]) - batch[1]).square().mean(),
    ...     Batches((x, 2 * x), 16), Settings(device="cpu"), steps=20,
    ... )
    >>> len(curve.lr) == len(curve.loss) == len(curve.smoothed)
    True
    """
    if not 0 < lowest < highest:
        raise InputError(f"lowest is {lowest!r} and highest {highest!r}: give two numbers above 0, the lower one first")
    if steps < 10:
        raise InputError(f"steps is {steps!r}: give at least 10")
    plain: dict[str, Any] = {
        "scheduler": "none",
        "warmup": 0.0,
        "averaging": "none",
        "accumulate": 1,
        "max_epochs": steps,
        "verbose": 0,
    }
    rates: list[float] = []
    losses: list[float] = []
    smoothed: list[float] = []
    mean = 0.0
    with seeded(int(settings.seed)):
        twin = copy.deepcopy(model)
        run = Run(twin, train, None, replace(settings, lr=1.0, **plain), find_processes())
        run.schedule = _Rising(lowest, highest, steps)  # type: ignore[assignment]
        try:
            while len(rates) < steps:
                for batch in train.epoch(run.epoch):
                    rate, run.total, run.weight = run.rate, 0.0, 0
                    try:
                        learn(run, loss, batch)
                    except DivergenceError:
                        if not rates:
                            raise
                        return _curve(rates, losses, smoothed)
                    value = run.total / max(run.weight, 1)
                    mean = 0.9 * mean + 0.1 * value
                    rates.append(rate)
                    losses.append(value)
                    smoothed.append(mean / (1 - 0.9 ** len(rates)))
                    best = min(smoothed)
                    if len(rates) == steps or smoothed[-1] > best + 3 * abs(best):
                        return _curve(rates, losses, smoothed)
                run.epoch, run.batch = run.epoch + 1, 0
        finally:
            run.close()
    return _curve(rates, losses, smoothed)


def _curve(rates: list[float], losses: list[float], smoothed: list[float]) -> LearningRateCurve:
    """The curve with its suggestion: of the rates before the least loss, the one where it fell fastest."""
    least = int(np.argmin(smoothed))
    if least < 2:  # it never fell: the lowest rate is as good as any
        return LearningRateCurve(rates, losses, smoothed, rates[0])
    slope = np.gradient(np.array(smoothed[: least + 1]), np.array([math.log(rate) for rate in rates[: least + 1]]))
    return LearningRateCurve(rates, losses, smoothed, rates[int(np.argmin(slope))])
