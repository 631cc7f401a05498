"""Tables with one series a row, its values side by side: the layout of the M4 competition."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from grunit.data.columns import Columns
from grunit.data.origin import Origin

_COUNTED = re.compile(r"[Vv]?\d+")


def is_row_per_series(frame: pd.DataFrame, columns: Columns, target: str | None, time: str | None) -> bool:
    """Whether the header only counts (``V1, V2, ...``), and the first column alone holds text, each name once.

    >>> rows = pd.DataFrame({"V1": ["H1", "H2"], "V2": [1.0, 2.0], "V3": [2.0, None]})
    >>> is_row_per_series(rows, Columns(), None, None)
    True
    """
    names = [str(name) for name in frame.columns]
    if target is not None or time is not None or len(names) < 3 or columns != Columns():
        return False
    if not all(_COUNTED.fullmatch(name) for name in names[1:]):
        return False
    first = frame.iloc[:, 0]
    numbers = all(pd.api.types.is_numeric_dtype(frame[name]) for name in frame.columns[1:])
    return bool(numbers and first.map(lambda name: isinstance(name, str)).all() and first.is_unique)


def unfold_rows(frame: pd.DataFrame, origin: Origin, missing: bool = False) -> pd.DataFrame:
    """A long frame, its times counted from 1; empty fields after the end of a row belong to no series.

    Raises:
        DataError: a field within a row is infinite, or empty unless ``missing``, or a row holds no number.
    """
    values = frame.iloc[:, 1:].to_numpy(dtype=np.float64)
    present = ~np.isnan(values)
    lengths = np.where(present.any(1), values.shape[1] - present[:, ::-1].argmax(1), 0)
    inside = np.arange(values.shape[1]) < lengths[:, None]
    for bad, what, mend in (
        (lengths[:, None] == 0, "the series has no value", "remove the row"),
        (inside & ~present & (not missing), "a value is missing", "fill it in"),
        (np.isinf(values), "the value is infinite", "write a finite number there"),
    ):
        if bad.any():
            row, column = (int(place) for place in np.argwhere(bad)[0])
            raise origin.refuse(what, mend, column=frame.columns[column + 1], position=row)
    return pd.DataFrame(
        {
            "unique_id": np.repeat(frame.iloc[:, 0].to_numpy(dtype=object), lengths),
            "ds": np.concatenate([np.arange(1, length + 1) for length in lengths]),
            "y": values[inside],
        }
    )
