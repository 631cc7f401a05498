"""What the training loop is told, checked once before any work starts."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from grunit.errors import InputError, suggest
from grunit.training.averaging import AVERAGES


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
        clip_value: largest absolute entry of the gradient, cut before the norm is; None (default) for no such cut.
        l1, l2: factors of the sums of absolute and of squared weights, added to the loss of training; matrices only,
            not biases (default 0). ``weight_decay`` stays what it is.
        activation_l2, change_l2: factors of the mean square of a core's outputs and of their change from step to
            step, added to the loss of training (default 0; Merity et al. 2018, there alpha and beta: 2 and 1).
        auxiliary: further losses of training, a list of ``(function, factor)``; ``function(model, batch)`` gives a
            scalar, after the main loss of the same batch was computed.
        averaging: ``"none"``, ``"ema"`` (of every step), ``"swa"`` (of the ends of epochs) or ``"triggered"`` (of
            every step from where validation no longer gets better): the average is what is validated and kept.
        averaging_decay: of ``"ema"``, in [0, 1); about the last ``1 / (1 - decay)`` steps count (default 0.99).
        averaging_start: of ``"swa"``: share of the epochs after which it begins, in [0, 1) (default 0.75).
        averaging_patience: of ``"triggered"``: it begins once a validation loss is above the least of all but so many
            before it (default 5; Merity et al. 2018, there n).
        accumulate: batches whose gradients make one step together, as one batch of their size would (default 1).
        bucketing: batches of sequences of near lengths, in an order that still follows from the seed.
        freeze: patterns of the names of parameters that do not learn, for example ``["core.*"]``.
        lr_factors: factor of the learning rate by pattern, for example ``{"core.*": 0.1}``.
        layer_decay: share of the learning rate of the layer above that each layer learns at (default 1).
        patience: epochs without a better validation loss before training stops; None to use all epochs.
        chunk: truncate backpropagation through time to pieces of this many steps, carrying the state
            (default None: whole sequences).
        random_chunk: the pieces' lengths vary about ``chunk``, anew in every epoch, and the learning rate of each is
            scaled by its length (default False; see :func:`~grunit.training.truncation.random_lengths`).
        checkpoint_every: batches between checkpoints within an epoch (default None: one an epoch). A killed process
            repeats at most so many.
        monitor: epochs between two looks at gates, True for one an epoch: how often each is closed or open, and the
            norm of the gradient, go into the history, and what is wrong is warned of in words (default False).
        log_dir: a folder of this training's own for TensorBoard; None (default) for none. What an earlier training
            wrote there is hidden.
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
    clip_value: float | None = None
    l1: float = 0.0
    l2: float = 0.0
    activation_l2: float = 0.0
    change_l2: float = 0.0
    auxiliary: Any = ()
    averaging: str = "none"
    averaging_decay: float = 0.99
    averaging_start: float = 0.75
    averaging_patience: int = 5
    accumulate: int = 1
    bucketing: bool = False
    freeze: Any = ()
    lr_factors: dict[str, float] = field(default_factory=dict)
    layer_decay: float = 1.0
    patience: int | None = None
    chunk: int | None = None
    random_chunk: bool = False
    checkpoint_every: int | None = None
    monitor: int = False
    log_dir: Any = None
    precision: str = "float32"
    device: str = "auto"
    seed: int = 0
    verbose: int = 1

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            object.__setattr__(self, name, plain(value))  # a checkpoint holds no numbers of NumPy
        self._check_kinds()
        wrong = [
            (self.max_epochs < 1, "max_epochs", "give a whole number of at least 1"),
            (not self.lr > 0, "lr", "give a number above 0"),
            (self.weight_decay < 0, "weight_decay", "give 0 or more"),
            (not 0 <= self.warmup < 1, "warmup", "give a share of all steps, at least 0 and below 1"),
            (self.clip is not None and not self.clip > 0, "clip", "give a number above 0, or None for no clipping"),
            (self.clip_value is not None and not self.clip_value > 0, "clip_value", "give a number above 0, or None"),
            *[
                (not getattr(self, name) >= 0, name, "give 0 or more")
                for name in ("l1", "l2", "activation_l2", "change_l2")
            ],
            (self.averaging not in AVERAGES, "averaging", suggest(self.averaging, AVERAGES)),
            (not 0 <= self.averaging_decay < 1, "averaging_decay", "give at least 0 and below 1"),
            (
                not 0 <= self.averaging_start < 1,
                "averaging_start",
                "give a share of the epochs, at least 0 and below 1",
            ),
            (self.averaging_patience < 1, "averaging_patience", "give a whole number of at least 1"),
            (self.accumulate < 1, "accumulate", "give a whole number of at least 1"),
            (
                self.accumulate > 1 and self.chunk is not None,
                "accumulate",
                "give 1 with chunk, where every piece makes a step of its own",
            ),
            (isinstance(self.freeze, str), "freeze", "give a list of patterns"),
            (any(not value > 0 for value in self.lr_factors.values()), "lr_factors", "give factors above 0, or freeze"),
            (not 0 < self.layer_decay <= 1, "layer_decay", "give a share above 0, at most 1"),
            (self.patience is not None and self.patience < 1, "patience", "give at least 1, or None to use all epochs"),
            (self.chunk is not None and self.chunk < 1, "chunk", "give at least 1, or None for whole sequences"),
            (self.random_chunk and self.chunk is None, "random_chunk", "give chunk too, about which lengths vary"),
            (
                self.checkpoint_every is not None and self.checkpoint_every < 1,
                "checkpoint_every",
                "give at least 1, or None for one an epoch",
            ),
            (self.monitor < 0, "monitor", "give True, or epochs between two looks"),
            (self.precision not in PRECISIONS, "precision", suggest(self.precision, PRECISIONS)),
        ]
        for is_wrong, name, mend in wrong:
            if is_wrong:
                raise InputError(f"{name} is {getattr(self, name)!r}: {mend}")

    def _check_kinds(self) -> None:
        """Refuse what is no number where one is due, before it is compared with one."""
        for one in fields(self):
            kind, _, rest = str(one.type).partition(" | ")
            value = getattr(self, one.name)
            if kind not in {"int", "float"} or (rest and value is None):
                continue
            switch = isinstance(value, bool) and one.name != "monitor"
            if switch or not isinstance(value, int if kind == "int" else (int, float)):
                wanted = "a whole number" if kind == "int" else "a number"
                raise InputError(f"{one.name} is {value!r}: give {wanted}{' or None' if rest else ''}")
