"""What the answers of each of several tasks mean: from a user's targets to a loss, and from outputs to answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from torch import Tensor, nn

from grunit.data.sequence_scaling import FeatureScaler
from grunit.errors import InputError, suggest
from grunit.tasks import sequence_arguments as arguments
from grunit.tasks.class_answers import softmax
from grunit.tasks.sequence_regressor import LOSSES


@dataclass(frozen=True)
class ClassHead:
    """Which class; the targets are codes ``(N, 1)``, the outputs logits.

    >>> head, targets = ClassHead.learn(["b", "a", "b"])
    >>> targets.tolist(), head.answer(np.array([[3.0, 1.0]]))
    ([[1.0], [0.0], [1.0]], array(['a'], dtype='<U1'))
    """

    classes: np.ndarray
    columns: ClassVar[int] = 1

    @classmethod
    def learn(cls, values: Any) -> tuple[ClassHead, np.ndarray]:
        """From labels ``(N,)``: the head, and the targets."""
        labels = arguments.as_data_error(column_or_1d, values, warn=True)
        arguments.as_data_error(check_classification_targets, labels)
        classes, codes = np.unique(labels, return_inverse=True)
        return cls(classes), codes[:, None].astype(float)

    @property
    def outputs(self) -> int:
        """Numbers that the network answers with."""
        return len(self.classes)

    def loss(self, outputs: Tensor, targets: Tensor, error: str) -> Tensor:
        """Mean cross-entropy, as that of :class:`grunit.SequenceClassifier`."""
        return nn.functional.cross_entropy(outputs, targets[:, 0].long())

    def answer(self, outputs: np.ndarray) -> np.ndarray:
        """Labels ``(N,)``."""
        return self.classes[outputs.argmax(1)]

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Of each class, ``(N, classes)``."""
        return softmax(outputs)

    def score(self, outputs: np.ndarray, values: Any) -> float:
        """Accuracy."""
        return float(accuracy_score(values, self.answer(outputs)))

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {"dtype": self.classes.dtype.str, "labels": self.classes.tolist()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ClassHead:
        """What :meth:`to_json` described."""
        return cls(np.array(data["labels"], dtype=object if data["dtype"] == "|O" else data["dtype"]))


@dataclass(frozen=True)
class NumberHead:
    """One number or several; the targets are scaled, and so are the outputs.

    >>> head, targets = NumberHead.learn([1.0, 3.0])
    >>> targets.tolist(), head.answer(np.array([[0.0], [2.0]])).tolist()
    ([[-1.0], [1.0]], [2.0, 4.0])
    """

    scaler: FeatureScaler
    several: bool

    @classmethod
    def learn(cls, values: Any) -> tuple[NumberHead, np.ndarray]:
        """From numbers ``(N,)`` or ``(N, K)``: the head, and the targets."""
        given = arguments.read_targets(values, len(values))
        table = given.reshape(len(given), -1)
        scaler = FeatureScaler.measure(table)
        return cls(scaler, given.ndim > 1), scaler.transform(table)

    @property
    def outputs(self) -> int:
        """Numbers that the network answers with."""
        return len(self.scaler.center)

    @property
    def columns(self) -> int:
        """Columns of the targets."""
        return self.outputs

    def loss(self, outputs: Tensor, targets: Tensor, error: str) -> Tensor:
        """Mean error of scaled targets, as that of :class:`grunit.SequenceRegressor`."""
        return LOSSES[error](outputs, targets)

    def answer(self, outputs: np.ndarray) -> np.ndarray:
        """Numbers ``(N,)`` or ``(N, K)``."""
        values = self.scaler.inverse(outputs)
        return values if self.several else values[:, 0]

    def score(self, outputs: np.ndarray, values: Any) -> float:
        """R2, a mean over several numbers."""
        return float(r2_score(values, self.answer(outputs)))

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {"several": self.several, **self.scaler.to_json()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> NumberHead:
        """What :meth:`to_json` described."""
        return cls(FeatureScaler.from_json(data), bool(data["several"]))


Head = ClassHead | NumberHead
HEADS: dict[str, type[ClassHead] | type[NumberHead]] = {"classification": ClassHead, "regression": NumberHead}
"""By the word a user gives."""


class Heads(nn.Module):
    """A linear layer a task, on the same features; their outputs side by side.

    Args:
        features: of the input.
        outputs: of each task, by name.

    >>> Heads(3, {"gesture": 2, "speed": 1})(torch.zeros(5, 3)).shape
    torch.Size([5, 3])
    """

    def __init__(self, features: int, outputs: Mapping[str, int]):
        super().__init__()
        self.tasks = nn.ModuleDict({name: nn.Linear(features, size) for name, size in outputs.items()})

    def forward(self, x: Tensor) -> Tensor:
        """``(..., features)`` -> ``(..., sum of outputs)``."""
        return torch.cat([head(x) for head in self.tasks.values()], -1)


def check_tasks(tasks: Any, weights: Any) -> None:
    """Refuse tasks that cannot be learnt, and weights that are not theirs.

    Raises:
        InputError: naming what is wrong.

    >>> check_tasks({"speed": "regresion"}, None)
    Traceback (most recent call last):
        ...
    grunit.errors.InputError: tasks: 'speed' is 'regresion': did you mean 'regression'?
    """
    if not isinstance(tasks, Mapping) or not tasks:
        raise InputError(f"tasks is {tasks!r}: give names and kinds, such as {{'gesture': 'classification'}}")
    for name, kind in tasks.items():
        if not isinstance(name, str) or not name or "." in name or hasattr(nn.ModuleDict(), name):
            raise InputError(f"tasks: {name!r} cannot name a task: use another word, without dots")
        if kind not in HEADS:
            raise InputError(f"tasks: {name!r} is {kind!r}: {suggest(kind, HEADS)}")
    given = {} if weights is None else weights
    if not isinstance(given, Mapping):
        raise InputError(f"task_weights is {weights!r}: give numbers by the name of the task, or None")
    for name, weight in given.items():
        if name not in tasks:
            raise InputError(f"task_weights: there is no task {name!r}: {suggest(name, tasks)}")
        if isinstance(weight, (bool, str)) or not 0 <= weight < float("inf"):
            raise InputError(f"task_weights: {name!r} weighs {weight!r}: give a number of at least 0")
    if not any(given.get(name, 1.0) > 0 for name in tasks):
        raise InputError("task_weights leaves no task to learn: give one more than 0")


def find_answers(y: Any, tasks: Mapping[str, str]) -> dict[str, Any]:
    """The targets of each task, from a mapping or a frame with a column a task.

    Raises:
        InputError: there is none of a task, or one too many.

    >>> find_answers({"speed": [1.0]}, {"speed": "regression"})
    {'speed': [1.0]}
    """
    if not (isinstance(y, Mapping) or hasattr(y, "columns")):
        raise InputError(
            f"y is a {type(y).__name__}: give the targets of each task by name, such as {{'speed': [...]}}"
        )
    names = list(y.columns) if hasattr(y, "columns") else list(y)
    for name in tasks:
        if name not in names:
            raise InputError(f"y has no targets of the task {name!r} (it has {', '.join(map(str, names)) or 'none'})")
    for name in names:
        if name not in tasks:
            raise InputError(f"y has targets of {name!r}, which is no task: {suggest(name, tasks)}")
    return {name: y[name].to_numpy() if hasattr(y[name], "to_numpy") else y[name] for name in tasks}
