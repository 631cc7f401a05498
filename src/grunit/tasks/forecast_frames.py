"""Frames a forecaster reads and writes, in the kind and with the column names that the user has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from grunit.data import Columns, to_long
from grunit.data.categories import is_text
from grunit.errors import DataError, InputError, require


def is_polars(data: Any) -> bool:
    """Whether a frame or series is of polars, without importing it."""
    return type(data).__module__.partition(".")[0] == "polars"


def like(frame: pd.DataFrame, data: Any, columns: Columns) -> Any:
    """A result in the kind of frame of ``data`` (pandas or polars), its columns named as there."""
    names = {"unique_id": columns.unique_id, "ds": columns.ds, "y": columns.y}
    if any(name != given for name, given in names.items()):
        frame = frame.rename(columns=names)
    if not is_polars(data):
        given: Any = data.dtypes if isinstance(data, pd.DataFrame) else {}
        for column, kinds in ((columns.unique_id, "iu"), (columns.ds, "iuM")):
            if str(getattr(given.get(column), "tz", None)) == "UTC":
                frame[column] = frame[column].dt.tz_localize("UTC")
            elif column in given and given[column].kind in kinds and getattr(given[column], "tz", None) is None:
                # Most often it is of that kind already, and asking costs less than turning it into itself.
                frame = frame if frame[column].dtype == given[column] else frame.astype({column: given[column]})
        return frame
    polars = require("polars", "polars")
    result = polars.DataFrame({name: frame[name].to_numpy() for name in frame.columns})
    result = result.with_columns(polars.col(columns.unique_id).cast(polars.String))
    given = dict(data.schema) if hasattr(data, "schema") else {}
    for column in (columns.unique_id, columns.ds):
        if column in given and (column != columns.ds or given[column] != polars.String):
            result = result.with_columns(polars.col(column).cast(given[column]))
    return result


def forecast_frame(ids: list[str], times: list[np.ndarray], values: np.ndarray, names: list[str]) -> pd.DataFrame:
    """A long frame of forecasts ``(N, h, columns)``, one column a name."""
    columns = {"unique_id": np.repeat(np.array(ids, dtype=object), values.shape[1]), "ds": np.concatenate(times)}
    columns |= {name: values[..., position].ravel() for position, name in enumerate(names)}
    return pd.DataFrame(columns, copy=False)


def choose_exogenous(frame: pd.DataFrame, exogenous: Any, futr_exog: Sequence[str]) -> list[str]:
    """The exogenous columns to use: those only known of the past first, those known of the future last.

    Args:
        frame: long, as :func:`grunit.data.to_long` gives it.
        exogenous: ``"all"``, None or a list of names.
        futr_exog: names of those whose future is known.

    Raises:
        InputError: neither of these, or a column is not there.
    """
    present = [name for name in frame.columns if name not in ("unique_id", "ds", "y")]
    if isinstance(exogenous, str) and exogenous != "all":
        raise InputError(f"exogenous is {exogenous!r}: give 'all', None or a list of column names")
    past = present if exogenous == "all" else list(exogenous or ())
    for name in [*past, *futr_exog]:
        if name not in present:
            listed = ", ".join(present) or "none"
            raise DataError(
                f"data: there is no exogenous column {name!r} (there are: {listed}); name one that is there"
            )
    return [name for name in past if name not in futr_exog] + list(futr_exog)


def find_future_rows(
    data: Any, columns: Columns, names: Sequence[str], series: Sequence[str], times: list[np.ndarray], missing: bool
) -> pd.DataFrame:
    """The columns ``names`` of the horizon, ``h`` rows for each of ``series`` at its ``times``, one after the other.

    Values may be ``missing`` where this is true; rows may not.

    Raises:
        DataError: the frame is missing, or a column or a row of it.
    """
    listed = ", ".join(names)
    if data is None:
        raise DataError(f"the model needs the future of {listed}: give futr_df with one row for each step to forecast")
    # to_long wants a target; a future has none.
    if is_polars(data):
        polars = require("polars", "polars")
        data = data.with_columns(polars.lit(0.0).alias(columns.y))
    else:
        data = data.assign(**{columns.y: 0.0})
    frame = to_long(data, columns, "futr_df", missing=missing, text=True)
    for name in names:
        if name not in frame.columns:
            raise DataError(f"futr_df: there is no column {name!r}; give the future of {listed}")
    if len(set(series)) == 1 and frame["unique_id"].nunique() == 1 and columns.unique_id not in data.columns:
        frame["unique_id"] = series[0]
    # All at once: looking series by series costs as many passes over the table.
    table = pd.MultiIndex.from_frame(frame[["unique_id", "ds"]])
    wanted = pd.MultiIndex.from_arrays(
        [np.repeat(np.array(series, dtype=object), [len(ahead) for ahead in times]), np.concatenate(times)]
    )
    rows = table.get_indexer(wanted)
    if (rows < 0).any():
        one, when = wanted[int((rows < 0).argmax())]
        raise DataError(f"futr_df: there is no row for series {one!r} at {when}; give all {len(times[0])} steps")
    return frame.iloc[rows][list(names)]


def read_static(data: Any, columns: Columns, ids: Sequence[str], names: Sequence[str] | None = None) -> pd.DataFrame:
    """Numbers and categories of each series, one row for each of ``ids`` in their order.

    Raises:
        DataError: a column is missing, neither numbers nor text, or a series is missing or there twice.
    """
    frame = pd.DataFrame({name: data[name].to_list() for name in data.columns}) if is_polars(data) else data
    if not isinstance(frame, pd.DataFrame) or columns.unique_id not in frame.columns:
        raise DataError(
            f"static_df: there is no column {columns.unique_id!r}; give a frame with one row for each series"
        )
    frame = frame.set_index(frame[columns.unique_id].astype(str)).drop(columns=columns.unique_id)
    names = list(frame.columns) if names is None else list(names)
    for name in names:
        if name not in frame.columns:
            raise DataError(f"static_df: there is no column {name!r}; give the columns the model was fitted with")
        numeric = pd.api.types.is_numeric_dtype(frame[name]) and np.isfinite(frame[name].to_numpy(dtype=float)).all()
        if not numeric and not is_text(frame[name]):
            raise DataError(
                f"static_df, column {name!r}: it holds something that is neither a number nor text; write one of them"
            )
    counts = frame.index.value_counts().reindex(list(ids), fill_value=0)
    wrong = np.flatnonzero(counts.to_numpy() != 1)
    if len(wrong):
        series, count = ids[int(wrong[0])], int(counts.iloc[int(wrong[0])])
        raise DataError(f"static_df: there are {count} rows for series {series!r}; give one")
    chosen = frame.loc[list(ids), names]
    return chosen.astype({name: float for name in names if not is_text(chosen[name])})
