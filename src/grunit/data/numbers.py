"""Columns of numbers: what counts as one, and the first value that does not."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from grunit.data.origin import Origin

EXACT = 2**53
"""Integers beyond this are not kept exactly by a float64."""
LARGEST = 1e30
"""Beyond this a square no longer fits where training computes."""


def kind_of(column: pd.Series) -> Literal["number", "boolean", "text"]:
    """What a column is meant to hold. Text with a few slips in it still counts as numbers, so the slips are named.

    >>> kind_of(pd.Series(["1", "2", "three"])), kind_of(pd.Series(["rain", "sun", "7"]))
    ('number', 'text')
    """
    if pd.api.types.is_bool_dtype(column):
        return "boolean"
    if pd.api.types.is_numeric_dtype(column):
        return "number"
    if isinstance(column.dtype, pd.CategoricalDtype) or _is_time(column):
        return "text"
    present = column.dropna()
    numbers = _parse(present).notna().sum()
    return "number" if 2 * numbers >= len(present) else "text"


def to_numbers(
    column: pd.Series, name: object, origin: Origin, *, booleans: bool = True, missing: bool = False
) -> np.ndarray:
    """A column as float64, shape ``(rows,)``.

    Args:
        column: as it was read.
        name: its name, for messages.
        origin: the table it is from.
        booleans: whether true and false may pass as 1 and 0.
        missing: whether values may be missing, and are NaN.

    Raises:
        DataError: text, an infinite value, one too large, or one missing; the first such row is named.
    """
    if pd.api.types.is_bool_dtype(column) and not booleans:
        raise origin.refuse("it holds true and false, not numbers", "write 1 and 0", column=name)
    if _is_time(column) or pd.api.types.is_complex_dtype(column):
        raise origin.refuse(f"it holds {column.dtype}, not real numbers", "choose another column", column=name)
    numbers = _parse(column).to_numpy(dtype=np.float64, na_value=np.nan)
    empty = column.isna().to_numpy()
    for bad, what, mend in (
        (np.isnan(numbers) & ~empty, "{!r} is not a number", "write a number there, or remove the column"),
        (empty & (not missing), "a value is missing", "fill it in, or remove the row"),
        (np.isinf(numbers), "the value is infinite", "write a finite number there"),
        (_inexact(column, numbers), "{!r} is too large to be kept exactly", "divide the column by a power of ten"),
        (np.abs(numbers) > LARGEST, "{!r} is too large to compute with", "divide the column by a power of ten"),
    ):
        if bad.any():
            position = int(bad.argmax())
            value = column.iloc[position]
            shown = value.item() if isinstance(value, np.generic) else value
            if isinstance(shown, str) and "," in shown:
                mend = "write a point before the decimals and nothing between thousands"
            raise origin.refuse(what.format(shown), mend, column=name, position=position)
    return numbers


def _is_time(column: pd.Series) -> bool:
    types = pd.api.types
    is_period = isinstance(column.dtype, pd.PeriodDtype)
    return is_period or types.is_datetime64_any_dtype(column) or types.is_timedelta64_dtype(column)


def _parse(column: pd.Series) -> pd.Series:
    """Numbers, NaN where there is none."""
    if column.dtype == object:
        # Lists and the like, which to_numeric refuses without saying where.
        column = column.where(column.map(np.isscalar), None)
    return pd.to_numeric(column, errors="coerce")


def _inexact(column: pd.Series, numbers: np.ndarray) -> np.ndarray:
    """Where an integer is too large for a float64."""
    # An integer just above the limit rounds to it.
    large = np.abs(numbers) >= EXACT
    if pd.api.types.is_float_dtype(column) or not large.any():
        return np.zeros(len(numbers), dtype=bool)
    if pd.api.types.is_integer_dtype(column):
        return large
    return large & np.array([isinstance(value, int) or str(value).lstrip("+-").isdigit() for value in column])
