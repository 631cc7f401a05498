"""Columns of times: dates in any one unambiguous spelling, or whole numbers."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from grunit.data.origin import DataWarning, Origin
from grunit.errors import DataError

_MEND = "write dates as 2024-01-31 or 2024-01-31 13:00:00"


def to_times(column: pd.Series, name: object, origin: Origin) -> np.ndarray:
    """A column of times as ``datetime64[ns]`` or ``int64``, shape ``(rows,)``.

    Whole numbers stay numbers, except dates written ``20240131``. Times with a time zone become clock times of that
    zone where every day has 24 hours or only dates are given, and UTC otherwise (a clock that is put back repeats
    an hour).

    Raises:
        DataError: a missing time, text that is no date, a spelling with two readings, or several time zones.
    """
    empty = column.isna().to_numpy()
    if empty.any():
        raise origin.refuse(
            "the time is missing", "fill it in, or remove the row", column=name, position=int(empty.argmax())
        )
    column = column.infer_objects()
    if pd.api.types.is_bool_dtype(column):
        raise origin.refuse("it holds true and false, not times", "choose the column of times", column=name)
    if pd.api.types.is_integer_dtype(column):
        return _from_integers(column)
    if pd.api.types.is_float_dtype(column):
        return _from_floats(column, name, origin)
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
    if not pd.api.types.is_datetime64_any_dtype(column):
        # Many series share their times: each spelling is read once.
        codes, spellings = pd.factorize(column.astype(str))
        texts = pd.Series(spellings, index=np.unique(codes, return_index=True)[1]).str.strip()
        if texts.str.fullmatch(r"-?\d{1,18}").all():
            return _from_integers(texts.astype(np.int64))[codes]
        if texts.str.fullmatch(r"\d{4}[- ]?[Qq][1-4]").all():
            quarters = pd.PeriodIndex(texts.str.upper().str.replace(r"[- ]", "", regex=True), freq="Q")
            return quarters.to_timestamp().as_unit("ns").to_numpy()[codes]
        times = _without_zone(_from_text(texts, name, origin), name, origin).to_numpy()[codes]
    else:
        times = _without_zone(column, name, origin).to_numpy()
    try:
        return pd.DatetimeIndex(times).as_unit("ns").to_numpy()
    except pd.errors.OutOfBoundsDatetime as error:
        raise origin.refuse(
            "a time lies outside the years 1678 to 2261", "use whole numbers as times", column=name
        ) from error


def _from_integers(column: pd.Series) -> np.ndarray:
    numbers = column.to_numpy(dtype=np.int64)
    if numbers.min() >= 1800_01_01 and numbers.max() <= 2199_12_31:
        dates = pd.to_datetime(pd.Series(numbers).astype(str), format="%Y%m%d", errors="coerce")
        if dates.notna().all():
            return dates.to_numpy(dtype="datetime64[ns]")
    return numbers


def _from_floats(column: pd.Series, name: object, origin: Origin) -> np.ndarray:
    numbers = column.to_numpy(dtype=np.float64)
    broken = ~(np.abs(numbers) < 2**53) | (np.floor(numbers) != numbers)
    if broken.any():
        position = int(broken.argmax())
        value = float(column.iloc[position])
        raise origin.refuse(f"{value!r} is neither a date nor a whole number", _MEND, column=name, position=position)
    return numbers.astype(np.int64)


def _parse(column: pd.Series, **options: Any) -> pd.Series:
    """Parsed times, NaT where that fails; never a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pd.to_datetime(column, errors="coerce", **options)


def _from_text(texts: pd.Series, name: object, origin: Origin) -> pd.Series:
    """Distinct texts as times; the index of ``texts`` says in which row each comes first."""

    def refuse(where: pd.Series, what: str, mend: str = _MEND) -> DataError:
        first = int(where.to_numpy().argmax())
        return origin.refuse(what.format(texts.iloc[first]), mend, column=name, position=int(texts.index[first]))

    zones = texts.str.extract(r"\d[T ]\d{2}:?\d{2}.*?(Z|UTC|[+-]\d{2}:?\d{2})$", expand=False)
    zones = zones.fillna("none").astype(object)
    offsets = zones.str.replace(r"^(Z|UTC)$", "+0000", regex=True).str.replace(":", "")
    differs = offsets != offsets.iloc[0]
    if differs.any():
        what = f"the time zone is {zones[differs].iloc[0]}, and {zones.iloc[0]} in the first row"
        raise refuse(differs, what, "write all times in one time zone, best UTC")
    readings = [_parse(texts, format="ISO8601")]
    if readings[0].isna().any() and not texts.iloc[0][:4].isdigit():
        readings += [_parse(texts, dayfirst=False), _parse(texts, dayfirst=True)]
    whole = [reading for reading in readings if reading.notna().all()]
    if not whole:
        best = max(readings, key=lambda reading: reading.notna().sum())
        raise refuse(best.isna(), "{!r} is not a date")
    if (whole[0] != whole[-1]).any():
        raise refuse(whole[0] != whole[-1], "{!r} can be day/month or month/day")
    return whole[0]


def _without_zone(column: pd.Series, name: object, origin: Origin) -> pd.Series:
    if column.dt.tz is None:
        return column
    universal, clock = column.dt.tz_convert("UTC").dt.tz_localize(None), column.dt.tz_localize(None)
    fixed = (clock - universal).nunique() == 1
    as_clock = fixed or (clock == clock.dt.normalize()).all()
    if (clock != universal).any():
        kind = "the clock times of that zone" if as_clock else "in UTC"
        where = f"{origin.source}, column {name!r}"
        message = f"{where}: the time zone {column.dt.tz} is left out: what follows is {kind}"
        warnings.warn(message, DataWarning, stacklevel=4)
    return clock if as_clock else universal
