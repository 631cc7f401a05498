"""A class for every row of a stream."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grunit.errors import DataError, InputError
from grunit.online.rows import RowEstimator
from grunit.online.waiting import Question


class OnlineClassifier(RowEstimator):
    """Predicts a class for every row of a stream, and learns whenever an answer arrives.

    As :class:`~grunit.online.regressor.OnlineRegressor`, with probabilities instead of a number. Classes need not be
    known before: a new one joins when its first answer comes.

    Args:
        cell, hidden_size, lr, num_layers, optimizer, clip, lookback, memory, waiting, cell_options, seed: as there.
        classes: how many there may ever be (default 16).

    Attributes:
        classes_: those seen so far, in the order of their first answer.

    >>> model = OnlineClassifier(hidden_size=8, lr=0.01)
    >>> model.predict_one({"a": 1.0}) is None
    True
    >>> for t in range(200):
    ...     x = {"a": float(t % 2)}
    ...     model.learn_one(x, "odd" if t % 2 else "even")
    >>> model.predict_one({"a": 0.0}), sorted(model.predict_proba_one({"a": 1.0}))
    ('even', ['even', 'odd'])
    """

    kind = "OnlineClassifier"
    river_class = ("river.base", "Classifier")
    _multiclass = True

    def __init__(
        self,
        cell: Any = "gru",
        hidden_size: int = 32,
        lr: float = 0.005,
        *,
        num_layers: int = 1,
        optimizer: str = "adam",
        clip: float | None = 1.0,
        lookback: int = 4,
        memory: int | None = 1000,
        classes: int = 16,
        waiting: int = 1000,
        cell_options: dict[str, Any] | None = None,
        seed: int = 0,
    ):
        self.cell, self.hidden_size, self.lr = cell, hidden_size, lr
        self.num_layers, self.optimizer, self.clip, self.lookback = num_layers, optimizer, clip, lookback
        self.memory, self.waiting = memory, waiting
        self.cell_options, self.seed = cell_options, seed
        if isinstance(classes, bool) or not isinstance(classes, int) or classes < 2:
            raise InputError(f"classes is {classes!r}: give how many there may be, at least 2")
        self.classes = classes
        super().__init__(outputs=classes)
        self.classes_: list[Any] = []

    def predict_proba_one(self, x: Mapping[Any, Any], key: Hashable | None = None) -> dict[Any, float]:
        """The probability of every class seen so far; empty before the first answer.

        Args:
            x: features by name, numbers each; what is missing counts as average.
            key: that the answer will name; see :meth:`OnlineRegressor.predict_one`.
        """
        question = self.ask(x, key)
        return {name: float(share) for name, share in zip(self.classes_, self._shares(question.output))}

    def predict_one(self, x: Mapping[Any, Any], key: Hashable | None = None) -> Any:
        """The likeliest class; None before the first answer."""
        shares = self.predict_proba_one(x, key)
        return max(shares, key=shares.__getitem__) if shares else None

    def learn_one(self, x: Mapping[Any, Any], y: Any, key: Hashable | None = None) -> None:
        """The answer to a row; a row that was not asked about before is asked about first.

        Args:
            x: the row; may be empty where ``key`` names it.
            y: its class: text, a whole number or a truth value; None where the answer will never come.
            key: that :meth:`predict_one` was given.

        Raises:
            DataError: the answer cannot be a class, is one more class than there may be, or names a key that does
                not wait.
        """
        name = _class_name(y)
        known = name is None or any(_same(name, one) for one in self.classes_)
        if not known and len(self.classes_) == self.classes:
            raise DataError(f"{y!r} is the {self.classes + 1}th class: make the model with classes={2 * self.classes}")
        question = self.answered(x, key)
        if name is None:
            return
        if not known:
            self.classes_.append(name)
        assert self.follower_ is not None
        place = next(i for i, one in enumerate(self.classes_) if _same(name, one))
        shares = self._shares(self.follower_.output_now(question))
        gradient = np.zeros(self.classes)
        gradient[: len(shares)] = shares
        gradient[place] -= 1.0
        loss = -math.log(max(float(shares[place]), 1e-12)) if np.isfinite(shares).all() else math.nan
        before = self._shares(question.output)
        # The share of probability that was not on the right class: what a drift shows in.
        missed = 1.0 - float(before[place])
        self.note(self.follower_.learn(question, gradient, loss=loss, error=missed))

    def annotate(self, question: Question) -> None:
        """Nothing to note: the output is all that the answer is held against."""

    def _shares(self, output: NDArray[Any]) -> NDArray[Any]:
        """Softmax over the classes seen so far."""
        scores = output[: len(self.classes_)].astype(np.float64)
        if not len(scores):
            return scores
        powers = np.exp(scores - scores.max())
        return powers / powers.sum()

    def encode(self) -> dict[str, Any]:
        """Names, scales and classes, as JSON."""
        return {**super().encode(), "classes": self.classes_}

    def decode(self, data: dict[str, Any]) -> tuple[int, int] | None:
        """The same back."""
        self.classes_ = list(data["classes"])
        return super().decode(data)


def _class_name(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (str, bool, int)):
        return value
    raise DataError(f"the class {value!r} is a {type(value).__name__}: give text, a whole number or a truth value")


def _same(a: Any, b: Any) -> bool:
    """Equal and of one kind: True is not 1."""
    return type(a) is type(b) and a == b
