"""Learning from sequences without answers: what was hidden, or what comes next, told from the rest."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from grunit.errors import InputError
from grunit.nn.options import check_choice, check_share, check_size
from grunit.tasks import sequence_arguments as arguments
from grunit.tasks.sequence_estimator import SequenceEstimator
from grunit.tasks.sequence_model import SequenceModel

AIMS = ("masked", "next")


class SequencePretrainer(SequenceEstimator):
    """Learns what sequences are like, for a classifier or regressor with few answers to begin from.

    ``SequenceClassifier(...).fit(X, y, transfer=pretrainer)`` takes over the weights of the core, and the scale of the
    features; cell and sizes must be the same.

    Args:
        aim: ``"masked"``: spans of steps are hidden and told from what is around them; ``"next"``: each step is told
            from those before it, which needs ``bidirectional=False``.
        mask_share: share of the steps that are hidden (default 0.25).
        span: steps that are hidden together (default 4): a single one could be told from its neighbours alone.
        cell, hidden_size, num_layers, bidirectional, dropout, cell_options, scaler, validation_fraction, max_epochs,
        batch_size, lr, optimizer, optimizer_options, weight_decay, scheduler, warmup, clip, patience, precision,
        device, seed, verbose, training_options: as in :class:`grunit.SequenceClassifier`.

    Attributes:
        model_: a :class:`~grunit.tasks.sequence_model.SequenceModel` whose head answers at every step.
        history_: what happened in training; losses are mean squared errors of scaled values.

    Source: hidden spans of numeric series as in Zerveas et al., *A transformer-based framework for multivariate time
    series representation learning*, KDD (2021), section 3.3; the next step as in Dai & Le, *Semi-supervised sequence
    learning* (2015).

    >>> import numpy as np
    >>> waves = [np.sin(np.arange(20) + shift) for shift in range(8)]
    >>> pretrainer = SequencePretrainer(hidden_size=4, max_epochs=2, verbose=0).fit(waves)
    >>> pretrainer.history_.epochs
    2
    """

    kind = "SequencePretrainer"
    front: str | None = None
    front_options: dict[str, Any] | None = None
    branch: str | None = None
    branch_options: dict[str, Any] | None = None
    pooling = "last"

    def __init__(
        self,
        cell: Any = "gru",
        hidden_size: int = 64,
        num_layers: int = 1,
        *,
        aim: str = "masked",
        mask_share: float = 0.25,
        span: int = 4,
        bidirectional: bool = True,
        dropout: float = 0.0,
        cell_options: dict[str, Any] | None = None,
        scaler: str = "standard",
        validation_fraction: float = 0.0,
        max_epochs: int | None = None,
        batch_size: int = 32,
        lr: float = 3e-3,
        optimizer: Any = "adamw",
        optimizer_options: dict[str, Any] | None = None,
        weight_decay: float = 0.01,
        scheduler: str = "one_cycle",
        warmup: float = 0.0,
        clip: float | None = 1.0,
        patience: int | None = None,
        precision: str = "float32",
        device: str = "auto",
        seed: int = 0,
        verbose: int = 1,
        training_options: dict[str, Any] | None = None,
    ):
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.aim = aim
        self.mask_share = mask_share
        self.span = span
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.cell_options = cell_options
        self.scaler = scaler
        self.validation_fraction = validation_fraction
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.optimizer = optimizer
        self.optimizer_options = optimizer_options
        self.weight_decay = weight_decay
        self.scheduler = scheduler
        self.warmup = warmup
        self.clip = clip
        self.patience = patience
        self.precision = precision
        self.device = device
        self.seed = seed
        self.verbose = verbose
        self.training_options = training_options

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        resume: bool = False,
        checkpoint: str | os.PathLike | None = None,
        watch: Any = None,
    ) -> SequencePretrainer:
        """Learn from sequences; ``y`` is not looked at, the rest as for :class:`grunit.SequenceClassifier`.

        Raises:
            DataError: the sequences cannot be used.
            InputError: an argument.
        """
        arguments.check_arguments(self)
        check_choice("aim", self.aim, AIMS)
        check_share("mask_share", self.mask_share)
        check_size("span", self.span)
        if self.aim == "next" and self.bidirectional:
            raise InputError("aim='next' tells a step from those before it: set bidirectional=False")
        sequences = arguments.read_sequences(self, X, reset=True)
        nothing = torch.zeros(len(sequences))
        self.train(sequences, nothing, None, resume=resume, checkpoint=checkpoint, watch=watch)
        return self

    def loss(self, model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        """The mean squared error of the values that had to be told; missing ones are not counted."""
        assert isinstance(model, SequenceModel)
        inputs, lengths, _ = batch
        values = inputs[..., : self.features_]
        there = torch.ones_like(values)
        if self.masked_:
            there[..., self.masked_] = inputs[..., self.features_ :]
        valid = torch.arange(inputs.shape[1], device=inputs.device) < lengths.unsqueeze(1)
        if self.aim == "next":
            told = model.head(model.walk(inputs, lengths)[0])[:, :-1]
            wanted = valid[:, 1:].unsqueeze(-1) * there[:, 1:]
            values = values[:, 1:]
        else:
            hidden = hide(valid, self.mask_share, self.span)
            told = model.head(model.walk(inputs.masked_fill(hidden.unsqueeze(-1), 0), lengths)[0])
            wanted = hidden.unsqueeze(-1) * there
        return ((told - values).square() * wanted).sum() / wanted.sum().clamp(min=1)

    def outputs(self) -> int:
        """A value a feature, at every step."""
        return self.features_

    def describe(self, X: Any) -> np.ndarray:
        """What the network says after the last step of each sequence, ``(N, F)``: with ``"next"``, the step to come."""
        return self.scaler_.inverse(self.answer(X))


def hide(valid: Tensor, share: float, span: int) -> Tensor:
    """Steps ``(B, T)`` to be hidden: spans that begin anywhere, until about ``share`` of the valid steps is covered.

    >>> hidden = hide(torch.ones(50, 100, dtype=torch.bool), 0.25, 4)
    >>> 0.2 < float(hidden.float().mean()) < 0.3
    True
    """
    # A step stays visible if no span begins at it or at the span - 1 steps before it.
    starts = torch.rand(valid.shape, device=valid.device) < 1 - (1 - share) ** (1 / span)
    covered = starts.clone()
    for shift in range(1, min(span, valid.shape[1])):
        covered[:, shift:] |= starts[:, :-shift]
    return covered & valid
