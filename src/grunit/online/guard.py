"""A learning rate that cannot ruin what was learned."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from grunit.online.descent import Descent
    from grunit.online.network import Network


class RateGuard:
    """Undoes steps that make the loss explode, and lowers the learning rate.

    Every ``every`` answers at which the running loss is sound, parameters are put aside. Where the running loss of
    the last few answers is ``factor`` times what it was, or a number is no longer finite, the parameters put aside
    come back and the rate is halved. A stream that itself has changed looks the same at first: the loss is compared
    with what the model put aside would have been judged by, so after an undo the new loss is the normal, and the
    rate recovers slowly (by 1 % an answer) towards the one asked for.

    Args:
        network, descent: what is guarded.
        rate: the learning rate asked for.
        factor: of the running loss that counts as an explosion.
        every: answers between two copies.

    Attributes:
        rate: the rate in use.
        undone: how often.
        message: what happened first, in words; ``""`` while nothing did.
    """

    RECENT, LONG, WARM_UP = 1 / 10, 1 / 100, 50

    def __init__(self, network: Network, descent: Descent, rate: float, factor: float = 20.0, every: int = 100):
        self.network, self.descent = network, descent
        self.asked, self.rate, self.factor, self.every = rate, rate, factor, every
        self.undone, self.message, self.answers = 0, "", 0
        self.recent, self.long, self.seen = 0.0, 0.0, 0
        self._aside = network.weights.copy(), descent.moments.copy(), 0

    def update(self, loss: float) -> str:
        """Take the loss of an answer, in spreads of the target; returns a sentence at the first undo, else ``""``."""
        self.answers += 1
        if not math.isfinite(loss):
            return self._undo("a prediction was no longer a number")
        self.seen += 1
        self.recent += max(self.RECENT, 1 / self.seen) * (loss - self.recent)
        # A loss of many spreads of the target is absurd, whatever it was before.
        normal = min(max(self.long, 1e-3), 1.0) if self.seen > self.WARM_UP else 1.0
        if self.recent > self.factor * normal:
            return self._undo(f"the loss had grown from {self.long:.2g} to {self.recent:.2g}")
        self.long += max(self.LONG, 1 / self.seen) * (loss - self.long)
        if self.rate < self.asked:
            self.rate = min(self.asked, self.rate * 1.01)
        if self.answers % self.every == 0 and self.recent <= 2 * self.long:
            self._put_aside()
        return ""

    def _put_aside(self) -> None:
        weights, moments, _ = self._aside
        weights[:] = self.network.weights
        moments[:] = self.descent.moments
        self._aside = weights, moments, self.descent.count

    def _undo(self, why: str) -> str:
        weights, moments, self.descent.count = self._aside
        self.network.weights[:] = weights
        self.descent.moments[:] = moments
        self.network.refresh()
        self.rate = max(self.rate / 2, self.asked / 1024)
        self.undone += 1
        # What the loss is now is what it is measured by from here on.
        self.recent, self.long, self.seen = 0.0, 0.0, 0
        if self.message:
            return ""
        self.message = (
            f"at answer {self.answers} {why}, so the last steps were undone and the learning rate lowered to "
            f"{self.rate:.2g}; a smaller lr would avoid it (said once)"
        )
        return self.message

    NUMBERS = ("asked", "rate", "factor", "every", "undone", "message", "answers", "recent", "long", "seen")

    def to_json(self) -> dict[str, Any]:
        """The numbers, for a snapshot."""
        return {**{name: getattr(self, name) for name in self.NUMBERS}, "count": self._aside[2]}

    def arrays(self) -> dict[str, np.ndarray]:
        """The parameters put aside and their moments, for a snapshot."""
        return {"weights": self._aside[0], "moments": self._aside[1]}

    def restore(self, data: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Take back what :meth:`to_json` and :meth:`arrays` gave."""
        for name in self.NUMBERS:
            setattr(self, name, data[name])
        self._aside = arrays["weights"].copy(), arrays["moments"].copy(), data["count"]
