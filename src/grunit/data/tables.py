"""Any table to the one shape that everything else reads: a validated long frame."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pandas as pd

from grunit.data.columns import STANDARD, Columns
from grunit.data.files import read_file
from grunit.data.layouts import arrange
from grunit.data.origin import Origin


def read_table(
    path: str | os.PathLike,
    columns: Columns = STANDARD,
    *,
    target: str | None = None,
    time: str | None = None,
    missing: bool = False,
    text: bool = False,
) -> pd.DataFrame:
    """Read a file into a validated long frame.

    Three layouts are understood. Long: ``unique_id, ds, y`` and more columns. Wide with ``target``: a column of times
    and number columns, of which ``target`` is forecast and the others are exogenous. Wide without: each number column
    is a series of its own, named by the column. Text columns of wide tables are left out, with one warning.

    Args:
        path: ``.csv``, ``.tsv``, ``.parquet``, ``.feather``, ``.json``/``.jsonl`` (one object a line).
        columns: names of the three columns in the file.
        target: the column to forecast (default: ``columns.y`` where there is one).
        time: the column of times (default: ``columns.ds``, else a usual name such as ``date``, else the first column
            of dates).
        missing: whether numbers may be missing; they are NaN then. Else they are refused.
        text: whether columns of text beside the target are kept, as they are. Else they are left out aloud.

    Returns:
        A frame with ``unique_id`` (str), ``ds`` (``datetime64[ns]`` or ``int64``), ``y`` (float64) and the exogenous
        columns (float64), rows in the order of the file.

    Raises:
        DataError: anything in the file that cannot be used; the sentence names the column and the row, counted from 1
            below the header. Rows must be in the order of time within each series: they are never sorted silently.

    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "weather.csv")
    >>> _ = file.write_text("date,rain,warmth\\n2024-01-01,1.5,7\\n2024-01-02,4,9\\n")
    >>> read_table(file, target="warmth")
      unique_id         ds    y  rain
    0    warmth 2024-01-01  7.0   1.5
    1    warmth 2024-01-02  9.0   4.0
    >>> read_table(file)["unique_id"].unique().tolist()
    ['rain', 'warmth']
    """
    frame = read_file(path, text_columns=(columns.unique_id,))
    return arrange(frame, columns, target, time, Origin(os.fspath(path)), missing=missing, text=text)


def to_long(
    data: Any,
    columns: Columns = STANDARD,
    source: str = "data",
    *,
    target: str | None = None,
    time: str | None = None,
    missing: bool = False,
    text: bool = False,
) -> pd.DataFrame:
    """Turn what is already in memory into a validated long frame; the caller's object is never changed.

    Args:
        data: a pandas or polars frame in one of the layouts of :func:`read_table` (a wide pandas frame may hold its
            times in the index); a pandas or polars Series; or numbers in time order, shape ``(T,)``. A series keeps
            its name as ``unique_id``, or is called ``y``; one without times gets 0, 1, 2, ...
        columns: names of the three columns in ``data``.
        source: what messages call the data.
        target: the column to forecast.
        time: the column of times.
        missing, text: as :func:`read_table`.

    Raises:
        DataError: as :func:`read_table`; rows are named by their label.

    >>> to_long([3, 5, 4])
      unique_id  ds    y
    0         y   0  3.0
    1         y   1  5.0
    2         y   2  4.0
    """
    data = _from_polars(data)
    if isinstance(data, pd.Series):
        name = "y" if data.name is None else str(data.name)
        if not len(data):
            raise Origin(source).refuse("it has no rows", "give at least one value")
        frame = pd.DataFrame({columns.ds: data.index, columns.y: data.to_numpy(copy=True)}, index=data.index)
        frame.insert(0, columns.unique_id, name)
        return arrange(frame, columns, None, None, Origin(source, data.index), missing=missing)
    if isinstance(data, pd.DataFrame):
        origin = Origin(source, data.index)
        read = data.attrs.get("grunit_origin")
        whole = read is not None and read["rows"] == len(data) and isinstance(data.index, pd.RangeIndex)
        if read is not None and whole and source == "data":
            # A file that was read before keeps its name and the way its rows are counted.
            origin = Origin(read["source"], data.index if not read["first"] else None)
        if data.empty:
            raise origin.refuse("it has no rows", "give a frame with data")
        times_in_index = isinstance(data.index, pd.DatetimeIndex | pd.PeriodIndex)
        if times_in_index and time is None and columns.ds not in data.columns:
            data = data.copy(deep=False)
            data.insert(0, columns.ds, data.index)
        return arrange(data, columns, target, time, origin, missing=missing, text=text)
    try:
        values = np.asarray(data)
    except ValueError as error:
        raise Origin(source).refuse("its parts differ in length", "give a long frame for several series") from error
    if values.ndim != 1:
        what = f"its shape is {values.shape}" if values.ndim else f"it is a {type(data).__name__}"
        raise Origin(source).refuse(what, "give a pandas or polars frame, a Series, or an array of shape (T,)")
    return to_long(pd.Series(values), columns, source, missing=missing)


def _from_polars(data: Any) -> Any:
    """The same in pandas, without needing pyarrow; anything else untouched."""
    if type(data).__module__.partition(".")[0] != "polars":
        return data
    if type(data).__name__ == "LazyFrame":
        data = data.collect()

    def column(values: Any) -> pd.Series:
        zone = getattr(values.dtype, "time_zone", None)
        kind = values.dtype
        if kind.is_numeric() or kind.is_temporal():
            converted = pd.Series(values.to_numpy())
            return converted if zone is None else converted.dt.tz_localize("UTC").dt.tz_convert(zone)
        return pd.Series(values.to_list())

    if type(data).__name__ == "Series":
        return column(data).rename(data.name or None)
    return pd.DataFrame({name: column(data[name]) for name in data.columns})
