"""What happened during training."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class History:
    """One entry an epoch: mean training loss, validation loss (empty without validation), learning rate, seconds.

    With ``monitor`` also: the mean norm of the gradient before clipping; by gate, named as in :func:`grunit.trace`, a
    list ``[epoch, share closed, share open]`` a look; and what was warned of, a sentence a topic. With
    ``averaging="triggered"`` the epoch, counted from 1, after which averaging began, None before.

    >>> history = History(train=[3.0, 2.0], validation=[3.0, 2.5])
    >>> history.epochs, history.best_epoch
    (2, 2)
    """

    train: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    lr: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    stopped_early: bool = False
    gradient_norm: list[float] = field(default_factory=list)
    gates: dict[str, list[list[float]]] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)
    averaged_from: int | None = None

    @property
    def epochs(self) -> int:
        """How many epochs were completed."""
        return len(self.train)

    @property
    def best_epoch(self) -> int:
        """The epoch, counted from 1, whose weights were kept: the best on validation, or the last without one.

        A validation loss that is not finite is never the best.

        >>> History(train=[3.0, 2.0, 1.0], validation=[math.nan, 2.5, 2.7]).best_epoch
        2
        """
        finite = [loss for loss in self.validation if math.isfinite(loss)]
        return self.validation.index(min(finite)) + 1 if finite else self.epochs

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain lists and numbers, as JSON can hold them; what is not finite is None."""
        finite = {
            name: [value if math.isfinite(value) else None for value in getattr(self, name)]
            for name in ("validation", "gradient_norm")
        }
        return {**asdict(self), **finite, "best_epoch": self.best_epoch}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> History:
        """The history that :meth:`to_dict` described.

        >>> again = History.from_dict(History(train=[1.0], validation=[math.inf]).to_dict())
        >>> again.train, again.validation
        ([1.0], [nan])
        """
        given = {name: value for name, value in data.items() if name != "best_epoch"}
        finite = {
            name: [math.nan if value is None else value for value in given.get(name, [])]
            for name in ("validation", "gradient_norm")
        }
        return cls(**{**given, **finite})
