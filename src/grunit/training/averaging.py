"""Averages of the weights along the way, which often answer better than the last weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

AVERAGES = ("none", "ema", "swa", "triggered")


class WeightAverage:
    """A running mean of everything in a model that is a floating number; running means of norms included.

    Args:
        kind: ``"ema"``: after every optimiser step ``average = decay * average + (1 - decay) * weight``, the first
            weights taken as they are (Polyak & Juditsky 1992 in the exponential form); ``"swa"``: the plain mean of
            the weights at the ends of epochs (Izmailov et al. 2018); ``"triggered"``: their plain mean after every
            step from the moment at which validation no longer gets better (the non-monotonic trigger of Merity,
            Keskar & Socher, *Regularizing and optimizing LSTM language models* (2018), algorithm 1); ``"none"``.
        decay: of ``"ema"``.
        patience: of ``"triggered"``: epochs, n of the algorithm, there 5.

    >>> model = nn.Linear(1, 1, bias=False)
    >>> average = WeightAverage("ema", decay=0.75)
    >>> for value in (0.0, 4.0):
    ...     _ = nn.init.constant_(model.weight, value)
    ...     average.step(model)
    >>> average.weights["weight"].item()
    1.0
    """

    def __init__(self, kind: str, decay: float = 0.99, patience: int = 5):
        self.kind, self.decay, self.patience = kind, decay, patience
        self.count = 0
        self.weights: dict[str, Tensor] | None = None

    def step(self, model: nn.Module) -> None:
        """One optimiser step is done."""
        if self.kind == "ema":
            self._take(model, 1 - self.decay)
        elif self.kind == "triggered" and self.count:
            self._take(model, 1 / (self.count + 1))

    def epoch(self, model: nn.Module) -> None:
        """One epoch that counts is done."""
        if self.kind == "swa":
            self._take(model, 1 / (self.count + 1))

    def look(self, model: nn.Module, losses: Sequence[float]) -> bool:
        """Validation gave the last of ``losses``; whether ``"triggered"`` begins here, with the weights as they are.

        It does once a loss is above the least of all but the ``patience`` ones before it.

        >>> average = WeightAverage("triggered", patience=2)
        >>> losses = [3.0, 2.0, 2.5, 2.4, 2.1]
        >>> [average.look(nn.Linear(1, 1), losses[:count]) for count in range(1, 6)]
        [False, False, False, False, True]
        """
        *before, now = losses
        earlier = [loss for loss in before[: max(0, len(before) - self.patience)] if math.isfinite(loss)]
        if self.kind != "triggered" or self.count or not earlier:
            return False
        # Weights that give no number are no start for a mean.
        if not math.isfinite(now) or now <= min(earlier):
            return False
        self._take(model, 1.0)
        return True

    @torch.no_grad()
    def _take(self, model: nn.Module, share: float) -> None:
        current = {name: value for name, value in model.state_dict().items() if value.is_floating_point()}
        if self.weights is None:
            self.weights = {name: value.clone() for name, value in current.items()}
        else:
            self.weights = {name: value.to(current[name].device) for name, value in self.weights.items()}
            torch._foreach_lerp_(list(self.weights.values()), [current[name] for name in self.weights], share)
        self.count += 1

    def merged(self, model: nn.Module) -> dict[str, Tensor]:
        """A copy of the model's state with the averages in it, as far as there are any."""
        state = {name: value.detach().clone() for name, value in model.state_dict().items()}
        return state | {name: value.clone() for name, value in (self.weights or {}).items()}

    @property
    def state(self) -> dict[str, Any]:
        """What has to be remembered to go on later."""
        return {"count": self.count, "weights": self.weights}

    @state.setter
    def state(self, value: dict[str, Any]) -> None:
        self.count, self.weights = value["count"], value["weights"]
