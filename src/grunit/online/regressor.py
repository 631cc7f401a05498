"""A number for every row of a stream."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from grunit.errors import DataError
from grunit.online.features import LARGEST
from grunit.online.intervals import AdaptiveInterval
from grunit.online.moments import RunningScale
from grunit.online.rows import RowEstimator
from grunit.online.waiting import Question


class OnlineRegressor(RowEstimator):
    """Predicts a number for every row of a stream, and learns whenever an answer arrives.

    A row goes through a recurrent network whose state is carried from row to row. Features and target are centred
    and scaled by what was seen of them so far. The state moves when a row is seen, not when its answer comes, so
    answers may come late, in any order, or never.

    river's conventions hold: ``predict_one(x)``, ``learn_one(x, y)``, and its ``evaluate.progressive_val_score``
    runs on it, delayed answers included.

    Args:
        cell: a name from :func:`grunit.cells.names`, a subclass of :class:`grunit.Cell`, or a list, one a layer.
        hidden_size, num_layers, cell_options: of the layers (default 32, 1, none).
        lr: learning rate (default 0.005).
        optimizer: ``"adam"`` (default) or ``"sgd"``.
        clip: length that a gradient is cut down to (default 1).
        lookback: rows that a gradient goes back, the last one included (default 4); 1 is the fastest.
        memory: rows that the scaling looks back on (default 1000); None for all alike.
        level: percent of the intervals (default 80 and 95).
        waiting: questions that may wait for their answer (default 1000); then the oldest is given up.
        seed: of the start values.

    Attributes:
        interval_: the :class:`~grunit.online.intervals.AdaptiveInterval`, which knows its coverage so far.

    >>> model = OnlineRegressor(hidden_size=8, lr=0.02)
    >>> for t in range(500):
    ...     x = {"a": math.sin(t)}
    ...     prediction = model.predict_one(x)
    ...     model.learn_one(x, 3 * x["a"] + 10)
    >>> 9 < model.predict_one({"a": 0.0}) < 11
    True
    """

    kind = "OnlineRegressor"
    river_class = ("river.base", "Regressor")

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
        level: Any = (80, 95),
        waiting: int = 1000,
        cell_options: dict[str, Any] | None = None,
        seed: int = 0,
    ):
        self.cell, self.hidden_size, self.lr = cell, hidden_size, lr
        self.num_layers, self.optimizer, self.clip, self.lookback = num_layers, optimizer, clip, lookback
        self.memory, self.level, self.waiting = memory, level, waiting
        self.cell_options, self.seed = cell_options, seed
        super().__init__(outputs=1)
        self.target_ = RunningScale(1, memory)
        self.interval_ = AdaptiveInterval(level)

    def predict_one(self, x: Mapping[Any, Any], key: Hashable | None = None) -> float:
        """The target of a row, from what is known now.

        Args:
            x: features by name, numbers each; what is missing counts as average.
            key: that the answer will name. Without one an answer belongs to the waiting row with the same values,
                else to the only one that waits.
        """
        return float(self.ask(x, key).notes["prediction"])

    def interval_one(self, x: Mapping[Any, Any], key: Hashable | None = None) -> dict[float, tuple[float, float]]:
        """Low and high of each level around :meth:`predict_one` of the same row; NaN before the first few answers."""
        prediction = self.predict_one(x, key)
        return self.intervals_around(prediction)

    def intervals_around(self, prediction: float) -> dict[float, tuple[float, float]]:
        """Low and high of each level around a prediction that was just made."""
        found = {}
        for level in self.interval_.levels:
            width = self.interval_.width(level)
            away = math.nan if width is None else width
            found[level] = (prediction - away, prediction + away)
        return found

    def learn_one(self, x: Mapping[Any, Any], y: float | None, key: Hashable | None = None) -> None:
        """The answer to a row; a row that was not asked about before is asked about first.

        Args:
            x: the row; may be empty where ``key`` names it.
            y: its target; None or NaN where the answer will never come.
            key: that :meth:`predict_one` was given.

        Raises:
            DataError: the answer is no finite number, or names a key that does not wait.
        """
        value = math.nan if y is None else _number(y)
        if abs(value) > LARGEST:
            raise DataError(f"the answer {y!r} is beyond {LARGEST:g}: leave such rows out")
        question = self.answered(x, key)
        if value != value:
            return
        assert self.follower_ is not None
        error = abs(value - question.notes["prediction"])
        self.interval_.update(error)
        self.target_.update(np.array([value]))
        center, spread = float(self.target_.mean[0]), float(self.target_.scale()[0])
        wanted = min(max((value - center) / spread, -10.0), 10.0)
        miss = float(self.follower_.output_now(question)[0]) - wanted
        # Huber's loss: squared up to one spread, so that single wild answers do not pull at everything.
        gradient = np.array([min(max(miss, -1.0), 1.0)])
        self.note(self.follower_.learn(question, gradient, loss=abs(miss), error=error))

    def annotate(self, question: Question) -> None:
        """Note the prediction in units of the target."""
        value = float(self.target_.mean[0] + self.target_.scale()[0] * question.output[0])
        question.notes["prediction"] = value if math.isfinite(value) else float(self.target_.mean[0])

    def encode(self) -> dict[str, Any]:
        """Names and scales, as JSON."""
        return {**super().encode(), "target": self.target_.to_json(), "interval": self.interval_.to_json()}

    def decode(self, data: dict[str, Any]) -> tuple[int, int] | None:
        """The same back."""
        self.target_ = RunningScale.from_json(data["target"])
        self.interval_ = AdaptiveInterval.from_json(data["interval"])
        return super().decode(data)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise DataError(f"the answer is {value!r}: give a number") from None
