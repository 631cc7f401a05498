"""What happened during training."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class History:
    """One entry an epoch: mean training loss, validation loss (empty without validation), learning rate, seconds.

    >>> history = History(train=[3.0, 2.0], validation=[3.0, 2.5])
    >>> history.epochs, history.best_epoch
    (2, 2)
    """

    train: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    lr: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    stopped_early: bool = False

    @property
    def epochs(self) -> int:
        """How many epochs were completed."""
        return len(self.train)

    @property
    def best_epoch(self) -> int:
        """The epoch, counted from 1, whose weights were kept: the best on validation, or the last without one."""
        if not self.validation:
            return self.epochs
        return self.validation.index(min(self.validation)) + 1

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain lists and numbers."""
        return {**asdict(self), "best_epoch": self.best_epoch}
