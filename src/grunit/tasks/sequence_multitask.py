"""Several questions about the same sequences, answered by one network."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from grunit.nn.options import check_choice
from grunit.tasks import sequence_arguments as arguments
from grunit.tasks.sequence_estimator import SequenceEstimator, predict_batch
from grunit.tasks.sequence_heads import HEADS, ClassHead, Head, Heads, check_tasks, find_answers
from grunit.tasks.sequence_model import SequenceModel
from grunit.tasks.sequence_regressor import LOSSES


class SequenceMultitask(SequenceEstimator):
    """Answers several questions about a sequence of numbers: one core learns for all of them, with a head each.

    Args:
        tasks: what is asked, by name: ``"classification"`` or ``"regression"``, for example
            ``{"gesture": "classification", "speed": "regression"}``.
        task_weights: factor of each task's loss, by name; a task that is not named weighs 1. The total is the sum of
            the losses times their factors; numbers are learnt scaled to spread 1, so that losses are of like size.
        error: of the regressions: ``"squared"`` (default), ``"absolute"`` or ``"huber"``, of scaled targets.
        cell, hidden_size, num_layers, bidirectional, dropout, cell_options, pooling, front, front_options, branch,
        branch_options, scaler, max_epochs, batch_size: see :class:`grunit.SequenceClassifier`.
        validation_fraction: share of the sequences that is not learnt from and decides which weights are kept, by the
            total; of every class of the first classification alike. 0 (default) for none, 0.15 with ``patience``.
        lr, optimizer, optimizer_options, weight_decay, scheduler, warmup, clip, patience, precision, device, seed,
        verbose, training_options: see :class:`grunit.training.Settings`. The heads' parameters are called
            ``head.tasks.<name>.*``.

    Attributes:
        heads_: what each task's answers mean, by name; of a classification with ``classes``.
        model_: the network, a :class:`~grunit.tasks.sequence_model.SequenceModel`.
        history_: what happened in training; its losses are totals.

    Source: Caruana, *Multitask learning*, Machine Learning 28 (1997): hard sharing of hidden layers.

    >>> import numpy as np
    >>> paces = np.linspace(0.2, 1.5, 20)
    >>> waves = [np.sin(np.arange(12) * pace) for pace in paces]
    >>> tasks = {"fast": "classification", "pace": "regression"}
    >>> both = SequenceMultitask(tasks, hidden_size=8, max_epochs=40, verbose=0)
    >>> both = both.fit(waves, {"fast": paces > 0.8, "pace": paces})
    >>> sorted(both.predict(waves[:2])), both.predict(waves)["pace"].shape
    (['fast', 'pace'], (20,))
    """

    kind = "SequenceMultitask"

    def __init__(
        self,
        tasks: dict[str, str],
        task_weights: dict[str, float] | None = None,
        *,
        error: str = "squared",
        cell: Any = "gru",
        hidden_size: int = 64,
        num_layers: int = 1,
        bidirectional: bool = True,
        dropout: float = 0.0,
        cell_options: dict[str, Any] | None = None,
        pooling: Any = ("last", "max"),
        front: str | None = None,
        front_options: dict[str, Any] | None = None,
        branch: str | None = None,
        branch_options: dict[str, Any] | None = None,
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
        self.tasks = tasks
        self.task_weights = task_weights
        self.error = error
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.cell_options = cell_options
        self.pooling = pooling
        self.front = front
        self.front_options = front_options
        self.branch = branch
        self.branch_options = branch_options
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
        y: Any,
        *,
        resume: bool = False,
        checkpoint: str | os.PathLike | None = None,
        watch: Any = None,
        transfer: Any = None,
    ) -> SequenceMultitask:
        """Learn from sequences and the answers of every task.

        Args:
            X: as for :meth:`grunit.SequenceClassifier.fit`.
            y: by the name of the task (a mapping, or a frame with a column each): labels ``(N,)`` of a classification,
                numbers ``(N,)`` or ``(N, K)`` of a regression.
            resume, checkpoint, watch, transfer: as for :meth:`grunit.SequenceClassifier.fit`.

        Raises:
            DataError: the sequences or targets cannot be used.
            InputError: an argument, or the names in ``y``.
            DivergenceError: the loss is not finite.
        """
        arguments.check_arguments(self)
        check_choice("error", self.error, tuple(LOSSES))
        check_tasks(self.tasks, self.task_weights)
        sequences = arguments.read_sequences(self, X, reset=True)
        self.heads_: dict[str, Head] = {}
        columns, groups = [], None
        for name, values in find_answers(y, self.tasks).items():
            arguments.require_targets(values, len(sequences))
            self.heads_[name], targets = HEADS[self.tasks[name]].learn(values)
            columns.append(targets)
            if groups is None and isinstance(self.heads_[name], ClassHead):
                groups = targets[:, 0]
        self.train(
            sequences,
            torch.from_numpy(np.concatenate(columns, 1)).float(),
            groups,
            resume=resume,
            checkpoint=checkpoint,
            watch=watch,
            transfer=transfer,
        )
        return self

    def predict(self, X: Any) -> dict[str, np.ndarray]:
        """The answers of every task by name: labels ``(N,)``, numbers ``(N,)`` or ``(N, K)``; X as in :meth:`fit`.

        Raises:
            NotFittedError: before ``fit``.
            DataError: the sequences cannot be used, or have other features than those of ``fit``.
        """
        return {name: self.heads_[name].answer(part) for name, part in self._answers(X).items()}

    def predict_proba(self, X: Any) -> dict[str, np.ndarray]:
        """The probabilities ``(N, classes)`` of every classification by name, in the order of its ``classes``."""
        answers, found = self._answers(X), self.heads_.items()
        return {name: head.probabilities(answers[name]) for name, head in found if isinstance(head, ClassHead)}

    def score(self, X: Any, y: Any) -> dict[str, float]:
        """By name, the accuracy of a classification and R2 of a regression; y as in :meth:`fit`."""
        answers, values = self._answers(X), find_answers(y, self.tasks)
        return {name: self.heads_[name].score(answers[name], values[name]) for name in self.tasks}

    def losses(self, model: nn.Module, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """The mean loss of each task on a batch, without its factor."""
        inputs, lengths, targets = batch
        outputs = predict_batch(model, inputs, lengths).float()
        parts = outputs.split([head.outputs for head in self.heads_.values()], -1)
        wanted = targets.split([head.columns for head in self.heads_.values()], -1)
        return {
            name: head.loss(part, target, self.error)
            for (name, head), part, target in zip(self.heads_.items(), parts, wanted, strict=True)
        }

    def loss(self, model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        """The sum of the tasks' losses times their factors."""
        factors = self.task_weights or {}
        terms = [float(factors.get(name, 1.0)) * loss for name, loss in self.losses(model, batch).items()]
        return torch.stack(terms).sum()

    def outputs(self) -> int:
        """The numbers of all heads together."""
        return sum(head.outputs for head in self.heads_.values())

    def build(self) -> SequenceModel:
        """An untrained network with a head a task."""
        model = super().build()
        sizes = {name: head.outputs for name, head in self.heads_.items()}
        model.add_module("head", Heads(model.head.in_features, sizes))
        return model

    def encoders(self) -> dict[str, dict[str, Any]]:
        """What every sequence estimator keeps, and what each task's answers mean."""
        return {**super().encoders(), "heads": {name: head.to_json() for name, head in self.heads_.items()}}

    def decode(self, encoders: dict[str, dict[str, Any]]) -> None:
        """The same back, and an untrained model of the right shape."""
        check_tasks(self.tasks, self.task_weights)
        self.heads_ = {name: HEADS[kind].from_json(encoders["heads"][name]) for name, kind in self.tasks.items()}
        super().decode(encoders)

    def _answers(self, X: Any) -> dict[str, np.ndarray]:
        """What the network says, by task."""
        outputs = self.answer(X)
        places = np.cumsum([head.outputs for head in self.heads_.values()])[:-1]
        return dict(zip(self.heads_, np.split(outputs, places, axis=1), strict=True))
