"""Classification of sequences of numbers."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch
from sklearn.base import ClassifierMixin
from torch import Tensor, nn

from grunit.tasks import sequence_arguments as arguments
from grunit.tasks.class_answers import ClassAnswers, softmax
from grunit.tasks.sequence_estimator import SequenceEstimator, predict_batch


class SequenceClassifier(ClassAnswers, ClassifierMixin, SequenceEstimator):
    """Tells which class a sequence of numbers belongs to.

    Args:
        cell: a name from :func:`grunit.cells.names`, a subclass of :class:`grunit.Cell`, or a list, one a layer.
        hidden_size, num_layers, bidirectional, dropout: of the network (default 64, 1, True, 0).
        cell_options: passed to the cell and to :class:`grunit.Recurrent`, for example ``{"state_dropout": 0.2}``.
        pooling: how a sequence becomes one vector: ``"last"``, ``"first"``, ``"mean"``, ``"max"``, ``"sum"``,
            ``"attention"``, or a list of these side by side (default last and max).
        front: what stands before the core: None, ``"convolution"`` or ``"segments"``.
        front_options: of :class:`grunit.nn.ConvolutionFront` or :class:`grunit.nn.SegmentFront`, for example
            ``{"stride": 2}``.
        branch: ``"convolution"`` for a convolutional network beside the core, as in LSTM-FCN; default None.
        branch_options: of :class:`~grunit.tasks.sequence_model.ConvolutionBranch`, for example
            ``{"channels": (32, 32), "kernel_sizes": (5, 3)}``.
        class_weight: how much an error counts: None for alike, ``"balanced"`` for classes alike however many sequences
            each has, or a mapping ``{label: weight}``; a class that is not named weighs 1.
        label_smoothing: share of the target spread over all classes, in [0, 1).
        scaler: ``"standard"``, ``"robust"``, ``"minmax"`` or ``"none"``, for each feature, of the training sequences.
        validation_fraction: share of the sequences, of every class alike, that is not learnt from and decides which
            weights are kept; 0 (default) for none, or 0.15 where ``patience`` is given.
        max_epochs: passes over the sequences (default: as many as make 600 optimiser steps, at least 20, at most 300).
        batch_size, lr, optimizer, optimizer_options, weight_decay, scheduler, warmup, clip, patience, precision,
        device, seed, verbose: see :class:`grunit.training.Settings`.
        training_options: the rarer arguments of :class:`grunit.training.Settings`, for example
            ``{"bucketing": True}`` for batches of sequences of near lengths.

    Missing values are NaN: they are filled with the feature's centre, and a mask beside each feature that has any in
    training tells the network so.

    Attributes:
        classes_: the labels, sorted.
        model_: the network, a :class:`~grunit.tasks.sequence_model.SequenceModel`.
        history_: what happened in training.

    >>> import numpy as np
    >>> rising, falling = [np.linspace(0, 1, n) for n in range(4, 9)], [np.linspace(1, 0, n) for n in range(4, 9)]
    >>> classifier = SequenceClassifier(hidden_size=8, max_epochs=40, lr=0.02, verbose=0)
    >>> classifier.fit(rising + falling, ["up"] * 5 + ["down"] * 5).predict([np.array([0.1, 0.5, 0.8])])
    array(['up'], dtype='<U4')
    """

    kind = "SequenceClassifier"

    def __init__(
        self,
        cell: Any = "gru",
        hidden_size: int = 64,
        num_layers: int = 1,
        *,
        bidirectional: bool = True,
        dropout: float = 0.0,
        cell_options: dict[str, Any] | None = None,
        pooling: Any = ("last", "max"),
        front: str | None = None,
        front_options: dict[str, Any] | None = None,
        branch: str | None = None,
        branch_options: dict[str, Any] | None = None,
        class_weight: Any = None,
        label_smoothing: float = 0.0,
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
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.cell_options = cell_options
        self.pooling = pooling
        self.front = front
        self.front_options = front_options
        self.branch = branch
        self.branch_options = branch_options
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
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
    ) -> SequenceClassifier:
        """Learn from labelled sequences.

        Args:
            X: an array ``(N, T)`` or ``(N, T, F)``, a table with a step a column, or a list of N arrays ``(T_i,)`` or
                ``(T_i, F)`` of any lengths.
            y: N labels of any kind.
            resume: go on with a fit of the same data that was interrupted, to the same weights as without the
                interruption.
            checkpoint: a file that is kept up to date with every epoch and removed at the end, so that even a killed
                process can be resumed.
            watch: called with the :class:`~grunit.training.History` after every epoch.
            transfer: a fitted model of sequences, or the folder of one, to begin from: of the same core, most often a
                :class:`grunit.SequencePretrainer`. Its weights but the head's are taken over, with the scale of its
                features; ``training_options={"freeze": ["core.*"]}`` keeps them as they are.

        Raises:
            DataError: the sequences or labels cannot be used.
            InputError: an argument.
            DivergenceError: the loss is not finite.
        """
        self._check()
        sequences = arguments.read_sequences(self, X, reset=True)
        arguments.require_targets(y, len(sequences))
        codes = self.learn_classes(y)
        self.train(
            sequences,
            torch.from_numpy(codes),
            codes,
            resume=resume,
            checkpoint=checkpoint,
            watch=watch,
            transfer=transfer,
        )
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest class of each sequence, ``(N,)``; X as in :meth:`fit`.

        Raises:
            NotFittedError: before ``fit``.
            DataError: the sequences cannot be used, or have other features than those of ``fit``. A model of a table
                ``(N, T)`` takes tables of the same T; sequences of other lengths come as ``(N, T, 1)`` or a list.
        """
        chosen = self.decision(X).argmax(1)
        return self.classes_[chosen]

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class, ``(N, classes)`` in the order of ``classes_``; X as in :meth:`fit`."""
        return softmax(self.decision(X))

    def decision(self, X: Any) -> np.ndarray:
        """The logits, ``(N, classes)``."""
        return self.answer(X)

    def loss(self, model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        """Cross-entropy, weighted by class."""
        inputs, lengths, targets = batch
        logits = predict_batch(model, inputs, lengths).float()
        return self.class_loss(logits, targets, self.label_smoothing)

    def outputs(self) -> int:
        """The number of classes."""
        return len(self.classes_)

    def encoders(self) -> dict[str, dict[str, Any]]:
        """What every sequence estimator keeps, and the classes."""
        return {**super().encoders(), "classes": self.classes_to_json()}

    def decode(self, encoders: dict[str, dict[str, Any]]) -> None:
        """The same back, and an untrained model of the right shape."""
        self.classes_from_json(encoders["classes"])
        super().decode(encoders)

    def _config(self) -> dict[str, Any]:
        return super()._config() | self.class_config()

    def _check(self) -> None:
        arguments.check_arguments(self)
        self.check_class_arguments()
