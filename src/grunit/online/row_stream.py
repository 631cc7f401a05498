"""Rows of a table as questions and answers to a regressor or a classifier."""

from __future__ import annotations

from typing import Any

from grunit.errors import DataError
from grunit.online.classifier import OnlineClassifier
from grunit.online.lines import number_of
from grunit.online.regressor import OnlineRegressor
from grunit.online.stream_parts import TIMES, Columns, load_model, plain, store_model


class RowStream:
    """A regressor or classifier fed with rows.

    A row with features is predicted; if it also holds the target, the model then learns from it. A row with a key and
    a target and no features is the late answer to an earlier one.

    Args:
        model: the model.
        columns: which column is what; features default to all others.
        learn: whether answers are learned from at all.
    """

    kind = "rows"

    def __init__(self, model: OnlineRegressor | OnlineClassifier, columns: Columns, learn: bool = True):
        self.model, self.columns, self.learn = model, columns, learn

    def take(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        """The predictions that a row asks for: one or none.

        Raises:
            DataError: the row cannot be used; nothing was learned from it.
        """
        columns = self.columns
        key = row.get(columns.key) if columns.key else None
        if columns.key and (not isinstance(key, (str, int, float)) or key != key):
            raise DataError(f"the column {columns.key!r}, which is to name the row, holds {key!r}")
        names = self._features(row)
        x = {name: number_of(row, name) for name in names}
        y = self._target(row)
        if all(value is None for value in x.values()):
            if key is None or y is None:
                raise DataError("it holds neither features to predict from nor an answer to a key")
            if self.learn:
                self.model.learn_one({}, y, key)
            return []
        if columns.features is None:
            columns.features = names
        answer: dict[str, Any] = {} if key is None else {str(columns.key): key}
        answer |= self._predict(x, key)
        if y is not None and self.learn:
            self.model.learn_one(x, y, key)
        return [answer]

    def _features(self, row: dict[str, Any]) -> list[str]:
        columns = self.columns
        if columns.features is not None:
            return columns.features
        taken = {columns.target or "y", columns.key, columns.time, *TIMES}
        return [name for name in row if name not in taken]

    def _target(self, row: dict[str, Any]) -> Any:
        name = self.columns.target or "y"
        if isinstance(self.model, OnlineRegressor):
            return number_of(row, name)
        value = row.get(name)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if value is not None and not isinstance(value, (str, bool, int)):
            raise DataError(f"the class in {name!r} is {value!r}: give text, a whole number or a truth value")
        return value

    def _predict(self, x: dict[str, Any], key: Any) -> dict[str, Any]:
        if isinstance(self.model, OnlineClassifier):
            shares = self.model.predict_proba_one(x, key)
            best = max(shares, key=shares.__getitem__) if shares else None
            return {"prediction": best, "probability": None if best is None else plain(shares[best])}
        prediction = self.model.predict_one(x, key)
        found: dict[str, Any] = {"prediction": plain(prediction)}
        for level, (low, high) in self.model.intervals_around(prediction).items():
            found |= {f"lo-{level:g}": plain(low), f"hi-{level:g}": plain(high)}
        return found

    def take_notes(self) -> list[str]:
        """Sentences about what was noticed."""
        notes = self.model.take_notes()
        if self.model.row_.unknown:
            names = ", ".join(sorted(map(str, self.model.row_.unknown)))
            self.model.row_.unknown.clear()
            notes.append(f"columns that were not in the first row are left out: {names}")
        return notes

    def describe(self) -> str:
        """What the stream came to, in a few words."""
        follower = self.model.follower_
        if follower is None:
            return "nothing was predicted"
        words = f"{follower.answered} answers learned from, {len(follower.room)} wait for theirs"
        if isinstance(self.model, OnlineRegressor) and self.model.interval_.count:
            shares = [
                f"{level:g} % intervals held {100 * self.model.interval_.coverage(level):.1f} %"
                for level in self.model.interval_.levels
            ]
            words += "; " + ", ".join(shares)
        return words

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """State as JSON, and tensors."""
        made, tensors = store_model(self.model, "0.")
        return {"model": made, "columns": self.columns.to_json(), "learn": self.learn}, tensors

    @classmethod
    def restore(cls, data: dict[str, Any], tensors: dict[str, Any]) -> RowStream:
        """The same from :meth:`snapshot`."""
        return cls(load_model(data["model"], tensors, "0."), Columns(**data["columns"]), data["learn"])
