"""Forecasts of several forecasters as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from grunit.data import season_length
from grunit.errors import DataError, InputError
from grunit.tasks.forecast_frames import is_polars


def join_answers(answers: Sequence[Any], shares: np.ndarray | None) -> np.ndarray:
    """The mean with these shares, or without shares the median, number by number.

    >>> join_answers([[1.0], [2.0], [9.0]], None), join_answers([[1.0], [3.0]], np.array([0.75, 0.25]))
    (array([2.]), array([1.5]))
    """
    return np.median(answers, axis=0) if shares is None else np.average(answers, axis=0, weights=shares)


def join_frames(frames: Sequence[Any], shares: np.ndarray | None, name: str, new: str) -> Any:
    """The mean or median of the columns whose names begin with ``name``; all others must be alike.

    Args:
        frames: pandas or polars; the result is of the kind of the first.
        shares: ``(models,)``, of sum 1; None for the median.
        name, new: how the columns begin in the frames, and in the result.

    Raises:
        DataError: the frames are of other series or times.

    >>> one, two = (pd.DataFrame({"ds": [1, 2], "F": [x, 2 * x], "F-lo-80": 0.0}) for x in (1.0, 3.0))
    >>> join_frames([one, two], np.array([0.5, 0.5]), "F", "E").to_dict("list")
    {'ds': [1, 2], 'E': [2.0, 4.0], 'E-lo-80': [0.0, 0.0]}
    """
    first = frames[0]
    columns = list(first.columns)
    means = [column for column in columns if column == name or column.startswith(f"{name}-")]
    keys = [column for column in columns if column not in means]
    for place, frame in enumerate(frames[1:], 2):
        alike = list(frame.columns) == columns and len(frame) == len(first)
        if not alike or not all(
            pd.Series(frame[key].to_numpy()).equals(pd.Series(first[key].to_numpy())) for key in keys
        ):
            raise DataError(
                f"models 1 and {place} of the Ensemble forecast other series or times, having been fitted on other "
                "data: give predict the history to go on from as df"
            )
    values = {column: join_answers([frame[column].to_numpy() for frame in frames], shares) for column in means}
    names = {column: new + column.removeprefix(name) for column in means}
    if is_polars(first):
        series = [type(first[column])(column, value) for column, value in values.items()]
        return first.with_columns(series).rename(names)
    return first.assign(**values).rename(columns=names)


class Joined:
    """Several forecasters that :meth:`grunit.Forecaster.evaluate` takes for one.

    Args:
        members: fitted.
        shares: of each, of sum 1; None for the median.
        name: of their row in the table of scores.

    Raises:
        InputError: they look at different columns of the data.
    """

    def __init__(self, members: Sequence[Any], shares: np.ndarray | None, name: str):
        self.parts, self._shares, self._name = list(members), shares, name
        first = members[0]
        for name in ("exogenous_", "futr_exog"):
            for member in members[1:]:
                one, other = (list(getattr(each, name, None) or ()) for each in (first, member))
                if one != other:
                    raise InputError(
                        f"evaluate needs models that look at the same columns, and they have {name.rstrip('_')} {one} "
                        f"and {other}: evaluate them one by one"
                    )
        self.input_size_ = max(member.input_size_ for member in members)
        seasons = {member.season_ for member in members}
        self.season_ = seasons.pop() if len(seasons) == 1 else season_length(first.freq_)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.parts[0], name)

    def forecast(self, *arguments: Any, **options: Any) -> Any:
        """The members' quantiles as one."""
        return join_answers([member.forecast(*arguments, **options) for member in self.parts], self._shares)

    def evaluate(self, df: Any, *arguments: Any, **options: Any) -> pd.DataFrame:
        """The table of scores of :meth:`grunit.Forecaster.evaluate`."""
        scores = type(self.parts[0]).evaluate(self, df, *arguments, **options)
        return scores.replace({"model": {type(self).__name__: self._name}})
