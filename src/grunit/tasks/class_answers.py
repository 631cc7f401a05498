"""What every estimator shares whose answer is a class: labels, their weights, probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from torch import Tensor, nn

from grunit.errors import InputError
from grunit.tasks.sequence_arguments import as_data_error


class ClassAnswers:
    """Labels to numbers and back; the arguments ``class_weight`` and ``label_smoothing`` of an estimator.

    Attributes:
        classes_: the labels, sorted.
        class_weights_: ``(classes,)`` how much an error counts, 1 in the mean over the texts or sequences.
    """

    class_weight: Any
    label_smoothing: float
    classes_: np.ndarray
    class_weights_: np.ndarray

    def check_class_arguments(self) -> None:
        """Refuse values out of range before any work.

        Raises:
            InputError: naming the argument.
        """
        if not 0 <= self.label_smoothing < 1:
            raise InputError(f"label_smoothing is {self.label_smoothing!r}: give a share of at least 0 and below 1")
        given = self.class_weight
        if given is not None and given != "balanced" and not isinstance(given, dict):
            raise InputError(f"class_weight is {given!r}: give None, 'balanced' or {{label: weight}}")

    def learn_classes(self, y: Any) -> np.ndarray:
        """The number ``(N,)`` of each label's class; sets ``classes_`` and ``class_weights_``.

        Raises:
            DataError: they are no labels.
        """
        labels = as_data_error(column_or_1d, y, warn=True)
        as_data_error(check_classification_targets, labels)
        self.classes_, codes = as_data_error(np.unique, labels, return_inverse=True)
        self.class_weights_ = self._weigh(labels)
        return codes

    def class_loss(self, logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        """Cross-entropy, weighted by class.

        Divided by the number of rows and not by the weights of the batch: one without the rare class must not count
        alike.
        """
        weight = torch.from_numpy(self.class_weights_).to(logits)
        return nn.functional.cross_entropy(logits, targets, weight, label_smoothing=smoothing, reduction="none").mean()

    def classes_to_json(self) -> dict[str, Any]:
        """Labels and weights as plain JSON."""
        found = {"dtype": self.classes_.dtype.str, "labels": self.classes_.tolist()}
        return {**found, "weights": self.class_weights_.tolist()}

    def classes_from_json(self, found: dict[str, Any]) -> None:
        """The same back."""
        dtype = found["dtype"]
        self.classes_ = np.array(found["labels"], dtype=object if dtype == "|O" else dtype)
        self.class_weights_ = np.array(found["weights"], dtype=float)
        if isinstance(self.class_weight, list):  # JSON knows no mapping from numbers
            self.class_weight = dict(self.class_weight)

    def class_config(self) -> dict[str, Any]:
        """Arguments that JSON holds in another form."""
        if not isinstance(self.class_weight, dict):
            return {}
        pairs = self.class_weight.items()
        return {"class_weight": [[k.item() if isinstance(k, np.generic) else k, float(w)] for k, w in pairs]}

    def _weigh(self, labels: np.ndarray) -> np.ndarray:
        if isinstance(self.class_weight, dict):
            unknown = [label for label in self.class_weight if label not in self.classes_.tolist()]
            if unknown:
                raise InputError(f"class_weight names {unknown[0]!r}, which is no label: use {self.classes_.tolist()}")
        weights = compute_class_weight(self.class_weight, classes=self.classes_, y=labels)
        mean = weights[np.searchsorted(self.classes_, labels)].mean()
        if not (np.isfinite(weights).all() and (weights >= 0).all() and mean > 0):
            raise InputError(f"class_weight is {self.class_weight!r}: give weights of at least 0, not all 0")
        return weights / mean


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities ``(N, classes)``.

    >>> softmax(np.array([[0.0, 0.0], [1000.0, 0.0]])).tolist()
    [[0.5, 0.5], [1.0, 0.0]]
    """
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)
