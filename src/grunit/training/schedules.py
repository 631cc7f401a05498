"""Learning-rate schedules: each a formula of how far training has come, so that nothing needs to be remembered.

The exception is ``"plateau"``, which looks at the validation loss; what it remembers are the two numbers and the
factor in :class:`Plateau`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from grunit.errors import InputError, suggest


def constant(done: float) -> float:
    """Always the full learning rate."""
    return 1.0


def cosine(done: float) -> float:
    """Half a cosine from 1 to 0 (Loshchilov & Hutter 2017, eq. 5, without restarts).

    >>> cosine(0.0), round(cosine(0.5), 3), cosine(1.0)
    (1.0, 0.5, 0.0)
    """
    return 0.5 * (1 + math.cos(math.pi * done))


def linear(done: float) -> float:
    """A straight line from 1 to 0."""
    return 1 - done


def step(done: float) -> float:
    """A tenth after each third of the training.

    >>> [round(step(done), 4) for done in (0.0, 0.4, 0.9)]
    [1.0, 0.1, 0.01]
    """
    return 0.1 ** min(2, int(3 * done))


def one_cycle(done: float) -> float:
    """Up from 1/25 to 1 over the first three tenths, then down to 1e-5 (Smith & Topin 2018; momentum stays).

    >>> round(one_cycle(0.0), 9), one_cycle(0.3)
    (0.04, 1.0)
    """
    if done < 0.3:
        return 1 + (1 / 25 - 1) * cosine(done / 0.3)
    return 1e-5 + (1 - 1e-5) * cosine((done - 0.3) / 0.7)


class Plateau:
    """Halves the learning rate when the validation loss has not fallen for ``patience`` epochs.

    >>> plateau = Plateau(patience=1)
    >>> for loss in (2.0, 2.0):
    ...     plateau.observe(loss)
    >>> plateau(0.5)
    0.5
    """

    def __init__(self, factor: float = 0.5, patience: int = 3):
        self.factor, self.patience = factor, patience
        self.state: dict[str, Any] = {"scale": 1.0, "best": math.inf, "waited": 0}

    def __call__(self, done: float) -> float:
        """The factor now; how far training has come does not matter."""
        return self.state["scale"]

    def observe(self, loss: float) -> None:
        """Look at the loss of one more epoch."""
        state = self.state
        if loss < state["best"]:
            state.update(best=loss, waited=0)
            return
        state["waited"] += 1
        if state["waited"] >= self.patience:
            state.update(scale=state["scale"] * self.factor, waited=0)


SCHEDULES: dict[str, Callable[[float], float] | type[Plateau]] = {
    "none": constant,
    "cosine": cosine,
    "linear": linear,
    "step": step,
    "plateau": Plateau,
    "one_cycle": one_cycle,
}


class Schedule:
    """The learning rate of every optimiser step.

    Args:
        name: a key of :data:`SCHEDULES`.
        total: optimiser steps in all.
        warmup: share of them over which the rate first rises linearly from 0.

    >>> schedule = Schedule("linear", total=10, warmup=0.2)
    >>> [round(schedule.factor(step), 3) for step in (0, 1, 2, 6)]
    [0.5, 1.0, 1.0, 0.5]
    """

    def __init__(self, name: str, total: int, warmup: float = 0.0):
        if name not in SCHEDULES:
            raise InputError(f"unknown scheduler {name!r}: {suggest(str(name).lower(), SCHEDULES)}")
        found = SCHEDULES[name]
        self.formula: Any = found() if isinstance(found, type) else found
        self.total, self.rising = max(total, 1), int(warmup * total)

    def factor(self, position: int) -> float:
        """What the learning rate is multiplied with at optimiser step ``position``, counted from 0."""
        if position < self.rising:
            return (position + 1) / self.rising
        return self.formula(min(1.0, (position - self.rising) / max(1, self.total - self.rising)))

    def observe(self, loss: float) -> None:
        """Tell a schedule that looks at the loss what the loss of an epoch was."""
        if isinstance(self.formula, Plateau):
            self.formula.observe(loss)

    @property
    def state(self) -> dict[str, Any]:
        """What has to be remembered to go on later."""
        return dict(self.formula.state) if isinstance(self.formula, Plateau) else {}

    @state.setter
    def state(self, value: dict[str, Any]) -> None:
        if isinstance(self.formula, Plateau):
            self.formula.state = dict(value)
