"""What the training loop is told, checked once before any work starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grunit.errors import InputError


def plain(value: Any) -> Any:
    """The same with Python's numbers in place of NumPy's, also within lists, tuples and dicts.

    >>> plain({"betas": (np.float64(0.5), np.int64(1))})
    {'betas': (0.5, 1)}
    """
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return type(value)(plain(item) for item in value) if type(value) in (list, tuple) else value


PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class Settings:
    """How to train.

    Args:
        max_epochs: passes over the training batches at most (default 30).
        lr: learning rate, the highest one where a schedule varies it (default 1e-3).
        optimizer: a name from :data:`grunit.training.optimizers.OPTIMIZERS` or a ``torch.optim.Optimizer`` class.
        optimizer_options: further arguments of the optimiser, for example ``{"betas": (0.9, 0.98)}``.
        weight_decay: decoupled for ``"adamw"``, an L2 penalty for the others, as torch does (default 0.01).
        scheduler: ``"none"``, ``"cosine"``, ``"linear"``, ``"step"``, ``"plateau"`` or ``"one_cycle"``.
        warmup: share of all steps over which the learning rate first rises from 0, in [0, 1) (default 0).
        clip: largest norm of the gradient over all parameters; None for no clipping (default 1).
        patience: epochs without a better validation loss before training stops; None to use all epochs.
        chunk: truncate backpropagation through time to pieces of this many steps, carrying the state
            (default None: whole sequences).
        precision: ``"float32"`` or ``"bfloat16"`` (autocast; the weights stay float32).
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ...
        seed: of everything that is drawn: order of batches, dropout.
        verbose: 0 silent, 1 a bar on a terminal and a line an epoch elsewhere, 2 always lines.

    Raises:
        InputError: a value out of range, naming the argument.

    >>> Settings(max_epochs=5).optimizer
    'adamw'
    """

    max_epochs: int = 30
    lr: float = 1e-3
    optimizer: Any = "adamw"
    optimizer_options: dict[str, Any] = field(default_factory=dict)
    weight_decay: float = 0.01
    scheduler: str = "none"
    warmup: float = 0.0
    clip: float | None = 1.0
    patience: int | None = None
    chunk: int | None = None
    precision: str = "float32"
    device: str = "auto"
    seed: int = 0
    verbose: int = 1

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            object.__setattr__(self, name, plain(value))  # a checkpoint holds no numbers of NumPy
        wrong = [
            (self.max_epochs < 1, "max_epochs", "give a whole number of at least 1"),
            (not self.lr > 0, "lr", "give a number above 0"),
            (self.weight_decay < 0, "weight_decay", "give 0 or more"),
            (not 0 <= self.warmup < 1, "warmup", "give a share of all steps, at least 0 and below 1"),
            (self.clip is not None and not self.clip > 0, "clip", "give a number above 0, or None for no clipping"),
            (self.patience is not None and self.patience < 1, "patience", "give at least 1, or None to use all epochs"),
            (self.chunk is not None and self.chunk < 1, "chunk", "give at least 1, or None for whole sequences"),
            (self.precision not in PRECISIONS, "precision", "use one of " + ", ".join(PRECISIONS)),
        ]
        for is_wrong, name, mend in wrong:
            if is_wrong:
                raise InputError(f"{name} is {getattr(self, name)!r}: {mend}")
