"""Classification of sequences of numbers."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from torch import Tensor, nn

from grunit.errors import InputError
from grunit.tasks import sequence_arguments as arguments
from grunit.tasks.sequence_estimator import SequenceEstimator, predict_batch


class SequenceClassifier(ClassifierMixin, SequenceEstimator):
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
        labels = arguments.as_data_error(column_or_1d, y, warn=True)
        arguments.as_data_error(check_classification_targets, labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        self.class_weights_ = self._weigh(labels)
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
        logits = self.decision(X)
        powers = np.exp(logits - logits.max(1, keepdims=True))
        return powers / powers.sum(1, keepdims=True)

    def decision(self, X: Any) -> np.ndarray:
        """The logits, ``(N, classes)``."""
        return self.answer(X)

    def loss(self, model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        """Cross-entropy, weighted by class."""
        inputs, lengths, targets = batch
        logits = predict_batch(model, inputs, lengths).float()
        weight = torch.from_numpy(self.class_weights_).to(logits)
        losses = nn.functional.cross_entropy(
            logits, targets, weight, label_smoothing=self.label_smoothing, reduction="none"
        )
        # By the weight of the whole class table, not of the batch: a batch without the rare class must not count alike.
        return losses.mean()

    def outputs(self) -> int:
        """The number of classes."""
        return len(self.classes_)

    def encoders(self) -> dict[str, dict[str, Any]]:
        """What every sequence estimator keeps, and the classes."""
        classes = {"dtype": self.classes_.dtype.str, "labels": self.classes_.tolist()}
        return {**super().encoders(), "classes": {**classes, "weights": self.class_weights_.tolist()}}

    def decode(self, encoders: dict[str, dict[str, Any]]) -> None:
        """The same back, and an untrained model of the right shape."""
        found = encoders["classes"]
        dtype = found["dtype"]
        self.classes_ = np.array(found["labels"], dtype=object if dtype == "|O" else dtype)
        self.class_weights_ = np.array(found["weights"], dtype=float)
        if isinstance(self.class_weight, list):  # JSON knows no mapping from numbers
            self.class_weight = dict(self.class_weight)
        super().decode(encoders)

    def _config(self) -> dict[str, Any]:
        config = super()._config()
        if isinstance(self.class_weight, dict):
            config["class_weight"] = [[plain_label(label), float(w)] for label, w in self.class_weight.items()]
        return config

    def _check(self) -> None:
        arguments.check_arguments(self)
        if not 0 <= self.label_smoothing < 1:
            raise InputError(f"label_smoothing is {self.label_smoothing!r}: give a share of at least 0 and below 1")
        if (
            self.class_weight is not None
            and self.class_weight != "balanced"
            and not isinstance(self.class_weight, dict)
        ):
            raise InputError(f"class_weight is {self.class_weight!r}: give None, 'balanced' or {{label: weight}}")

    def _weigh(self, labels: np.ndarray) -> np.ndarray:
        """The weight of each class, such that a sequence weighs 1 in the mean."""
        if isinstance(self.class_weight, dict):
            unknown = [label for label in self.class_weight if label not in self.classes_.tolist()]
            if unknown:
                raise InputError(f"class_weight names {unknown[0]!r}, which is no label: use {self.classes_.tolist()}")
        weights = compute_class_weight(self.class_weight, classes=self.classes_, y=labels)
        mean = weights[np.searchsorted(self.classes_, labels)].mean()
        if not (np.isfinite(weights).all() and (weights >= 0).all() and mean > 0):
            raise InputError(f"class_weight is {self.class_weight!r}: give weights of at least 0, not all 0")
        return weights / mean


def plain_label(label: Any) -> Any:
    """A label as JSON holds it."""
    return label.item() if isinstance(label, np.generic) else label
