"""Which column plays which part: long tables, wide tables with a target, wide tables of many series."""

from __future__ import annotations

import warnings
from contextlib import suppress

import numpy as np
import pandas as pd

from grunit.data.categories import is_text, spell
from grunit.data.columns import STANDARD, Columns
from grunit.data.numbers import kind_of, to_numbers
from grunit.data.origin import DataWarning, Origin
from grunit.data.row_series import is_row_per_series, unfold_rows
from grunit.data.times import to_times
from grunit.errors import DataError

TIME_NAMES = ("ds", "date", "datetime", "timestamp", "time")
"""What a column of times is usually called; looked for first, in this order and in any case."""
UNLIKE = 10
"""How many times larger one column must be than another to be taken for another unit."""
PART_NAMES = ("period", "month", "week", "day", "hour", "quarter", "year")
"""What it may also be called; looked for last, because these can be features beside a date."""


def arrange(
    frame: pd.DataFrame,
    columns: Columns,
    target: str | None,
    time: str | None,
    origin: Origin,
    *,
    missing: bool = False,
    text: bool = False,
) -> pd.DataFrame:
    """Find the roles of the columns, check every one, and put them in the standard order.

    Numbers may be ``missing``, and columns of ``text`` beside a target stay, where these are true.
    """
    names = [str(name) for name in frame.columns]
    twice = [name for position, name in enumerate(names) if name in names[:position]]
    if twice:
        raise origin.refuse("there are two of this name", "give every column its own name", column=twice[0])
    frame = frame.set_axis(names, axis=1)
    if is_row_per_series(frame, columns, target, time):
        return origin.mark(unfold_rows(frame, origin, missing), len(frame))
    has_id = columns.unique_id in names
    if not has_id and columns.unique_id != STANDARD.unique_id:
        raise origin.missing(columns.unique_id, names)
    if target is not None and target not in names:
        raise origin.missing(target, names)
    if target is None and columns.y in names:
        target = columns.y
    if target is None and (has_id or columns.y != STANDARD.y):
        raise origin.missing(columns.y, names)
    time = _find_time(frame, columns, target, time, origin)
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
        values = [to_numbers(frame[name], name, origin, missing=missing) for name in series]
        long = pd.DataFrame(
            {
                "unique_id": np.repeat(np.array(series, dtype=object), len(frame)),
                "ds": np.tile(times, len(series)),
                "y": np.concatenate(values),
            }
        )
        _warn_left_out([name for name in kinds if name not in series], origin)
        _warn_unlike(series, values, origin)
        return origin.mark(long, len(frame))

    if has_id:
        ids = _to_ids(frame[columns.unique_id], columns.unique_id, origin)
    else:
        ids = np.full(len(frame), target, dtype=object)
    y = to_numbers(frame[target], target, origin, booleans=False, missing=missing)
    kept = [name for name in texts if text and is_text(frame[name])]
    exogenous = [name for name in kinds if name in kept or kinds[name] != "text"]
    taken = set(exogenous) & {"unique_id", "ds", "y"}
    if taken:
        raise origin.refuse("grunit needs this name for itself", "rename the column", column=min(taken))
    _check_order(pd.factorize(ids)[0], times, time, origin)
    more = {
        name: _to_text(frame[name]) if name in kept else to_numbers(frame[name], name, origin, missing=missing)
        for name in exogenous
    }
    _warn_left_out([name for name in texts if name not in kept], origin)
    return origin.mark(pd.DataFrame({"unique_id": ids, "ds": times, "y": y, **more}), len(frame))


def _find_time(frame: pd.DataFrame, columns: Columns, target: str | None, time: str | None, origin: Origin) -> str:
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


def _warn_unlike(names: list[str], values: list[np.ndarray], origin: Origin) -> None:
    """Say that scores are averages, where the columns read as series can hardly share a unit."""
    present = [column[~np.isnan(column)] for column in values]
    sizes = [float(np.abs(column).mean()) if len(column) else 0.0 for column in present]
    if min(sizes) * UNLIKE >= max(sizes):
        return
    listed = ", ".join(repr(name) for name in names[:3]) + (", ..." if len(names) > 3 else "")
    warnings.warn(
        f"{origin.source}: {listed} are read as {len(names)} series of their own and differ {UNLIKE} times in size: "
        "scores average over all of them; name the one to forecast with --target (in Python: target_col)",
        DataWarning,
        stacklevel=4,
    )


def _warn_left_out(texts: list[str], origin: Origin) -> None:
    """Say once which columns of text take no part."""
    if texts:
        listed = ", ".join(repr(name) for name in texts)
        warnings.warn(f"{origin.source}: left out, because not numbers: {listed}", DataWarning, stacklevel=4)


def _to_text(column: pd.Series) -> np.ndarray:
    """Categories as text, None where one is missing."""
    return column.astype(object).map(spell, na_action="ignore").where(column.notna(), None).to_numpy(dtype=object)


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
