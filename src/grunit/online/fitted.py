"""A fitted forecaster that follows its series: forecasts after every value, intervals that adapt, further training."""

from __future__ import annotations

import math
import tempfile
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from grunit.bundle import read_bundle, write_bundle
from grunit.data import future_times
from grunit.errors import DataError, InputError
from grunit.online.drift import DriftMonitor
from grunit.online.intervals import AdaptiveInterval
from grunit.tasks import Forecaster, load

EXPLOSION = 20.0
"""Times the usual error, at which the last training is undone."""


class FittedForecaster:
    """Follows series with a fitted :class:`grunit.Forecaster`.

    Every value brings a new forecast. The intervals the model has learned are widened or narrowed by how far answers
    lay outside of them of late. After every ``learn_every`` values of a series the model trains on the windows that
    they completed; a training after which the error explodes, or is no number, is undone and its rate halved.

    Args:
        forecaster: fitted; it is changed by further training.
        learn_every: values of a series between two trainings (default: ``h``); 0 for never.
        lr: learning rate of those (default: a tenth of the one of ``fit``).

    Raises:
        InputError: the model needs columns of the future, categories or several targets, which a stream does not bring.

    Source: of the intervals: Romano, Patterson & Candes, *Conformalized quantile regression*, NeurIPS (2019), with the
    level adapted as in :class:`~grunit.online.intervals.AdaptiveInterval`.
    """

    def __init__(self, forecaster: Forecaster, learn_every: int | None = None, lr: float | None = None):
        forecaster.check_fitted()
        if forecaster.futr_exog:
            names = ", ".join(forecaster.futr_exog)
            raise InputError(f"the model needs columns of the future ({names}), which a stream does not bring")
        if forecaster.categories_ or len(forecaster.targets) > 1:
            what = "columns of text" if forecaster.categories_ else "several targets"
            raise InputError(f"the model has {what}, and a stream brings numbers of one: fit it without")
        self.forecaster = forecaster
        self.learn_every = int(forecaster.h) if learn_every is None else learn_every
        self.lr = forecaster.lr / 10 if lr is None else lr
        self.columns, self.exogenous = forecaster.columns, list(forecaster.exogenous_)
        self.levels = sorted(forecaster.level)
        self.intervals = [{level: AdaptiveInterval([level]) for level in self.levels} for _ in range(int(forecaster.h))]
        self.drift = DriftMonitor()
        self.notes: list[str] = []
        self.undone, self.answered, self.long, self.recent = 0, 0, 0.0, 0.0
        self._before: dict[str, torch.Tensor] | None = None
        self._room = int(forecaster.input_size_) + int(forecaster.h) + self.learn_every
        context = forecaster.context_
        self.times: dict[str, list[Any]] = {}
        self.values: dict[str, list[list[float]]] = {}
        self.waiting: dict[str, deque[NDArray[Any]]] = {}
        self.since: dict[str, int] = {}
        for name, times, values in zip(context.ids, context.times, context.values, strict=True):
            self.times[name], self.values[name] = list(times), fill_forward(values).tolist()
            self._begin(name)

    def _begin(self, name: str) -> None:
        self.waiting[name] = deque(maxlen=int(self.forecaster.h))
        self.since[name] = 0

    def take(self, name: str, time: Any, y: float | None, x: Mapping[str, float | None]) -> dict[str, Any] | None:
        """The next value of a series, and the forecast after it.

        Args:
            name: of the series.
            time: later than the last one; steps in between count as missing.
            y: None where it is missing: the forecast takes its place.
            x: the model's exogenous columns; what is missing stays as it was.

        Returns:
            ``forecast`` and low and high of each level, ``h`` numbers each; None while a new series is still shorter
            than what the model looks at.

        Raises:
            DataError: the time is no time, lies before the last one, or too far behind it.
        """
        now = self._moment(time)
        if name not in self.times:
            self.times[name], self.values[name] = [], []
            self._begin(name)
        times = self.times[name]
        missing: list[Any] = []
        if times:
            if now <= times[-1]:
                raise DataError(f"the time {time!r} is not after {times[-1]}, the last one of series {name!r}")
            missing = self._between(name, times[-1], now)
        for one in missing:
            self._append(name, one, None, {})
            self._waited(name)
        self._append(name, now, y, x)
        if len(times) < self.forecaster.input_size_:
            return None
        return self._forecast(name)

    def _waited(self, name: str) -> None:
        """A step without a forecast of its own: what was forecast before goes on waiting."""
        if self.waiting[name]:
            last = self.waiting[name][-1]
            self.waiting[name].append(np.concatenate([last[1:], last[-1:]]))

    def _moment(self, time: Any) -> Any:
        dates = self.forecaster.context_.times[0].dtype.kind == "M"
        try:
            if not dates:
                return np.int64(time)
            moment = pd.Timestamp(time)
            return np.datetime64(moment.tz_convert("UTC").tz_localize(None) if moment.tz is not None else moment, "ns")
        except (TypeError, ValueError, OverflowError):
            raise DataError(f"the time {time!r} is no {'date' if dates else 'whole number'}") from None

    def _between(self, name: str, last: Any, now: Any) -> list[Any]:
        """The steps that are missing between two times."""
        steps = list(future_times(last, self.forecaster.freq_, int(self.forecaster.input_size_) + 1))
        if now > steps[-1]:
            raise DataError(f"series {name!r} has a gap from {last} to {now}, longer than what the model looks at")
        return [one for one in steps if one < now]

    def _append(self, name: str, time: Any, y: float | None, x: Mapping[str, float | None]) -> None:
        values, waiting = self.values[name], self.waiting[name]
        before = values[-1] if values else [math.nan] * (1 + len(self.exogenous))
        if y is None:
            stand_in = float(waiting[-1][0, 0]) if waiting else before[0]
            if math.isnan(stand_in):
                raise DataError(f"series {name!r} begins with a missing value: begin with one that is there")
        else:
            stand_in = y
            self._score(name, y)
        row = [stand_in]
        for place, column in enumerate(self.exogenous, 1):
            given = x.get(column)
            row.append(before[place] if given is None else given)
            if math.isnan(row[-1]):
                raise DataError(f"the column {column!r} is missing in the first row of series {name!r}")
        self.times[name].append(time)
        values.append(row)
        del self.times[name][: -self._room], values[: -self._room]
        self.since[name] += 1

    def _score(self, name: str, y: float) -> None:
        """Hold an answer against every forecast that was about it."""
        waiting = self.waiting[name]
        for ahead, quantiles in enumerate(reversed(waiting)):
            center, *bounds = quantiles[ahead]
            for place, level in enumerate(self.levels):
                low, high = bounds[2 * place : 2 * place + 2]
                self.intervals[ahead][level].update(max(low - y, y - high))
            if ahead == 0:
                self._watch(abs(center - y))

    def _watch(self, error: float) -> None:
        self.answered += 1
        self.recent += max(0.1, 1 / self.answered) * (error - self.recent)
        if self._before is not None and not self.recent <= EXPLOSION * max(self.long, 1e-12):
            self._undo(f"the error had grown from {self.long:.2g} to {self.recent:.2g}")
        self.long += max(0.01, 1 / self.answered) * (min(error, EXPLOSION * (self.long or error)) - self.long)
        said = self.drift.update(error)
        if said:
            self.notes.append(said)

    def _undo(self, why: str) -> None:
        assert self._before is not None
        self.forecaster.model_.load_state_dict(self._before)
        self._before = None
        self.lr, self.undone, self.recent = self.lr / 2, self.undone + 1, self.long
        if self.undone == 1:
            self.notes.append(
                f"{why}, so the last training was undone and its rate lowered to {self.lr:.2g} (said once)"
            )

    def _forecast(self, name: str) -> dict[str, Any]:
        if self.learn_every and self.since[name] >= self.learn_every and len(self.times[name]) == self._room:
            self.since[name] = 0
            self._train(name)
        quantiles = self._quantiles(name)
        if not np.isfinite(quantiles).all() and self._before is not None:
            self._undo("a forecast was no longer a number")
            quantiles = self._quantiles(name)
        self.waiting[name].append(quantiles)
        found: dict[str, Any] = {"forecast": quantiles[:, 0].tolist()}
        for place, level in enumerate(self.levels):
            # Before there are scores the model's own interval stands.
            aways = np.array([interval[level].width(level) or 0.0 for interval in self.intervals])
            low, high = quantiles[:, 1 + 2 * place] - aways, quantiles[:, 2 + 2 * place] + aways
            found[f"lo-{level:g}"] = np.minimum(low, quantiles[:, 0]).tolist()
            found[f"hi-{level:g}"] = np.maximum(high, quantiles[:, 0]).tolist()
        return found

    def _frame(self, name: str, rows: int) -> pd.DataFrame:
        columns = self.columns
        values = np.array(self.values[name][-rows:])
        frame = pd.DataFrame(
            {columns.unique_id: name, columns.ds: np.array(self.times[name][-rows:]), columns.y: values[:, 0]}
        )
        return frame.assign(**{column: values[:, place] for place, column in enumerate(self.exogenous, 1)})

    def _quantiles(self, name: str) -> NDArray[Any]:
        """The median, then low and high of each level, ``(h, 1 + 2 L)``."""
        frame = self.forecaster.predict(self._frame(name, int(self.forecaster.input_size_)))
        bounds = [f"Forecaster-{side}-{level:g}" for level in self.levels for side in ("lo", "hi")]
        return frame[["Forecaster", *bounds]].to_numpy(dtype=np.float64)

    def _train(self, name: str) -> None:
        state = self.forecaster.model_.state_dict()
        self._before = {key: value.clone() for key, value in state.items()}
        verbose, self.forecaster.verbose = self.forecaster.verbose, 0
        try:
            self.forecaster.update(self._frame(name, self._room), max_epochs=1, lr=self.lr)
        finally:
            self.forecaster.verbose = verbose

    def take_notes(self) -> list[str]:
        """Sentences about what was noticed; they are given once."""
        notes, self.notes = self.notes, []
        return notes

    # -- snapshots --

    NUMBERS = ("learn_every", "lr", "undone", "answered", "long", "recent", "since")

    def snapshot(self) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
        """State as JSON, and tensors."""
        with tempfile.TemporaryDirectory() as folder:
            bundle = read_bundle(self.forecaster.save(Path(folder) / "model"))
        tensors = {f"model.{name}": value for name, value in bundle.tensors.items()}
        tensors |= {f"before.{name}": value for name, value in (self._before or {}).items()}
        for place, name in enumerate(self.times):
            if self.waiting[name]:
                tensors[f"waiting.{place}"] = torch.from_numpy(np.stack(self.waiting[name]))
        return {
            "config": bundle.config,
            "encoders": bundle.encoders,
            "numbers": {name: getattr(self, name) for name in self.NUMBERS},
            "times": {name: np.array(times).astype("int64").tolist() for name, times in self.times.items()},
            "values": self.values,
            "intervals": [[one[level].to_json() for level in self.levels] for one in self.intervals],
            "drift": self.drift.to_json(),
            "notes": self.notes,
        }, tensors

    @classmethod
    def restore(cls, data: dict[str, Any], tensors: dict[str, torch.Tensor]) -> FittedForecaster:
        """The same from :meth:`snapshot`."""
        under = lambda prefix: {  # noqa: E731
            name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)
        }
        with tempfile.TemporaryDirectory() as folder:
            model = load(
                write_bundle(Path(folder) / "model", "Forecaster", data["config"], under("model."), data["encoders"])
            )
        made = cls(model)
        for name, value in data["numbers"].items():
            setattr(made, name, value)
        made._room = int(model.input_size_) + int(model.h) + made.learn_every
        kind = "datetime64[ns]" if model.context_.times[0].dtype.kind == "M" else "int64"
        made.times = {name: list(np.array(times, "int64").astype(kind)) for name, times in data["times"].items()}
        made.values = data["values"]
        for place, name in enumerate(made.times):
            waiting = tensors.get(f"waiting.{place}")
            made.waiting[name] = deque([] if waiting is None else list(waiting.numpy()), maxlen=int(model.h))
        made.intervals = [
            {level: AdaptiveInterval.from_json(one) for level, one in zip(made.levels, row)}
            for row in data["intervals"]
        ]
        made.drift, made.notes = DriftMonitor.from_json(data["drift"]), data["notes"]
        made._before = under("before.") or None
        return made


def fill_forward(values: NDArray[Any]) -> NDArray[Any]:
    """Rows ``(T, columns)`` without NaN: what was seen last, or first where nothing was before, or 0.

    >>> fill_forward(np.array([[math.nan, 1.0], [2.0, math.nan]])).tolist()
    [[2.0, 1.0], [2.0, 1.0]]
    """
    return pd.DataFrame(values).ffill().bfill().fillna(0.0).to_numpy()
