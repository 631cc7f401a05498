"""Rows that ask and answers that find them: what regression and classification of a stream share."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from torch import Tensor

from grunit.errors import DataError
from grunit.online.estimator import OnlineEstimator
from grunit.online.features import FeatureRow
from grunit.online.moments import RunningScale
from grunit.online.waiting import Question


class RowEstimator(OnlineEstimator):
    """A model of a stream of rows, each a dictionary of features.

    The state moves when a row is seen, not when its answer comes. The same dictionary, unchanged, asked twice is one
    question. Without a key an answer belongs to the waiting row with the same values, else to the only one that waits.
    """

    memory: int | None

    def __init__(self, outputs: int):
        super().__init__()
        self.outputs = outputs
        self.row_ = FeatureRow()
        self.features_: RunningScale | None = None
        self._asked: tuple[Any, dict[Any, Any], Hashable | None, Question] | None = None

    def ask(self, x: Mapping[Any, Any], key: Hashable | None = None) -> Question:
        """One step on, or the question that this very dictionary has just asked.

        Raises:
            DataError: a feature is no number, or there is none.
        """
        if self._was_asked(x, key):
            return self._asked[3]  # type: ignore[index]
        values = self.row_(x)
        if self.features_ is None:
            self.features_ = RunningScale(len(values), self.memory)
            self.begin(len(values), self.outputs)
            self._speed_up()
        assert self.follower_ is not None
        question = self.follower_.ask(values.tobytes() if key is None else key, self.features_.take(values))
        self.annotate(question)
        # The same dictionary filled with other values is another question.
        self._asked = x, dict(x), key, question
        return question

    def _was_asked(self, x: Mapping[Any, Any], key: Hashable | None) -> bool:
        asked = self._asked
        return asked is not None and asked[0] is x and asked[2] == key and asked[1] == x

    def _speed_up(self) -> None:
        assert self.follower_ is not None
        compiled = self.follower_.network._compiled
        if compiled is not None and self.features_ is not None:
            self.features_.speed_up(compiled.library)

    def annotate(self, question: Question) -> None:
        """Note at a question what its answer will be held against."""
        raise NotImplementedError

    def answered(self, x: Mapping[Any, Any], key: Hashable | None = None) -> Question:
        """The question that an answer belongs to; it waits no more. A row that never asked does so now.

        Raises:
            DataError: ``x`` is empty and nothing of this key waits.
        """
        found = None
        if self.follower_ is not None:
            room = self.follower_.room
            if self._was_asked(x, key):
                key = self._asked[3].key  # type: ignore[index]
            found = room.take(key) if key is not None else room.take(self.row_(x).tobytes()) or room.take_only()
        if found is None:
            if not x:
                raise DataError(
                    f"no row with the key {key!r} waits for an answer: it has one, gave up its place, or never asked"
                )
            self._asked = None
            asked = self.ask(x, key)
            assert self.follower_ is not None
            found = self.follower_.room.take(asked.key)
            assert found is not None
        self._asked = None
        return found

    def reset(self) -> None:
        """A new stream begins: what was learned stays, what was seen of the old stream is forgotten."""
        super().reset()
        self._asked = None

    def encode(self) -> dict[str, Any]:
        """Names and scales of the features, as JSON."""
        return {"names": self.row_.names, "features": None if self.features_ is None else self.features_.to_json()}

    def restore(self, tensors: dict[str, Tensor], encoders: dict[str, dict[str, Any]]) -> None:
        """Go on from what :meth:`snapshot` gave."""
        super().restore(tensors, encoders)
        if self.follower_ is not None:
            self._speed_up()

    def decode(self, data: dict[str, Any]) -> tuple[int, int] | None:
        """The same back."""
        self.row_ = FeatureRow(data["names"])
        self.features_ = None if data["features"] is None else RunningScale.from_json(data["features"])
        return None if data["names"] is None else (len(data["names"]), self.outputs)
