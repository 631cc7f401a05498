"""Any table to the one shape that everything else reads: a validated long frame."""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd

from grunit.data.columns import STANDARD, Columns
from grunit.data.files import read_file
from grunit.data.numbers import kind_of, to_numbers
from grunit.data.origin import DataWarning, Origin
from grunit.data.times import to_times
from grunit.errors import DataError

TIME_NAMES = ("ds", "date", "datetime", "timestamp", "time")
"""What a column of times is usually called; looked for first, in this order and in any case."""
PART_NAMES = ("period", "month", "week", "day", "hour", "quarter", "year")
"""What it may also be called; looked for last, because these can be features beside a date."""


def read_table(
    path: str | os.PathLike, columns: Columns = STANDARD, *, target: str | None = None, time: str | None = None
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

    Returns:
        A frame with ``unique_id`` (str), ``ds`` (``datetime64[ns]`` or ``int64``), ``y`` (float64) and the exogenous
        columns (float64), rows in the order of the file.

    Raises:
        DataError: anything in the file that cannot be used; the sentence names the column and the row, counted from 1
            below the header. Rows must be in the order of time within each series: they are never sorted silently.

    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "weather.csv")
    >>> _ = file.write_text("date,rain,warmth\\n2024-01-01,0.5,7\\n2024-01-02,0,9\\n")
    >>> read_table(file, target="warmth")
      unique_id         ds    y  rain
    0    warmth 2024-01-01  7.0   0.5
    1    warmth 2024-01-02  9.0   0.0
    >>> read_table(file)["unique_id"].unique().tolist()
    ['rain', 'warmth']
    """
    frame = read_file(path, text_columns=(columns.unique_id,))
    return _arrange(frame, columns, target, time, Origin(os.fspath(path)))


def to_long(
    data: Any,
    columns: Columns = STANDARD,
    source: str = "data",
    *,
    target: str | None = None,
    time: str | None = None,
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
        return _arrange(frame, columns, None, None, Origin(source, data.index))
    if isinstance(data, pd.DataFrame):
        origin = Origin(source, data.index)
        if data.empty:
            raise origin.refuse("it has no rows", "give a frame with data")
        times_in_index = isinstance(data.index, pd.DatetimeIndex | pd.PeriodIndex)
        if times_in_index and time is None and columns.ds not in data.columns:
            data = data.copy(deep=False)
            data.insert(0, columns.ds, data.index)
        return _arrange(data, columns, target, time, origin)
    try:
        values = np.asarray(data)
    except ValueError as error:
        raise Origin(source).refuse("its parts differ in length", "give a long frame for several series") from error
    if values.ndim != 1:
        what = f"its shape is {values.shape}" if values.ndim else f"it is a {type(data).__name__}"
        raise Origin(source).refuse(what, "give a pandas or polars frame, a Series, or an array of shape (T,)")
    return to_long(pd.Series(values), columns, source)


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


def _arrange(
    frame: pd.DataFrame, columns: Columns, target: str | None, time: str | None, origin: Origin
) -> pd.DataFrame:
    """Find the roles of the columns, check every one, and put them in the standard order."""
    names = [str(name) for name in frame.columns]
    twice = [name for position, name in enumerate(names) if name in names[:position]]
    if twice:
        raise origin.refuse("there are two of this name", "give every column its own name", column=twice[0])
    frame = frame.set_axis(names, axis=1)
    has_id = columns.unique_id in names
    if not has_id and columns.unique_id != STANDARD.unique_id:
        raise origin.missing(columns.unique_id, names)
    if target is not None and target not in names:
        raise origin.missing(target, names)
    if target is None and columns.y in names:
        target = columns.y
    if target is None and (has_id or columns.y != STANDARD.y):
        raise origin.missing(columns.y, names)
    time = _find_time(frame, columns, target, time, has_id, origin)
    kinds = {name: kind_of(frame[name]) for name in names if name not in (columns.unique_id, time, target)}
    texts = [name for name, kind in kinds.items() if kind == "text"]
    if texts and not has_id:
        # A misspelt name of the series column must not make one series of many.
        origin.refuse_nearly(columns.unique_id, texts)
    times = to_times(frame[time], time, origin)

    if target is None:
        series = [name for name, kind in kinds.items() if kind == "number"]
        if not series:
            raise origin.refuse("there is no column of numbers", "give a table with something to forecast")
        _check_order(np.zeros(len(frame), dtype=int), times, time, origin)
        values = [to_numbers(frame[name], name, origin) for name in series]
        long = pd.DataFrame(
            {
                "unique_id": np.repeat(np.array(series, dtype=object), len(frame)),
                "ds": np.tile(times, len(series)),
                "y": np.concatenate(values),
            }
        )
        _warn_left_out(texts, origin)
        return origin.mark(long, len(frame))

    if has_id:
        ids = _to_ids(frame[columns.unique_id], columns.unique_id, origin)
    else:
        ids = np.full(len(frame), target, dtype=object)
    y = to_numbers(frame[target], target, origin, booleans=False)
    exogenous = [name for name, kind in kinds.items() if kind != "text"]
    taken = set(exogenous) & {"unique_id", "ds", "y"}
    if taken:
        raise origin.refuse("grunit needs this name for itself", "rename the column", column=min(taken))
    _check_order(pd.factorize(ids)[0], times, time, origin)
    more = {name: to_numbers(frame[name], name, origin) for name in exogenous}
    _warn_left_out(texts, origin)
    return origin.mark(pd.DataFrame({"unique_id": ids, "ds": times, "y": y, **more}), len(frame))


def _find_time(
    frame: pd.DataFrame, columns: Columns, target: str | None, time: str | None, has_id: bool, origin: Origin
) -> str:
    """The name of the column of times."""
    names = [name for name in frame.columns if name not in (target, columns.unique_id)]
    if time is None and (columns.ds in names or columns.ds != STANDARD.ds):
        time = columns.ds
    if time is not None:
        if time not in names:
            raise origin.missing(time, names)
        return time
    usual = {name.strip().lower(): name for name in reversed(names)}
    for name in TIME_NAMES:
        if name in usual:
            return usual[name]
    for name in names:
        if kind_of(frame[name]) == "text":
            with suppress(DataError):
                to_times(frame[name], name, origin)
                return name
    for name in PART_NAMES:
        if name in usual:
            return usual[name]
    raise origin.missing(columns.ds, names, "name the column of times with time=...")


def _warn_left_out(texts: list[str], origin: Origin) -> None:
    """Say once which columns of text take no part."""
    if texts:
        listed = ", ".join(repr(name) for name in texts)
        warnings.warn(f"{origin.source}: left out, because not numbers: {listed}", DataWarning, stacklevel=4)


def _to_ids(column: pd.Series, name: str, origin: Origin) -> np.ndarray:
    empty = column.isna().to_numpy()
    if empty.any():
        position = int(empty.argmax())
        raise origin.refuse("the name of the series is missing", "fill it in", column=name, position=position)
    return column.astype(str).to_numpy(dtype=object)


def _check_order(codes: np.ndarray, times: np.ndarray, name: str, origin: Origin) -> None:
    """Times must rise within each series; the first row in the table that does not is named."""
    order = np.argsort(codes, kind="stable")
    within = np.diff(codes[order]) == 0
    falls = within & (times[order][1:] <= times[order][:-1])
    if not falls.any():
        return
    position = int(order[1:][falls].min())
    shown = str(pd.Timestamp(times[position])) if times.dtype.kind == "M" else str(times[position])
    shown = shown.removesuffix(" 00:00:00")
    before = (codes[:position] == codes[position]) & (times[:position] == times[position])
    if before.any():
        earlier = origin.row(int(before.argmax()))
        what, mend = f"the time {shown} was already given in {earlier}", "remove one, or name the series in unique_id"
    else:
        what, mend = f"the time {shown} is earlier than the one before it", "sort the rows by series and time"
    raise origin.refuse(what, mend, column=name, position=position)
